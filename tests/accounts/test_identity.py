"""The cache between appkey and application."""

import pytest

from accounts import identity
from accounts.errors import NoSuchApplication
from accounts.models import Application
from imsite.core import bus


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
