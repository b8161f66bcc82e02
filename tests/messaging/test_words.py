"""The list of sensitive words, and what becomes of messages that hold one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Application
from imsite.core import bus
from messaging.errors import BadValue, NoSuchWord, SensitiveText, WordExists
from messaging.models import SensitiveWord, WordList
from messaging.services import words

BLOCK, MASK, FLAG = words.Action.BLOCK, words.Action.MASK, words.Action.FLAG


@pytest.fixture(autouse=True)
def counter(monkeypatch):
    """A counter of its own, which writes every hit at once."""
    monkeypatch.setattr(words, "hits", words.Hits())
    monkeypatch.setattr(words, "HITS_SECONDS", 0)


@pytest.fixture
def server(application):
    return Actor.server(application)


@pytest.fixture
def operator(application):
    return Actor.operator_of(application, accounts.create_operator("olga")[0])


def listed(application) -> dict[str, str]:
    return dict(SensitiveWord.objects.of(application).order_by("pk").values_list("word", "action"))


def hits_of(application) -> dict[str, int]:
    return dict(SensitiveWord.objects.of(application).values_list("word", "hits"))


def said(application, text: str):
    return words.screen(application, "text", {"text": text})["text"]


# The list


def test_words_differ_by_case_and_those_that_are_there_stay(application, server, operator):
    assert words.add_words(application, ["fuck", "FUCK", "fuck"], by=server) == 2
    assert words.add_words(application, ["FUCK", "damn"], action=MASK, category="swearing", by=operator) == 1
    assert listed(application) == {"fuck": BLOCK, "FUCK": BLOCK, "damn": MASK}
    damn = SensitiveWord.objects.get(word="damn")
    assert (damn.category, damn.added_by) == ("swearing", operator.operator)


def test_the_limit_is_for_the_rest_api(application, server, operator):
    words.add_words(application, [f"word{index}" for index in range(99)], by=server)
    with pytest.raises(BadValue, match="at most 100"):
        words.add_words(application, ["one", "two"], by=server)
    assert len(listed(application)) == 99
    words.add_words(application, ["one", "word1", "word2"], by=server)
    with pytest.raises(BadValue):
        words.add_words(application, ["two"], by=server)
    words.add_words(application, ["two", "three"], by=operator)
    assert len(listed(application)) == 102


@pytest.mark.parametrize("word", ["", " ", "\u200b", "x" * 65, "词" * 22, "a\0b", "a\ud800"])
def test_words_that_cannot_be(application, server, word):
    words.add_words(application, ["other"], by=server)
    with pytest.raises(BadValue):
        words.add_words(application, ["fine", word], by=server)
    with pytest.raises(BadValue):
        words.change_word(SensitiveWord.objects.get(), word=word, by=server)
    assert listed(application) == {"other": BLOCK}


@pytest.mark.parametrize("change", [{"action": "hold"}, {"action": "shout"}, {"category": "x" * 33}])
def test_actions_and_categories_that_cannot_be(application, server, change):
    with pytest.raises(BadValue):
        words.add_words(application, ["word"], by=server, **change)
    words.add_words(application, ["word"], by=server)
    with pytest.raises(BadValue):
        words.change_word(SensitiveWord.objects.get(), by=server, **change)
    assert listed(application) == {"word": BLOCK}


def test_changing_a_word(application, server):
    words.add_words(application, ["old", "other"], by=server)
    entry = SensitiveWord.objects.get(word="old")
    words.change_word(entry, word="new", action=MASK, category="c", by=server)
    assert (entry.word, entry.action, entry.category) == ("new", MASK, "c")
    assert listed(application) == {"new": MASK, "other": BLOCK}
    words.change_word(entry, word="new", by=server)
    words.change_word(entry, by=server)
    with pytest.raises(WordExists):
        words.change_word(entry, word="other", by=server)
    assert listed(application) == {"new": MASK, "other": BLOCK}
    words.remove_words(application, [entry], by=server)
    with pytest.raises(NoSuchWord):
        words.change_word(entry, word="newer", by=server)


def test_removing_words_is_for_ones_own(application, other_application, server):
    words.add_words(application, ["mine"], by=server)
    words.add_words(other_application, ["theirs"], by=Actor.server(other_application))
    words.remove_words(application, list(SensitiveWord.objects.all()), by=server)
    assert listed(application) == {}
    assert listed(other_application) == {"theirs": BLOCK}


def test_thousands_of_words_are_added_and_removed_in_few_queries(application, operator, django_assert_max_num_queries):
    many = [f"word{index}" for index in range(3000)]
    with django_assert_max_num_queries(60):
        assert words.add_words(application, many, by=operator) == 3000
    entries = list(SensitiveWord.objects.all())
    with django_assert_max_num_queries(20):
        words.remove_words(application, entries, by=operator)
    assert not SensitiveWord.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_when_many_add_at_once(application):
    application.settings = {"words_limit": 10}
    accounts.change_application(application, {"settings": {"words_limit": 10}}, by=None)
    fresh = Application.objects.get(pk=application.pk)

    def add(index: int) -> bool:
        try:
            words.add_words(fresh, [f"word{index}", "shared"], by=Actor.server(fresh))
        except BadValue:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(add, range(15)))
    assert sum(done) == 9
    assert len(listed(application)) == 10


# Screening


def test_a_word_to_block_refuses_the_message(application, server):
    words.add_words(application, ["fuck"], by=server)
    assert said(application, "all fine") == "all fine"
    with pytest.raises(SensitiveText) as refused:
        said(application, "oh F.U.C.K")
    assert "fuck" not in str(refused.value).lower()
    assert (refused.value.code, refused.value.sdk_code) == (899016, 880208)


def test_a_word_to_mask_is_replaced(application, server):
    words.add_words(application, ["damn"], action=MASK, by=server)
    assert said(application, "Damn! d-a-m-n it") == "****! ******* it"


def test_a_word_to_flag_is_only_counted(application, server):
    words.add_words(application, ["weapon"], action=FLAG, by=server)
    body = {"text": "my weapon"}
    assert words.screen(application, "text", body) is body
    assert hits_of(application) == {"weapon": 1}


@pytest.mark.django_db(transaction=True)
def test_the_stronger_action_wins_among_spellings_and_words(application, server):
    words.add_words(application, ["damn"], action=FLAG, by=server)
    words.add_words(application, ["DAMN"], action=MASK, by=server)
    assert said(application, "damn") == "****"
    words.add_words(application, ["Damn"], by=server)
    with pytest.raises(SensitiveText):
        said(application, "damn")


def test_a_row_of_an_action_yet_to_come_does_not_let_through(application, server):
    words.add_words(application, ["word"], by=server)
    SensitiveWord.objects.update(action="hold")
    with pytest.raises(SensitiveText):
        said(application, "word")


def test_what_is_looked_at(application, server):
    words.add_words(application, ["bad"], action=MASK, by=server)

    def screen(kind: str, body):
        return words.screen(application, kind, body)

    assert screen("text", {"text": "bad", "extras": {"k": "bad"}}) == {"text": "***", "extras": {"k": "bad"}}
    assert screen("file", {"fname": "bad.txt", "media_id": "bad"}) == {"fname": "***.txt", "media_id": "bad"}
    assert screen("location", {"label": "bad place", "latitude": 1.5}) == {"label": "*** place", "latitude": 1.5}
    nested = {"a": "bad", "n": [1, None, True, {"bad": ["so bad", {"deep": "good"}]}], "x": 1.5}
    assert screen("custom", nested) == {
        "a": "***", "n": [1, None, True, {"bad": ["so ***", {"deep": "good"}]}], "x": 1.5,
    }  # fmt: skip
    assert nested["a"] == "bad"
    for kind, body in [
        ("image", {"media_id": "bad"}),
        ("voice", {"media_id": "bad"}),
        ("video", {"fname": "bad"}),
        ("text", {}),
        ("text", {"text": 5}),
        ("custom", {"a": ["fine"]}),
        ("custom", {}),
    ]:
        assert screen(kind, body) is body


def test_the_switch_of_the_application(application, server):
    words.add_words(application, ["bad"], by=server)
    words.switch_filter(application, False, by=server)
    assert not Application.objects.get().limits.words_filter
    assert said(Application.objects.get(), "bad") == "bad"
    words.switch_filter(application, True, by=server)
    with pytest.raises(SensitiveText):
        said(Application.objects.get(), "bad")


def test_words_are_those_of_the_application(application, other_application, server):
    words.add_words(application, ["bad"], by=server)
    assert said(other_application, "bad") == "bad"


# In memory


@pytest.mark.django_db(transaction=True)
def test_a_change_counts_at_once_in_this_process(application, server):
    assert said(application, "bad evil") == "bad evil"
    words.add_words(application, ["bad"], action=MASK, by=server)
    assert said(application, "bad evil") == "*** evil"
    words.change_word(SensitiveWord.objects.get(), word="evil", action=BLOCK, by=server)
    with pytest.raises(SensitiveText):
        said(application, "bad evil")
    words.remove_words(application, list(SensitiveWord.objects.all()), by=server)
    assert said(application, "bad evil") == "bad evil"


@pytest.mark.django_db(transaction=True)
def test_a_change_of_another_process_counts_after_two_seconds(application, server, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("imsite.core.cache.time.monotonic", lambda: now[0])
    assert said(application, "bad") == "bad"
    monkeypatch.setattr(bus, "announce", lambda name, value: None)
    words.add_words(application, ["bad"], action=MASK, by=server)
    now[0] += words.VERSION_SECONDS - 0.1
    assert said(application, "bad") == "bad"
    now[0] += 0.2
    assert said(application, "bad") == "***"


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_taken_back_counts_for_nothing(application, server):
    assert said(application, "bad") == "bad"
    with transaction.atomic():
        words.add_words(application, ["bad"], by=server)
        transaction.set_rollback(True)
    assert said(application, "bad") == "bad"


def test_screening_asks_the_database_nothing(application, server, django_assert_num_queries):
    words.add_words(application, ["bad"], action=MASK, by=server)
    said(application, "bad")
    with django_assert_num_queries(0):
        said(application, "all fine")


def test_the_matcher_is_built_once_for_all_threads(application, server, monkeypatch):
    words.add_words(application, ["bad"], by=server)
    built = []
    real = words.Matcher
    monkeypatch.setattr(words, "Matcher", lambda entries: built.append(1) or real(entries))
    first = words.matcher_of(application)
    assert words.matcher_of(application) is first
    assert built == [1]


# Hits


def test_hits_are_counted_once_a_message_and_for_refused_ones_too(application, server):
    words.add_words(application, ["bad"], action=MASK, by=server)
    words.add_words(application, ["evil"], by=server)
    said(application, "bad bad BAD")
    with pytest.raises(SensitiveText):
        said(application, "bad and evil")
    assert hits_of(application) == {"bad": 2, "evil": 1}


def test_a_flood_of_hits_is_a_trickle_of_writes(application, server, monkeypatch):
    monkeypatch.setattr(words, "HITS_SECONDS", 3600)
    words.add_words(application, ["bad"], action=MASK, by=server)
    for _ in range(50):
        said(application, "bad")
    assert hits_of(application) == {"bad": 1}
    words.hits.flush()
    assert hits_of(application) == {"bad": 50}


def test_versions_rise(application, server):
    assert not WordList.objects.exists()
    words.add_words(application, ["bad"], by=server)
    words.add_words(application, ["bad"], by=server)
    assert WordList.objects.get().version == 2
