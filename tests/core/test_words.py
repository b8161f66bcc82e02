"""Finding words however they are dressed up."""

import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsite.core.words import Matcher, is_findable, joined, mask, written

pytestmark = pytest.mark.sqlite_only


def found(words: list[str], text: str) -> list[str]:
    """What is found, as it stands in the text."""
    return [text[hit.start : hit.end] for hit in Matcher((word, word) for word in words).find(text)]


@pytest.mark.parametrize(
    ("word", "text", "hits"),
    [
        ("fuck", "what the fuck", ["fuck"]),
        ("fuck", "FUCK Fuck fUcK", ["FUCK", "Fuck", "fUcK"]),
        ("FUCK", "fuck", ["fuck"]),
        ("fuck", "motherfucker", ["fuck"]),
        ("fuck", "ｆｕｃｋ", ["ｆｕｃｋ"]),
        ("fuck", "𝐟𝓾ⓒk", ["𝐟𝓾ⓒk"]),
        ("fuck", "f\u200bu\u200dc\ufeffk", ["f\u200bu\u200dc\ufeffk"]),
        ("fuck", "f\u00adu\u2060ck", ["f\u00adu\u2060ck"]),
        ("fuck", "f\u0336u\u0336c\u0336k\u0336", ["f\u0336u\u0336c\u0336k\u0336"]),
        ("fuck", "f\u034fu\ufe0fck", ["f\u034fu\ufe0fck"]),
        ("fuck", "f.u.c.k", ["f.u.c.k"]),
        ("fuck", "F u - c_*_k!", ["F u - c_*_k"]),
        ("fuck", "f😀u😀c😀k", ["f😀u😀c😀k"]),
        ("fuck", "fu ck", []),
        ("fuck", "stuff u. c. kind", []),
        ("fuck", "leaf u c kite", []),
        ("ass", "as soon", []),
        ("ass", "has sass", ["ass"]),
        ("ass", "a s s", ["a s s"]),
        ("ass", "meta s sort", []),
        ("ass", "a s sort", []),
        ("sb", "s b", []),
        ("strasse", "die Straße", ["Straße"]),
        ("ﬁnd", "find FIND", ["find", "FIND"]),
        ("法轮", "法轮", ["法轮"]),
        ("法轮", "说法轮流", ["法轮"]),
        ("法轮", "法.轮 法 轮 法＊轮 法🌸轮", ["法.轮", "法 轮", "法＊轮", "法🌸轮"]),
        ("法轮", "这是办法。轮到我了", []),
        ("法轮", "这是办法，轮到我了", []),
        ("法轮", "这是办法\n轮到我了", []),
        ("法轮", "这是办法, 轮到我了", []),
        ("法轮", "法,轮", ["法,轮"]),
        ("法轮功", "法 轮功", ["法 轮功"]),
        ("加微信abc", "加 微信abc", ["加 微信abc"]),
        ("加微信abc", "加微信ab c", []),
        ("カメラ", "ｶﾒﾗ", ["ｶﾒﾗ"]),
        ("ガス", "ｶﾞｽ", ["ｶﾞｽ"]),
        ("한글", "\u1112\u1161\u11ab\u1100\u1173\u11af", ["\u1112\u1161\u11ab\u1100\u1173\u11af"]),
        ("시발", "다시 발표", []),
        ("café", "cafe\u0301", ["cafe\u0301"]),
        ("café", "cafe", []),
        ("a$$", "a$$ a", ["a$$"]),
        ("a$$", "a class", []),
        ("www.bad.com", "see WWW.BAD.COM/x", ["WWW.BAD.COM"]),
        ("www.bad.com", "www bad com", []),
        ("🍆", "no 🍆!", ["🍆"]),
        ("❤️", "i ❤ u", ["❤"]),
        ("加 我", "加 我", ["加 我"]),
        ("कमल", "कमल", ["कमल"]),
        ("कम", "किम", []),
        ("5", "1 5 9", ["5"]),
    ],
)
def test_find(word, text, hits):
    assert found([word], text) == hits


def test_all_hits_are_found_overlapping_ones_too():
    words = ["ab", "abc", "bc", "c"]
    assert found(words, "xabcx") == ["ab", "abc", "bc", "c"]


def test_spellings_that_fold_to_one_word_are_found_together():
    hits = Matcher([("fuck", 1), ("FUCK", 2), ("ｆuck", 3)]).find("Fuck")
    assert [hit.payloads for hit in hits] == [(1, 2, 3)]


def test_places_are_those_of_the_text_as_it_was():
    text = "ﬃ…e\u0301 ß f\u200buck ㍿ ｆuck"
    hits = Matcher([("fuck", 0)]).find(text)
    assert [text[hit.start : hit.end] for hit in hits] == ["f\u200buck", "ｆuck"]
    assert mask(text, hits) == "ﬃ…e\u0301 ß ***** ㍿ ****"


def test_mask_covers_overlapping_hits():
    matcher = Matcher([("abc", 0), ("cd", 0)])
    assert mask("xabcdx", matcher.find("xabcdx")) == "x****x"


@pytest.mark.parametrize("word", ["", " ", "\u200b", "\u200b \u2060", "\u0301", "\ufe0f"])
def test_nothing_is_not_findable(word):
    assert not is_findable(word)
    assert not Matcher([(word, 0)]).find("some text \u200b \u2060")


def test_a_matcher_of_no_words():
    assert not Matcher([])
    assert Matcher([]).find("anything") == []
    assert Matcher([("word", 0)])


def test_odd_texts():
    matcher = Matcher([("word", 0), ("a$$", 1)])
    for text in ("", " ", "\0", "\ud800", "\U0010ffff", "\u0301" * 50, "w" * 5000, "x\ud800word"):
        assert [text[hit.start : hit.end] for hit in matcher.find(text)] == (["word"] if "word" in text else [])


LETTERS = "abAB ßéｆﬁ.,。法轮功がİK㎏ⓐ😀\uff76\u1112\u200b\u0336"
WORDS = st.text(st.sampled_from(LETTERS), max_size=30)
TEXTS = st.text(st.sampled_from(LETTERS + "\u0301\u3099\uff9e\u1161\u11ab"), max_size=30)  # with marks that compose


@given(TEXTS, WORDS)
def test_a_word_is_found_in_every_text_that_holds_it(before, word):
    """Alone between line breaks nothing makes it seem a part of something else."""
    if is_findable(word):
        hits = Matcher([(word, 0)]).find(f"{before}\n{word}\n")
        assert any(hit.end > len(before) + 1 for hit in hits)


@given(st.lists(TEXTS, max_size=5), TEXTS)
def test_places_are_always_inside_the_text(words, text):
    for hit in Matcher((word, word) for word in words).find(text):
        assert 0 <= hit.start < hit.end <= len(text)
        as_found = text[hit.start : hit.end]
        assert any(joined(word) in joined(as_found) or written(word) in written(as_found) for word in hit.payloads)


@given(TEXTS)
def test_folding_twice_changes_nothing(text):
    assert joined(joined(text)) == joined(text)
    assert written(written(text)) == written(text)


def test_many_different_first_characters_do_not_slow_the_search_down():
    """An automaton over ideographs would search its root one by one: tens of milliseconds for this text."""
    matcher = Matcher(
        (chr(0x4E00 + index % 20_000) + chr(0x4E00 + index * 7 % 19_997), index) for index in range(60_000)
    )
    text = "ab" * 2048
    assert not matcher.find(text)
    assert min(timeit.repeat(lambda: matcher.find(text), number=1, repeat=9)) < 0.002
