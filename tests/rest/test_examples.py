"""Every example of docs/openapi.json succeeds as it stands there."""

import orjson
import pytest
from django.core.files.base import ContentFile
from django.test import Client

from imsite import openapi
from tests import described
from tests.messaging.pictures import picture
from tests.rest.world import World


@pytest.fixture
def world(transactional_db) -> World:
    return World()


def examples():
    for place, operation in openapi.operations(described.schema()):
        body = next(iter(operation.get("requestBody", {}).get("content", {}).values()), {})
        several = {name: one["value"] for name, one in body.get("examples", {}).items()} or {"": body.get("example")}
        for name, example in several.items():
            yield pytest.param(place, operation, example, id=f"{place} {name}".strip())


@pytest.mark.parametrize(("place", "operation", "example"), examples())
def test_an_example_succeeds(world, place, operation, example):
    path = place.path
    for name, known in world.paths.items():
        path = path.replace(f"{{{name}}}", known[0])
    if "forbidden" in path or "silence" in path:
        path = path.replace("alice", "bobby")
    query = {one["name"]: one["example"] for one in operation.get("parameters", []) if "example" in one}
    headers = world.headers_for(place.path)
    if "multipart/form-data" in operation.get("requestBody", {}).get("content", {}):
        files = {"filename": ContentFile(picture(), "picture.png")}
        answer = Client().post(path, files, headers=headers, query_params=world.named(query))
    else:
        body = b"" if example is None else orjson.dumps(world.named(example))
        answer = Client().generic(
            place.method.upper(), path, body, "application/json", headers=headers, query_params=world.named(query)
        )
    assert answer.status_code < 300, answer.content
    described.require_described(place.method.upper(), path, answer)
