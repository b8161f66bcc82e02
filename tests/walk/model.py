"""What ought to be true of conversations, in plain Python: each message in its place, each participant's marks, the naive way."""

from __future__ import annotations

from dataclasses import dataclass, field

ROAMING_MOST = 500  # messages of a conversation in one sync; no walk gets there


@dataclass(frozen=True)
class Said:
    """A message that is kept."""

    seq: int
    msg_id: int
    sender: str
    text: str


@dataclass
class Place:
    """One user in one conversation."""

    active: bool = True
    joined: int = 0  # sees what comes after
    left: int = 0  # of who is not active: saw what came before, and this
    read: int = 0
    reached: set[int] = field(default_factory=set)  # what some device of theirs has received
    shield: bool = False
    shielded: set[int] = field(default_factory=set)  # what came while they had a shield: only pages show it


class Thread:
    """A conversation of a pair (of one user with themself too) or of a group."""

    def __init__(self, members: list[str], gid: int = 0) -> None:
        self.gid = gid
        self.said: list[Said] = []
        self.places = {name: Place() for name in members}
        self.taken_back: set[int] = set()  # seqs

    def __repr__(self) -> str:
        return f"<group {self.gid}>" if self.gid else f"<{' and '.join(self.places)}>"

    @property
    def last(self) -> int:
        return len(self.said)

    @property
    def members(self) -> list[str]:
        return [name for name, place in self.places.items() if place.active]

    def target_for(self, user: str) -> str:
        """The wire's name for it: the gid, or the other one's username."""
        return str(self.gid or next((name for name in self.places if name != user), user))

    def key_for(self, user: str) -> tuple[str, str]:
        return ("group" if self.gid else "single", self.target_for(user))

    def holds(self, user: str) -> bool:
        return user in self.places and self.places[user].active

    def hearers(self, seq: int) -> list[str]:
        """Who is there when the message `seq` is said, 0 for one that is not kept."""
        return [
            name
            for name, place in self.places.items()
            if ((place.active and (not seq or seq > place.joined)) or (not place.active and 0 < seq <= place.left))
            and not (seq in place.shielded if seq else place.shield)
        ]

    def add(self, said: Said, *, by_socket: bool) -> None:
        """The next message. Who sends from a socket has read up to there; what is sent in somebody's name is theirs."""
        assert said.seq == self.last + 1, f"{self}: seq {said.seq} behind {self.last}"
        assert not self.said or said.msg_id > self.said[-1].msg_id
        self.said.append(said)
        for place in self.places.values():
            if place.shield and (place.active or said.seq <= place.left):
                place.shielded.add(said.seq)
        if said.sender in self.places:
            self.places[said.sender].reached.add(said.seq)
            if by_socket:
                self.places[said.sender].read = said.seq

    def seen_by(self, user: str) -> list[Said]:
        return self.heard_by(user) if self.holds(user) else []

    def heard_by(self, user: str) -> list[Said]:
        """What was said while the user was in it: who was removed may still get it."""
        place = self.places.get(user, Place(active=False))
        end = self.last if place.active else place.left
        return self.said[place.joined : end]

    def brought_to(self, user: str) -> list[Said]:
        """What a history by sync is made of: without what came under a shield, or was taken back."""
        kept_away = self.places[user].shielded | self.taken_back if user in self.places else ()
        return [said for said in self.seen_by(user) if said.seq not in kept_away]

    def unread(self, user: str) -> int:
        return sum(said.sender != user and said.seq > self.places[user].read for said in self.brought_to(user))

    def missed_by(self, user: str) -> list[Said]:
        """What others said and no device of the user has received, without what was taken back."""
        place = self.places.get(user, Place())
        reached = place.reached | place.shielded | self.taken_back
        return [said for said in self.heard_by(user) if said.sender != user and said.seq not in reached]

    def reach(self, user: str, upto: int) -> None:
        self.places[user].reached.update(range(1, upto + 1))

    def mark_read(self, user: str, upto: int) -> None:
        place = self.places[user]
        place.read = max(place.read, min(upto, self.last))

    def join(self, user: str, at: int | None = None) -> None:
        """The user is in it from behind the message `at`, else the last."""
        at = self.last if at is None else at
        self.places[user] = Place(joined=at, read=at, reached=set(range(1, at + 1)))

    def leave(self, user: str, at: int | None = None) -> None:
        self.places[user].active = False
        self.places[user].left = self.last if at is None else at

    def row_for(self, user: str) -> tuple[int, int, int, int]:
        """As a conversation list shows it: last seq, read mark, unread, id of the last message that they may see."""
        seen = self.seen_by(user)
        return self.last, self.places[user].read, self.unread(user), seen[-1].msg_id if seen else 0
