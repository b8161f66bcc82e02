"""Tenants and operators."""

import pytest
from django.db import connection

from accounts import identity, services
from accounts.errors import BadValue, Conflict
from accounts.models import Application, Operator, Organisation
from imsite.core.ids import LETTERS_AND_DIGITS

KEY = "abcdefghijABCDEFGHIJ0123"


def test_an_application_gets_a_key_and_a_secret(db):
    application, secret = services.create_application("Shop")
    assert (len(application.appkey), len(secret)) == (24, 24)
    assert set(application.appkey + secret) <= set(LETTERS_AND_DIGITS)
    stored = Application.objects.get()
    assert (stored.appkey, stored.master_secret, stored.name) == (application.appkey, secret, "Shop")
    assert stored.origins == []
    assert stored.time_zone == "Asia/Shanghai"


def test_key_and_secret_may_be_brought_along(db):
    application, secret = services.create_application("Shop", appkey=KEY, secret=KEY[::-1])
    assert (application.appkey, secret) == (KEY, KEY[::-1])


def test_the_secret_is_encrypted_in_the_database(db):
    _, secret = services.create_application("Shop")
    with connection.cursor() as cursor:
        cursor.execute("SELECT master_secret FROM accounts_application")
        (kept,) = cursor.fetchone()
    assert secret not in kept


@pytest.mark.parametrize("key", ["", "short", KEY + "x", KEY[:-1] + "-", KEY[:-1] + "é", KEY + "\n"])
@pytest.mark.parametrize("which", ["appkey", "secret"])
def test_key_and_secret_are_24_letters_and_digits(db, which, key):
    with pytest.raises(BadValue):
        services.create_application("Shop", **{which: key})
    assert not Application.objects.exists()
    assert not Organisation.objects.exists()


def test_a_key_belongs_to_one_application(db):
    services.create_application("Shop", appkey=KEY)
    with pytest.raises(Conflict):
        services.create_application("Other", appkey=KEY)
    assert Application.objects.get().name == "Shop"
    assert Organisation.objects.get().name == "Shop"


@pytest.mark.parametrize("name", ["", "  ", "x" * 129, "two\nlines", "nul\0"])
def test_a_name_is_a_line(db, name):
    with pytest.raises(BadValue):
        services.create_application(name)


def test_applications_of_one_owner_share_the_organisation(db):
    first, _ = services.create_application("Shop", owner="Acme")
    second, _ = services.create_application("Help", owner="Acme")
    assert first.owner == second.owner


def test_without_an_owner_an_application_stands_alone(db):
    """Those of one organisation may reach each other's users, so two of one name must not meet in one."""
    first, _ = services.create_application("Shop")
    second, _ = services.create_application("Shop")
    third, _ = services.create_application("Acme", owner="Shop")
    assert first.owner != second.owner
    assert third.owner == first.owner  # named on purpose


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.com",
        "https://*.example.com",
        "http://localhost:3000",
        "http://[::1]:8000",
        "*",
        "*://a.example",
    ],
)
def test_origins(db, origin):
    application, _ = services.create_application("Shop", origins=[origin])
    assert application.origins == [origin]


@pytest.mark.parametrize("origin", ["", "example.com", "ftp://example.com", "https://", "https://a b", "https://a/b"])
def test_bad_origins(db, origin):
    with pytest.raises(BadValue):
        services.create_application("Shop", origins=[origin])
    assert not Application.objects.exists()


def test_change_application(application):
    changes = {
        "name": "Store",
        "time_zone": "Europe/Berlin",
        "origins": ["https://a.example"],
        "chat_page": False,
        "settings": {"retract_seconds": 60},
        "appkey": "cannot be changed",
    }
    services.change_application(application, changes, by=None)
    services.change_application(application, {"settings": {"friends_only": True}}, by=None)
    stored = Application.objects.get()
    assert (stored.name, stored.time_zone, stored.origins) == ("Store", "Europe/Berlin", ["https://a.example"])
    assert not stored.chat_page
    assert stored.appkey == application.appkey
    for one in (stored, application):
        assert (one.limits.retract_seconds, one.limits.friends_only, one.limits.group_capacity) == (60, True, 500)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"time_zone": "Europe/Nowhere"},
        {"time_zone": "../../etc/passwd"},
        {"origins": ["nonsense"]},
        {"settings": {"no_such": 1}},
        {"settings": {"retract_seconds": "60"}},
        {"settings": {"retract_seconds": True}},
        {"settings": {"retract_seconds": -1}},
        {"settings": {"web_sessions": "few"}},
    ],
)
def test_a_bad_change_changes_nothing(application, changes):
    with pytest.raises(BadValue):
        services.change_application(application, {"chat_page": False, **changes}, by=None)
    stored = Application.objects.get()
    assert stored.chat_page
    assert (stored.name, stored.settings) == ("Shop", {})


def test_rotate_secret_keeps_the_last_one_good(application):
    first = application.master_secret
    second = services.rotate_secret(application, by=None)
    stored = Application.objects.get()
    assert (stored.master_secret, stored.previous_secret) == (second, first)
    third = services.rotate_secret(application, by=None)
    stored = Application.objects.get()
    assert (stored.master_secret, stored.previous_secret) == (third, second)
    assert len({first, second, third}) == 3


def test_a_change_is_forgotten_by_the_cache_of_identities(application, django_capture_on_commit_callbacks):
    assert identity.application_of(application.appkey).name == "Shop"
    with django_capture_on_commit_callbacks(execute=True):
        services.change_application(application, {"name": "Store"}, by=None)
    assert identity.application_of(application.appkey).name == "Store"
    with django_capture_on_commit_callbacks(execute=True):
        secret = services.rotate_secret(application, by=None)
    assert identity.application_of(application.appkey).master_secret == secret


def test_an_operator_gets_a_password(db):
    operator, password = services.create_operator("root1", email="root@example.com")
    stored = Operator.objects.get()
    assert stored == operator
    assert stored.check_password(password)
    assert len(password) >= 16
    assert stored.is_staff
    assert stored.is_superuser


def test_an_operator_may_bring_a_password_and_have_no_permission_yet(db):
    operator, password = services.create_operator("clerk", password="a long enough one", superuser=False)
    assert password == "a long enough one"
    assert operator.check_password(password)
    assert operator.is_staff
    assert not operator.is_superuser


@pytest.mark.parametrize(
    "given",
    [
        {"username": "with blank"},
        {"username": ""},
        {"username": "x" * 151},
        {"email": "nonsense"},
        {"password": "short"},
        {"password": "password123"},
        {"password": ""},
    ],
)
def test_bad_operators(db, given):
    with pytest.raises(BadValue):
        services.create_operator(**{"username": "root1", **given})
    assert not Operator.objects.exists()


def test_an_operators_name_is_taken_once(db):
    services.create_operator("root1")
    with pytest.raises(Conflict):
        services.create_operator("root1")
    assert Operator.objects.count() == 1
