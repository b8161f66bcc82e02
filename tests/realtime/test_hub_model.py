"""The hub against a model: members change, news of it is lost, late or out of order, people log in meanwhile."""

import asyncio
from concurrent.futures import Future

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imsite.core.bus import Delivery
from imsite.realtime import hub as hubs
from imsite.realtime import workers
from imsite.realtime.connection import Connection
from imsite.realtime.hub import Hub
from imsite.realtime.session import Session
from tests.realtime.conftest import person
from tests.realtime.test_hub import Writer

TOPIC = "conversation:1"
USERS = range(1, 5)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.sampled_from(USERS), st.sampled_from(["told", "lost", "late"])),
        st.tuples(st.just("send"), st.sampled_from(["told", "late"])),
        st.tuples(st.just("late news"), st.integers(0, 5)),
        st.tuples(st.just("log in"), st.sampled_from(USERS)),
        st.tuples(st.just("read list"), st.sampled_from(USERS)),
        st.tuples(st.just("subscribe"), st.sampled_from(USERS)),
        st.tuples(st.just("log out"), st.sampled_from(USERS)),
        st.tuples(st.just("loaded"), st.just(0)),
    ),
    max_size=60,
)


class World:
    """The store, the hub, and what is under way between them."""

    def __init__(self, loop):
        self.hub = Hub(loop)
        self.history = [frozenset()]  # members by version
        self.late = []  # calls to the hub that will come later
        self.unheard: set[int] = set()  # whose joining was never told here
        self.loading = []  # (topic, future, what the store said when it was read)
        self.connections = {}
        self.lists = {}  # of users who log in: what their handler read
        self.sends = []  # version of the membership by number of the message
        self.since = {}  # user: number of the first message that must arrive
        hubs._loaders["conversation"] = self.load

    @property
    def version(self):
        return len(self.history) - 1

    def load(self, topic):
        return self.version, sorted(self.history[-1])

    def submit(self, function, *args):
        """Instead of the thread pool: read now, or later."""
        future = Future()
        self.loading.append((function, args, future))
        return future

    def settle_loading(self, _=0):
        if self.loading:
            function, args, future = self.loading.pop(0)
            future.set_result(function(*args))

    def tell(self, how, call):
        if how == "told":
            call()
        elif how == "late":
            self.late.append(call)

    def change(self, user, how):
        joins = user not in self.history[-1]
        self.history.append(self.history[-1] | {user} if joins else self.history[-1] - {user})
        version = self.version
        (self.unheard.add if joins and how == "lost" else self.unheard.discard)(user)
        tell = self.hub.join if joins else self.hub.leave
        self.tell(how, lambda: tell(TOPIC, [user], version))

    def send(self, how):
        number, version = len(self.sends), self.version
        self.sends.append(version)
        self.tell(how, lambda: self.hub.deliver(Delivery((TOPIC,), b"%d " % number, version=(TOPIC, version))))

    def late_news(self, index):
        if self.late:
            self.late.pop(index % len(self.late))()

    def log_in(self, user):
        if user in self.connections:
            return
        connection = self.connections[user] = Connection(Session(f"sid{user}"), Writer(), self.hub)
        connection.session.actor = person(user)
        self.hub.add(connection)
        self.hub.enter(connection, user)

    def read_list(self, user):
        if user in self.connections and self.connections[user].left is not None:
            self.lists[user] = {TOPIC: self.version} if user in self.history[-1] else {}

    def subscribe(self, user):
        if user in self.lists:
            self.hub.subscribe(self.connections[user], self.lists.pop(user))
            self.connections[user].release()
            self.since[user] = len(self.sends)

    def log_out(self, user):
        if connection := self.connections.pop(user, None):
            self.hub.remove(connection)
            self.lists.pop(user, None)
            self.since.pop(user, None)

    async def run(self, steps):
        acts = {
            "change": self.change, "send": self.send, "late news": self.late_news, "log in": self.log_in,
            "read list": self.read_list, "subscribe": self.subscribe, "log out": self.log_out, "loaded": self.settle_loading,
        }  # fmt: skip
        for name, *args in steps:
            acts[name](*args)
            await self.rest()
            self.check_nobody_hears_too_much()
        while self.late or self.loading:
            self.late_news(0)
            self.settle_loading()
            await self.rest()
        self.send("told")
        await self.rest()
        while self.loading:
            self.settle_loading()
            await self.rest()
        self.check_nobody_hears_too_much()
        self.check_members_hear_everything()

    async def rest(self):
        for _ in range(6):
            await asyncio.sleep(0)

    def heard(self, user):
        return [int(number) for number in "".join(self.connections[user].writer.frames).split()]

    def check_nobody_hears_too_much(self):
        """Only who is in the conversation at the version of the message, or came in later."""
        for user in self.connections:
            heard = self.heard(user)
            assert len(heard) == len(set(heard)), "twice"
            for number in heard:
                assert any(user in members for members in self.history[self.sends[number] :]), (user, number)

    def check_members_hear_everything(self):
        """The last message, sent in peace, reaches every member who is here, and nobody else."""
        last = len(self.sends) - 1
        for user, connection in self.connections.items():
            if user in self.unheard and TOPIC not in self.hub.topics:
                continue  # nobody here listens to it, so its versions are not followed: the next sync brings what was said
            if connection.left is None:
                assert (last in self.heard(user)) == (user in self.history[-1]), user


@pytest.fixture(autouse=True)
def loaders(monkeypatch):
    monkeypatch.setattr(hubs, "_loaders", {})


@settings(max_examples=300)
@given(steps)
def test_members_hear_all_and_others_nothing_whatever_is_lost(steps):
    async def play():
        world = World(asyncio.get_running_loop())
        real, workers.submit = workers.submit, world.submit
        try:
            await world.run(steps)
        finally:
            workers.submit = real
            world.hub.stop()

    asyncio.run(play())
