"""Schemathesis asks every operation for what its description allows, and for what it does not.

No answer may be a fault of the server, and each must be as described. The seed is fixed, so that two runs ask the same;
`make fuzz` asks more of each operation, with a seed of its own.
"""

import os

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests import described
from tests.rest.world import World

EXAMPLES = int(os.environ.get("IM_TEST_FUZZ_EXAMPLES", "10"))
IS_FIXED = "IM_TEST_FUZZ_EXAMPLES" not in os.environ
CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]

config = {"generation": {"deterministic": IS_FIXED, "max-examples": EXAMPLES}}
api = schemathesis.openapi.from_dict(described.schema(), config=SchemathesisConfig.from_dict(config))
api.app = get_wsgi_application()
budget = settings(
    max_examples=EXAMPLES, derandomize=IS_FIXED, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture
def world(transactional_db) -> World:
    return World()


@api.parametrize()
@budget
def test_no_request_breaks_an_operation(case, world):
    case.path_parameters = world.placed(case.path_parameters or {})
    case.query, case.body = world.named(case.query), world.named(case.body)
    response = case.call(headers=world.headers_for(case.path))
    case.validate_response(response, checks=CHECKS)
    described.require_answer(case.method, case.formatted_path, response.status_code, response.content)
