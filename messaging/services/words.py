"""Sensitive words: the list of an application, and what becomes of a message that holds one of them."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F

from accounts.actors import Actor
from accounts.models import Application
from accounts.services import change_application
from imsite.core import bus
from imsite.core.cache import ShortCache
from imsite.core.fields import utf8_len
from imsite.core.words import Hit, Matcher, is_findable, mask
from messaging.errors import BadValue, NoSuchWord, SensitiveText, WordExists
from messaging.models import SensitiveWord, WordList

logger = logging.getLogger(__name__)

Action = SensitiveWord.Action
Entry = tuple[int, str]  # a word's id and action

ACTIONS = (Action.BLOCK, Action.MASK, Action.FLAG)  # holding back needs the review queue, which is yet to come
WORD_BYTES = 64
CATEGORY_CHARACTERS = 32
VERSION_SECONDS = 2  # how long another process may go on with the old words
HITS_SECONDS = 1  # how often hits are written down, at most
BATCH = 1000
TEXT_OF = {"text": "text", "file": "fname", "location": "label"}  # the member of a body that people read


# The list


@transaction.atomic
def add_words(
    application: Application, words: Sequence[str], *, action: str = Action.BLOCK, category: str = "", by: Actor
) -> int:
    """Add words, spelled as given; how many were new. A word that is there stays as it is.

    BadValue (899003) for a word of more than 64 bytes or with nothing to look for, an unknown action, and, from the REST
    API, more words than the application's limit.
    """
    for word in words:
        require_word(word)
    _require_action(action)
    _require_category(category)
    _touch(application)
    present = _present(application, words)
    new = [word for word in dict.fromkeys(words) if word not in present]
    if (
        by.kind == "server"
        and SensitiveWord.objects.of(application).count() + len(new) > application.limits.words_limit
    ):
        raise BadValue(f"the application takes at most {application.limits.words_limit} sensitive words")
    SensitiveWord.objects.bulk_create(
        (
            SensitiveWord(application=application, word=word, action=action, category=category, added_by=by.operator)
            for word in new
        ),
        batch_size=BATCH,
    )
    return len(new)


@transaction.atomic
def change_word(
    entry: SensitiveWord, *, word: str | None = None, action: str | None = None, category: str | None = None, by: Actor
) -> None:
    """Change the spelling, the action or the category; what is None stays.

    BadValue (899003) as in `add_words`; WordExists (899003) where the new spelling is in the list; NoSuchWord (899003)
    where the entry is gone.
    """
    changes = {
        name: value for name, value in (("word", word), ("action", action), ("category", category)) if value is not None
    }
    if word is not None:
        require_word(word)
    if action is not None:
        _require_action(action)
    if category is not None:
        _require_category(category)
    _touch(entry.application)
    try:
        with transaction.atomic():
            found = SensitiveWord.objects.filter(pk=entry.pk).update(**changes) if changes else 1
    except IntegrityError:
        raise WordExists(f"the word is there already: {word}") from None
    if not found:
        raise NoSuchWord
    for name, value in changes.items():
        setattr(entry, name, value)


@transaction.atomic
def remove_words(application: Application, entries: Sequence[SensitiveWord], *, by: Actor) -> None:
    """Take words off the list; those that are gone already do not matter."""
    _touch(application)
    ids = [entry.pk for entry in entries]
    for start in range(0, len(ids), BATCH):
        SensitiveWord.objects.of(application).filter(pk__in=ids[start : start + BATCH]).delete()


def switch_filter(application: Application, on: bool, *, by: Actor) -> None:
    """Look for sensitive words in this application, or cease to."""
    fresh = Application.objects.get(pk=application.pk)  # the caller's may be shared by all requests of this process
    change_application(fresh, {"settings": {"words_filter": on}}, by=by.operator)


def require_word(word: str) -> None:
    """BadValue (899003) where this cannot be a sensitive word."""
    if utf8_len(word) > WORD_BYTES:
        raise BadValue(f"a sensitive word takes at most {WORD_BYTES} bytes in UTF-8")
    if "\0" in word or any("\ud800" <= character <= "\udfff" for character in word):
        raise BadValue("a sensitive word holds a character that cannot be stored")
    if not is_findable(word):
        raise BadValue("a sensitive word must hold something to look for")


def _require_action(action: str) -> None:
    if action not in ACTIONS:
        raise BadValue(f"action must be one of {', '.join(ACTIONS)}")


def _require_category(category: str) -> None:
    if len(category) > CATEGORY_CHARACTERS or "\0" in category:
        raise BadValue(f"category takes at most {CATEGORY_CHARACTERS} characters")


def _present(application: Application, words: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(words), BATCH):
        of_batch = SensitiveWord.objects.of(application).filter(word__in=words[start : start + BATCH])
        found.update(of_batch.values_list("word", flat=True))
    return found


def _touch(application: Application) -> None:
    """Count the change. Taken first of all, the row's lock lets changes of one list follow each other."""
    WordList.objects.get_or_create(application=application)
    WordList.objects.filter(application=application).update(version=F("version") + 1)
    application_id = application.pk
    transaction.on_commit(lambda: bus.announce("words", application_id))


# Screening


def screen(application: Application, kind: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body of a message of type `kind`, with the words to mask replaced by `*`; the very same where there is none.

    SensitiveText (880208; 403, 899016) where it holds a word to block. Looked at: what is said in a text, the name of a file,
    the label of a location, every string of a custom body. Hits are counted, those of a refused message too.
    """
    if not application.limits.words_filter:
        return body
    matcher = matcher_of(application)
    if not matcher:
        return body
    screening = _Screening(matcher)
    screened = screening.everything(body) if kind == "custom" else screening.member(body, TEXT_OF.get(kind, ""))
    if screening.found:
        hits.count(screening.found)
        if screening.is_blocked:
            raise SensitiveText
    return screened


class _Screening:
    """One message on its way through the matcher."""

    def __init__(self, matcher: Matcher[Entry]) -> None:
        self.matcher = matcher
        self.found: set[int] = set()
        self.is_blocked = False

    def member(self, body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        text = body.get(name)
        if not isinstance(text, str) or (masked := self.text(text)) is text:
            return body
        return {**body, name: masked}

    def everything(self, value: Any) -> Any:
        """The value with all strings in it masked; the same object where nothing was."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            masked = {name: self.everything(inner) for name, inner in value.items()}
            return masked if any(masked[name] is not value[name] for name in value) else value
        if isinstance(value, list):
            items = [self.everything(inner) for inner in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        return value

    def text(self, text: str) -> str:
        to_mask: list[Hit[Entry]] = []
        for hit in self.matcher.find(text):
            actions = {action for _, action in hit.payloads}
            self.found.update(word_id for word_id, _ in hit.payloads)
            # A row that says something else than mask or flag must not let the text through.
            if actions - {Action.MASK, Action.FLAG}:
                self.is_blocked = True
            elif Action.MASK in actions:
                to_mask.append(hit)
        return mask(text, to_mask) if to_mask else text


# The words in memory

_versions: ShortCache[int, int] = ShortCache(VERSION_SECONDS)
_matchers: ShortCache[tuple[int, int], Matcher[Entry]] = ShortCache(24 * 3600, most=1000)
_building = threading.Lock()


@bus.heard("words")
def _forget(application_id: int) -> None:
    _versions.forget(application_id)


def matcher_of(application: Application) -> Matcher[Entry]:
    """The application's words, ready to be looked for; false without any. At most two seconds behind another process."""
    version = _versions.get(application.pk, lambda: _read_version(application))
    key = application.pk, version
    return _matchers.get(key, lambda: _built_once(key))


def _read_version(application: Application) -> int:
    return WordList.objects.filter(application=application).values_list("version", flat=True).first() or 0


def _built_once(key: tuple[int, int]) -> Matcher[Entry]:
    with _building:  # who waited finds what the first has built
        return _matchers.get(key, lambda: Matcher(_entries(key[0])))


def _entries(application_id: int) -> Iterator[tuple[str, Entry]]:
    rows = SensitiveWord.objects.filter(application_id=application_id).values_list("word", "pk", "action")
    for word, word_id, action in rows.iterator(chunk_size=10_000):
        yield word, (word_id, action)


# Hits


class Hits:
    """How often words were found. Written down at once after a pause, and then once a second at most: a flood of hits
    must not become a flood of writes. The last second's may be lost with the process."""

    def __init__(self) -> None:
        self._waiting: Counter[int] = Counter()
        self._written_at = -math.inf
        self._lock = threading.Lock()

    def count(self, word_ids: set[int]) -> None:
        with self._lock:
            self._waiting.update(word_ids)
            if time.monotonic() - self._written_at < HITS_SECONDS:
                return
            due, self._waiting = self._waiting, Counter()
            self._written_at = time.monotonic()
        self._write(due)

    def flush(self) -> None:
        """Write down what waits."""
        with self._lock:
            due, self._waiting = self._waiting, Counter()
        self._write(due)

    def _write(self, due: Counter[int]) -> None:
        try:
            with transaction.atomic():
                for word_id, times in sorted(due.items()):
                    SensitiveWord.objects.filter(pk=word_id).update(hits=F("hits") + times)
        except DatabaseError:
            # A number for the console is no reason to lose a message.
            logger.exception("hits of sensitive words could not be counted")
            with self._lock:
                self._waiting.update(due)


hits = Hits()
