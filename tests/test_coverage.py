"""docs/coverage.json is that of the code, and every entry says what it is made after."""

import json

import pytest
from django.urls import path

from imsite import coverage
from imsite.realtime import dispatch

pytestmark = pytest.mark.sqlite_only


@pytest.fixture(scope="module")
def found():
    return coverage.coverage_map()


def test_the_file_is_that_of_the_code(found):
    assert coverage.PATH.read_bytes() == coverage.written(found), "run `manage.py coverage_map`"


@pytest.mark.parametrize("part", ["rest", "events", "pushes", "pages"])
def test_every_entry_names_its_source(found, part):
    assert found[part]
    assert [entry for entry in found[part] if not entry["source"]] == []


def test_every_registered_event_and_push_stands_there():
    written = json.loads(coverage.PATH.read_text())
    assert [entry["event"] for entry in written["events"]] == list(dispatch.registered_events())
    assert [entry["push"] for entry in written["pushes"]] == list(dispatch.registered_pushes())


def test_every_method_of_a_url_stands_there(found):
    from accounts.urls import urlpatterns

    expected = {
        (method.upper(), "/" + coverage.readable(str(pattern.pattern)))
        for pattern in urlpatterns
        for method in coverage.METHODS
        if hasattr(pattern.callback.view_class, method)
    }
    assert expected
    assert expected <= {(entry["method"], entry["path"]) for entry in found["rest"]}


def test_a_new_event_changes_the_map(found, monkeypatch):
    def handler(session, data):
        """Answer: nothing. Source: Web SDK, planted."""

    monkeypatch.setattr(dispatch, "_routes", {**dispatch._routes, "planted": dispatch.Route("planted", handler)})
    assert [entry for entry in coverage.coverage_map()["events"] if entry not in found["events"]] == [
        {"event": "planted", "handler": coverage.dotted(handler), "source": "Web SDK, planted"}
    ]


def test_a_new_endpoint_changes_the_map(found, settings):
    from accounts.api.users import Users

    class Planted:
        urlpatterns = [path("v1/planted/<int:number>", Users.as_view())]

    settings.ROOT_URLCONF = Planted
    assert {entry["path"] for entry in coverage.coverage_map()["rest"]} == {"/v1/planted/{number}"}


@pytest.mark.parametrize(
    ("docstring", "source"),
    [
        ("GET /x: it. Source: REST, Users.", "REST, Users"),
        ("It.\n\n    Source: Web SDK,\n    Group, add members.\n", "Web SDK, Group, add members"),
        ("It. Source: one.\n\n    More text.", "one"),
        ("Nothing.", ""),
        (None, ""),
    ],
)
def test_a_source_is_read_from_the_docstring(docstring, source):
    class Thing: ...

    Thing.__doc__ = docstring
    assert coverage.source_of(Thing) == source
