"""Counts by time as the REST API asks for them. Doors of all slices read with it. Source: REST API, statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from imsite.core.errors import BadValue
from imsite.core.spans import FORMATS, Span, spans_from
from imsite.rest.fields import NumberField
from imsite.rest.views import ImView

DAYS: Mapping[str, int] = {"DAY": 60}


class StatisticQuery(serializers.Serializer[Any]):
    """`start` is written as exactly as the unit is: `yyyy-MM`, `yyyy-MM-dd`, `yyyy-MM-dd HH`; `duration` counts units."""

    time_unit = serializers.ChoiceField(choices=list(FORMATS))
    start = serializers.CharField(max_length=19)
    duration = NumberField(min_value=0)


class StatisticView(ImView):
    """Reads for which spans of time something is counted."""

    def spans(self, most: Mapping[str, int]) -> list[Span]:
        """The spans of the query, in the application's time zone; `most` says how many of which units. BadValue (899003)."""
        asked = self.read_query(StatisticQuery)
        unit = asked["time_unit"]
        if unit not in most:
            raise BadValue(f"time_unit must be {' or '.join(most)}")
        if asked["duration"] > most[unit]:
            raise BadValue(f"duration takes 0 to {most[unit]} for {unit}")
        return spans_from(unit, asked["start"], asked["duration"], self.actor.application.time_zone)
