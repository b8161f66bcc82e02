"""The steps of a walk. Each does something at a site and in the model, then everything is compared."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations_with_replacement
from random import Random

from tests.walk.model import Said, Thread
from tests.walk.sites import ADMINS, EVERYONE, MEMBERS, PASSWORD, Key, Site
from tests.walk.visit import CONVERSATION_READ, Visit
from tests.wire_client import Data, encode

PLATFORMS = "ja"  # a browser and a phone: each user has one of both
NOT_IN_GROUP, ID_REUSED = 880205, 880003
ADDED, REMOVED = 10, 11
WORDS = ("hi", "你好", "🌍", 'a "b" \\ c', "x" * 300)


@dataclass
class Sending:
    """A send as it went out. Written a second time it is the same frame."""

    visit: Visit
    thread: Thread
    event: str
    body: Data  # with its rid
    text: str
    passing: bool  # not kept for those away
    by_rid: bool  # it has no client id of its own
    times: int = 1
    answer: Data | None = None

    @property
    def user(self) -> str:
        return self.visit.user

    def begin(self, visit: Visit | None = None) -> None:
        self.visit = visit or self.visit
        self.answers_before = self.answers
        for _ in range(self.times):
            self.visit.client.send_frame(encode(self.event, self.body))

    @property
    def answers(self) -> int:
        return sum(data["rid"] == self.body["rid"] for _, data in self.visit.client.replies)

    def wait(self) -> Data:
        """The answer; where the frame went out twice, both times the same."""
        self.visit.client.until(lambda _: self.answers >= self.answers_before + self.times)
        answers = [data for _, data in self.visit.client.replies if data["rid"] == self.body["rid"]]
        assert all(answer == answers[-1] for answer in answers), answers
        return answers[-1]


class Walker:
    """A site, its model, and who is connected. `step` takes a step of STEPS by its name and a number that decides the rest."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.rng = Random(0)
        self.group = Thread(list(MEMBERS), site.gid)
        self.threads = [Thread(list(dict.fromkeys(pair))) for pair in combinations_with_replacement(EVERYONE, 2)]
        self.threads.append(self.group)
        self.visits: list[Visit] = []
        self.ghosts: list[Visit] = []  # connections that their devices have given up and the server has not
        self.sent: list[Sending] = []
        self.kept: dict[int, tuple[str, str]] = {}  # sender and text by message id
        self.known: dict[tuple[str, str, Thread], dict[int, int]] = defaultdict(dict)  # a device's own store: id by seq
        self.count = 0

    def step(self, name: str, number: int) -> None:
        self.rng = Random(number)
        getattr(self, name)()
        self.check()

    def close(self) -> None:
        for visit in self.visits + self.ghosts:
            visit.client.close()

    # Choices

    def visit(self, user: str = "") -> Visit | None:
        open_ones = [visit for visit in self.visits if user in ("", visit.user)]
        return self.rng.choice(open_ones) if open_ones else None

    def thread(self, user: str) -> Thread:
        """One that the user may speak in; the group as often as all pairs."""
        if self.group.holds(user) and self.rng.random() < 0.5:
            return self.group
        return self.rng.choice([thread for thread in self.threads if thread.holds(user) and not thread.gid])

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    # What must hold

    def check(self) -> None:
        for visit in self.visits:
            visit.settle()
        for visit in self.visits:
            visit.check()
        for user in EVERYONE:
            self.check_rows(user)

    def check_rows(self, user: str) -> None:
        wanted = {
            thread.key_for(user): thread.row_for(user)
            for thread in self.threads
            if thread.holds(user) and (thread.said or thread.gid)
        }
        if (rows := self.site.rows(user)) is None:
            if (visit := self.visit(user)) is None:
                return
            rows = self.rows_by_socket(visit)
        assert rows == wanted, f"conversations of {user}"

    def rows_by_socket(self, visit: Visit) -> dict[Key, tuple[int, int, int, int]]:
        asked = visit.client.request("list_conversations")["conversations"]
        return {
            ("group", str(row["gid"])) if "gid" in row else ("single", row["username"]): (
                row["last_seq"],
                row["read_seq"],
                row["unread_count"],
                (row["last_message"] or {"msg_id": 0})["msg_id"],
            )
            for row in asked
        }

    # Connections

    def connect(self) -> None:
        """A device comes back and catches up, in this way or that, or not yet."""
        used = {(visit.user, visit.platform) for visit in self.visits}
        free = [(user, platform) for user in EVERYONE for platform in PLATFORMS if (user, platform) not in used]
        if free:
            self.enter(*self.rng.choice(free))

    def enter(self, user: str, platform: str) -> Visit:
        visit = self.log_in(user, platform)
        if how := self.rng.choice(["", "sync", "sync", "roam", "own"]):
            self.catch_up_by(visit, how)
        return visit

    def log_in(self, user: str, platform: str) -> Visit:
        visit = Visit(self.site.connect(platform), user, platform)
        visit.client.c_init(self.site.appkey, self.site.secret)
        visit.client.login(user, PASSWORD)
        self.visits.append(visit)
        return visit

    def catch_up_by(self, visit: Visit, how: str) -> None:
        if how == "own":
            self.catch_up_of(visit)
        else:
            self.sync_of(visit, 0, int(how == "roam"))
            if self.chance(0.7):
                self.acknowledge_sync_of(visit)

    def cut(self) -> None:
        """A connection is lost, with what its device has not acknowledged."""
        if visit := self.visit():
            self.drop(visit)

    def drop(self, visit: Visit) -> None:
        self.visits.remove(visit)
        visit.client.cut()

    def come_back_unnoticed(self) -> None:
        """A device connects anew while the server takes its old connection for alive; that one is ended."""
        if visit := self.visit():
            self.visits.remove(visit)
            self.ghosts.append(visit)
            self.enter(visit.user, visit.platform)

    # Sending

    def draft(self, visit: Visit, thread: Thread, *, kept: bool = False) -> Sending:
        self.count += 1
        text = f"{self.count} {self.rng.choice(WORDS)}"
        by_rid, passing = self.chance(0.4), not kept and self.chance(0.1)
        more = {"no_offline": passing, **({} if by_rid else {"client_id": f"own-{self.count}"})}
        target = thread.target_for(visit.user)
        if thread.gid:
            event, body = "send_group_msg", visit.client.group_body(int(target), text, **more)
        else:
            event, body = "s_across_single_text", visit.client.single_body(target, text, **more)
        body["rid"] = visit.client.new_rid()
        return Sending(visit, thread, event, body, text, passing, by_rid, times=1 + self.chance(0.15))

    def say(self) -> None:
        """Some messages from some connections at once, some frames twice."""
        visits = [self.visit() for _ in range(self.rng.choice([1, 1, 2, 5]))]
        sendings = [self.draft(visit, self.thread(visit.user)) for visit in visits if visit]
        for sending in sendings:
            sending.begin()
        self.take_in(sendings)

    def take_in(self, sendings: list[Sending], *, unsure: Visit | None = None) -> None:
        """Wait for the answers and note what was said, in the order of success. To `unsure` it may or may not be pushed."""
        for sending in sendings:
            answer = sending.wait()
            assert answer["code"] == 0, answer
            assert sending.answer is None or sending.answer == answer
            sending.answer = answer
        in_order: dict[tuple[int, Visit, Thread], list[int]] = defaultdict(list)
        for sending in sorted(sendings, key=lambda one: one.answer["msg_id"]):
            in_order[id(sending.visit), sending.thread].append(sending.body["rid"])
            self.note(sending, unsure)
        for (_, thread), rids in in_order.items():
            wanted = [one.body["rid"] for one in sendings if one.body["rid"] in rids and one.thread is thread]
            assert rids == wanted, "what one connection sends keeps its order"
        self.sent += sendings

    def note(self, sending: Sending, unsure: Visit | None) -> None:
        answer, thread, visit = sending.answer, sending.thread, sending.visit
        assert bool(answer["seq"]) != sending.passing
        self.was_said(thread, sending.user, sending.text, answer["msg_id"], answer["seq"], by=visit, unsure=unsure)
        if visit is not unsure:
            visit.own.add(answer["msg_id"])

    def was_said(
        self,
        thread: Thread,
        sender: str,
        text: str,
        msg_id: int,
        seq: int,
        *,
        by: Visit | None = None,
        unsure: Visit | None = None,
    ) -> None:
        assert msg_id not in self.kept, "two messages are one"
        self.kept[msg_id] = sender, text
        if seq:
            thread.add(Said(seq, msg_id, sender, text), by_socket=by is not None)
        hearers = {*thread.members, sender} if not thread.gid else thread.members
        for visit in self.visits:
            if visit is unsure:
                visit.maybe.add(msg_id)
            elif visit.user in hearers and visit is not by:
                visit.expect(thread, msg_id)

    def repeat(self) -> None:
        """A send once more, of any time ago, from any connection of its sender: the same answer, and nothing happens."""
        if self.sent:
            sending = self.rng.choice(self.sent)
            if visit := self.visit(sending.user):
                sending.begin(visit)
                assert sending.wait() == sending.answer

    def reuse_id(self) -> None:
        """Another message under an id that was used: refused."""
        named = [one for one in self.sent if not one.by_rid and self.visit(one.user)]
        if named:
            sending = self.rng.choice(named)
            client = self.visit(sending.user).client
            content = {**sending.body["content"], "msg_body": {"text": f"{sending.text}, or not"}}
            body = {name: value for name, value in sending.body.items() if name != "rid"}
            assert client.request(sending.event, {**body, "content": content}, check=False)["code"] == ID_REUSED

    def intrude(self) -> None:
        """Who is not in the group says nothing there."""
        strangers = [visit for visit in self.visits if not self.group.holds(visit.user)]
        if strangers:
            sending = self.draft(self.rng.choice(strangers), self.group)
            sending.begin()
            assert sending.wait()["code"] == NOT_IN_GROUP

    def announce(self) -> None:
        """The application's server speaks in the name of an admin, once or in several attempts."""
        sender = self.rng.choice(ADMINS)
        thread = self.thread(sender)
        self.count += 1
        text, passing = f"{self.count} {self.rng.choice(WORDS)}", self.chance(0.1)
        kind, target = thread.key_for(sender)
        body = {
            "version": 1, "target_type": kind, "target_id": target, "from_type": "admin", "from_id": sender,
            "msg_type": "text", "msg_body": {"text": text}, "no_offline": passing,
        }  # fmt: skip
        attempts = self.rng.choice([1, 1, 2])
        ids = {self.site.rest("/v1/messages", body, key=f"key-{self.count}")["msg_id"] for _ in range(attempts)}
        assert len(ids) == 1
        self.was_said(thread, sender, text, ids.pop(), 0 if passing else thread.last + 1)

    def cut_midway(self) -> None:
        """A connection is lost while it sends; its device comes back and sends the same again."""
        if not (visit := self.visit()):
            return
        sendings = [self.draft(visit, self.thread(visit.user), kept=True) for _ in range(self.rng.choice([1, 3, 6]))]
        for sending in sendings:
            sending.begin()
        heard = self.rng.choice([0, 0, 1, len(sendings)])
        visit.client.until(lambda client: sum(sending.answers > 0 for sending in sendings) >= heard)
        self.drop(visit)
        back = self.log_in(visit.user, visit.platform)
        for sending in sendings:
            sending.begin(back)
        self.take_in(sendings, unsure=back)
        if self.chance(0.5):
            self.catch_up_of(back)

    # Members

    def add_member(self) -> None:
        if strangers := [name for name in EVERYONE if not self.group.holds(name)]:
            name = self.rng.choice(strangers)
            self.site.rest(f"/v1/groups/{self.group.gid}/members", {"add": [name]})
            self.group.join(name)
            for platform in PLATFORMS:
                self.known.pop((name, platform, self.group), None)
            self.expect_event((ADDED, self.group.gid), self.group.members)

    def remove_member(self) -> None:
        if len(self.group.members) > 1:
            name = self.rng.choice(self.group.members)
            told = self.group.members
            self.site.rest(f"/v1/groups/{self.group.gid}/members", {"remove": [name]})
            self.group.leave(name)
            self.expect_event((REMOVED, self.group.gid), told)

    def expect_event(self, event: tuple, users: list[str], *, but: Visit | None = None) -> None:
        for visit in self.visits:
            if visit.user in users and visit is not but:
                visit.events_expected.append(event)

    # Acknowledging and catching up

    def acknowledge(self) -> None:
        """A device acknowledges some of what was pushed to it."""
        if visit := self.visit():
            for one in [one for one in visit.unacknowledged if self.chance(0.6)]:
                visit.unacknowledged.remove(one)
                key, message = one
                visit.client.request("msg_recv_v2", {"msg_id": message["msg_id"]})
                thread = self.thread_of(visit.user, key)
                if message["seq"] and visit.user in thread.places:
                    thread.places[visit.user].reached.add(message["seq"])

    def sync(self) -> None:
        """As clients do every 150 seconds, or as if they had just come."""
        if visit := self.visit():
            self.sync_of(visit, self.rng.choice([0, visit.sync_key, visit.sync_key]), self.rng.choice([0, 1]))

    def acknowledge_sync(self) -> None:
        if visit := self.visit():
            self.acknowledge_sync_of(visit)

    def sync_of(self, visit: Visit, key: int, kind: int) -> None:
        """A sync brings exactly what is missing and was not brought to this connection before."""
        visit.settle()
        roaming = key == 0 and kind == 1 and not visit.has_synced
        visit.has_synced = True
        wanted = self.news_for(visit, roaming)
        reply = visit.client.sync(key, kind)
        visit.sync_key = reply["sync_key"]
        assert reply["sync_key"] >= max(1, key)
        self.check_sync(visit, wanted, roaming)

    def acknowledge_sync_of(self, visit: Visit) -> None:
        """What a roaming list had no room for follows the acknowledgement."""
        if visit.offers:
            visit.settle()
            key, offered = visit.offers.popitem()
            for name, seq in offered.items():
                thread = self.thread_of(visit.user, name)
                thread.reach(visit.user, min(seq, thread.last))
            wanted = self.news_for(visit, roaming=False) if offered else {}
            visit.client.request("sync_conversation_ack", {"sync_key": key})
            self.check_sync(visit, wanted, roaming=False)

    def news_for(self, visit: Visit, roaming: bool) -> dict[Key, list[Said]]:
        """What a sync has to bring: the history, or what is missing; nothing that was brought to this connection before."""
        had = {*visit.brought, *visit.own, *visit.maybe}
        news = {}
        for thread in self.threads:
            if visit.user in thread.places:
                found = thread.seen_by(visit.user) if roaming else thread.missed_by(visit.user)
                if fresh := [one for one in found if one.msg_id not in had]:
                    news[thread.key_for(visit.user)] = fresh
        return news

    def check_sync(self, visit: Visit, wanted: dict[Key, list[Said]], roaming: bool) -> None:
        visit.synced.clear()
        visit.settle()
        offered = {visit.key_of_entry(entry): entry for packet in visit.synced for entry in packet["messages"]}
        for name in {*offered, *wanted}:
            thread, wished = self.thread_of(visit.user, name), wanted.get(name, [])
            visit.check_offer(offered.get(name, {"msgs": []}), wished)
            read = thread.places[visit.user].read if roaming else 0
            unread = sum(one.sender != visit.user and one.seq > read for one in wished)
            assert name not in offered or offered[name]["unsync_count"] == unread, f"{visit}: unsync_count of {name}"

    def catch_up(self) -> None:
        if visit := self.visit():
            self.catch_up_of(visit)

    def catch_up_of(self, visit: Visit) -> None:
        """As our own page does: the list, then what follows the last that is known. Then nothing is missing."""
        listed = self.rows_by_socket(visit)
        for key, (last, *_) in listed.items():
            thread = self.thread_of(visit.user, key)
            store = self.known[visit.user, visit.platform, thread]
            after = max(store, default=0)
            while True:
                where = {"gid": int(key[1])} if key[0] == "group" else {"username": key[1]}
                page = visit.client.request(
                    "get_messages", {**where, "after": after, "limit": self.rng.choice([1, 3, 100])}
                )
                for message in page["messages"]:
                    assert message["seq"] > after
                    after = message["seq"]
                    assert after not in store
                    store[after] = message["msg_id"]
                    said = (message["from_username"], message["content"]["msg_body"]["text"])
                    assert self.kept[message["msg_id"]] == said
                if not page["has_more"]:
                    break
            assert last == thread.last
            seen = {said.seq: said.msg_id for said in thread.seen_by(visit.user)}
            assert store == seen, f"{visit}: history of {thread}"

    # Reading

    def mark_read(self) -> None:
        """Up to somewhere, or all of it; the user's other connections are told."""
        if not (visit := self.visit()):
            return
        thread = self.thread(visit.user)
        kind, target = thread.key_for(visit.user)
        where = {"gid": int(target)} if kind == "group" else {"username": target}
        if self.chance(0.4):
            upto = thread.last
            visit.client.request("unread_group_count" if thread.gid else "unread_single_count", where)
            thread.mark_read(visit.user, upto)
        else:
            upto = self.rng.randint(0, thread.last + 1)
            left = visit.client.request("mark_read", {**where, "seq": upto})["unread_count"]
            thread.mark_read(visit.user, upto)
            assert left == thread.unread(visit.user)
        if thread.said or thread.gid:
            event = (
                CONVERSATION_READ,
                (kind, target),
                thread.places[visit.user].read,
                thread.unread(visit.user),
            )
            self.expect_event(event, [visit.user], but=visit)

    def thread_of(self, user: str, key: Key) -> Thread:
        return next(thread for thread in self.threads if user in thread.places and thread.key_for(user) == key)


STEPS = (
    "connect", "connect", "cut", "come_back_unnoticed", "say", "say", "say", "say", "repeat", "repeat", "reuse_id",
    "intrude", "announce", "announce", "cut_midway", "add_member", "remove_member", "acknowledge", "acknowledge", "sync",
    "acknowledge_sync", "catch_up", "mark_read", "mark_read",
)  # fmt: skip
