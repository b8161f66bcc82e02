"""Sensitive words over REST. Source: REST, Sensitive words."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from imsite.core import clock
from imsite.rest.describe import ArrayOf, PageOf, described
from imsite.rest.fields import ListOf, NumberField, TextField
from imsite.rest.paging import paged
from imsite.rest.views import ImView
from messaging import schema
from messaging.errors import NoSuchWord, WordExists
from messaging.models import SensitiveWord
from messaging.services import words

LIST_MAX = 2000
WORD_CHARACTERS = 10  # of a word that comes over REST; the console takes longer ones


class WordField(TextField):
    """1 to 10 characters."""

    default_error_messages = {"characters": "takes 1 to {high} characters"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_bytes=1, max_bytes=words.WORD_BYTES, **kwargs)

    def described_as(self) -> dict[str, Any]:
        return {**super().described_as(), "maxLength": WORD_CHARACTERS}

    def to_internal_value(self, data: Any) -> str:
        word = super().to_internal_value(data)
        if len(word) > WORD_CHARACTERS:
            self.fail("characters", high=WORD_CHARACTERS)
        return word


class NewWords(serializers.Serializer[Any]):
    words = ListOf(child=WordField(), min_length=1, max_length=LIST_MAX)


class Renaming(serializers.Serializer[Any]):
    old_word = TextField(min_bytes=1, max_bytes=words.WORD_BYTES)
    new_word = WordField()


class Removal(serializers.Serializer[Any]):
    word = TextField(min_bytes=1, max_bytes=words.WORD_BYTES)


class Switching(serializers.Serializer[Any]):
    status = NumberField(min_value=0, max_value=1)


class SensitiveWords(ImView):
    """The words that an application does not let pass; a message that holds one is refused. Source: REST, Sensitive words."""

    @described("Add sensitive words", body=ArrayOf(WordField(), least=1, most=LIST_MAX), answers={204: None})
    def post(self, request: Request) -> Response:
        """Add an array of words of 1 to 10 characters; 204. A word that is there stays.

        More words than the application may have (100, if not set otherwise) are refused with 899003.

        Source: REST, Sensitive words, add.
        """
        shape = NewWords(data={"words": request.data})
        shape.is_valid(raise_exception=True)
        words.add_words(self.actor.application, shape.validated_data["words"], by=self.actor)
        return Response(status=204)

    @described("Change a sensitive word", body=Renaming, answers={204: None}, codes=[NoSuchWord, WordExists])
    def put(self, request: Request) -> Response:
        """Put another word in the place of one; 204. 899003 where the old word is not in the list, or the new one is
        already.

        Source: REST, Sensitive words, update.
        """
        renaming = self.read(Renaming)
        entry = SensitiveWord.objects.of(self.actor.application).find(renaming["old_word"])
        words.change_word(entry, word=renaming["new_word"], by=self.actor)
        return Response(status=204)

    @described("Delete a sensitive word", body=Removal, answers={204: None}, codes=[NoSuchWord])
    def delete(self, request: Request) -> Response:
        """Delete a word; 204. 899003 where it is not in the list. Source: REST, Sensitive words, delete."""
        entry = SensitiveWord.objects.of(self.actor.application).find(self.read(Removal)["word"])
        words.remove_words(self.actor.application, [entry], by=self.actor)
        return Response(status=204)

    @described("List sensitive words", answers={200: PageOf("words", schema.Word, LIST_MAX)})
    def get(self, request: Request) -> Response:
        """One page of the words, at most 2000, in `words`. Source: REST, Sensitive words, list."""
        application = self.actor.application

        def word_json(entry: SensitiveWord) -> dict[str, Any]:
            return {"name": entry.word, "itime": clock.to_text(entry.created_at, application.time_zone)}

        rows = SensitiveWord.objects.of(application).order_by("pk")
        return Response(paged(request, rows, "words", word_json, most=LIST_MAX))


class FilterStatus(ImView):
    """/v1/sensitiveword/status. Source: REST, Sensitive words, status."""

    @described("Switch the filter of sensitive words", query=Switching, answers={204: None})
    def put(self, request: Request) -> Response:
        """Switch the filter on (`?status=1`) or off (`?status=0`); 204. While it is off, messages pass whatever words
        they hold.
        """
        words.switch_filter(self.actor.application, bool(self.read_query(Switching)["status"]), by=self.actor)
        return Response(status=204)

    @described("Show whether the filter of sensitive words is on", answers={200: schema.Switch})
    def get(self, request: Request) -> Response:
        """`status`: 1 on, 0 off."""
        return Response({"status": int(self.actor.application.limits.words_filter)})
