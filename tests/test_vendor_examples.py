"""Every example of the vendor's REST document, replayed against a running server, with and without a slash at the end."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.described import place_of, schema, strict
from tests.replay import Wire, differences, file_of, multipart, site

pytestmark = pytest.mark.sqlite_only

FILE = json.loads((Path(__file__).parent / "data" / "rest_examples.json").read_text())
EXAMPLES = FILE["examples"]


def forms(example):
    """The paths under which it is asked: as printed and the other way at the end, and where it is served as well."""
    for path in (example["path"], *example.get("also", ())):
        bare, mark, query = path.partition("?")
        yield bare.rstrip("/") + mark + query
        yield bare.rstrip("/") + "/" + mark + query


ASKED = [(example, path) for example in EXAMPLES for path in forms(example)]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with site(tmp_path_factory.mktemp("examples") / "data", len(ASKED)) as running:
        yield running


@pytest.mark.parametrize(("example", "path"), ASKED, ids=[f"{example['title']}-{path}" for example, path in ASKED])
def test_an_example_is_answered_as_printed(server, example, path):
    tenant = server.tenant(example.get("given", {}))
    body, headers = written(tenant, example)
    if example.get("credentials") == "wrong":
        tenant.secret = "x" * 24
    with Wire(tenant.url) as wire:
        answer = wire.ask(
            example["method"], tenant.filled_path(path), {"Authorization": tenant.authorization, **headers}, body
        )
    assert answer.status == example["status"], answer.content
    if "answer" not in example:
        assert answer.content == b""
        return
    assert answer.headers["Content-Type"].startswith("application/json")
    assert differences(tenant.filled(example["answer"]), answer.json(), set(example.get("varies", ()))) == []


def written(tenant, example):
    """Body and headers of the request."""
    headers = dict(example.get("headers", {}))
    if "upload" in example:
        kind = example["path"].partition("type=")[2]
        body, headers["Content-Type"] = multipart(example["upload"]["name"], example["upload"]["file"], file_of(kind))
    else:
        body = json.dumps(tenant.filled(example["body"]), ensure_ascii=False).encode() if "body" in example else b""
    if body:
        headers["Content-Length"] = str(len(body))
    return body, headers


def test_no_example_of_the_document_is_missing():
    """`document` lists the headings of the vendor's page in their order, each with the number of its examples."""
    sections = FILE["document"]
    found = Counter((example["section"], example["title"]) for example in EXAMPLES)
    assert found == {
        (section, title): number for section, titles in sections.items() for title, number in titles.items()
    }
    assert [*dict.fromkeys(example["section"] for example in EXAMPLES)] == [*sections]
    assert len(EXAMPLES) == 71


def test_every_answer_with_a_body_is_in_the_file():
    for example in EXAMPLES:
        assert ("answer" in example) == (example["status"] not in (201, 204) or example["title"] in MADE), example[
            "title"
        ]


MADE = {"Register as user", "Create a group", "Create a chat room", "Send a message"}  # 201 with a body


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["title"] for example in EXAMPLES])
def test_the_request_is_one_of_the_description(example):
    """docs/openapi.json takes what the vendor's page shows: path, method, query and body."""
    path, _, query = example["path"].partition("?")
    place = place_of(example["method"], path)
    assert place is not None
    operation = schema()["paths"][place[0]][place[1]]
    known = {one["name"]: one for one in operation.get("parameters", ()) if one["in"] == "query"}
    given = dict(pair.split("=") for pair in query.split("&") if pair)
    assert given.keys() <= known.keys()
    assert {name for name, one in known.items() if one.get("required")} <= given.keys()
    if "body" in example:
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        assert [fault.message for fault in strict(body).iter_errors(numbered(example["body"]))] == []
    else:
        assert "requestBody" not in operation or "upload" in example


def numbered(value):
    """A body with numbers for the names of what is made before; keys of applications stay texts."""
    if isinstance(value, list | dict):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        made = {key: numbered(one) for key, one in inner}
        return made if isinstance(value, dict) else [*made.values()]
    is_id = isinstance(value, str) and re.fullmatch(r"{(?!appkey|sister)\w+}", value)
    return 12345 if is_id else value


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["title"] for example in EXAMPLES])
def test_what_differs_from_the_page_is_noted(example):
    """The printed line is the request's own, but for placeholders, or a note says why not."""
    printed = example["printed"].split()
    is_same = printed[0] == example["method"] and "{" not in printed[1] and printed[1] == example["path"]
    is_filled = printed[0] == example["method"] and "{" in printed[1]
    assert is_same or is_filled or example.get("mended"), example["printed"]


def test_a_difference_is_found():
    printed = {"a": 1, "list": [{"ctime": "2015-01-01 00:00:00"}], "id": 5}
    right = {"a": 1, "list": [{"ctime": "2026-01-01 00:00:00", "more": 1}], "id": 9}
    assert differences(printed, right, {"id"}) == []
    for wrong in (
        {**right, "a": 2},
        {**right, "a": True},
        {**right, "a": "1"},
        {**right, "id": "9"},
        {**right, "list": []},
        {**right, "list": [{}]},
        {**right, "list": [{"ctime": 1420041600}]},
        [right],
        None,
    ):
        assert differences(printed, wrong, {"id"}), wrong
