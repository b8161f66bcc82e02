"""The REST reference at /docs/rest."""

import re

import pytest
from django.utils.html import escape

from imsite import openapi, reference
from tests import described

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def page(client) -> str:
    """The page as it is sent; the database may not be asked here."""
    return client.get("/docs/rest").content.decode()


def test_every_operation_is_there_with_its_anchor_and_a_command(page):
    places = [*openapi.operations(described.schema())]
    assert places
    for place, operation in places:
        assert f'id="{operation["operationId"]}"' in page, place
        assert f'href="#{operation["operationId"]}"' in page, place
        assert escape(operation["summary"]) in page, place
    assert page.count("curl -u APPKEY:SECRET") >= len(places)


def test_every_code_is_in_the_table(page):
    table = page[page.index('data-part="codes"') :]
    told = {int(code) for code in re.findall(r"<tr><td><code>(\d+)</code>", table)}
    assert {899001, 899002, 899003, 899007, 899008, 899030, 899081, 855001} <= told


def test_limits_are_told_in_bytes(page):
    article = page[page.index('id="put_v1_users_username_password"') :]
    assert "text, 4–128 bytes" in article[: article.index("</article>")]


def test_commands_name_the_host_of_the_reader(client):
    page = client.get("/docs/rest", headers={"host": "chat.example.org:8443"}).content.decode()
    assert "http://chat.example.org:8443/v1/users" in page
    assert reference.HOST not in page.replace(f"{reference.HOST}/media", "")


def test_nothing_comes_from_elsewhere_and_nothing_is_inline(client):
    response = client.get("/docs/rest")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = response.content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", page)
    assert all(address.startswith(("/", "#", "?")) for address in re.findall(r'(?:src|href)="([^"]*)"', page))


@pytest.mark.parametrize(
    ("query", "accepts", "language", "word"),
    [
        ("", "en", "en", "All codes"),
        ("", "zh-CN", "zh-hans", "全部错误码"),
        ("?language=zh-hans", "en", "zh-hans", "全部错误码"),
        ("?language=en", "zh-CN", "en", "All codes"),
        ("?language=xx'><script>", "en", "en", "All codes"),
    ],
)
def test_it_is_read_in_two_languages(client, query, accepts, language, word):
    response = client.get(f"/docs/rest{query}", headers={"accept-language": accepts})
    page = response.content.decode()
    assert response.status_code == 200
    assert f'<html lang="{language}">' in page
    assert word in page
    assert "<script>" not in page


def test_it_is_sent_once(client):
    first = client.get("/docs/rest/")
    again = client.get("/docs/rest/", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.headers["Cache-Control"], again.status_code, again.content) == ("no-cache", 304, b"")


def test_an_object_or_several_have_their_members_once(page):
    article = page[page.index('id="put_v1_cross_users_username_friends"') :]
    assert article[: article.index("</article>")].count("<code>note_name</code>") == 1


def test_names_break_behind_their_dots(page):
    assert "<code>msg_body.<wbr>duration</code>" in page
    assert reference.breakable("a.<b>") == "a.<wbr>&lt;b&gt;"


def test_words_are_escaped():
    assert reference.markup("a `<b>` & **c**") == "a <code>&lt;b&gt;</code> &amp; <strong>c</strong>"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"x-max-bytes": 64, "maxLength": 64}, "at most 64 bytes"),
        ({"x-min-bytes": 4, "x-max-bytes": 128, "maxLength": 128}, "4–128 bytes"),
        ({"x-min-bytes": 1, "x-max-bytes": 40, "maxLength": 10}, "1–40 bytes; at most 10 characters"),
        ({"maxItems": 500, "minItems": 1}, "1–500 items"),
        ({"minimum": 0, "maximum": 2}, "0–2"),
        ({"minimum": 0, "maximum": 2**53}, ""),
        ({"enum": ["a", "b"]}, "one of a, b"),
    ],
)
def test_limits_in_words(schema, words):
    assert "; ".join(reference.limits_of(schema)) == words


def test_quotes_in_an_example_do_not_end_the_argument():
    place = openapi.Place("/v1/x", "post")
    assert """-d '{"a":"it'\\''s"}'""" in reference.command(place, {}, {"a": "it's"}, False)
