"""REST: reports of messages. Those of groups and chat rooms stand in their slices. Source: REST API, reports."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import NoSuchUser
from accounts.models import User
from imsite.rest.describe import described
from messaging.report_pages import OldReportQuery, ReportPage, ReportView
from messaging.report_schema import OldReport, Report
from messaging.services import reports


class OldApplicationReport(ReportView):
    """/v1/messages, for GET"""

    @described("List messages, version 1", query=OldReportQuery, answers={200: OldReport})
    def get(self, request: Request) -> Response:
        """The messages of the application's users, in pages by `start` and `count`.

        Source: REST API, report of messages, version 1.
        """
        return self.answer_numbered(reports.of_application(self.actor.application))


class ApplicationReport(ReportView):
    """/v2/messages"""

    @described("List messages", query=ReportPage, answers={200: Report})
    def get(self, request: Request) -> Response:
        """The messages of the application's users in a window of at most 7 days.

        Source: REST API, report of messages.
        """
        return self.answer(reports.of_application(self.actor.application))


class UserReport(ReportView):
    """/v2/users/{username}/messages"""

    @described("List a user's messages", query=ReportPage, answers={200: Report}, codes=[NoSuchUser])
    def get(self, request: Request, username: str) -> Response:
        """Messages that the user sent, and those sent to them in single chats and groups, in a window of at most 7
        days.

        Source: REST API, report of a user's messages.
        """
        return self.answer(reports.of_user(User.objects.of(self.actor.application).find(username)))


class OldUserReport(ReportView):
    """/v1/users/{username}/messages"""

    @described("List a user's messages, version 1", query=OldReportQuery, answers={200: OldReport}, codes=[NoSuchUser])
    def get(self, request: Request, username: str) -> Response:
        """Messages that the user sent, and those sent to them in single chats and groups, in pages by `start` and
        `count`.

        Source: REST API, report of a user's messages, version 1.
        """
        return self.answer_numbered(reports.of_user(User.objects.of(self.actor.application).find(username)))
