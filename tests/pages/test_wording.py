"""The REST reference in Chinese: docs/reference/zh-hans.json has every text that the page shows, and no other."""

import re
from html.parser import HTMLParser

import orjson
import pytest

from imsite import openapi, reference
from imsite.wording import Wording

pytestmark = pytest.mark.sqlite_only

LANGUAGE = "zh-hans"
HOW = "translate it in docs/reference/zh-hans.json, where the English text itself is the key"
FACT = re.compile(r"`[^`]+`|\d{3,}")  # code, error codes and limits, which no translation may change
CODE = {"code", "pre", "title"}  # elements that hold code, names and examples


def test_every_text_is_translated_and_no_translation_is_left_over():
    words = Wording(LANGUAGE)
    page = reference.Page(orjson.loads(openapi.content()[0]), words)
    page.introduction(), page.sections(), page.codes()
    translated = {(kind, text) for kind, texts in openapi.words(LANGUAGE).items() for text in texts}
    assert len(words.asked) > 300
    assert words.asked - translated == set(), HOW
    assert translated - words.asked == set(), "no text of the page any more: take it out of docs/reference/zh-hans.json"


def translations():
    for kind, texts in openapi.words(LANGUAGE).items():
        for english, chinese in texts.items():
            yield pytest.param(english, chinese, id=f"{kind}: {english[:60]}")


@pytest.mark.parametrize(("english", "chinese"), [*translations()])
def test_a_translation_is_chinese_and_keeps_code_and_numbers(english, chinese):
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert set(FACT.findall(chinese)) == set(FACT.findall(english))
    assert not re.search(r"[\u4e00-\u9fff][,;:?!]", chinese), "the punctuation is Chinese too"


class Shown(HTMLParser):
    """The texts of a page outside code, with what is read aloud or held for a filter."""

    def __init__(self):
        super().__init__()
        self.inside, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "link", "input", "wbr"):
            self.inside.append(tag)
        self.texts += [value for name, value in attrs if name in ("aria-label", "placeholder", "data-done")]

    def handle_endtag(self, tag):
        self.inside.remove(tag)

    def handle_data(self, data):
        if not CODE & set(self.inside):
            self.texts.append(data)


def test_the_page_says_nothing_in_english(client):
    shown = Shown()
    shown.feed(client.get(f"/docs/rest?language={LANGUAGE}").content.decode())
    sentences = [text.strip() for text in shown.texts if re.search(r"[A-Za-z]+[a-z] [a-z]+ [a-z]+", text)]
    assert len(shown.texts) > 1000
    assert sentences == []


def test_a_text_without_translation_stays_in_english():
    words = Wording(LANGUAGE)
    assert (words("titles", "Send a message"), words("titles", "Send a pigeon")) == ("发送消息", "Send a pigeon")
    assert words("texts", "") == ""
    assert Wording("en")("titles", "Send a message") == "Send a message"
