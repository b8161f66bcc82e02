"""Limits and guessers at every door: REST, sockets, uploads of pages, the console."""

import base64
import re

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from accounts import rates, services
from accounts.models import Operator, User
from imsite.core.guard import FREE
from imsite.core.limits import limiter
from imsite.realtime import dispatch
from imsite.realtime.session import Session
from imsite.rest.views import ImView
from messaging.services import media
from tests.cast import PASSWORD_MD5
from tests.door import Rest, Socket, refusal

TOO_FAST = (429, 899030)
TEXT = {"version": 1, "msg_type": "text", "msg_body": {"text": "hello"}}


@pytest.fixture(autouse=True)
def turned_on(settings, monkeypatch):
    """Limits hold, and no time goes by."""
    settings.RATE_LIMITS = True
    for counting in (limiter, rates.secrets, rates.passwords, rates.console):
        monkeypatch.setattr(counting, "clock", lambda: 1000.0)


@pytest.fixture
def limited(application, django_capture_on_commit_callbacks):
    """Change limits of the application."""

    def change(**limits):
        with django_capture_on_commit_callbacks(execute=True):
            services.change_application(application, {"settings": limits}, by=None)

    return change


@pytest.fixture
def rest(application):
    return Rest(application)


def pair(application, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{application.appkey}:{secret}".encode()).decode()}


def knock(application, secret, address="192.0.2.1"):
    return Client(REMOTE_ADDR=address).get("/v1/users", headers=pair(application, secret))


# REST requests of an application


def test_a_backend_may_ask_a_thousand_times_at_once_by_default(application):
    assert rates.take_rest(application).limit == 1000


def test_beyond_the_limit_the_answer_says_when_to_come_back(rest, limited, alice):
    limited(rest_per_minute=12)
    assert [rest.get("/v1/users/alice").status_code for _ in range(2)] == [200, 200]
    answer = rest.get("/v1/users/alice")
    assert refusal(answer) == TOO_FAST
    assert answer["Content-Type"] == "application/json"
    assert 1 <= int(answer["Retry-After"]) <= 5
    assert re.fullmatch(r"too many requests; try again in \d s", answer.json()["error"]["message"])


def test_what_is_left_stands_in_every_answer(rest, limited, alice):
    limited(rest_per_minute=60)
    names = ("X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset")
    answers = [
        rest.get("/v1/users/alice"),
        rest.get("/v1/users/nobody"),
        rest.delete("/v1/nothing"),
        rest.put("/v1/users"),
    ]
    seen = [[int(answer[name]) for name in names] if names[0] in answer else None for answer in answers]
    assert seen[:2] == [[10, 9, 1], [10, 8, 2]]
    assert seen[2] is None  # a path that is none is nobody's
    assert answers[3].status_code == 405
    assert seen[3] == [10, 7, 3]


def test_without_a_limit_there_is_no_such_header(rest, limited, alice):
    limited(rest_per_minute=0)
    answers = [rest.get("/v1/users/alice") for _ in range(30)]
    assert {answer.status_code for answer in answers} == {200}
    assert "X-Rate-Limit-Limit" not in answers[0]


def test_another_application_does_not_notice(rest, limited, other_application, alice):
    limited(rest_per_minute=6)
    assert [rest.get("/v1/users/alice").status_code for _ in range(2)] == [200, 429]
    assert Rest(other_application).get("/v1/users/alice").status_code == 403


def test_a_refused_request_changes_nothing(rest, limited):
    limited(rest_per_minute=6)
    body = [{"username": "alice", "password": "secret"}]
    assert rest.get("/v1/users").status_code == 200
    assert refusal(rest.post("/v1/users", body)) == TOO_FAST
    assert not User.objects.exists()


def endpoints():
    """One request for each path of the REST API: method and path."""

    def walk(patterns, prefix=""):
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                view = getattr(pattern.callback, "view_class", None)
                if view is not None and issubclass(view, ImView):
                    yield view, path
            else:
                yield from walk(pattern.url_patterns, path)

    for view, path in walk(get_resolver().url_patterns):
        method = next(name for name in ("get", "post", "put", "delete") if hasattr(view, name))
        yield method, "/" + re.sub(r"<[^>]+>", "1", path)


def test_every_endpoint_is_counted(rest, limited):
    limited(rest_per_minute=6)
    assert rest.get("/v1/users").status_code == 200
    found = sorted(set(endpoints()))
    assert len(found) > 40
    for method, path in found:
        answer = getattr(rest.client, method)(path, headers=rest.headers)
        assert refusal(answer) == TOO_FAST, (method, path)


# Guessers of master secrets


def test_a_guesser_has_to_wait_and_the_right_pair_elsewhere_has_not(application):
    for _ in range(FREE):
        assert refusal(knock(application, "x" * 24)) == (401, 899008)
    answer = knock(application, "x" * 24)
    assert refusal(answer) == TOO_FAST
    assert int(answer["Retry-After"]) >= 1
    assert "X-Rate-Limit-Limit" not in answer
    assert refusal(knock(application, application.master_secret)) == TOO_FAST  # one that hits learns nothing
    assert knock(application, application.master_secret, "192.0.2.2").status_code == 200


def test_guesses_cost_the_application_none_of_its_requests(application, limited):
    limited(rest_per_minute=60)
    for _ in range(FREE + 3):
        knock(application, "x" * 24)
    assert knock(application, application.master_secret, "192.0.2.2")["X-Rate-Limit-Remaining"] == "9"


def test_who_invents_appkeys_has_to_wait_too(application):
    class Nobody:
        appkey = "n" * 24

    codes = [refusal(knock(Nobody, "x" * 24)) for _ in range(FREE + 1)]
    assert codes == [(401, 899008)] * FREE + [TOO_FAST]
    assert knock(application, application.master_secret).status_code == 200


def test_a_forged_header_helps_no_guesser(application):
    for _ in range(FREE):
        knock(application, "x" * 24)
    for number in range(3):
        answer = Client(REMOTE_ADDR="192.0.2.1").get(
            "/v1/users", headers={**pair(application, "x" * 24), "X-Forwarded-For": f"198.51.100.{number}"}
        )
        assert refusal(answer) == TOO_FAST


def test_behind_a_proxy_the_client_waits_and_not_the_proxy(application, settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]

    def through_proxy(secret, client):
        headers = {**pair(application, secret), "X-Forwarded-For": client}
        return Client(REMOTE_ADDR="10.0.0.1").get("/v1/users", headers=headers)

    for _ in range(FREE):
        through_proxy("x" * 24, "203.0.113.9")
    assert refusal(through_proxy("x" * 24, "203.0.113.9")) == TOO_FAST
    assert refusal(through_proxy("x" * 24, "198.51.100.1, 203.0.113.9")) == TOO_FAST
    assert through_proxy(application.master_secret, "203.0.113.10").status_code == 200


def test_a_backend_that_got_in_is_not_stopped_by_its_neighbour(application):
    assert knock(application, application.master_secret).status_code == 200
    for _ in range(FREE + 5):
        last = knock(application, "x" * 24)
    assert last.status_code == 401  # the address is known to know it
    assert knock(application, application.master_secret).status_code == 200


def test_credentials_cost_no_query_however_often_they_are_wrong(application, django_assert_num_queries):
    knock(application, application.master_secret)
    with django_assert_num_queries(0):
        for _ in range(FREE + 3):
            knock(application, "x" * 24, "192.0.2.3")


# Sockets


def test_sends_beyond_the_limit_are_refused_under_their_rid(limited, alice, bob):
    limited(sends_per_minute=6)
    socket = Socket(alice)
    limiter.take(("sends", alice.pk), 6)
    data = {"target_id": "bobby", "target_name": "", "content": TEXT, "rid": 4711}
    outcome = dispatch.handle(socket.session, "s_across_single_text", data)
    assert (outcome.ack, outcome.rid, outcome.name) == (True, 4711, "s_single_text")
    assert outcome.reply["code"] == 880209
    assert outcome.reply["rid"] == 4711
    assert not bob.participations.exists()


def test_requests_beyond_the_limit_change_nothing_and_may_be_tried_again(limited, alice):
    limited(requests_per_minute=6)
    socket = Socket(alice)
    assert socket.ask("get_groups_list")["code"] == 0
    change = {"nickname": "Al", "rid": 5}
    assert dispatch.handle(socket.session, "update_user_inf", change).reply["code"] == 880209
    alice.refresh_from_db()
    assert alice.nickname == ""
    limiter.clear()
    assert dispatch.handle(socket.session, "update_user_inf", change).reply["code"] == 0


def test_all_connections_of_a_user_count_together_and_users_do_not(limited, alice, bob):
    limited(requests_per_minute=6)
    assert Socket(alice).ask("get_groups_list")["code"] == 0
    assert Socket(alice).ask("get_groups_list")["code"] == 880209
    assert Socket(bob).ask("get_groups_list")["code"] == 0


def test_acknowledgements_are_not_counted(limited, alice):
    limited(requests_per_minute=6)
    socket = Socket(alice)
    socket.ask("get_groups_list")
    for name in ("sync_conversation_ack", "sync_event_ack", "sync_receipt_ack"):
        assert socket.ask(name, {"sync_key": 1})["code"] == 0
    assert socket.ask("msg_recv_v2", {"msg_id": 1})["code"] == 0


def test_what_a_user_may_ask_is_enough_for_a_page_that_starts(alice):
    socket = Socket(alice)
    assert {socket.ask("get_groups_list")["code"] for _ in range(400)} == {0}


class Page:
    """A connection that has chosen its application and is not logged in."""

    def __init__(self, application, address="192.0.2.1"):
        dispatch.autodiscover()
        self.session = Session(f"sid{next(Socket.rids)}", address=address)
        self.session.application = application

    def ask(self, name, **data):
        return dispatch.handle(self.session, name, {**data, "rid": next(Socket.rids)}).reply["code"]

    def log_in(self, username, password=PASSWORD_MD5):
        code = self.ask("login", username=username, password=password)
        self.session.log_out()
        return code


def test_a_connection_that_is_nobodys_asks_only_so_much(application):
    page = Page(application)
    codes = [page.ask("c_init", appkey="n" * 24) for _ in range(110)]
    assert codes.count(880101) == 100
    assert codes[-1] == 880209


def test_registrations_of_an_address(application, limited):
    limited(registrations_per_minute=12)
    codes = [Page(application).ask("register", username=f"user{n}", password=PASSWORD_MD5) for n in range(3)]
    assert codes == [0, 0, 880209]
    assert User.objects.of(application).count() == 2
    assert Page(application, "192.0.2.2").ask("register", username="user2", password=PASSWORD_MD5) == 0


def test_sign_ins_of_a_user(application, limited, alice, bob):
    limited(logins_per_minute=12)
    assert [Page(application).log_in("alice") for _ in range(3)] == [0, 0, 880209]
    assert Page(application).log_in("bobby") == 0
    assert alice.sessions.count() == 2


def test_attempts_of_an_address(application, limited, alice, bob):
    limited(address_logins_per_minute=12)
    assert [Page(application).log_in("alice"), Page(application).log_in("nobody")] == [0, 880103]
    assert Page(application).log_in("bobby") == 880209
    assert Page(application, "192.0.2.2").log_in("bobby") == 0


def test_a_guesser_of_passwords_has_to_wait_and_the_user_has_not(application, alice, bob):
    wrong = "0" * 32
    assert [Page(application).log_in("alice", wrong) for _ in range(FREE + 1)] == [880104] * FREE + [880209]
    assert Page(application).log_in("alice") == 880209
    assert Page(application, "192.0.2.2").log_in("alice") == 0
    assert Page(application).log_in("bobby") == 0


def test_the_old_password_is_not_guessed_at_either(application, alice):
    socket = Socket(alice)
    guess = {"old_pwd": "0" * 32, "new_pwd": "1" * 32}
    assert [socket.ask("update_user_pwd", guess)["code"] for _ in range(FREE + 1)] == [882002] * FREE + [880209]
    assert socket.ask("update_user_pwd", {**guess, "old_pwd": PASSWORD_MD5})["code"] == 880209
    assert Page(application).log_in("alice") == 0


def test_a_guess_that_is_refused_costs_no_hash(application, alice, monkeypatch):
    for _ in range(FREE):
        Page(application).log_in("alice", "0" * 32)
    monkeypatch.setattr(services.sessions.passwords, "verify", lambda *args: pytest.fail("hashed"))
    assert Page(application).log_in("alice") == 880209


def test_wrong_passwords_use_up_nobodys_sign_ins(application, limited, alice):
    limited(logins_per_minute=6)
    for number in range(5):
        assert Page(application, f"192.0.2.{number + 10}").log_in("alice", "0" * 32) == 880104
    assert Page(application).log_in("alice") == 0


# Sends over REST, uploads


def test_sends_in_the_name_of_one_user(rest, limited, alice, bob):
    limited(server_sends_per_minute=6)
    User.objects.filter(pk__in=(alice.pk, bob.pk)).update(is_admin=True)
    limiter.take(("server sends", alice.pk), 6)
    body = {"version": 1, "target_type": "single", "target_id": "carol", "from_type": "admin", "from_id": "alice",
            "msg_type": "text", "msg_body": {"text": "hello"}}  # fmt: skip
    answer = rest.post("/v1/messages", body)
    assert refusal(answer) == TOO_FAST
    assert "Retry-After" in answer
    assert answer["X-Rate-Limit-Limit"] == "1000"
    assert not alice.messages.exists()


def test_uploads_of_a_user(application, limited, alice):
    limited(uploads_per_minute=6)
    limiter.take(("uploads", alice.pk), 6)
    credentials = base64.b64encode(f"alice:{media.new_upload_token(alice)}".encode()).decode()
    headers = {"X-App-Key": application.appkey, "Authorization": f"Basic {credentials}"}
    answer = Client().post("/resource?type=file", headers=headers)
    assert refusal(answer) == (429, 898030)
    assert "Retry-After" in answer


# The console


def test_a_guesser_at_the_console_has_to_wait(db):
    services.create_operator("olga", password="correct horse battery", by=None)

    def sign_in(password, address="192.0.2.1"):
        return Client(REMOTE_ADDR=address).post(reverse("admin:login"), {"username": "Olga", "password": password})

    for _ in range(FREE):
        assert "Please enter the correct" in sign_in("wrong").content.decode()
    assert "Too many failed sign-ins" in sign_in("correct horse battery").content.decode()
    assert Operator.objects.get().last_login is None
    lower = {"username": "olga", "password": "correct horse battery"}
    assert Client(REMOTE_ADDR="192.0.2.2").post(reverse("admin:login"), lower).status_code == 302
