"""From what stands beside a view to OpenAPI."""

import pytest
from rest_framework import serializers

from imsite import openapi
from imsite.core.errors import Busy, NotFound
from imsite.rest.describe import ArrayOf, OneOf, PageOf, Upload, codes_of, described, description_of
from imsite.rest.fields import BirthdayField, ExtrasField, TextField
from imsite.rest.openapi import Operations, source_of, text_of
from tests.described import schema as whole

pytestmark = pytest.mark.sqlite_only


class View:
    """/v1/things. Source: REST, Things."""

    @described("List things", answers={200: None}, codes=[NotFound, lambda: [Busy, NotFound]])
    def get(self):
        """A page of them; they
        are many. Source: REST, Things,
        list.

        More of it.
        """

    def put(self):
        """Change it."""


def test_a_description_stays_beside_its_method():
    assert description_of(View.get).title == "List things"
    assert description_of(View.put) is None


def test_refusals_of_higher_slices_are_asked_for_when_they_are_wanted():
    assert codes_of(description_of(View.get)) == [NotFound, Busy]


def test_texts_and_sources_come_from_docstrings():
    assert text_of(View(), "GET") == "A page of them; they are many.\n\nMore of it."
    assert source_of(View(), "GET") == "REST, Things, list"
    assert source_of(View(), "PUT") == "REST, Things"


@pytest.mark.parametrize(
    ("shape", "schema"),
    [
        (ArrayOf({"type": "string"}, least=1, most=5), {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 5}),
        (ArrayOf({}), {"type": "array", "items": {}}),
        (OneOf({"type": "null"}, {"type": "object"}), {"anyOf": [{"type": "null"}, {"type": "object"}]}),
        (
            TextField(min_bytes=5, max_bytes=64, one_line=True),
            {
                "type": "string", "maxLength": 64, "x-max-bytes": 64, "minLength": 2, "x-min-bytes": 5,
                "pattern": r"^[^\n\r]*$",
            },
        ),
        (ExtrasField(max_bytes=512), {"type": "object", "additionalProperties": True, "x-max-bytes": 512}),
        (BirthdayField(), {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?$"}),
        (serializers.IntegerField(min_value=0, max_value=2), {"type": "integer", "minimum": 0, "maximum": 2}),
    ],
)  # fmt: skip
def test_shapes_as_json_schema(shape, schema):
    assert Operations().schema_of(shape, "request") == schema


def test_a_page_has_its_numbers_and_its_items():
    page = Operations().schema_of(PageOf("things", {"type": "string"}, 500), "response")
    assert page["required"] == ["total", "start", "count", "things"]
    assert page["properties"]["things"] == {"type": "array", "items": {"type": "string"}, "maxItems": 500}


def test_an_upload_is_one_file():
    upload = Operations().schema_of(Upload(), "request")
    assert (upload["required"], upload["properties"]["filename"]["format"]) == (["filename"], "binary")


def test_paths_without_a_version_are_noted_at_those_with_one():
    noted = {operation["x-also"] for _, operation in openapi.operations(whole()) if "x-also" in operation}
    assert noted == {
        "/cross/chatroom/{room}/members",
        "/groups/messages/{gid}/silence",
        "/groups/owner/{gid}",
        "/sdkregister/status",
    }
    assert noted & {*whole()["paths"]} == set()
    assert "/resource" in whole()["paths"]  # which is another operation than /v1/resource


def test_a_page_takes_start_and_count():
    parameters = {one["name"]: one for one in whole()["paths"]["/v1/groups"]["get"]["parameters"]}
    assert [*parameters] == ["start", "count"]
    assert parameters["count"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 500, "default": 500}


def test_uploads_of_pages_are_refused_with_numbers_of_their_own():
    operation = whole()["paths"]["/resource"]["post"]
    assert operation["security"] == [{"uploadToken": []}]
    assert "`898061`" in operation["responses"]["400"]["description"]


def test_a_key_that_was_used_is_a_conflict():
    operation = whole()["paths"]["/v1/messages"]["post"]
    assert "`899003`" in operation["responses"]["409"]["description"]
    assert [one["name"] for one in operation["parameters"]] == ["Idempotency-Key"]
    assert {"`899081`", "`899006`", "`899082`"} <= set(operation["responses"]["403"]["description"].split())


def test_answers_that_are_alike_stand_once():
    one, other = (whole()["paths"][path]["get"]["responses"]["401"] for path in ("/v1/users", "/v1/groups"))
    assert one == other == {"$ref": "#/components/responses/401-899007-899008"}


def test_every_section_has_operations():
    used = {operation["tags"][0] for _, operation in openapi.operations(whole())}
    assert used == {section["name"] for section in openapi.words("sections")}
    places = {str(place): operation["tags"][0] for place, operation in openapi.operations(whole())}
    assert places["GET /v1/messages"] == "Reports"
    assert places["POST /v1/messages"] == "Messages"
    assert places["GET /v2/groups/{gid}/messages"] == "Reports"
    assert places["PUT /v1/groups/messages/{gid}/silence"] == "Groups"
    assert places["GET /v1/cross/users/{username}/groups"] == "Across applications"
