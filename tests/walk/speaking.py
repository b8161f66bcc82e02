"""Steps in which something is said: by sockets and over REST, once and again."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from tests.walk.base import Base
from tests.walk.model import Thread
from tests.walk.sites import ADMINS, Site
from tests.walk.visit import Visit
from tests.wire_client import Data, encode

NOT_IN_GROUP, ID_REUSED = 880205, 880003
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


class Speaking(Base):
    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.sent: list[Sending] = []  # what may be repeated

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
        visits = [self.visit() for _ in range(self.rng.choice([1, 2, 5]))]
        sendings = [self.draft(visit, self.thread(visit.user)) for visit in visits if visit]
        for sending in sendings:
            sending.begin()
        self.take_in(sendings)

    def take_in(
        self,
        sendings: list[Sending],
        *,
        unsure: Collection[Visit] = (),
        unsure_below: tuple[str, int] = ("", 0),
    ) -> None:
        """Wait for the answers and note what was said, in the order of success.

        To `unsure` it may or may not be pushed; so it is, up to a seq, with who came or went meanwhile.
        """
        for sending in sendings:
            answer = sending.wait()
            assert answer["code"] == 0, answer
            assert sending.answer is None or sending.answer == answer
            sending.answer = answer
        in_order: dict[tuple[int, Visit, Thread], list[int]] = defaultdict(list)
        for sending in sorted(sendings, key=lambda one: one.answer["msg_id"]):
            in_order[id(sending.visit), sending.thread].append(sending.body["rid"])
            name, seq = unsure_below
            half_there = [visit for visit in self.visits if visit.user == name and sending.answer["seq"] <= seq]
            self.note(sending, [*unsure, *half_there])
        for (_, thread), rids in in_order.items():
            wanted = [one.body["rid"] for one in sendings if one.body["rid"] in rids and one.thread is thread]
            assert rids == wanted, "what one connection sends keeps its order"
        self.sent += sendings

    def note(self, sending: Sending, unsure: Collection[Visit]) -> None:
        answer, thread, visit = sending.answer, sending.thread, sending.visit
        assert bool(answer["seq"]) != sending.passing
        self.was_said(thread, sending.user, sending.text, answer["msg_id"], answer["seq"], by=visit, unsure=unsure)
        if visit not in unsure:
            visit.own.add(answer["msg_id"])

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
        """The application's server speaks in the name of an admin."""
        sender = self.rng.choice(ADMINS)
        thread = self.thread(sender)
        for _ in range(self.rng.choice([1, 1, 3])):
            self.announce_in(thread, sender)

    def announce_in(self, thread: Thread, sender: str) -> None:
        """A message over REST, in one attempt or in several; its push may be lost."""
        self.count += 1
        text, passing = f"{self.count} {self.rng.choice(WORDS)}", self.chance(0.1)
        kind, target = thread.key_for(sender)
        body = {
            "version": 1, "target_type": kind, "target_id": target, "from_type": "admin", "from_id": sender,
            "msg_type": "text", "msg_body": {"text": text}, "no_offline": passing,
        }  # fmt: skip
        attempts = self.rng.choice([1, 1, 2])
        losing = self.site.losing_pushes() if self.chance(0.2) else None
        with losing or contextlib.nullcontext():
            ids = {self.site.rest("/v1/messages", body, key=f"key-{self.count}")["msg_id"] for _ in range(attempts)}
        assert len(ids) == 1
        self.was_said(thread, sender, text, ids.pop(), 0 if passing else thread.last + 1, lost=losing is not None)
