from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class StoredEvent(models.Model):
    """A fact kept for those who were away: one row an event, whatever the size of its audience.

    The id is the wire's `event_id` and the position of `sync_event_key`. Within the applications of one owner
    ids are given in the order of commits.
    Written by `imsite.core.events.publish` alone.
    """

    class Audience(models.IntegerChoices):
        USER = 1, _("a user")
        CONVERSATION = 2, _("those who were in a conversation")

    id = models.BigAutoField(primary_key=True)
    application_id = models.BigIntegerField()  # no foreign key: the kernel knows no app
    audience_kind = models.PositiveSmallIntegerField(choices=Audience)
    audience_id = models.BigIntegerField()
    kind = models.CharField(max_length=64)  # the event class
    payload = models.TextField()  # its fields, JSON
    created_ms = models.BigIntegerField()

    class Meta:
        verbose_name = _("stored event")
        verbose_name_plural = _("stored events")
        indexes = [
            models.Index(fields=["audience_kind", "audience_id", "id"], name="event_audience"),
            models.Index(fields=["created_ms"], name="event_created"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
