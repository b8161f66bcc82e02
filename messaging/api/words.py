"""Sensitive words over REST. Source: REST, Sensitive words."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from imsite.core import clock
from imsite.core.errors import Invalid
from imsite.rest.fields import ListOf, TextField
from imsite.rest.paging import paged
from imsite.rest.views import ImView
from messaging.models import SensitiveWord
from messaging.services import words

LIST_MAX = 2000
WORD_CHARACTERS = 10  # of a word that comes over REST; the console takes longer ones


class WordField(TextField):
    """1 to 10 characters."""

    default_error_messages = {"characters": "takes 1 to {high} characters"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_bytes=1, max_bytes=words.WORD_BYTES, **kwargs)

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


class SensitiveWords(ImView):
    """The words that an application does not let pass; a message that holds one is refused. Source: REST, Sensitive words."""

    def post(self, request: Request) -> Response:
        """POST /v1/sensitiveword: add an array of words of 1 to 10 characters; 204. A word that is there stays.

        899003 beyond the application's limit (100). Source: REST, Sensitive words, add.
        """
        shape = NewWords(data={"words": request.data})
        shape.is_valid(raise_exception=True)
        words.add_words(self.actor.application, shape.validated_data["words"], by=self.actor)
        return Response(status=204)

    def put(self, request: Request) -> Response:
        """PUT /v1/sensitiveword: {"new_word", "old_word"}; 204. 899003 where the old word is unknown or the new one there.

        Source: REST, Sensitive words, update.
        """
        renaming = self.read(Renaming)
        entry = SensitiveWord.objects.of(self.actor.application).find(renaming["old_word"])
        words.change_word(entry, word=renaming["new_word"], by=self.actor)
        return Response(status=204)

    def delete(self, request: Request) -> Response:
        """DELETE /v1/sensitiveword: {"word"}; 204. 899003 where it is unknown. Source: REST, Sensitive words, delete."""
        entry = SensitiveWord.objects.of(self.actor.application).find(self.read(Removal)["word"])
        words.remove_words(self.actor.application, [entry], by=self.actor)
        return Response(status=204)

    def get(self, request: Request) -> Response:
        """GET /v1/sensitiveword?start&count: {"start", "count", "total", "words": [{"name", "itime"}]}, at most 2000.

        Source: REST, Sensitive words, list.
        """
        application = self.actor.application

        def word_json(entry: SensitiveWord) -> dict[str, Any]:
            return {"name": entry.word, "itime": clock.to_text(entry.created_at, application.time_zone)}

        rows = SensitiveWord.objects.of(application).order_by("pk")
        return Response(paged(request, rows, "words", word_json, most=LIST_MAX))


class FilterStatus(ImView):
    """PUT /v1/sensitiveword/status?status=0|1: switch the filter; 204. GET: 200 {"status"}. Source: REST, Sensitive words, status."""

    def put(self, request: Request) -> Response:
        status = request.query_params.get("status")
        if status not in ("0", "1"):
            raise Invalid("status must be 0 or 1")
        words.switch_filter(self.actor.application, status == "1", by=self.actor)
        return Response(status=204)

    def get(self, request: Request) -> Response:
        return Response({"status": int(self.actor.application.limits.words_filter)})
