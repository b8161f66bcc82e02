"""Steps in which something is taken back: by its sender from a socket, by the server in the sender's name, and in vain."""

from __future__ import annotations

from tests.walk.base import Base
from tests.walk.model import Said, Thread
from tests.walk.visit import TAKEN_BACK, Visit

NOT_THE_SENDER, ALREADY = 881402, 881404


class TakingBack(Base):
    def take_back(self) -> None:
        """By its sender, from any of their connections; the newest are what people regret."""
        found = [(visit, *one) for visit in self.visits for one in self.said_by(visit.user)]
        if found:
            visit, thread, said = self.rng.choice(found[-20:] if self.chance(0.5) else found)
            visit.client.request("msg_retract", {"msg_id": said.msg_id})
            self.was_taken_back(thread, said, by=visit)

    def take_back_by_server(self) -> None:
        found = [one for sender in self.senders() for one in self.said_by(sender)]
        if found:
            thread, said = self.rng.choice(found)
            self.site.rest(f"/v1/messages/{said.sender}/{said.msg_id}/retract", None)
            self.was_taken_back(thread, said)

    def take_back_in_vain(self) -> None:
        """What another said, and what is taken back already."""
        every = [(thread, said) for thread in self.threads for said in thread.said]
        if every and (visit := self.visit()):
            thread, said = self.rng.choice(every)
            again = said.seq in thread.taken_back
            if said.sender != visit.user or again:
                answer = visit.client.request("msg_retract", {"msg_id": said.msg_id}, check=False)
                assert answer["code"] == (ALREADY if said.sender == visit.user else NOT_THE_SENDER)

    def senders(self) -> list[str]:
        return sorted({said.sender for thread in self.threads for said in thread.said})

    def said_by(self, user: str) -> list[tuple[Thread, Said]]:
        """What this user said and did not take back yet, also in a group that they have left."""
        return [
            (thread, said)
            for thread in self.threads
            for said in thread.said
            if said.sender == user and said.seq not in thread.taken_back
        ]

    def was_taken_back(self, thread: Thread, said: Said, *, by: Visit | None = None) -> None:
        thread.taken_back.add(said.seq)
        self.expect_event((TAKEN_BACK, said.msg_id, thread.gid), thread.members, but=by)
