"""Importing sensitive words. They need no notes: a word that is there already is there."""

from __future__ import annotations

from collections.abc import Sequence

from imsite.core.errors import ImError
from imsite.importing.entries import WORDS, Entry
from imsite.importing.move import Move
from imsite.importing.report import DONE, SKIPPED
from imsite.importing.shapes import MovedWord, shaped
from messaging.models import SensitiveWord
from messaging.services import words


class Words:
    size = 500

    def __init__(self, move: Move) -> None:
        self.move = move

    def take(self, entries: Sequence[Entry]) -> None:
        wanted = list(dict.fromkeys(word for entry in entries if (word := self._word(entry)) is not None))
        application = self.move.application
        if self.move.dry:
            new = len(wanted) - SensitiveWord.objects.of(application).filter(word__in=wanted).count()
        else:
            new = words.add_words(application, wanted, by=self.move.by) if wanted else 0
        self.move.report.count(WORDS, DONE, new)
        self.move.report.count(WORDS, SKIPPED, len(wanted) - new)

    def _word(self, entry: Entry) -> str | None:
        try:
            word: str = shaped(MovedWord, entry.values)["name"]
            words.require_word(word)
        except ImError as refusal:
            self.move.report.failed(WORDS, str(entry.values.get("name", "")), entry.where, refusal)
            return None
        return word
