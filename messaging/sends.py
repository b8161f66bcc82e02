"""A send on its way into the database, and what becomes of it: what the doors of sending and the writer hand each other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from accounts.models import User
from imsite.core.errors import ImError
from messaging.targets import Target

Identity = tuple[str, int, str]  # whose name for a send it is, and the name


@dataclass(frozen=True, slots=True)
class RequestKey:
    """An Idempotency-Key: one in an application, whoever its messages are from. `fingerprint` is that of the whole request."""

    key: str
    fingerprint: str


@dataclass(slots=True, eq=False)
class Send:
    """A send that was checked for shape and is on its way into the database. `future` gets a Sent, or the refusal.

    `on_commit` is called after the commit and before the future is done, in the writer's thread: it tells the receivers.
    """

    target: Target
    sender: User
    client_id: str
    fingerprint: str
    type: str
    content: str  # JSON text as delivered
    from_type: str = "user"
    request_key: str | None = None  # in place of the client id it names the send, for the whole application
    no_offline: bool = False
    no_notification: bool = False
    custom_notification: str = ""
    need_receipt: bool = False
    moves_cursor: bool = True  # the sender has read up to here: a send from a socket
    privileged: bool = False  # the application's own: the rules for users do not bind it, see `sending.send`
    friends_only: bool = False
    sid: str | None = None  # the session that sends: it is not told
    on_commit: Callable[[Send, Sent], None] | None = None
    future: Future[Sent] = field(default_factory=Future)

    @property
    def has_cursors(self) -> bool:
        return self.target.kind != "chatroom"

    @property
    def identity(self) -> Identity:
        """What makes a repetition known."""
        if self.request_key is not None:
            return "application", self.sender.application_id, self.request_key
        return "sender", self.sender.pk, self.client_id


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a send. `repeated`: it was sent before, under the same name; this is the first result."""

    message_id: int
    conversation_id: int
    seq: int  # 0 for what is not kept for those away
    created_ms: int
    receipt_base: int = 0
    member_seq: int = 0
    repeated: bool = False


class NotStored(Exception):
    """The database did not take the message: a bug of ours."""


Result = Sent | ImError | NotStored
