"""Pages of reports as the REST API asks for them and shows them. Doors of all slices answer with it. Source: REST API, reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from django.core.signing import BadSignature, TimestampSigner
from rest_framework import serializers
from rest_framework.response import Response

from imsite.core import clock
from imsite.core.errors import BadValue
from imsite.rest.fields import LARGEST_ID, Described, NumberField
from imsite.rest.views import ImView
from messaging.models import Message
from messaging.services import reports
from messaging.services.reports import PAGE_MOST, Page, Place, Source, Window

CURSOR_SECONDS = 120
WINDOW_MOST = timedelta(days=7)

_cursors = TimestampSigner(salt="messaging.report", sep=".")


class TimeParameter(Described, serializers.CharField):
    """`yyyy-MM-dd HH:mm:ss`, a time in the application's zone."""

    default_error_messages = {"invalid_time": "takes a time, yyyy-MM-dd HH:mm:ss"}

    def described_as(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$"}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            clock.from_text(text, "UTC")
        except ValueError:
            self.fail("invalid_time")
        return text


class ReportQuery(serializers.Serializer[Any]):
    """The first page of a report; the next ones take `cursor` alone. Both times are within the window."""

    count = NumberField(min_value=1, max_value=PAGE_MOST)
    begin_time = TimeParameter()
    end_time = TimeParameter()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        begin, end = (clock.from_text(attrs[name], "UTC") for name in ("begin_time", "end_time"))
        if not timedelta(0) <= end - begin <= WINDOW_MOST:  # as the clocks show it
            raise serializers.ValidationError(f"end_time is 0 to {WINDOW_MOST.days} days after begin_time")
        return attrs


class ReportPage(serializers.Serializer[Any]):
    """What asks for any page: `count`, `begin_time` and `end_time` for the first, `cursor` alone for the next ones."""

    count = NumberField(min_value=1, max_value=PAGE_MOST, required=False)
    begin_time = TimeParameter(required=False)
    end_time = TimeParameter(required=False)
    cursor = serializers.CharField(required=False)


class OldReportQuery(serializers.Serializer[Any]):
    """A page of a report of version 1."""

    start = NumberField(min_value=0, max_value=LARGEST_ID)
    count = NumberField(min_value=1, max_value=PAGE_MOST)
    begin_time = TimeParameter(required=False)
    end_time = TimeParameter(required=False)


class ReportView(ImView):
    """Answers with a page of a report, version 1 or 2."""

    def answer(self, source: Source) -> Response:
        """`{"total", "count", "cursor"?, "messages"}`: the first page, or with `?cursor=` the one after it."""
        if cursor := self.request.query_params.get("cursor"):
            page = reports.next_page(source, self.read_cursor(source, cursor))
        else:
            asked = self.read_query(ReportQuery)
            page = reports.first_page(source, self.window(asked), asked["count"])
        return Response(self.shown(source, page))

    def answer_numbered(self, source: Source) -> Response:
        """`{"total", "start", "count", "messages"}`: version 1."""
        asked = self.read_query(OldReportQuery)
        page = reports.numbered_page(source, self.window(asked), asked["start"], asked["count"])
        messages = [reported(message) for message in page.messages]
        return Response({"total": page.total, "start": asked["start"], "count": len(messages), "messages": messages})

    def window(self, asked: dict[str, Any]) -> Window:
        """Both seconds that the query names are in the window; of hours that the clocks show twice, both."""
        zone = self.actor.application.time_zone
        begin, end = asked.get("begin_time"), asked.get("end_time")
        return Window(
            since_ms=clock.to_ms(clock.from_text(begin, zone)) if begin else None,
            until_ms=clock.to_ms(clock.from_text(end, zone, last=True)) + 1000 if end else None,
        )

    def shown(self, source: Source, page: Page) -> dict[str, Any]:
        messages = [reported(message) for message in page.messages]
        answer: dict[str, Any] = {"total": page.total, "count": len(messages)}
        if page.next is not None:
            answer["cursor"] = self.cursor(source, page.next)
        return {**answer, "messages": messages}

    def cursor(self, source: Source, place: Place) -> str:
        """The place as a word that this application can bring back to this path within 120 s, and nobody can invent."""
        return _cursors.sign_object([self._bound(source), place.after, place.last, place.count, place.total])

    def read_cursor(self, source: Source, cursor: str) -> Place:
        """BadValue (899003) for a cursor that is not ours, too old, or another path's or application's."""
        try:
            bound, after, last, count, total = _cursors.unsign_object(cursor, max_age=CURSOR_SECONDS)
        except BadSignature:
            raise BadValue("the cursor is unknown or has expired") from None
        if bound != self._bound(source):
            raise BadValue("the cursor belongs to another report")
        return Place(tuple(after), tuple(last), count, total)

    def _bound(self, source: Source) -> str:
        return f"{self.actor.application.pk}:{source.name}"


def reported(message: Message) -> dict[str, Any]:
    """A message as reports show it: who said what to whom, as it was delivered. `create_time` in seconds, `msg_ctime` in ms."""
    content = orjson.loads(message.content)
    version, set_from_name = content.get("version"), content.get("set_from_name")
    shown = {
        "target_type": content["target_type"],
        "msg_type": message.type,
        "target_id": content["target_id"],
        "target_name": _text(content.get("target_name")),
        "from_id": content["from_id"],
        "from_name": _text(content.get("from_name")),
        "from_type": message.from_type,
        "from_platform": _text(content.get("from_platform")),
        "from_appkey": content["from_appkey"],
        "target_appkey": content["target_appkey"],
        "msg_body": content["msg_body"],
        "create_time": message.created_ms // 1000,
        "version": version if type(version) is int else 1,
        "msgid": message.pk,
        "msg_level": int(content["from_appkey"] != content["target_appkey"]),
        "msg_ctime": message.created_ms,
    }
    if content["target_type"] != "single":
        shown["set_from_name"] = set_from_name if type(set_from_name) is int else 0
    return shown


def _text(value: Any) -> str:
    """What a client put beside its message is passed on as it came; here it is text or nothing."""
    return value if isinstance(value, str) else ""
