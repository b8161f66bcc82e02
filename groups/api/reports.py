"""REST: what was said in a group, and counts of groups. Source: REST API, reports and statistics."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from groups.errors import NoSuchGroup
from groups.models import Group
from groups.services import reports as services
from imsite.core.ids import read_id
from imsite.rest.describe import ArrayOf, described
from messaging.report_pages import ReportPage, ReportView
from messaging.report_schema import GroupDay, Report
from messaging.services import reports
from messaging.statistic_pages import DAYS, StatisticQuery, StatisticView


class GroupReport(ReportView):
    """/v2/groups/{gid}/messages"""

    @described("List a group's messages", query=ReportPage, answers={200: Report}, codes=[NoSuchGroup])
    def get(self, request: Request, gid: str) -> Response:
        """What was said in a group in a window of at most 7 days, also after it was dissolved.

        899003 where `gid` is no number, 899006 where there is no such group.

        Source: REST API, report of a group's messages.
        """
        group = Group.objects.filter(application=self.actor.application).find(read_id(gid))
        return self.answer(reports.of_conversation(group.pk))


class GroupStatistic(StatisticView):
    """/v2/statistic/groups"""

    @described("Count groups", query=StatisticQuery, answers={200: ArrayOf(GroupDay, most=DAYS["DAY"])})
    def get(self, request: Request) -> Response:
        """For each day: active groups, all groups, new groups. Source: REST API, statistic of groups."""
        spans = self.spans(DAYS)
        counts = services.count_groups(self.actor.application, spans)
        columns = zip(spans, counts.active, counts.existing.total, counts.existing.new, strict=True)
        return Response(
            [
                {"date": span.label, "active_group": active, "total_group": total, "new_group": new}
                for span, active, total, new in columns
            ]
        )
