"""The words of the REST reference in another language: docs/reference/<language>.json.

The file gives each text by its kind and by the English text itself, so that a changed text is one without a translation,
which tests/pages/test_wording.py finds, as it finds a translation that nothing asks for.
"""

from __future__ import annotations

from imsite import openapi

ENGLISH = "en"


class Wording:
    """Texts of the description in one language; `asked` keeps which there were, as (kind, English)."""

    def __init__(self, language: str) -> None:
        self.texts: dict[str, dict[str, str]] = {} if language == ENGLISH else openapi.words(language)
        self.asked: set[tuple[str, str]] = set()

    def __call__(self, kind: str, text: str) -> str:
        """In the language; in English where it is not translated yet."""
        if text:
            self.asked.add((kind, text))
        return self.texts.get(kind, {}).get(text, text)

    def paragraphs(self, kind: str, text: str) -> list[str]:
        """Each paragraph of a text."""
        return [self(kind, part.strip()) for part in text.split("\n\n") if part.strip()]
