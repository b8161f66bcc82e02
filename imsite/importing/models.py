"""What was imported already, and under which id: an import that was cut goes on where it stopped."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Application


class ImportedItem(models.Model):
    """One user, list, group or room of a source. Written in the transaction that imports it, so both are there or neither."""

    application = models.ForeignKey(
        Application, models.CASCADE, related_name="imported_items", verbose_name=_("application")
    )
    source = models.CharField(_("source"), max_length=200)  # host and appkey, or the name of a set of files
    kind = models.CharField(_("kind"), max_length=16)
    key = models.CharField(_("name there"), max_length=128)  # a username, or the old id of a group or room
    made_id = models.BigIntegerField(_("id here"), default=0)  # of what was made; 0 for lists
    created_at = models.DateTimeField(_("imported"), auto_now_add=True)

    class Meta:
        verbose_name = _("imported item")
        verbose_name_plural = _("imported items")
        constraints = [
            models.UniqueConstraint(fields=["application", "source", "kind", "key"], name="imported_item_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
