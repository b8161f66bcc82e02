"""The switch of registration by clients, and states of users who may not exist."""

import pytest

from accounts import services
from accounts.models import Application
from accounts.passwords import md5_hex
from tests.door import Rest, Socket, refusal

INVALID = (400, 899003)
PATHS = ["/v1/sdkregister/status", "/v1/sdkregister/status/", "/sdkregister/status", "/sdkregister/status/"]


@pytest.mark.parametrize("path", PATHS)
def test_the_switch_is_read_and_set(rest, elsewhere, path):
    assert rest.get(path).json() == {"status": 1}
    answer = rest.put(f"{path}?status=0")
    assert (answer.status_code, answer.content) == (204, b"")
    assert rest.get(path).json() == {"status": 0}
    assert elsewhere.get(path).json() == {"status": 1}
    assert rest.put(f"{path}?status=1", []).status_code == 204
    assert rest.get(path).json() == {"status": 1}


@pytest.mark.parametrize("query", ["", "?status=", "?status=2", "?status=true", "?status=-1", "?status=01", "?state=0"])
def test_what_is_no_status(rest, query):
    assert refusal(rest.put("/v1/sdkregister/status" + query, {"status": 0})) == INVALID
    assert rest.get("/v1/sdkregister/status").json() == {"status": 1}


def test_other_settings_stay(rest, application):
    services.change_application(application, {"settings": {"friends_only": True}}, by=None)
    rest.put("/v1/sdkregister/status?status=0")
    limits = Application.objects.get(pk=application.pk).limits
    assert (limits.friends_only, limits.registration) == (True, False)


@pytest.mark.django_db(transaction=True)
def test_it_governs_registration_by_clients_at_once_and_nothing_else(application):
    rest = Rest(application)

    def register(name):
        stranger = Socket.__new__(Socket)
        stranger.session = unregistered(application)
        return stranger.ask("register", {"username": name, "password": md5_hex("secret")})["code"]

    assert register("first") == 0
    rest.put("/v1/sdkregister/status?status=0")
    assert register("second") == 880007
    assert rest.post("/v1/users", [{"username": "third", "password": "secret"}]).status_code == 201
    rest.put("/v1/sdkregister/status?status=1")
    assert register("second") == 0


def unregistered(application):
    """A connection that has chosen its application long ago."""
    from imsite.realtime import dispatch
    from imsite.realtime.session import Session

    dispatch.autodiscover()
    session = Session("sid-of-a-stranger")
    session.application = application
    return session


# POST /v2/users/statuser


def test_states_of_users_who_may_not_exist(rest, cast, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        answer = rest.post("/v2/users/statuser/", ["nobody", "bobby", "eve22", "alice", "bo\0", "bobby"])
    assert answer.status_code == 200
    states = answer.json()
    unknown = {"devices": [], "statuscode": 1, "statusmsg": "no_exist"}
    assert states[0] == {"username": "nobody", **unknown}
    assert states[1] == {"username": "bobby", "devices": [], "statuscode": 0} == states[5]
    assert states[2] == {"username": "eve22", **unknown}
    assert [one["statuscode"] for one in states] == [1, 0, 1, 0, 1, 0]


def test_a_device_in_a_state(rest, cast):
    services.log_in(
        cast["bobby"].application, "bobby", md5_hex("secret"), sid="s", device_class="web", platform="j", address=None
    )
    (state,) = rest.post("/v2/users/statuser", ["bobby"]).json()
    assert state["devices"] == [{"login": True, "online": True, "platform": "j"}]


@pytest.mark.parametrize("body", [None, b"[", {}, [], [5], "bobby", ["bobby"] * 501])
def test_bad_questions_for_states(rest, cast, body):
    assert refusal(rest.post("/v2/users/statuser", body)) == INVALID
