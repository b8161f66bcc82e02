"""The notes of an import: what is done, and which id it got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from accounts.models import Application
from imsite.importing.models import ImportedItem


class Journal:
    """What one source has given to one application so far."""

    def __init__(self, application: Application, source: str) -> None:
        self.application, self.source = application, source

    def done(self, kind: str) -> dict[str, int]:
        """Everything of this kind that is done, with the ids it has here (0 for lists), in the order of the import."""
        rows = ImportedItem.objects.filter(application=self.application, source=self.source, kind=kind)
        return dict(rows.order_by("pk").values_list("key", "made_id"))

    def note(self, kind: str, made: Mapping[str, int]) -> None:
        """Note what was just done, in the transaction that did it."""
        ImportedItem.objects.bulk_create(self._rows(kind, made.items()), batch_size=500)

    def _rows(self, kind: str, made: Iterable[tuple[str, int]]) -> list[ImportedItem]:
        return [
            ImportedItem(application=self.application, source=self.source, kind=kind, key=key, made_id=made_id)
            for key, made_id in made
        ]
