"""Steps in which a device acknowledges, catches up, reads."""

from __future__ import annotations

from collections.abc import Iterator

from tests.walk.base import Base
from tests.walk.model import Said
from tests.walk.sites import Key
from tests.walk.visit import CONVERSATION_READ, Visit
from tests.wire_client import Data


class Reading(Base):
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

    def acknowledge_sync(self) -> None:
        if visit := self.visit():
            self.acknowledge_sync_of(visit)

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
                found = thread.brought_to(visit.user) if roaming else thread.missed_by(visit.user)
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
        for key, (last, *_) in self.rows_by_socket(visit).items():
            thread = self.thread_of(visit.user, key)
            store = self.known[visit.user, visit.platform, thread]
            for message in self.pages(visit, key, max(store, default=0)):
                assert message["seq"] > max(store, default=0)
                store[message["seq"]] = message["msg_id"]
                sender, text = self.kept[message["msg_id"]]
                assert (message["state"] == "retracted") == (message["seq"] in thread.taken_back)
                told = None if message["state"] == "retracted" else {"text": text}
                assert (message["from_username"], message["content"].get("msg_body")) == (sender, told)
            assert last == thread.last
            seen = {said.seq: said.msg_id for said in thread.seen_by(visit.user)}
            assert store == seen, f"{visit}: history of {thread}"

    def pages(self, visit: Visit, key: Key, after: int) -> Iterator[Data]:
        where = {"gid": int(key[1])} if key[0] == "group" else {"username": key[1]}
        limit, has_more = self.rng.choice([1, 3, 100]), True
        while has_more:
            page = visit.client.request("get_messages", {**where, "after": after, "limit": limit})
            yield from page["messages"]
            after, has_more = page["messages"][-1]["seq"] if page["messages"] else after, page["has_more"]

    def mark_read(self) -> None:
        """Up to somewhere, or all of it; the user's other connections are told."""
        if not (visit := self.visit()):
            return
        thread = self.thread(visit.user)
        unread = [(one, each) for one in self.visits for each in self.threads if each.unread(one.user)]
        if unread and self.chance(0.8):
            visit, thread = self.rng.choice(unread)
        kind, target = thread.key_for(visit.user)
        where = {"gid": int(target)} if kind == "group" else {"username": target}
        if self.chance(0.2):
            upto = thread.last
            visit.client.request("unread_group_count" if thread.gid else "unread_single_count", where)
            thread.mark_read(visit.user, upto)
        else:
            read = thread.places[visit.user].read
            upto = self.rng.randint(0, thread.last + 1) if self.chance(0.2) else self.rng.randint(read, thread.last)
            left = visit.client.request("mark_read", {**where, "seq": upto})["unread_count"]
            thread.mark_read(visit.user, upto)
            assert left == thread.unread(visit.user)
        if thread.said or thread.gid:
            mark, left = thread.places[visit.user].read, thread.unread(visit.user)
            self.expect_event((CONVERSATION_READ, (kind, target), mark, left), [visit.user], but=visit)
