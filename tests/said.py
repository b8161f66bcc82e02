"""Messages that were sent at a time of the test's choosing."""

from datetime import datetime
from zoneinfo import ZoneInfo

from accounts.actors import Actor
from imsite.core import clock
from messaging.models import Message
from messaging.services import sending
from messaging.services.sending import Draft
from messaging.targets import resolve

NOON = "2026-03-10 12:00:00"


def ms(text: str, zone: str = "Asia/Shanghai") -> int:
    """The moment that `yyyy-MM-dd HH:mm:ss`, with a fraction behind it or without, names in a time zone."""
    return clock.to_ms(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def said(sender, to, words="hi", *, at: str | int = NOON, by_server=False, type="text", body=None, **more) -> int:
    """`sender` said this to a user, a group or a room, then; the id of the message. `at` in China's time, or milliseconds."""
    by = Actor.server(sender.application) if by_server else Actor.of(sender)
    if hasattr(to, "username"):
        kind, target_id = "single", to.username
    else:
        kind, target_id = ("chatroom" if hasattr(to, "description") else "group"), str(to.pk)
    target = resolve(sender.application, kind, target_id, by=by, sender=sender, appkey=to.application.appkey)
    draft = Draft(type=type, body={"text": words} if body is None else body, **more)
    sent = sending.insert(target, draft, by=by, sender=sender)
    Message.objects.filter(pk=sent.message_id).update(created_ms=at if isinstance(at, int) else ms(at))
    return sent.message_id
