"""REST: what was said in a chat room. Source: REST API, reports."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from chatrooms.errors import NoSuchRoom
from chatrooms.models import ChatRoom
from imsite.core.ids import read_id
from imsite.rest.describe import described
from messaging.report_pages import ReportPage, ReportView
from messaging.report_schema import Report
from messaging.services import reports


class RoomReport(ReportView):
    """/v2/chatrooms/{room}/messages"""

    @described("List a chat room's messages", query=ReportPage, answers={200: Report}, codes=[NoSuchRoom])
    def get(self, request: Request, room: str) -> Response:
        """What was said in a chat room in a window of at most 7 days, also after it was deleted.

        899003 where the id is no number, 899081 where there is no such chat room.

        Source: REST API, report of a chat room's messages.
        """
        found = ChatRoom.objects.filter(application=self.actor.application).find(read_id(room))
        return self.answer(reports.of_conversation(found.pk))
