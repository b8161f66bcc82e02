"""REST: counts of users and messages. Those of groups stand in their slice. Source: REST API, statistics."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from imsite.rest.describe import ArrayOf, described
from messaging.report_schema import MessageNumbers, UserDay
from messaging.services import statistics
from messaging.statistic_pages import DAYS, StatisticQuery, StatisticView

MESSAGE_UNITS = {"HOUR": 24, **DAYS, "MONTH": 2}


class UserStatistic(StatisticView):
    """/v2/statistic/users"""

    @described("Count users", query=StatisticQuery, answers={200: ArrayOf(UserDay, most=DAYS["DAY"])})
    def get(self, request: Request) -> Response:
        """For each day: active users, all users, users who sent a message, new users.

        Source: REST API, statistic of users.
        """
        spans = self.spans(DAYS)
        counts = statistics.count_users(self.actor.application, spans)
        columns = zip(spans, counts.active, counts.existing.total, counts.senders, counts.existing.new, strict=True)
        return Response(
            [
                {
                    "date": span.label,
                    "active_users": active,
                    "total_users": total,
                    "send_msg_users": senders,
                    "new_users": new,
                }
                for span, active, total, senders, new in columns
            ]
        )


class MessageStatistic(StatisticView):
    """/v2/statistic/messages"""

    @described("Count messages", query=StatisticQuery, answers={200: MessageNumbers})
    def get(self, request: Request) -> Response:
        """Messages to groups and to users for each hour, day or month, and by type for the whole span.

        Source: REST API, statistic of messages.
        """
        spans = self.spans(MESSAGE_UNITS)
        counts = statistics.count_messages(self.actor.application, spans)
        columns = zip(spans, counts.by_span["group"], counts.by_span["single"], strict=True)
        return Response(
            {
                "send_msg_stat": [
                    {"time": span.label, "group_send_msg": group, "single_send_msg": single}
                    for span, group, single in columns
                ],
                "group_msg_stat": _by_type(counts.by_type["group"]),
                "single_msg_stat": _by_type(counts.by_type["single"]),
            }
        )


def _by_type(numbers: Counter[str]) -> dict[str, Any]:
    return {
        "txt_msg": numbers["text"],
        "image_msg": numbers["image"],
        "voice_msg": numbers["voice"],
        "other_msg": numbers["other"],
    }
