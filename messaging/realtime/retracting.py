"""Taking messages back by socket. Source: Web SDK, Messages: msgRetract."""

from __future__ import annotations

from imsite.realtime.dispatch import on
from imsite.realtime.session import Session
from messaging import shapes
from messaging.models import Message
from messaging.services import retracting


@on("msg_retract", lambda data: {"msg_id": shapes.number(data, "msg_id")})
def msg_retract(session: Session, data: dict[str, int]) -> None:
    """Answer: code 0 alone. 881401 too late, 881402 another's, 881403 no such message, 881404 retracted already.

    The others are told (event 55). Source: Web SDK, Messages, msgRetract.
    """
    sent = Message.objects.filter(application=session.actor.application)
    retracting.retract(sent.find(data["msg_id"]), by=session.actor)
