"""One login of one device: what came to it, and what should have."""

from __future__ import annotations

import contextlib
from collections import defaultdict

from tests.walk.model import Said, Thread
from tests.wire_client import BlockingClient, Data

CONVERSATION_READ = 200
SHIELDS_CHANGED = 39
TAKEN_BACK = 55
GROUP_EVENTS = range(8, 13)
PUSH_S = 3


class Visit:
    """Lists by conversation are in the order of arrival; a conversation is named as a user names it: (kind, target)."""

    def __init__(self, client: BlockingClient, user: str, platform: str) -> None:
        self.client = client
        self.user = user
        self.platform = platform
        self.expected: dict[tuple[str, str], list[int]] = defaultdict(list)  # message ids that are to be pushed
        self.maybe: set[int] = set()  # message ids that may be pushed: stored while this visit began
        self.events_expected: list[tuple] = []
        self.pushed: dict[tuple[str, str], list[Data]] = defaultdict(list)
        self.events: list[tuple] = []
        self.event_ids: list[int] = []
        self.offers: dict[int, dict[tuple[str, str], int]] = {}  # by sync_key: the last seq of each conversation
        self.own: set[int] = set()  # ids of what was sent from here
        self.brought: dict[int, Data] = {}  # every message that came, by id
        self.unacknowledged: list[tuple[tuple[str, str], Data]] = []
        self.synced: list[Data] = []  # sync_conversation packets that nobody looked at yet
        self.sync_key = 0
        self.has_synced = False
        self._taken = 0

    def __repr__(self) -> str:
        return f"<{self.user} on {self.platform}>"

    def expect(self, thread: Thread, msg_id: int) -> None:
        self.expected[thread.key_for(self.user)].append(msg_id)

    def read(self) -> None:
        """Take in what has arrived since the last time."""
        pushes = self.client.pushes
        for name, data in pushes[self._taken :]:
            if name == "msg_sync":
                (message,) = data["messages"]
                key = self.key_of(message)
                self._bring(message)
                self.pushed[key].append(message)
                self.unacknowledged.append((key, message))
            elif name == "sync_conversation":
                self._take_sync(data)
            elif name == "event_notification":
                self._take_event(data)
            elif name == "sync_event":
                self.event_ids += [event["event_id"] for event in data["events"]]
        self._taken = len(pushes)
        assert len(self.event_ids) == len(set(self.event_ids)), f"{self}: an event came twice"

    def _bring(self, message: Data) -> None:
        msg_id = message["msg_id"]
        assert msg_id not in self.brought, f"{self}: message {msg_id} came twice"
        assert msg_id not in self.own, f"{self}: its own message {msg_id} came back"
        self.brought[msg_id] = message

    def _take_sync(self, data: Data) -> None:
        offer = self.offers.setdefault(data["sync_key"], {})
        for entry in data["messages"]:
            key = self.key_of_entry(entry)
            for message in entry["msgs"]:
                assert self.key_of(message) == key
                self._bring(message)
            offer[key] = entry["msgs"][-1]["seq"]
        self.synced.append(data)

    def _take_event(self, data: Data) -> None:
        kind = data["event_type"]
        if kind == CONVERSATION_READ:
            named = data["description"]
            key = ("group", str(named["gid"])) if "gid" in named else ("single", named["username"])
            self.events.append((kind, key, data["read_seq"], data["unread_count"]))
        elif kind in GROUP_EVENTS:
            self.events.append((kind, data["gid"]))
            self.event_ids.append(data["event_id"])
        elif kind == TAKEN_BACK:
            assert data["msg_ids"] == data["msgid_list"]
            self.events.append((kind, *data["msg_ids"], data["from_gid"]))
            self.event_ids.append(data["event_id"])
        elif kind == SHIELDS_CHANGED:
            self.events.append((kind,))
            self.event_ids.append(data["event_id"])

    @staticmethod
    def key_of_entry(entry: Data) -> tuple[str, str]:
        return ("group", str(entry["from_gid"])) if "from_gid" in entry else ("single", entry["from_username"])

    def key_of(self, message: Data) -> tuple[str, str]:
        """The conversation of a message, as applications find it out."""
        if message["msg_type"] == 4:
            return "group", str(message["from_gid"])
        content = message["content"]
        peer = content["target_id"] if message["from_username"] == self.user else message["from_username"]
        return "single", peer

    def settle(self) -> None:
        """Read until all that is to be pushed has come, and what is on its way behind it."""
        if not self.has_all():
            with contextlib.suppress(TimeoutError):  # the comparison says what is missing
                self.client.until(lambda _: self.has_all(), PUSH_S)
        self.client.ping()
        self.read()

    def has_all(self) -> bool:
        self.read()
        came = sum(message["msg_id"] not in self.maybe for messages in self.pushed.values() for message in messages)
        return came >= sum(map(len, self.expected.values())) and len(self.events) >= len(self.events_expected)

    def check(self) -> None:
        """Exactly what was to be pushed was pushed, in its order; each conversation's seqs rise."""
        for key in {*self.expected, *self.pushed}:
            came = [message["msg_id"] for message in self.pushed[key]]
            assert [one for one in came if one not in self.maybe] == self.expected[key], f"{self}: pushes of {key}"
            seqs = [message["seq"] for message in self.pushed[key] if message["seq"]]
            assert seqs == sorted(set(seqs)), f"{self}: {key} out of order: {seqs}"
        assert self.events == self.events_expected, f"{self}: events"

    def check_offer(self, entry: Data, wanted: list[Said]) -> None:
        """One conversation of a sync: these messages and no others, in their order."""
        came = [
            (message["seq"], message["msg_id"], message["content"]["msg_body"]["text"])
            for message in entry["msgs"]
            if message["msg_id"] not in self.maybe
        ]
        assert came == [(said.seq, said.msg_id, said.text) for said in wanted], f"{self}: sync"
