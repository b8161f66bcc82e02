"""The chat page's shell and signatures."""

import json
import re

import pytest
from django.urls import reverse

from accounts import services, signatures
from imsite import pages

pytestmark = pytest.mark.django_db


def shell_of(response) -> dict:
    found = re.search(
        r'<script id="shell" type="application/json">(.*?)</script>', response.content.decode(), re.DOTALL
    )
    assert found, response.content
    return json.loads(found[1])


@pytest.fixture
def hidden(application):
    """The application with its page switched off."""
    services.change_application(application, {"chat_page": False}, by=None)
    return application


def test_the_default_application_is_the_first_whose_page_is_on(client, application, other_application):
    assert shell_of(client.get("/"))["appkey"] == application.appkey
    services.change_application(application, {"chat_page": False}, by=None)
    assert shell_of(client.get("/"))["appkey"] == other_application.appkey


def test_the_default_application_is_the_one_named(client, settings, application, other_application):
    settings.DEFAULT_APPKEY = other_application.appkey
    assert shell_of(client.get("/"))["appkey"] == other_application.appkey


def test_the_application_that_is_named_is_shown_even_when_its_page_is_off(client, settings, hidden):
    settings.DEFAULT_APPKEY = hidden.appkey
    assert client.get("/").status_code == 200
    assert client.get(f"/c/{hidden.appkey}/signature").status_code == 200


def test_a_default_that_does_not_exist_shows_no_page(client, settings, application):
    settings.DEFAULT_APPKEY = "0" * 24
    assert client.get("/").status_code == 404


def test_without_any_application_there_is_a_friendly_page(client, db):
    response = client.get("/")
    assert response.status_code == 404
    assert "There is no chat here" in response.content.decode()


def test_any_application_has_its_page(client, application, other_application):
    for path in (f"/c/{other_application.appkey}", f"/c/{other_application.appkey}/"):
        shell = shell_of(client.get(path))
        assert (shell["appkey"], shell["name"]) == (other_application.appkey, "Elsewhere")


def test_the_shell_carries_a_signature_that_the_socket_accepts(client, application):
    shell = shell_of(client.get("/"))
    signatures.require_signature(application, shell)
    assert set(shell) == {"appkey", "name", "timestamp", "random_str", "signature", "image_bytes", "content_bytes"}
    assert application.master_secret not in client.get("/").content.decode()


def test_each_signature_is_a_new_one(client, application):
    first, second = (client.get(f"/c/{application.appkey}/signature").json() for _ in range(2))
    assert first["signature"] != second["signature"]
    signatures.require_signature(application, second)
    assert set(second) == {"appkey", "name", "timestamp", "random_str", "signature"}


@pytest.mark.parametrize("appkey", ["nothing", "0" * 24, "a b", "%00", "x" * 3000, "..", "ключ"])
def test_an_unknown_application_has_neither_page_nor_signature(client, application, appkey):
    page = client.get(f"/c/{appkey}")
    assert page.status_code == 404
    if appkey != "..":
        assert client.get(f"/c/{appkey}/signature").status_code == 404


def test_a_page_that_is_switched_off_looks_like_one_that_never_was(client, hidden):
    off, never = client.get(f"/c/{hidden.appkey}"), client.get("/c/" + "0" * 24)
    assert (off.status_code, off.content) == (404, never.content)
    off, never = client.get(f"/c/{hidden.appkey}/signature"), client.get("/c/" + "0" * 24 + "/signature")
    assert (off.status_code, off.content) == (404, never.content)


def test_other_sites_get_no_signature(client, application):
    path = f"/c/{application.appkey}/signature"
    for site in ("cross-site", "same-site", "nonsense"):
        refused = client.get(path, headers={"Sec-Fetch-Site": site})
        assert refused.status_code == 403
        assert "signature" not in refused.json()
        assert "Access-Control-Allow-Origin" not in refused
    for site in ("same-origin", "none"):
        assert client.get(path, headers={"Sec-Fetch-Site": site}).status_code == 200


def test_nothing_is_cached(client, application):
    for path in ("/", f"/c/{application.appkey}", f"/c/{application.appkey}/signature", "/c/unknown"):
        assert "no-store" in client.get(path)["Cache-Control"], path


def test_the_page_loads_from_its_own_host_alone(client, application):
    response = client.get("/", headers={"Host": "chat.example.com:8000"})
    policy = dict(part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://chat.example.com:8000 wss://chat.example.com:8000"
    assert policy["frame-ancestors"] == "'none'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert "Set-Cookie" not in response


def test_images_may_come_from_the_public_address(client, settings, application):
    settings.PUBLIC_URL = "https://im.example.com"
    assert "img-src 'self' blob: data: https://im.example.com;" in client.get("/")["Content-Security-Policy"]


def test_a_name_is_text_and_never_markup(client):
    services.create_application("</script><script>alert(1)</script>", by=None)
    response = client.get("/")
    assert "<script>alert" not in response.content.decode()
    assert shell_of(response)["name"] == "</script><script>alert(1)</script>"


def test_the_missing_page_speaks_the_readers_language(client, application):
    assert "这里没有聊天页面" in client.get("/c/x", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).content.decode()
    assert "There is no chat here" in client.get("/c/x", headers={"Accept-Language": "fr"}).content.decode()


def test_only_reading(client, application):
    for path in ("/", f"/c/{application.appkey}", f"/c/{application.appkey}/signature"):
        assert client.post(path).status_code == 405


def test_every_style_sheet_is_there():
    from django.contrib.staticfiles import finders

    for sheet in pages.SHEETS:
        assert finders.find(sheet), sheet


def test_every_module_is_named_in_the_shell(client, application):
    page = client.get("/").content.decode()
    for module in ("chat/main.js", "sdk/core/session.js", "chat/view/thread.js"):
        assert module in pages.MODULES
        assert f'<link rel="modulepreload" href="/static/{module}">' in page


def test_the_root_is_the_page():
    assert reverse(pages.home) == "/"
