"""The caches between appkey, application, its settings and its owner."""

from threading import Barrier, Thread

import pytest
from django.db import connection, connections, transaction

from accounts import identity, services
from accounts.errors import NoSuchApplication
from accounts.events import ProfileChanged
from accounts.models import Application
from imsite.core import bus
from imsite.core.events import Audience, publish
from imsite.core.models import StoredEvent
from tests.backing import wait_until
from tests.cast import register


def test_an_application_is_read_once(application, django_assert_num_queries):
    identity.application_of(application.appkey)
    with django_assert_num_queries(0):
        assert identity.application_of(application.appkey) == application


@pytest.mark.parametrize("appkey", ["", "x" * 24, "nul\0" * 6, "é" * 24, "a" * 5000])
def test_what_does_not_exist_is_not_remembered(db, appkey):
    for _ in range(2):
        with pytest.raises(NoSuchApplication):
            identity.application_of(appkey)
    assert not identity._known._values


def test_forgetting_goes_through_the_bus(application):
    """What another process announces arrives the same way."""
    identity.application_of(application.appkey)
    Application.objects.filter(pk=application.pk).update(name="Store")
    assert identity.application_of(application.appkey).name == "Shop"
    bus.announce("application", application.appkey)
    assert identity.application_of(application.appkey).name == "Store"


def test_limits_of_an_application_that_was_read_long_ago(application, monkeypatch, django_assert_num_queries):
    """A session holds its application for hours."""
    Application.objects.filter(pk=application.pk).update(settings={"retract_seconds": 60})
    assert application.limits.retract_seconds == 180
    application._read_at -= 6
    assert application.limits.retract_seconds == 60
    with django_assert_num_queries(0):
        assert application.limits.retract_seconds == 60


def test_changed_limits_are_obeyed_at_once_in_rows_that_are_held(application, django_capture_on_commit_callbacks):
    held = Application.objects.get(pk=application.pk)
    old = Application.objects.get(pk=application.pk)
    old._read_at -= 6
    assert old.limits.friends_only is held.limits.friends_only is False
    with django_capture_on_commit_callbacks(execute=True):
        services.change_application(application, {"settings": {"friends_only": True}}, by=None)
    assert old.limits.friends_only is held.limits.friends_only is application.limits.friends_only is True


def test_the_owner_is_read_once_and_again_after_a_change(application, other_application, django_assert_num_queries):
    assert identity.owner_of(application.pk) == application.owner_id
    with django_assert_num_queries(0):
        identity.owner_of(application.pk)
    services.change_application(other_application, {"owner": application.owner}, by=None)
    bus.announce("application", other_application.appkey)
    assert identity.owner_of(other_application.pk) == application.owner_id


def test_what_no_application_is_has_no_owner(db):
    assert identity.owner_of(2**40) == 2**40


@pytest.fixture
def sister(application):
    return services.create_application("Blog", owner=application.owner.name, by=None)[0]


@pytest.mark.django_db(transaction=True)
def test_events_of_one_owner_have_one_order(application, sister):
    """One who is told things in two applications reads both by one cursor: no id below it may be committed later."""
    reader = register(application, "alice")["alice"]
    writers = [reader, register(sister, "frank")["frank"]] * 2
    start, seen = Barrier(len(writers)), []

    def write(user):
        start.wait(10)
        try:
            for _ in range(10):
                with transaction.atomic():
                    publish(ProfileChanged.of(user), to=Audience(users=[reader.pk]), keep=True)
        finally:
            connection.close()

    threads = [Thread(target=write, args=[user]) for user in writers]
    for thread in threads:
        thread.start()
    known = set()
    while any(thread.is_alive() for thread in threads):
        fresh = set(StoredEvent.objects.values_list("pk", flat=True)) - known
        seen.append((max(known, default=0), min(fresh, default=2**53)))
        known |= fresh
    for thread in threads:
        thread.join(30)
    connections.close_all()
    assert StoredEvent.objects.filter(audience_id=reader.pk).count() == 40
    assert all(before < after for before, after in seen)


@pytest.mark.django_db(transaction=True)
def test_an_event_waits_for_one_of_the_same_owner_alone(application, sister, other_application):
    """Whoever publishes first commits first, in both applications; another owner's events are not held up."""
    alice = register(application, "alice")["alice"]
    frank, eve = register(sister, "frank")["frank"], register(other_application, "eve22")["eve22"]
    done = []

    def write(user):
        try:
            publish(ProfileChanged.of(user), to=Audience(users=[user.pk]), keep=True)
            done.append(user.username)
        finally:
            connection.close()

    threads = [Thread(target=write, args=[user]) for user in (frank, eve)]
    with transaction.atomic():
        first = publish(ProfileChanged.of(alice), to=Audience(users=[alice.pk]), keep=True)
        for thread in threads:
            thread.start()
        if connection.vendor == "postgresql":
            wait_until(lambda: "eve22" in done and waiting_locks() == 1, "one of two that waits")
            assert done == ["eve22"]
    for thread in threads:
        thread.join(30)
    assert {"frank", "eve22"} == {*done}
    assert first < StoredEvent.objects.get(audience_id=frank.pk).pk


def waiting_locks():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return cursor.fetchone()[0]
