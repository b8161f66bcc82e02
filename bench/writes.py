"""The durable write path in one process, without sockets: `python -m bench.writes WORLD TRIALS SECONDS` prints rates as JSON.

Three ways to store a message of one of 50 pairs, each acknowledged after its commit, in the same database folder:
- loop: sqlite3 alone, one thread: UPDATE the sequence, INSERT the message, COMMIT; as little as a durable send can be
- orm: what a Django project writes first: the same two statements in `transaction.atomic()`, through `sync_to_async`
- send: the product's own: target, checks, fingerprint, group commit, cursors (messaging.services.sending)
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
import time
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

from bench.client import PATIENCE, Failed
from bench.world import PAIRS, World

TEXT = "the quick brown fox jumps over the lazy dog"
WARM_UP = 0.3  # seconds


def loop_rate(seconds: float) -> float:
    from django.conf import settings

    path = settings.DATA_DIR / "loop.sqlite3"
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE IF NOT EXISTS conversation (id INTEGER PRIMARY KEY, seq INTEGER)")
    database.execute(
        "CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, conversation INTEGER, seq INTEGER, content TEXT)"
    )
    database.executemany("INSERT OR IGNORE INTO conversation VALUES (?, 0)", [(n,) for n in range(PAIRS)])
    content = content_of(0)
    began, count = time.perf_counter(), 0
    while (took := time.perf_counter() - began) < seconds:
        conversation = count % PAIRS
        database.execute("BEGIN IMMEDIATE")
        row = database.execute("UPDATE conversation SET seq = seq + 1 WHERE id = ? RETURNING seq", [conversation])
        (seq,) = row.fetchone()
        database.execute(
            "INSERT INTO message (conversation, seq, content) VALUES (?, ?, ?)", [conversation, seq, content]
        )
        database.execute("COMMIT")
        count += 1
    database.close()
    return count / took


def content_of(number: int) -> str:
    """About what the product stores for this text."""
    return json.dumps(
        {
            "version": 1, "target_type": "single", "from_platform": "web", "target_id": World.name(number),
            "from_id": World.name(number), "create_time": 1795232441641, "msg_type": "text",
            "msg_body": {"text": TEXT}, "from_appkey": "x" * 24, "target_appkey": "x" * 24, "from_type": "user",
            "from_name": "", "sui_mtime": 1795232436,
        }
    )  # fmt: skip


class Pairs:
    """Fifty senders, each with a peer of their own."""

    def __init__(self, world: World) -> None:
        from accounts.actors import Actor
        from accounts.models import Application, User
        from messaging.services.pairs import open_pair

        application = Application.objects.find(world.appkey)
        users = User.objects.of(application).select_related("application")
        self.senders = [users.find(World.name(number)) for number in range(PAIRS)]
        self.actors = [Actor.of(user, sid=f"bench{user.pk}") for user in self.senders]
        self.application = application
        self.peers = [World.name(PAIRS + number) for number in range(PAIRS)]
        self.conversations = [
            open_pair(sender, users.find(peer)).pk for sender, peer in zip(self.senders, self.peers, strict=True)
        ]

    def orm(self, number: int, count: int) -> None:
        from django.db import transaction
        from django.db.models import F

        from messaging.models import Conversation, Message

        sender, conversation = self.senders[number], self.conversations[number]
        with transaction.atomic():
            Conversation.objects.filter(pk=conversation).update(last_seq=F("last_seq") + 1, count_no=F("count_no") + 1)
            seq, count_no = Conversation.objects.values_list("last_seq", "count_no").get(pk=conversation)
            Message.objects.create(
                application_id=sender.application_id,
                conversation_id=conversation,
                seq=seq,
                count_no=count_no,
                sender_id=sender.pk,
                client_id=f"orm:{time.time_ns()}:{count}",
                type="text",
                content=content_of(number),
                created_ms=time.time_ns() // 1_000_000,
            )

    def send(self, number: int, count: int) -> Future[Any]:
        from messaging.services.sending import Draft, send
        from messaging.targets import resolve

        by = self.actors[number]
        target = resolve(self.application, "single", self.peers[number], by=by, sender=by.user)
        body = {"text": TEXT}
        content = {
            "version": 1, "target_type": "single", "from_platform": "web", "target_id": self.peers[number],
            "from_id": by.user.username, "create_time": count, "msg_type": "text", "msg_body": body,
        }  # fmt: skip
        return send(target, Draft(type="text", body=body, content=content), by=by)

    def seqs(self) -> int:
        """The sum of the conversations' last_seq: how many messages they say they have."""
        from messaging.models import Conversation

        rows = Conversation.objects.filter(pk__in=self.conversations)
        return sum(rows.values_list("last_seq", flat=True))

    def require_stored(self, acknowledged: int) -> None:
        """As many rows as were acknowledged, and no gap in any conversation."""
        from django.db.models import Count, Max, Min

        from messaging.models import Message

        rows = Message.objects.filter(conversation__in=self.conversations).values("conversation")
        for row in rows.annotate(count=Count("seq"), first=Min("seq"), last=Max("seq")):
            if (row["first"], row["last"]) != (1, row["count"]):
                raise Failed(f"a conversation has gaps: {row}")
        stored = Message.objects.filter(conversation__in=self.conversations).count()
        if not stored == self.seqs() == acknowledged:
            raise Failed(f"{acknowledged} sends were acknowledged, {stored} messages are stored")


class Window:
    """Counts what is acknowledged, in all and between warm-up and end."""

    def __init__(self, seconds: float) -> None:
        self.begins = time.perf_counter() + WARM_UP
        self.ends = self.begins + seconds
        self.seconds = seconds
        self.total = self.inside = 0

    def is_open(self) -> bool:
        return time.perf_counter() < self.ends

    def count(self) -> None:
        self.total += 1
        self.inside += self.begins <= time.perf_counter() < self.ends

    @property
    def rate(self) -> float:
        return self.inside / self.seconds


async def orm_window(pairs: Pairs, seconds: float) -> Window:
    """Fifty tasks, each waiting for its transaction."""
    from asgiref.sync import sync_to_async

    window = Window(seconds)

    async def sender(number: int) -> None:
        while window.is_open():
            await sync_to_async(pairs.orm)(number, window.total)
            window.count()

    await asyncio.gather(*(sender(number) for number in range(PAIRS)))
    return window


def send_window(pairs: Pairs, seconds: float) -> Window:
    """Fifty senders, each waiting for its commit; one thread asks for all of them, as a server's worker thread does."""
    window = Window(seconds)
    answered: SimpleQueue[tuple[int, Future[Any]]] = SimpleQueue()

    def send(number: int) -> None:
        pairs.send(number, window.total).add_done_callback(lambda done: answered.put((number, done)))

    for number in range(PAIRS):
        send(number)
    waiting = PAIRS
    while waiting:
        number, done = answered.get(timeout=PATIENCE)
        done.result()
        window.count()
        if window.is_open():
            send(number)
        else:
            waiting -= 1
    return window


def measure(world: World, trials: int, seconds: float) -> dict[str, Any]:
    from messaging.writer import writer

    pairs = Pairs(world)
    rates: dict[str, list[float]] = {"loop": [], "orm": [], "send": []}
    acknowledged = pairs.seqs()
    for _ in range(trials):
        rates["loop"].append(loop_rate(seconds))
        for name, window in (
            ("orm", asyncio.run(orm_window(pairs, seconds))),
            ("send", send_window(pairs, seconds)),
        ):
            rates[name].append(window.rate)
            acknowledged += window.total
    writer.stop()
    pairs.require_stored(acknowledged)
    return {"rates": rates, "messages_per_commit": writer.messages / max(writer.commits, 1)}


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "imsite.settings"
    import django

    django.setup()
    world, trials, seconds = World(**json.loads(sys.argv[1])), int(sys.argv[2]), float(sys.argv[3])
    print(json.dumps(measure(world, trials, seconds)))


if __name__ == "__main__":
    main()
