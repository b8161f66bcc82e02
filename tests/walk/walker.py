"""All steps of a walk: what people say and read, their connections, the members of the group."""

from __future__ import annotations

from random import Random

from tests.walk.base import PLATFORMS
from tests.walk.reading import Reading
from tests.walk.sites import EVERYONE, PASSWORD
from tests.walk.speaking import Speaking
from tests.walk.taking_back import TakingBack
from tests.walk.visit import SHIELDS_CHANGED, Visit

ADDED, REMOVED = 10, 11  # event types


class Walker(Speaking, TakingBack, Reading):
    """`step` takes one of STEPS by its name and a number that decides the rest, and compares everything with the model."""

    def step(self, name: str, number: int) -> None:
        self.rng = Random(number)
        getattr(self, name)()
        self.check()

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
        """A connection is lost, with what its device has not acknowledged. Or one of which only the device knew."""
        if self.ghosts and self.chance(0.3):
            self.ghosts.pop().client.cut()
        elif visit := self.visit():
            self.drop(visit)

    def drop(self, visit: Visit) -> None:
        self.visits.remove(visit)
        visit.client.cut()

    def fall_silent(self) -> None:
        """A network is lost without a word: the server goes on writing, and nothing arrives."""
        if visit := self.visit():
            self.fall_silent_on(visit)

    def fall_silent_on(self, visit: Visit) -> None:
        self.visits.remove(visit)
        self.ghosts.append(visit)

    def come_back_unnoticed(self) -> None:
        """A device connects anew while the server takes its old connection for alive; that one is ended."""
        if visit := self.visit():
            self.fall_silent_on(visit)
            self.enter(visit.user, visit.platform)

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
        self.take_in(sendings, unsure=[back])
        if self.chance(0.5):
            self.catch_up_of(back)

    # Members

    def change_members(self) -> None:
        """Somebody comes into the group or is taken out, between messages."""
        name = self.rng.choice(EVERYONE)
        if self.group.members != [name]:
            self.note_change(name, *self.change(name))

    def change_members_midway(self) -> None:
        """The same while others speak there: what they say comes before it or after, for everyone alike."""
        name = self.rng.choice(EVERYONE)
        visits = [visit for visit in self.visits if self.group.holds(visit.user) and visit.user != name]
        if not visits or self.site.border(self.group.members[0]) is None:
            return
        spoken = [self.draft(self.rng.choice(visits), self.group, kept=True) for _ in range(self.rng.choice([2, 6]))]
        half = self.rng.randrange(len(spoken))
        for sending in spoken[:half]:
            sending.begin()
        event = self.change(name)
        for sending in spoken[half:]:
            sending.begin()
        self.note_change(name, *event, at=self.site.border(name))
        self.take_in(spoken, unsure_below=(name, self.site.border(name)))

    def shield(self) -> None:
        """A member wants to hear nothing more of what is said in the group, or to hear it again."""
        name = self.rng.choice(self.group.members)
        place = self.group.places[name]
        self.site.rest(f"/v1/users/{name}/groupsShield", {"remove" if place.shield else "add": [self.group.gid]})
        place.shield = not place.shield
        self.expect_event((SHIELDS_CHANGED,), [name])

    def change(self, name: str) -> tuple[tuple, list[str]]:
        """Let the server do it; the event that tells of it, and who is told."""
        leaves = self.group.holds(name)
        self.site.rest(f"/v1/groups/{self.group.gid}/members", {"remove" if leaves else "add": [name]})
        return (REMOVED if leaves else ADDED, self.group.gid), [*{*self.group.members, name}]

    def note_change(self, name: str, event: tuple, told: list[str], at: int | None = None) -> None:
        if event[0] == REMOVED:
            self.group.leave(name, at)
        else:
            self.group.join(name, at)
            for platform in PLATFORMS:
                self.known.pop((name, platform, self.group), None)
        self.expect_event(event, told)


STEPS = (
    "connect", "connect", "connect", "connect", "cut", "cut_midway", "fall_silent", "come_back_unnoticed", "change_members",
    "change_members_midway", "shield", "shield", "say", "say", "say", "say", "say", "repeat", "repeat", "reuse_id", "intrude", "announce",
    "announce", "announce", "acknowledge", "acknowledge", "sync", "acknowledge_sync", "catch_up", "mark_read", "mark_read",
    "mark_read", "take_back", "take_back", "take_back_by_server", "take_back_in_vain",
)  # fmt: skip
