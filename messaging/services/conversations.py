"""The conversations of groups and rooms, whose ids the wire calls gid and room id."""

from __future__ import annotations

from django.db import connection, transaction

from accounts.models import Application
from imsite.core.errors import BadValue
from messaging.models import Conversation

ID_MOST = 2**53 - 1  # what a JavaScript number holds exactly
KEPT_MOST = 2**52  # of those that are brought along: there must be room for all that are given after them
ID_LOCK = 0x1D_0000_0000  # an advisory lock of ours


@transaction.atomic
def begin_conversation(
    application: Application, kind: Conversation.Kind, *, wanted_id: int | None = None
) -> Conversation:
    """Begin the conversation of a group or a room.

    It gets `wanted_id`, the one that it had in another system, unless a conversation has that already or it is above 2**52; ids
    that the database gives later are higher then. BadValue (899003) for what is no id.
    """
    if wanted_id is not None and not 0 < wanted_id <= ID_MOST:
        raise BadValue(f"an id is from 1 to {ID_MOST}")
    wanted = wanted_id if wanted_id is not None and wanted_id <= KEPT_MOST and _reserve(wanted_id) else None
    return Conversation.objects.create(pk=wanted, application=application, kind=kind)


def _reserve(wanted_id: int) -> bool:
    """Whether the id is free; the database gives no such id from here on."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Two at once might set the sequence back.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ID_LOCK])
            cursor.execute("SELECT pg_get_serial_sequence('messaging_conversation', 'id')")
            (sequence,) = cursor.fetchone()
            move = f"SELECT setval(%s, %s) FROM {sequence} WHERE last_value < %s"  # noqa: S608  (the database's own name)
            cursor.execute(move, [sequence, wanted_id, wanted_id])
    # SQLite goes by the highest id that there ever was.
    return not Conversation.objects.filter(pk=wanted_id).exists()
