"""Finding any of many words in a text, however the text dresses them up. Pure, in memory, knows no table.

Letter case, full width, ligatures, zero-width characters and stray marks make no difference. A word also counts when it is
spaced out: `f u c k` with every letter alone, `法.轮` with anything between the characters that ends no clause.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import ahocorasick

T = TypeVar("T")

MASK = "*"
SPACED_LETTERS = 3  # shorter words are not looked for spaced out: "a b" stands in too many texts
WIDE = 0x2E80  # from here on scripts that put no blanks between words, Hangul apart


def _characters(belongs: Callable[[str], bool]) -> str:
    """The characters of the Basic Multilingual Plane that belong, as the inside of a regular expression's class."""
    ranges: list[list[int]] = []
    for code in range(0x10000):
        if belongs(chr(code)):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in ranges)


_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
# Marks that compose with any letter and are drawn over it; those of a script (vowel signs) mean something and stay.
_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u180b-\u180f\ufe00-\ufe0f\ufe20-\ufe2f"
_INVISIBLE = _MARKS + _FILLERS + _characters(lambda one: unicodedata.category(one) == "Cf") + "\U000e0000-\U000e0fff"


def _is_separator(character: str) -> bool:
    """Blanks, punctuation, symbols; but not a letter in disguise, as the circled ones are."""
    category = unicodedata.category(character)
    if category[0] not in "ZPS":
        return category == "Cc"
    return not any(map(str.isalnum, unicodedata.normalize("NFKC", character)))


_VISIBLE = _characters(_is_separator) + "\U0001f000-\U0001f0ff\U0001f300-\U0001faff"  # emoji
_invisible = re.compile(f"[{_INVISIBLE}]+")
_separators = re.compile(f"[{_INVISIBLE}{_VISIBLE}]+")
_visible = re.compile(f"[{_VISIBLE}]")
_ends_clause = re.compile(r"[\n\r\u2028\u2029，。、；：！？]|[,.;:!?]\s")
_ASCII_SEPARATORS = {code: None for code in range(128) if not chr(code).isalnum()}


def written(text: str) -> str:
    """The text in one letter case and width, without what cannot be seen."""
    if text.isascii():
        return text.lower()
    return _fold(text, lambda part: _invisible.sub("", part))


def joined(text: str) -> str:
    """The same with letters, digits and ideographs alone: blanks, punctuation and symbols are left out."""
    if text.isascii():
        return text.lower().translate(_ASCII_SEPARATORS)
    return _fold(text, lambda part: _separators.sub("", part))


def _fold(text: str, strip: Callable[[str], str]) -> str:
    # Composed first: else a mark that makes another letter would be stripped like one that is only drawn over it.
    folded = strip(_composed(_composed(text).casefold()))
    # NFKC last: full-width punctuation, were it still there, would send every Chinese text this slow way.
    if unicodedata.is_normalized("NFKC", folded):
        return folded
    return strip(_composed(unicodedata.normalize("NFKC", folded).casefold()))


def _composed(text: str) -> str:
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


@dataclass(frozen=True, slots=True)
class Hit(Generic[T]):
    """A word in a text, at `text[start:end]`; what was given for it, for each of its spellings."""

    start: int
    end: int
    payloads: tuple[T, ...]


class Matcher(Generic[T]):
    """Finds words, each with a payload. Spellings that fold to the same word are found together. Immutable, safe among threads."""

    def __init__(self, words: Iterable[tuple[str, T]]) -> None:
        bare: dict[str, list[T]] = {}
        exact: dict[str, list[T]] = {}
        for word, payload in words:
            as_written, as_joined = written(word), joined(word)
            # What holds a blank or sign of its own is looked for with it: "a$$" must not be found as "a".
            group, key = (bare, as_joined) if as_written == as_joined else (exact, as_written)
            if key.strip():
                group.setdefault(key, []).append(payload)
        self._parts: list[_Part[T]] = []
        if bare:
            self._parts.append(_Part(bare, joined, _may_be_spaced_so))
        if exact:
            self._parts.append(_Part(exact, written, None))

    def __bool__(self) -> bool:
        return bool(self._parts)

    def find(self, text: str) -> list[Hit[T]]:
        """All hits in `text`, overlapping ones too, by where they start."""
        hits = [hit for part in self._parts if part.may_hit(text) for hit in part.hits(text)]
        return sorted(hits, key=lambda hit: (hit.start, hit.end))


def is_findable(word: str) -> bool:
    """Whether anything is left of the word to look for."""
    return bool(written(word).strip())


def mask(text: str, hits: Sequence[Hit[Any]]) -> str:
    """The text with every character of every hit replaced by `*`."""
    characters = list(text)
    for hit in hits:
        characters[hit.start : hit.end] = MASK * (hit.end - hit.start)
    return "".join(characters)


# The automaton runs over UTF-8 bytes as Latin-1 text: its nodes are lists searched one by one, and tens of thousands of
# different ideographs at the root would cost milliseconds a text.


def _bytes_of(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


class _Part(Generic[T]):
    """Words that are looked for in texts folded one way."""

    def __init__(
        self,
        words: dict[str, list[T]],
        fold: Callable[[str], str],
        is_sound: Callable[[_Unfolded, int, int], bool] | None,
    ) -> None:
        self._fold, self._is_sound = fold, is_sound
        self._automaton = ahocorasick.Automaton()
        for word, payloads in words.items():
            self._automaton.add_word(_bytes_of(word), (len(word), tuple(payloads)))
        self._automaton.make_automaton()

    def may_hit(self, text: str) -> bool:
        """False for nearly all texts, quickly: nothing is known yet about places."""
        return next(iter(self._automaton.iter(_bytes_of(self._fold(text)))), None) is not None

    def hits(self, text: str) -> Iterator[Hit[T]]:
        unfolded = _Unfolded(text, self._fold)
        for last_byte, (length, payloads) in self._automaton.iter(_bytes_of(unfolded.folded)):
            last = unfolded.character_at[last_byte]
            first = last - length + 1
            if self._is_sound is None or self._is_sound(unfolded, first, last):
                yield Hit(unfolded.starts[first], unfolded.ends[last], payloads)


class _Unfolded:
    """A text folded piece by piece, with the place in the text that each folded character came from."""

    __slots__ = ("character_at", "ends", "folded", "starts", "text")

    def __init__(self, text: str, fold: Callable[[str], str]) -> None:
        self.text = text
        self.starts: list[int] = []  # by folded character
        self.ends: list[int] = []
        self.character_at: list[int] = []  # by byte of the folded text
        pieces: list[str] = []
        for start, end in _clusters(text):
            piece = fold(text[start:end])
            for character in piece:
                size = len(character.encode("utf-8", "surrogatepass"))
                self.character_at += [len(self.starts)] * size
                self.starts.append(start)
                self.ends.append(end)
            pieces.append(piece)
        self.folded = "".join(pieces)


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each character of the text with what composes with it."""
    start = 0
    for index in range(1, len(text)):
        if not _composes(text[index]):
            yield start, index
            start = index
    if text:
        yield start, len(text)


def _composes(character: str) -> bool:
    if character < "\u0300":
        return False
    # Vowels and final consonants of Hangul, and the half-width voiced marks of kana, are no combining characters.
    return unicodedata.combining(character) != 0 or "\u1160" <= character <= "\u11ff" or character in "\uff9e\uff9f"


def _may_be_spaced_so(unfolded: _Unfolded, first: int, last: int) -> bool:
    """Whether what stands between the characters of this hit hides the word, or shows that it is none."""
    text, starts, ends, folded = unfolded.text, unfolded.starts, unfolded.ends, unfolded.folded
    between = [text[ends[index] : starts[index + 1]] for index in range(first, last)]
    gaps = [bool(_visible.search(gap)) for gap in between]
    if not any(gaps):
        return True
    if all(gaps) and last - first + 1 >= SPACED_LETTERS:
        return _is_apart(unfolded, first - 1, first) and _is_apart(unfolded, last, last + 1)
    return all(
        not is_gap or (_is_wide(folded[index]) and _is_wide(folded[index + 1]) and not _ends_clause.search(gap))
        for index, (is_gap, gap) in enumerate(zip(gaps, between, strict=True), first)
    )


def _is_apart(unfolded: _Unfolded, left: int, right: int) -> bool:
    """Whether neighbouring folded characters are parted in the text, or of a script that does not part its words."""
    if left < 0 or right >= len(unfolded.folded):
        return True
    if _is_wide(unfolded.folded[left]) or _is_wide(unfolded.folded[right]):
        return True
    return bool(_visible.search(unfolded.text[unfolded.ends[left] : unfolded.starts[right]]))


def _is_wide(character: str) -> bool:
    return ord(character) >= WIDE and not "\uac00" <= character <= "\ud7af"
