"""docs/openapi.json is that of the code, says everything, and is true of what is answered."""

import inspect
import re

import jsonschema
import pytest
from django.http import HttpResponse
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from imsite import coverage, openapi
from imsite.core.errors import ImError
from imsite.rest.describe import codes_of, description_of
from tests import described

pytestmark = pytest.mark.sqlite_only

CODE = re.compile(r"\b(8[59][59]\d{3})\b")  # of the REST API, as docstrings write them
EVERYWHERE = {899003, 899007, 899008, 899030}
# Operations know users of several applications; endpoints but the cross ones name those of one.
ACROSS = {899009, 899020}
# What an operation behind says of its other half, which this endpoint does not ask for.
OTHER_HALF = {
    "PUT /v1/chatroom/{room}/members": {899082},
    "DELETE /v1/chatroom/{room}/members": {899012},
    "POST /v2/groups/{gid}/addMembers": {899014},
    "POST /v2/groups/{gid}/delMembers": {899011, 899012, 899015},
}


def methods():
    """Every method of every REST view of the URL table, once for each path."""
    for path, view in coverage.endpoints():
        if coverage.is_rest(view):
            view_class = getattr(view, "view_class", getattr(view, "cls", None))
            for method in coverage.METHODS:
                if hasattr(view_class, method) and method not in getattr(view_class, "undescribed", ()):
                    yield pytest.param(path, view_class, method, id=f"{method.upper()} {path}")


def operations():
    for place, operation in openapi.operations(described.schema()):
        yield pytest.param(str(place), operation, id=str(place))


def test_the_file_is_that_of_the_code():
    assert openapi.PATH.read_bytes() == openapi.written(described.schema()), "run `manage.py openapi`"


def test_the_generator_has_nothing_to_complain_of():
    GENERATOR_STATS.reset()
    SchemaGenerator().get_schema(public=True)
    complaints = [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]
    assert complaints == []


@pytest.mark.parametrize(("path", "view", "method"), methods())
def test_every_endpoint_is_described(path, view, method):
    assert description_of(getattr(view, method)) is not None
    assert described.place_of(method.upper(), re.sub(r"{\w+}", "7", path)) is not None


@pytest.mark.parametrize(("path", "view", "method"), methods())
def test_the_codes_that_docstrings_name_are_described(path, view, method):
    description = description_of(getattr(view, method))
    number = getattr(view, "code_of", lambda kind: kind.code)
    told = {number(kind) for kind in codes_of(description)} | EVERYWHERE
    named = {int(code) for text in texts_behind(view, method) for code in CODE.findall(text)}
    if "/cross/" not in path:
        named -= ACROSS
    assert named - OTHER_HALF.get(f"{method.upper()} {path}", set()) <= told


def texts_behind(view, method):
    """The docstrings of a method, of the view's own functions that it calls, and of the operations behind it."""
    function = getattr(view, method)
    yield function.__doc__ or ""
    source = inspect.getsource(function)
    for name in re.findall(r"self\.(\w+)\(", source):
        yield getattr(getattr(view, name), "__doc__", "") or ""
    for module, name in re.findall(r"\b(\w+)\.(\w+)", source):
        found = getattr(function.__globals__.get(module), name, None)
        if inspect.isfunction(found) and ".services" in found.__module__:
            yield found.__doc__ or ""


@pytest.mark.parametrize(("place", "operation"), operations())
def test_everything_is_said_in_words(place, operation):
    assert operation["summary"]
    assert operation["description"]
    assert operation["x-source"]
    assert [one["name"] for one in operation.get("parameters", []) if not one.get("description")] == []


@pytest.mark.parametrize("name", described.schema()["components"]["schemas"])
def test_every_member_is_said_in_words(name):
    members = described.schema()["components"]["schemas"][name].get("properties", {})
    assert [
        member for member, schema in members.items() if not schema.get("description") and "$ref" not in schema
    ] == []


@pytest.mark.parametrize(("place", "operation"), operations())
def test_every_body_has_an_example_of_its_shape(place, operation):
    bodies = [*operation.get("requestBody", {}).get("content", {}).items()]
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            bodies += answer.get("content", {}).items()
    for media_type, content in bodies:
        if media_type == "application/json":
            examples = [one["value"] for one in content.get("examples", {}).values()] or [content["example"]]
            for example in examples:
                assert not [fault.message for fault in described.strict(content["schema"]).iter_errors(example)]


def test_no_example_is_of_an_operation_that_is_not_there():
    places = {str(place) for place, _ in openapi.operations(described.schema())}
    assert set(openapi.words("examples")) - places == set()


def test_the_schemas_are_json_schema():
    for schema in described.schema()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_refusals_come_from_their_classes():
    answer = described.resolved(described.schema()["paths"]["/v1/users/{username}"]["get"]["responses"]["403"])
    assert answer["content"]["application/json"]["examples"]["NoSuchUser"]["value"]["error"]["code"] == 899002
    assert "`899002`" in answer["description"]


def test_every_operation_has_its_credentials_and_its_rate():
    for place, operation in openapi.operations(described.schema()):
        assert operation["security"], place
        assert {"401", "429"} <= set(operation["responses"]), place


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        (HttpResponse(b'{"login": true}', "application/json"), "'online' is a required property"),
        (HttpResponse(b'{"login": true, "online": true, "more": 1}', "application/json"), "'more' was unexpected"),
        (HttpResponse(b'{"login": 1, "online": true}', "application/json"), "not of type 'boolean'"),
        (HttpResponse(status=418), "is not described"),
        (HttpResponse(b'{"error": {"code": 899006, "message": "x"}}', "application/json", 403), "899006 is not one of"),
    ],
)
def test_an_answer_that_is_otherwise_is_found(response, fault):
    with pytest.raises(AssertionError, match=re.escape(fault)):
        described.require_described("GET", "/v1//users/alice/userstat/", response)


def test_an_answer_as_described_is_none():
    response = HttpResponse(b'{"login": true, "online": false}', "application/json")
    described.require_described("GET", "/v1/users/alice/userstat", response)
    assert described.place_of("GET", "/v1/users/alice/userstat/") == ("/v1/users/{username}/userstat", "get")


def test_it_is_served_to_anybody_and_kept_for_a_while(client):  # which may not ask the database here
    answer = client.get("/openapi.json")
    assert answer.content == openapi.PATH.read_bytes()
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    again = client.get("/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_every_refusal_says_what_it_means():
    def kinds(kind):
        for inner in kind.__subclasses__():
            yield inner
            yield from kinds(inner)

    assert [
        kind.__name__ for kind in kinds(ImError) if kind.__module__.split(".")[0] != "tests" and not kind.__doc__
    ] == []
