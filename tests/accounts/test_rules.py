"""Origins and owners; what names and profiles must look like is tested where they are registered."""

import pytest

from accounts import rules
from accounts.errors import CrossApplication, OriginRefused
from accounts.models import Application


@pytest.mark.parametrize(
    ("pattern", "origin"),
    [
        ("https://example.com", "https://example.com"),
        ("https://example.com", "https://EXAMPLE.com"),
        ("https://*.example.com", "https://chat.example.com"),
        ("https://*.example.com", "https://a.b.example.com"),
        ("http://localhost:*", "http://localhost:3000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("*://example.com", "http://example.com"),
        ("*", "https://anything.example:99"),
        ("*", "null"),
        ("null", "null"),
        ("https://example.com", ""),  # no page of another site
    ],
)
def test_an_origin_that_fits(pattern, origin):
    rules.require_origin(Application(origins=["https://other.example", pattern]), origin)


@pytest.mark.parametrize(
    ("pattern", "origin"),
    [
        ("https://example.com", "http://example.com"),
        ("https://example.com", "https://example.com:8443"),
        ("https://example.com", "https://example.com.evil.example"),
        ("https://example.com", "https://notexample.com"),
        ("https://*.example.com", "https://example.com"),
        ("https://*.example.com", "https://evil.example/.example.com"),
        ("https://a.example", "https://axexample"),
        ("https://example.com", "null"),
    ],
)
def test_an_origin_that_does_not_fit(pattern, origin):
    with pytest.raises(OriginRefused) as refusal:
        rules.require_origin(Application(origins=[pattern]), origin)
    assert refusal.value.sdk_code == 882004


def test_our_own_chat_page_may_always_use_its_application():
    application = Application(origins=["https://shop.example"], chat_page=True)
    rules.require_origin(application, "http://127.0.0.1:8000", own="http://127.0.0.1:8000")


@pytest.mark.parametrize(
    ("chat_page", "origin", "own"),
    [
        (False, "http://127.0.0.1:8000", "http://127.0.0.1:8000"),  # no page of ours uses it
        (True, "http://127.0.0.1:9000", "http://127.0.0.1:8000"),
        (True, "https://evil.example", "http://127.0.0.1:8000"),
        (True, "https://evil.example", "https://evil.example"),  # a name that was bent to our address
        (True, "null", ""),
    ],
)
def test_only_the_page_on_this_host_is_our_own(settings, chat_page, origin, own):
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    with pytest.raises(OriginRefused):
        rules.require_origin(Application(origins=["https://shop.example"], chat_page=chat_page), origin, own=own)


def test_an_empty_list_allows_any_origin():
    rules.require_origin(Application(origins=[]), "https://anything.example")


def test_applications_of_one_owner_may_call_each_other(application, other_application):
    rules.require_same_owner(application, application)
    with pytest.raises(CrossApplication) as refusal:
        rules.require_same_owner(application, other_application)
    assert (refusal.value.code, refusal.value.sdk_code) == (899020, 880203)
