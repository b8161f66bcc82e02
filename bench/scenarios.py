"""What is measured. Each scenario starts its servers, takes turns among them in every trial, and requires that nothing is lost."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field

from bench.client import Failed, Loop, Trial
from bench.people import Backend, Member, Plain, Tally, open_plain, sign_in
from bench.processes import Place, Server, product, redis, reference
from bench.world import GROUP_SIZE, PAIRS, World

SERVERS = ("uvicorn", "daphne")
CONNECTIONS = (16, 50)  # of the backend, in the REST trials
IN_FLIGHT = (1, 8)
READERS = (
    5  # members of the group that look at every message; to look at all of them would make the client the bottleneck
)
QUIET = 0.3  # seconds in which nothing more may come


@dataclass
class Measure:
    """Values of one thing, a trial each, in the order of the trials."""

    values: list[float] = field(default_factory=list)
    latencies_ms: list[tuple[float, float, float]] = field(default_factory=list)  # p50, p95, p99
    server_busy: list[float] = field(default_factory=list)  # parts of one core
    client_busy: list[float] = field(default_factory=list)
    others_busy: list[float] = field(default_factory=list)

    def add(self, trial: Trial) -> None:
        self.values.append(trial.rate)
        self.server_busy.append(trial.server_busy)
        self.client_busy.append(trial.client_busy)
        self.others_busy.append(trial.others_busy)
        if trial.latencies:
            self.latencies_ms.append(tuple(trial.percentile_ms(part) for part in (0.5, 0.95, 0.99)))


class Bench:
    """The run: how long, how often, on which data. Measures by name."""

    def __init__(self, place: Place, world: World, *, trials: int, seconds: float, idle_sockets: int) -> None:
        self.place = place
        self.world = world
        self.trials = trials
        self.seconds = seconds
        self.idle_sockets = idle_sockets
        self.loop = Loop()
        self.measures: dict[str, Measure] = {}
        self.facts: dict[str, float] = {}

    def add(self, name: str, trial: Trial) -> None:
        self.measures.setdefault(name, Measure()).add(trial)

    def trial(self, server: Server) -> Trial:
        return Trial(self.loop, server.pid)


def stored_messages(place: Place, data: str) -> int:
    """How many messages the database of a stopped server has."""
    with sqlite3.connect(place.folder / data / "imsite.sqlite3") as database:
        return database.execute("SELECT COUNT(*) FROM messaging_message").fetchone()[0]


def require_stored(bench: Bench, data: str, acknowledged: int) -> None:
    stored = stored_messages(bench.place, data)
    if stored != acknowledged:
        raise Failed(f"{acknowledged} sends were acknowledged, {stored} messages are stored")


# The write path in one process


def durable_writes(bench: Bench) -> None:
    """Without sockets; see bench.writes."""
    data = bench.place.copy("writes")
    printed = bench.place.output_of(
        "-m", "bench.writes", json.dumps(asdict(bench.world)), str(bench.trials), str(bench.seconds), data=data
    )
    result = json.loads(printed)
    for name, values in result["rates"].items():
        bench.measures[f"writes {name}"] = Measure(values)
    bench.facts["messages a commit"] = result["messages_per_commit"]


# Requests and answers: the backend over REST, fifty pairs over sockets


def round_trips(bench: Bench, server: str) -> None:
    """Sends over both doors of the product, and the same number of connections to a bare echo."""
    data = bench.place.copy(f"round-trips-{server}")
    acknowledged = 0
    with product(bench.place, server, data) as ours, reference(bench.place, "echo", server) as echo:
        pairs = Pairs(bench, ours)
        plain = open_plain(bench.loop, echo.port, PAIRS)
        for _ in range(bench.trials):
            for connections in CONNECTIONS:
                acknowledged += rest_trial(bench, ours, connections, f"rest {connections} {server}")
                rest_trial(bench, echo, connections, f"echo http {connections} {server}")
            for in_flight in IN_FLIGHT:
                acknowledged += pairs.trial(in_flight, f"sends {in_flight} {server}")
                echo_trial(bench, echo, plain, in_flight, f"echo frames {in_flight} {server}")
            acknowledged += pairs.trial(1, f"sends with receipts {server}", acknowledges=True)
        leave(bench, [*pairs.senders, *pairs.receivers, *plain])
    require_stored(bench, data, acknowledged)


def rest_trial(bench: Bench, server: Server, connections: int, name: str) -> int:
    """How many sends were acknowledged, warm-up and drain too."""
    trial = bench.trial(server)
    backends = [Backend(server.port, bench.world, World.name(number % PAIRS)) for number in range(connections)]
    for backend in backends:
        backend.trial = trial
        backend.enter(bench.loop)

    def start() -> None:
        for backend in backends:
            trial.asked += 1
            backend.say()

    trial.run(start, lambda: trial.done == trial.asked, bench.seconds)
    leave(bench, backends)
    bench.add(name, trial)
    return trial.done


class Pairs:
    """Fifty people write to one person each."""

    def __init__(self, bench: Bench, server: Server) -> None:
        self.bench = bench
        self.server = server
        members = sign_in(bench.loop, server.port, bench.world, range(2 * PAIRS))
        self.senders, self.receivers = members[:PAIRS], members[PAIRS:]
        self.current: Trial | None = None
        for sender, receiver in zip(self.senders, self.receivers, strict=True):
            sender.talk_to(bench.world, receiver.name, self.replied)

    def replied(self, sender: Member, seconds: float) -> None:
        trial = self.current
        assert trial is not None
        trial.finished(seconds)
        if trial.running:
            trial.asked += 1
            sender.say()

    def trial(self, in_flight: int, name: str, *, acknowledges: bool = False) -> int:
        bench = self.bench
        keep_alive(bench.loop, [*self.senders, *self.receivers])
        trial = self.current = bench.trial(self.server)
        before = self.pushes()
        for receiver in self.receivers:
            receiver.acknowledges = acknowledges

        def start() -> None:
            for sender in self.senders:
                for _ in range(in_flight):
                    trial.asked += 1
                    sender.say()

        def settled() -> bool:
            return trial.done == trial.asked and self.pushes() - before >= trial.asked

        trial.run(start, settled, bench.seconds)
        bench.loop.run_for(QUIET)
        if self.pushes() - before != trial.asked:
            raise Failed(f"{trial.asked} messages were sent, {self.pushes() - before} arrived")
        for receiver in self.receivers:
            receiver.require_in_order()
        bench.add(name, trial)
        return trial.done

    def pushes(self) -> int:
        return sum(receiver.pushes for receiver in self.receivers)


def echo_trial(bench: Bench, server: Server, sockets: Sequence[Plain], in_flight: int, name: str) -> None:
    trial = bench.trial(server)

    def answered(socket: Plain, seconds: float) -> None:
        trial.finished(seconds)
        if trial.running:
            trial.asked += 1
            socket.say()

    def start() -> None:
        for socket in sockets:
            for _ in range(in_flight):
                trial.asked += 1
                socket.say()

    for socket in sockets:
        socket.on_frame = answered
        socket.prepare(b"x" * SEND_BYTES)
    trial.run(start, lambda: trial.done == trial.asked, bench.seconds)
    bench.add(name, trial)


SEND_BYTES = 460  # what a prepared send of a text has, about


# A group of 500


def fan_out(bench: Bench) -> None:
    """One message to 500 sockets, again and again, with one or eight of them on their way."""
    with ExitStack() as stack:
        redis_url = stack.enter_context(redis(bench.place))
        groups: list[Group | Room] = []
        for server in SERVERS:
            data = bench.place.copy(f"fan-out-{server}")
            ours = stack.enter_context(product(bench.place, server, data))
            groups.append(Group(bench, ours, f"group {server}", data))
        size = groups[0].push_bytes()
        for name, server, url in (
            ("memory uvicorn", "uvicorn", ""),
            ("memory daphne", "daphne", ""),
            ("redis uvicorn", "uvicorn", redis_url),
        ):
            if url is not None:
                rooms = stack.enter_context(reference(bench.place, "rooms", server, BENCH_REDIS_URL=url))
                groups.append(Room(bench, rooms, f"group_send {name}", size))
        for _ in range(bench.trials):
            for in_flight in IN_FLIGHT:
                for group in groups:
                    for one in groups:
                        one.keep_alive()
                    group.trial(in_flight)
        for group in groups:
            leave(bench, group.sockets)
    for group in groups:
        group.require_whole()


class Crowd:
    """Five hundred sockets that all get what one of them says."""

    sockets: Sequence[Member | Plain]
    receivers: int  # of a message

    def __init__(self, bench: Bench, server: Server, name: str) -> None:
        self.bench = bench
        self.server = server
        self.name = name
        self.tally = Tally()
        self.sent = 0  # since the start

    def trial(self, in_flight: int) -> None:
        """A message counts as on its way until as many frames have come as it and all before it have receivers."""
        trial = self.bench.trial(self.server)
        speakers = self.sockets[:in_flight]
        before, sent, each = self.tally.frames, 0, self.receivers
        tally = self.tally

        def keep_talking() -> None:
            nonlocal sent
            while trial.running and sent - (tally.frames - before) // each < in_flight:
                speakers[sent % in_flight].say()
                sent += 1

        self.run(trial, keep_talking, lambda: tally.frames - before >= sent * each)
        self.bench.loop.run_for(QUIET)
        if tally.frames - before != sent * each:
            raise Failed(f"{self.name}: {sent} messages came {tally.frames - before} times")
        self.sent += sent
        self.bench.add(f"{self.name} {in_flight}", trial)

    def run(self, trial: Trial, keep_talking: Callable[[], None], settled: Callable[[], bool]) -> None:
        tally = self.tally
        trial.run(keep_talking, settled, self.bench.seconds, count=lambda: tally.frames, each_round=keep_talking)

    def keep_alive(self) -> None:
        """The product ends sockets that are silent for long, and whoever waits for a turn is."""

    def require_whole(self) -> None:
        """Once the servers have stopped."""


class Group(Crowd):
    """The product's group."""

    def __init__(self, bench: Bench, server: Server, name: str, data: str) -> None:
        super().__init__(bench, server, name)
        self.data = data
        self.sockets: Sequence[Member] = sign_in(bench.loop, server.port, bench.world, range(GROUP_SIZE))
        self.receivers = GROUP_SIZE - 1  # all but the speaker
        for member in self.sockets:
            member.tally = self.tally
        for member in self.sockets[:-READERS]:
            member.only_count()
        for member in self.sockets[: max(IN_FLIGHT)]:
            member.talk_in(bench.world, bench.world.gid, lambda member, seconds: None)

    def keep_alive(self) -> None:
        keep_alive(self.bench.loop, self.sockets)

    def trial(self, in_flight: int) -> None:
        super().trial(in_flight)
        for member in self.sockets[-READERS:]:
            member.require_in_order()

    def push_bytes(self) -> int:
        """The size of a push, seen on one message."""
        self.sockets[0].say()
        self.sent += 1
        self.bench.loop.require(lambda: self.tally.frames == self.receivers, "the first message to everyone")
        return self.sockets[-1].push_bytes

    def require_whole(self) -> None:
        replies = sum(member.replies for member in self.sockets)
        if replies != self.sent:
            raise Failed(f"{self.name}: {self.sent} messages were sent, {replies} were answered")
        require_stored(self.bench, self.data, self.sent)


class Room(Crowd):
    """Channels' chat room."""

    def __init__(self, bench: Bench, server: Server, name: str, size: int) -> None:
        super().__init__(bench, server, name)
        self.sockets: Sequence[Plain] = open_plain(bench.loop, server.port, GROUP_SIZE)
        self.receivers = GROUP_SIZE
        for socket in self.sockets:
            socket.tally = self.tally
            socket.prepare(b"x" * size)
            socket.only_count()


# Memory


def idle_memory(bench: Bench, server: str) -> None:
    """What a signed-in socket that does nothing costs the server's process; and a bare ASGI socket on the same server."""
    data = bench.place.copy(f"memory-{server}")
    with product(bench.place, server, data) as ours, reference(bench.place, "echo", server) as echo:
        numbers = iter(range(GROUP_SIZE, bench.world.users))  # those who are in no group

        def more(count: int) -> Sequence[Member]:
            return sign_in(bench.loop, ours.port, bench.world, [next(numbers) for _ in range(count)])

        grow(bench, ours, f"memory product {server}", more)
        grow(bench, echo, f"memory echo {server}", lambda count: open_plain(bench.loop, echo.port, count))


def grow(bench: Bench, server: Server, name: str, more: Callable[[int], Sequence[Member | Plain]]) -> None:
    """KiB a socket: the growth of the resident set with so many sockets more. The first ones warm the server up."""
    open_now = list(more(warm_up_sockets(bench.idle_sockets)))
    measure = bench.measures.setdefault(name, Measure())
    before = server.rss_bytes()
    for _ in range(bench.trials):
        open_now += more(bench.idle_sockets)
        bench.loop.run_for(QUIET)
        after = server.rss_bytes()
        measure.values.append((after - before) / bench.idle_sockets / 1024)
        before = after
    leave(bench, open_now)


def warm_up_sockets(idle_sockets: int) -> int:
    return idle_sockets // 4


def users_needed(trials: int, idle_sockets: int) -> int:
    return GROUP_SIZE + warm_up_sockets(idle_sockets) + trials * idle_sockets


# Between trials


def keep_alive(loop: Loop, members: Sequence[Member]) -> None:
    """Ping, as clients do, and wait for all pongs: whatever was written before them has arrived."""
    before = {member: member.pongs for member in members}
    for member in members:
        member.ping()
    loop.require(lambda: all(member.pongs > pongs for member, pongs in before.items()), "pongs")


def leave(bench: Bench, links: Sequence[Member | Plain | Backend]) -> None:
    for link in links:
        bench.loop.remove(link)
        link.close()
