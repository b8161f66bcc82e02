"""Sensitive words over REST."""

import re

import pytest

from accounts.actors import Actor
from messaging.models import SensitiveWord
from messaging.services import words
from tests.door import Rest, refusal


@pytest.fixture
def rest(application):
    return Rest(application)


def listed() -> list[str]:
    return list(SensitiveWord.objects.order_by("pk").values_list("word", flat=True))


def test_words_are_added_listed_changed_and_removed(rest):
    answer = rest.post("/v1/sensitiveword", ["fuck", "FUCK", "法轮"])
    assert (answer.status_code, answer.content) == (204, b"")
    body = rest.get("/v1/sensitiveword", start=0, count=10).json()
    assert (body["start"], body["count"], body["total"]) == (0, 3, 3)
    assert [word["name"] for word in body["words"]] == ["fuck", "FUCK", "法轮"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", word["itime"]) for word in body["words"])
    assert set(body["words"][0]) == {"name", "itime"}
    assert rest.put("/v1/sensitiveword", {"new_word": "damn", "old_word": "FUCK"}).status_code == 204
    assert rest.delete("/v1/sensitiveword", {"word": "fuck"}).status_code == 204
    assert listed() == ["damn", "法轮"]


def test_a_word_that_is_there_is_no_fault(rest):
    assert rest.post("/v1/sensitiveword/", ["word", "word"]).status_code == 204
    assert rest.post("/v1/sensitiveword", ["word"]).status_code == 204
    assert listed() == ["word"]


def test_a_word_has_one_to_ten_characters(rest):
    assert rest.post("/v1/sensitiveword", ["x", "字" * 10, "𠀀" * 10]).status_code == 204
    for bad in ("", "x" * 11, "字" * 11, " ", "a\0"):
        assert refusal(rest.post("/v1/sensitiveword", ["fine", bad])) == (400, 899003)
        assert refusal(rest.put("/v1/sensitiveword", {"old_word": "x", "new_word": bad})) == (400, 899003)
    assert len(listed()) == 3


@pytest.mark.parametrize("body", [None, "", "{}", b"[", [], [5], [None], [["x"]], {"words": ["x"]}, "word", b"\xff"])
def test_bad_lists(rest, body):
    if isinstance(body, str) and body == "word":
        body = '"word"'
    assert refusal(rest.post("/v1/sensitiveword", body)) == (400, 899003)
    assert listed() == []


def test_the_limit_of_the_application(rest):
    assert rest.post("/v1/sensitiveword", [f"w{index}" for index in range(100)]).status_code == 204
    assert refusal(rest.post("/v1/sensitiveword", ["w100"])) == (400, 899003)
    assert len(listed()) == 100


def test_words_that_are_not_there(rest, other_application):
    words.add_words(other_application, ["theirs"], by=Actor.server(other_application))
    rest.post("/v1/sensitiveword", ["mine", "other"])
    for body in ({"word": "none"}, {"word": "theirs"}, {"word": "MINE"}, {"word": ""}, {"word": 5}, {}, {"word": None}):
        assert refusal(rest.delete("/v1/sensitiveword", body)) == (400, 899003)
    for old in ("none", "theirs", "\0"):
        assert refusal(rest.put("/v1/sensitiveword", {"old_word": old, "new_word": "new"})) == (400, 899003)
    assert refusal(rest.put("/v1/sensitiveword", {"old_word": "mine", "new_word": "other"})) == (400, 899003)
    assert refusal(rest.put("/v1/sensitiveword", {"new_word": "new"})) == (400, 899003)
    assert sorted(listed()) == ["mine", "other", "theirs"]


def test_a_longer_word_of_the_console_can_be_removed(rest, application):
    words.add_words(application, ["much longer than ten"], by=Actor.system(application))
    assert rest.delete("/v1/sensitiveword", {"word": "much longer than ten"}).status_code == 204


def test_paging(rest):
    rest.post("/v1/sensitiveword", [f"w{index}" for index in range(5)])
    body = rest.get("/v1/sensitiveword", start=3, count=5).json()
    assert (body["start"], body["count"], body["total"]) == (3, 2, 5)
    assert rest.get("/v1/sensitiveword", count=2000).status_code == 200
    for query in ({"count": 2001}, {"count": 0}, {"start": -1}, {"start": "x"}):
        assert refusal(rest.get("/v1/sensitiveword", **query)) == (400, 899003)


@pytest.mark.django_db(transaction=True)
def test_the_status_of_the_filter(application):
    rest = Rest(application)
    assert rest.get("/v1/sensitiveword/status").json() == {"status": 1}
    assert rest.put("/v1/sensitiveword/status?status=0").status_code == 204
    assert rest.get("/v1/sensitiveword/status").json() == {"status": 0}
    assert rest.put("/v1/sensitiveword/status?status=1").status_code == 204
    assert rest.get("/v1/sensitiveword/status").json() == {"status": 1}
    for query in ("", "?status=", "?status=2", "?status=true"):
        assert refusal(rest.put(f"/v1/sensitiveword/status{query}")) == (400, 899003)


def test_the_secret_is_asked_for(application):
    rest = Rest(application)
    rest.headers = {}
    assert refusal(rest.get("/v1/sensitiveword")) == (401, 899007)
    assert refusal(rest.post("/v1/sensitiveword", ["x"])) == (401, 899007)
    assert refusal(rest.put("/v1/sensitiveword/status?status=0")) == (401, 899007)
