"""People who write, read, lose their connection and come back, at random, against a model of what each must have.

After every step: nothing is lost, nothing comes twice, nothing is out of order, and every unread count is the model's. The
same walk runs in this process, long, and against a server process over real sockets, shorter. The seed of a walk is its
parameter; IM_TEST_SEED adds another.
"""

import base64
import os
import random
from dataclasses import dataclass, field

import pytest
import requests

from accounts import services as accounts
from accounts.actors import Actor
from groups import services as groups
from imsite.core import bus
from tests.cast import PASSWORD, PASSWORD_MD5, register
from tests.door import Rest
from tests.inprocess import Server
from tests.live import Live
from tests.wire_client import BlockingClient, encode

SEEDS = [1, 2, *map(int, filter(None, [os.environ.get("IM_TEST_SEED")]))]
PEOPLE = ("alice", "bobby", "carol", "admin")  # admin sends over REST as well
PLATFORMS = {"j": "web", "a": "mobile", "w": "pc"}


# The model


@dataclass
class Said:
    seq: int
    message_id: int
    sender: str
    words: str


@dataclass
class Place:
    """One user in one thread."""

    joined: int = 0  # what is above this seq is seen
    read: int = 0
    has: set[int] = field(default_factory=set)  # ids that some device of the user acknowledged
    until: int | None = None  # the last seq before they were removed

    def sees(self, log):
        return [said for said in log if said.seq > self.joined and (self.until is None or said.seq <= self.until)]

    def misses(self, log, username):
        return [said for said in self.sees(log) if said.sender != username and said.message_id not in self.has]


class Thread:
    """A pair or a group: what was said, and who is in it."""

    def __init__(self, name, *members):
        self.name = name  # a gid, or the two usernames
        self.log: list[Said] = []
        self.places = {member: Place() for member in members}
        self.left: dict[str, Place] = {}
        self.begun = not isinstance(name, frozenset)

    def key_for(self, username):
        """How this user names it: a gid, or the peer's username."""
        return next(iter(self.name - {username}), username) if isinstance(self.name, frozenset) else self.name

    def unread(self, username):
        place = self.places[username]
        return sum(said.sender != username for said in place.sees(self.log) if said.seq > place.read)


class Phone:
    """A session of somebody, with what must have come to it and what came."""

    def __init__(self, username, platform, client):
        self.username, self.platform, self.client = username, platform, client
        self.expected: list[int] = []  # ids of live messages, in order
        self.live: list[dict] = []
        self.synced: list[dict] = []
        self.events: dict[int, dict] = {}
        self.forgotten: set[int] = set()  # ids that it got and did not acknowledge
        self.sync_key = 1

    def drain(self):
        """Take what has arrived."""
        self.client.ping()
        while push := self.client.take_push("event_notification", "sync_event"):
            for event in push[1].get("events", [push[1]]):
                assert event["event_id"] not in self.events, "twice"
                self.events[event["event_id"]] = event
        while push := self.client.take_push("msg_sync"):
            assert len(push[1]["messages"]) == 1
            self.live += push[1]["messages"]

    def new_events(self, *types):
        """Those of these types that came since the last time that anybody asked."""
        known = {*self.events}
        self.drain()
        return [
            event for event_id, event in self.events.items() if event_id not in known and event["event_type"] in types
        ]

    def check(self):
        self.drain()
        assert [message["msg_id"] for message in self.live] == self.expected, (self.username, self.platform)
        ids = [message["msg_id"] for message in self.live + self.synced]
        assert len(ids) == len(set(ids)), "twice"
        for messages in (self.live, self.synced):
            last = {}
            for message in messages:
                assert message["seq"] > last.get(message["conversation_id"], 0), "out of order"
                last[message["conversation_id"]] = message["seq"]


class Walk:
    """The world and its model; `step` does something and checks everything."""

    steps = (
        "say", "say", "say", "say_group", "say_group", "announce", "passing", "retry", "burst", "mark", "mark_all", "page",
        "change_members", "connect", "connect", "cut", "lose_network", "forget", "later_check",
    )  # fmt: skip

    def __init__(self, seed, world):
        self.chance = random.Random(seed)
        self.world = world
        self.phones: list[Phone] = []
        self.threads = {frozenset(pair): Thread(frozenset(pair), *pair) for pair in world.pairs}
        for gid, members in world.groups.items():
            self.threads[gid] = Thread(gid, *members)
        self.sent = []  # (username, event, body, rid, reply) of sends that may be repeated
        self.count = 0
        self.done: list[str] = []

    def run(self, steps):
        for username in PEOPLE:
            self.connect(username)
        for _ in range(steps):
            name = self.chance.choice(self.steps)
            self.done.append(name)
            getattr(self, name)()
            self.check()

    # What must hold

    def check(self):
        for phone in self.phones:
            phone.check()
            self.acknowledged(phone)
            rows = phone.client.request("list_conversations")["conversations"]
            got = {row.get("gid") or row["username"]: row["unread_count"] for row in rows}
            wanted = {
                thread.key_for(phone.username): thread.unread(phone.username)
                for thread in self.threads.values()
                if phone.username in thread.places and (thread.log or not isinstance(thread.name, frozenset))
            }
            assert got == wanted, phone.username

    def acknowledged(self, phone):
        """What came to a client was acknowledged by it, in order, before anything that it asks next."""
        for message in [*phone.live, *phone.synced]:
            if message["msg_id"] in phone.forgotten:
                continue
            thread = self.thread_of(message)
            for places in (thread.places, thread.left):
                if place := places.get(phone.username):
                    place.has.add(message["msg_id"])

    def thread_of(self, message):
        if message["msg_type"] == 4:
            return self.threads[message["from_gid"]]
        return self.threads[frozenset({message["from_username"], message["content"]["target_id"]})]

    # Sending

    def any_phone(self, *, of=None):
        phones = [phone for phone in self.phones if of is None or phone.username in of]
        return self.chance.choice(phones) if phones else None

    def words(self):
        self.count += 1
        return f"{self.count} " + self.chance.choice(["hi", "你好", "🌍", 'a "b" \\ c', "x" * 300])

    def body(self, phone, thread, **more):
        words = self.words()
        if isinstance(thread.name, frozenset):
            return (
                "s_across_single_text",
                phone.client.single_body(thread.key_for(phone.username), words, **more),
                words,
            )
        return "send_group_msg", phone.client.group_body(thread.name, words, **more), words

    def any_thread(self, username, *, group):
        threads = [
            thread
            for thread in self.threads.values()
            if username in thread.places and isinstance(thread.name, frozenset) != group
        ]
        return self.chance.choice(threads) if threads else None

    def say(self, *, group=False):
        if not (phone := self.any_phone()) or not (thread := self.any_thread(phone.username, group=group)):
            return
        event, body, words = self.body(phone, thread)
        rid = phone.client.new_rid()
        reply = phone.client.request(event, body, rid=rid)
        self.sent.append((phone.username, event, body, rid, reply))
        self.was_said(thread, phone.username, words, reply["seq"], reply["msg_id"], by=phone)

    def say_group(self):
        self.say(group=True)

    def was_said(self, thread, sender, words, seq, message_id, *, by=None, lost=False):
        assert seq == len(thread.log) + 1, "a gap"
        thread.log.append(Said(seq, message_id, sender, words))
        if by:
            thread.places[sender].read = seq
        thread.places[sender].has.add(message_id)
        for phone in self.phones:
            if phone is not by and phone.username in thread.places and not lost:
                phone.expected.append(message_id)

    def announce(self):
        """Over REST, in the name of the admin."""
        if thread := self.any_thread("admin", group=self.chance.random() < 0.5):
            words = self.words()
            answer = self.world.rest_send(thread, words)
            self.was_said(thread, "admin", words, len(thread.log) + 1, answer["msg_id"])

    def passing(self):
        """Not kept for those away."""
        if not (phone := self.any_phone()) or not (thread := self.any_thread(phone.username, group=True)):
            return
        event, body, _ = self.body(phone, thread, no_offline=True)
        reply = phone.client.request(event, body)
        assert reply["seq"] == 0
        for other in self.phones:
            if other is not phone and other.username in thread.places:
                other.drain()
                assert other.live.pop()["msg_id"] == reply["msg_id"]

    def retry(self):
        """The same request again, on whichever session of its sender."""
        if not self.sent:
            return
        username, event, body, rid, reply = self.chance.choice(self.sent)
        if phone := self.any_phone(of=[username]):
            assert phone.client.request(event, body, rid=rid) == reply

    def burst(self):
        """Many sends at once, the network lost somewhere in between, all of them again on the next connection."""
        if not (phone := self.any_phone()) or not (thread := self.any_thread(phone.username, group=True)):
            return
        username, platform = phone.username, phone.platform
        requests = [(*self.body(phone, thread), phone.client.new_rid()) for _ in range(self.chance.randint(2, 8))]
        for event, body, _, rid in requests:
            phone.client.send_frame(encode(event, {**body, "rid": rid}))
        if self.chance.random() < 0.5:
            phone.client.until(lambda client: len(client.replies) and client.replies[-1][0] == "send_group_msg")
        self.hang_up(phone)
        again = self.world.connect(username, platform)  # not caught up yet
        replies = [again.request(event, body, rid=rid) for event, body, _, rid in requests]
        again.close()
        for (_, _, words, _), reply in zip(requests, replies, strict=True):
            self.was_said(thread, username, words, reply["seq"], reply["msg_id"], by=phone)
        self.connect(username, platform)

    # Groups

    def change_members(self):
        """carol leaves the club, or comes back and starts over; who is or was in it is told."""
        thread = self.threads[self.world.club]
        if comes := thread.left.pop("carol", None):
            thread.places["carol"] = Place(joined=len(thread.log), read=len(thread.log))
            concerned = {*thread.places}
        else:
            concerned = {*thread.places}
            thread.left["carol"] = thread.places.pop("carol")
            thread.left["carol"].until = len(thread.log)
        self.world.change_members(thread.name, "carol", add=bool(comes))
        for phone in self.phones:
            assert len(phone.new_events(10, 11)) == (phone.username in concerned), phone.username
            if phone.username == "carol" and comes:
                self.turn_pages(phone, thread)

    # Connections

    def connect(self, username=None, platform=None):
        username = username or self.chance.choice(PEOPLE)
        used = {phone.platform for phone in self.phones if phone.username == username}
        free = [one for one in PLATFORMS if one not in used]
        if not free:
            return
        phone = Phone(username, platform or self.chance.choice(free), None)
        phone.client = self.world.connect(username, phone.platform)
        roaming = self.chance.random() < 0.5
        reply = phone.client.sync(sync_type=int(roaming))
        assert reply["sync_key"] >= 1
        phone.sync_key = reply["sync_key"]
        self.phones.append(phone)
        entries = [*self.take_sync(phone)]
        if not roaming:
            self.check_missed(phone, entries)
        else:
            # What was said in a group before somebody was removed while away is no history, but comes behind it.
            old = [entry for entry in entries if phone.username in self.thread_of_entry(phone, entry).left]
            self.check_history(phone, [entry for entry in entries if entry not in old])
            self.check_missed(phone, old, only_left=True)
        self.acknowledged(phone)

    def take_sync(self, phone):
        """The entries of all packets: the next one follows the acknowledgement of the one before."""
        more = True
        while more:
            self.settle(phone)
            more = phone.client.take_push("sync_conversation")
            for entry in more[1]["messages"] if more else []:
                # To acknowledge a packet is to have what was pushed on the same connection before it.
                last = entry["msgs"][-1]
                before = [one for one in phone.live if one["conversation_id"] == last["conversation_id"]]
                phone.forgotten -= {one["msg_id"] for one in before if one["seq"] < last["seq"]}
                yield entry

    def thread_of_entry(self, phone, entry):
        if entry["msg_type"] == 4:
            return self.threads[entry["from_gid"]]
        return self.threads[frozenset({entry["from_username"], phone.username})]

    def check_missed(self, phone, entries, *, only_left=False):
        """Exactly what no device of the user has."""
        wanted = {}
        for thread in self.threads.values():
            place = thread.left.get(phone.username) or (None if only_left else thread.places.get(phone.username))
            if place and (missed := place.misses(thread.log, phone.username)):
                wanted[thread.name] = missed
        self.compare(phone, entries, wanted)
        assert all(entry["unsync_count"] == len(entry["msgs"]) for entry in entries)

    def check_history(self, phone, entries):
        wanted = {}
        for thread in self.threads.values():
            place = thread.places.get(phone.username)
            if place and (seen := place.sees(thread.log)):
                wanted[thread.name] = seen
        self.compare(phone, entries, wanted)
        for entry in entries:
            assert entry["unsync_count"] == self.thread_of_entry(phone, entry).unread(phone.username)

    def compare(self, phone, entries, wanted):
        got = {}
        for entry in entries:
            name = self.thread_of_entry(phone, entry).name
            assert name not in got
            got[name] = [(one["seq"], one["msg_id"], one["content"]["msg_body"]["text"]) for one in entry["msgs"]]
            phone.synced += entry["msgs"]
        assert got == {name: [(one.seq, one.message_id, one.words) for one in said] for name, said in wanted.items()}, (
            phone.username
        )

    def settle(self, phone):
        """Acknowledgements are requests: another one behind them is answered when they are done."""
        phone.client.request("get_conversations")

    def cut(self):
        if len(self.phones) > 1:
            phone = self.any_phone()
            self.settle(phone)
            self.hang_up(phone)

    def hang_up(self, phone):
        self.phones.remove(phone)
        phone.client.cut()

    def lose_network(self):
        """A connection that is dead before the server knows: what is written to it is lost and comes again."""
        if len(self.phones) < 2 or not self.world.can_go_deaf:
            return
        phone = self.any_phone()
        self.settle(phone)
        self.phones.remove(phone)
        phone.client.deaf = True
        for _ in range(self.chance.randint(1, 3)):
            self.say()
            self.say_group()
        phone.client.cut()

    def forget(self):
        """A client that does not acknowledge what it gets: it is not told again, but the user's next device is."""
        if phone := self.any_phone():
            known = len(phone.expected)
            phone.client.acknowledges = False
            for _ in range(self.chance.randint(1, 3)):
                self.say()
                self.say_group()
            phone.drain()
            phone.client.acknowledges = True
            phone.forgotten.update(phone.expected[known:])

    # Reading

    def mark(self, *, everything=False):
        if not (phone := self.any_phone()) or not (
            thread := self.any_thread(phone.username, group=self.chance.random() < 0.5)
        ):
            return
        place, key = thread.places[phone.username], thread.key_for(phone.username)
        upto = len(thread.log) if everything else self.chance.randint(0, len(thread.log) + 1)
        where = {"gid": key} if key == thread.name else {"username": key}
        if everything:
            phone.client.request("unread_group_count" if "gid" in where else "unread_single_count", where)
        place.read = max(place.read, min(upto, len(thread.log)))
        if not everything:
            assert phone.client.request("mark_read", {**where, "seq": upto})["unread_count"] == thread.unread(
                phone.username
            )
        if thread.log or key == thread.name:
            for other in self.phones:
                told = other.new_events(200)
                assert len(told) == (other.username == phone.username and other is not phone)
                assert all(event["read_seq"] == place.read for event in told)

    def mark_all(self):
        self.mark(everything=True)

    def page(self):
        """The whole history page by page, forwards, and the newest of it."""
        group = self.chance.random() < 0.5
        if (phone := self.any_phone()) and (thread := self.any_thread(phone.username, group=group)):
            self.turn_pages(phone, thread)

    def turn_pages(self, phone, thread):
        key = thread.key_for(phone.username)
        where = {"gid": key} if key == thread.name else {"username": key}
        limit = self.chance.choice([1, 7, 100])
        wanted = [(one.seq, one.message_id) for one in thread.places[phone.username].sees(thread.log)]
        forwards, more, after = [], True, 0
        while more:
            answer = phone.client.request("get_messages", {**where, "after": after, "limit": limit})
            forwards += [(one["seq"], one["msg_id"]) for one in answer["messages"]]
            more, after = answer["has_more"], forwards[-1][0] if forwards else 0
        assert forwards == wanted
        newest = phone.client.request("get_messages", {**where, "limit": limit})
        assert [(one["seq"], one["msg_id"]) for one in newest["messages"]] == wanted[-limit:]

    def later_check(self):
        """Every 150 seconds a client asks: what a push failed to bring comes now, else nothing."""
        lost = self.world.lose(self) if self.chance.random() < 0.5 else None
        asked = set()
        for phone in self.phones:
            reply = phone.client.sync(sync_key=phone.sync_key, sync_type=1)
            assert (reply["sync_type"], reply["sync_key"] >= phone.sync_key) == (0, True)
            phone.sync_key = reply["sync_key"]
            got = [message for entry in self.take_sync(phone) for message in entry["msgs"]]
            # The first device of a user that asks gets it, and so the user has it.
            is_due = (
                lost and phone.username in lost[0].places and phone.username not in asked and phone.username != lost[1]
            )
            assert [message["msg_id"] for message in got] == ([lost[2]] if is_due else [])
            phone.synced += got
            asked.add(phone.username)
            self.acknowledged(phone)


# Two worlds


class InProcess:
    """The server's parts in this process, with a network that can fail anywhere."""

    can_go_deaf = True

    def __init__(self, server, application, people, club, team):
        self.server, self.application, self.people = server, application, people
        self.groups = {club.pk: PEOPLE, team.pk: PEOPLE[:2]}
        self.club = club.pk
        self.pairs = [("alice", "bobby"), ("alice", "carol"), ("bobby", "carol"), ("alice", "admin")]
        self.rest = Rest(application)

    def connect(self, username, platform):
        client = self.server.connect(platform=platform)
        client.sign_in(self.application.appkey, self.application.master_secret, username, PASSWORD, sync_type=None)
        return client

    def rest_send(self, thread, words):
        return self.rest.post("/v1/messages", rest_message(thread, words)).json()

    def change_members(self, gid, username, *, add):
        body = {"add" if add else "remove": [username]}
        assert self.rest.post(f"/v1/groups/{gid}/members", body).status_code == 204

    def lose(self, walk):
        """A message whose push is lost between the writer and the sockets."""
        real, bus.deliver = bus.deliver, lambda delivery: None
        try:
            if not (thread := walk.any_thread("admin", group=True)):
                return None
            words = walk.words()
            answer = self.rest_send(thread, words)
        finally:
            bus.deliver = real
        walk.was_said(thread, "admin", words, len(thread.log) + 1, answer["msg_id"], lost=True)
        return thread, "admin", answer["msg_id"]


class OverSockets(InProcess):
    """A server process, real sockets, HTTP."""

    can_go_deaf = False

    def __init__(self, live, shop, club, team):
        self.live, self.shop = live, shop
        self.groups = {club: PEOPLE, team: PEOPLE[:2]}
        self.club = club
        self.pairs = [("alice", "bobby"), ("alice", "carol"), ("bobby", "carol"), ("alice", "admin")]
        self.http = http_of(live, shop)

    def connect(self, username, platform):
        client = BlockingClient.connect(self.live.url, platform=platform)
        client.sign_in(self.shop["appkey"], self.shop["master_secret"], username, PASSWORD, sync_type=None)
        return client

    def rest_send(self, thread, words):
        return self.http("POST", "/v1/messages", rest_message(thread, words))

    def change_members(self, gid, username, *, add):
        self.http("POST", f"/v1/groups/{gid}/members", {"add" if add else "remove": [username]})

    def lose(self, walk):
        return None


def rest_message(thread, words):
    key = thread.key_for("admin")
    kind = "group" if key == thread.name else "single"
    return {
        "version": 1, "target_type": kind, "target_id": str(key), "from_type": "admin", "from_id": "admin",
        "msg_type": "text", "msg_body": {"text": words},
    }  # fmt: skip


def http_of(live, shop):
    session = requests.Session()
    session.headers["Authorization"] = (
        "Basic " + base64.b64encode(f"{shop['appkey']}:{shop['master_secret']}".encode()).decode()
    )

    def ask(method, path, body=None):
        response = session.request(method, live.url + path, json=body)
        assert response.ok, response.text
        return response.json() if response.content else None

    return ask


@pytest.fixture
def people(application):
    made = register(application, *PEOPLE[:3])
    admin = {"username": "admin", "password": PASSWORD_MD5}
    made["admin"] = accounts.register_admin(application, admin, by=Actor.server(application))
    return made


@pytest.fixture
def world(application, people):
    by = Actor.server(application)
    everyone = [people[name] for name in PEOPLE]
    club = groups.create_group("Club", owner=people["alice"], members=everyone, by=by)
    team = groups.create_group("Team", owner=people["alice"], members=everyone[:2], by=by)
    with Server() as server:
        yield InProcess(server, application, people, club, team)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_long_walk_in_this_process(world, seed):
    walk = Walk(seed, world)
    walk.run(150)


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with Live(tmp_path_factory.mktemp("property") / "data") as running:
        yield running


@pytest.mark.sqlite_only
@pytest.mark.parametrize("seed", SEEDS[:1])
def test_a_walk_over_sockets(live, seed):
    shop = live.manage("create_application", "Shop", "--json")
    http = http_of(live, shop)
    http("POST", "/v1/users", [{"username": name, "password": PASSWORD} for name in PEOPLE[:3]])
    http("POST", "/v1/admins", {"username": "admin", "password": PASSWORD})

    def group(name, members):
        made = http("POST", "/v1/groups", {"owner_username": "alice", "name": name, "members_username": members})
        return made["gid"]

    world = OverSockets(live, shop, group("Club", list(PEOPLE[1:])), group("Team", ["bobby"]))
    Walk(seed, world).run(60)
