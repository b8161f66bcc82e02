"""What the database ended because two waited for each other is done again, by both doors."""

import pytest
from django.db import OperationalError, transaction

from accounts import services
from accounts.actors import Actor
from imsite.core.deadlocks import ATTEMPTS, is_deadlock, unless_deadlocked
from tests.cast import register
from tests.door import Rest, Socket


class Cause(Exception):
    def __init__(self, sqlstate):
        self.sqlstate = sqlstate


def failure(sqlstate="40P01"):
    error = OperationalError("deadlock detected")
    error.__cause__ = Cause(sqlstate)
    return error


def failing(times, sqlstate="40P01"):
    """A call that fails so often, then answers how often it was called."""
    calls = []

    def call(*args, **kwargs):
        calls.append(args)
        if len(calls) <= times:
            raise failure(sqlstate)
        return len(calls)

    call.calls = calls
    return call


def test_what_is_a_deadlock():
    assert is_deadlock(failure())
    assert not is_deadlock(failure("55P03"))
    assert not is_deadlock(OperationalError("database is locked"))
    assert not is_deadlock(ValueError())


@pytest.mark.django_db(transaction=True)
def test_it_is_tried_some_times():
    assert unless_deadlocked(failing(ATTEMPTS - 1)) == ATTEMPTS
    with pytest.raises(OperationalError):
        unless_deadlocked(failing(ATTEMPTS))


@pytest.mark.django_db(transaction=True)
def test_other_failures_are_nobodys_to_repeat():
    call = failing(1, sqlstate="53300")
    with pytest.raises(OperationalError):
        unless_deadlocked(call)
    assert len(call.calls) == 1


@pytest.mark.django_db(transaction=True)
def test_a_part_of_a_transaction_is_not_done_again():
    call = failing(1)
    with pytest.raises(OperationalError), transaction.atomic():
        unless_deadlocked(call)
    assert len(call.calls) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("times", "status"), [(1, 204), (ATTEMPTS, 204), (ATTEMPTS + 1, 500)])
def test_over_rest(application, monkeypatch, times, status):
    register(application, "alice")
    monkeypatch.setattr(services, "enable_user", failing(times))
    rest = Rest(application)
    rest.client.raise_request_exception = False
    assert rest.put("/v1/users/alice/forbidden?disable=false").status_code == status


@pytest.mark.django_db(transaction=True)
def test_by_socket(application, monkeypatch):
    alice = register(application, "alice")["alice"]
    real, once = services.update_profile, failing(1)

    def change(user, changes, *, by: Actor):
        once()
        real(user, changes, by=by)

    monkeypatch.setattr(services, "update_profile", change)
    assert Socket(alice).ask("update_user_inf", {"nickname": "Al"})["code"] == 0
    alice.refresh_from_db()
    assert alice.nickname == "Al"
