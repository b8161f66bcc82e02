"""The console's pages of tenants."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts import services
from accounts.models import Application, Operator, Organisation

KEY = "abcdefghijABCDEFGHIJ0123"
ADD = reverse("admin:accounts_application_add")
LIST = reverse("admin:accounts_application_changelist")


def change_url(application):
    return reverse("admin:accounts_application_change", args=[application.pk])


def rotate_url(application):
    return reverse("admin:accounts_application_rotate_secret", args=[application.pk])


def form(**changes):
    """What the browser sends for an application with the defaults."""
    values = {
        "name": "Store",
        "owner": "",
        "time_zone": "Asia/Shanghai",
        "origins": "",
        "chat_page": "on",
        "setting_registration": "on",
        "setting_signature_check": "on",
        "setting_web_sessions": "one",
        "setting_words_filter": "on",
        "setting_words_limit": "100",
        "setting_retract_seconds": "180",
        "setting_retention_days": "0",
        "setting_strip_metadata": "on",
        "setting_group_capacity": "500",
        "setting_groups_per_user": "2000",
        "setting_room_capacity": "10000",
        "setting_rest_per_minute": "6000",
        "setting_server_sends_per_minute": "3000",
        "setting_sends_per_minute": "600",
        "setting_requests_per_minute": "3000",
        "setting_uploads_per_minute": "300",
        "setting_logins_per_minute": "120",
        "setting_address_logins_per_minute": "3000",
        "setting_registrations_per_minute": "300",
    }
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


def test_a_new_application_shows_its_secret_once(console):
    assert console.get(ADD).status_code == 200
    response = console.post(ADD, form())
    application = Application.objects.get(name="Store")
    assert response.status_code == 200
    assert application.master_secret in response.content.decode()
    assert application.appkey in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert application.settings == {}
    assert application.owner.name == "Store"
    for page in (LIST, change_url(application), reverse("admin:accounts_application_history", args=[application.pk])):
        shown = console.get(page).content.decode()
        assert application.master_secret not in shown
    assert application.master_secret not in str(LogEntry.objects.values())


def test_key_secret_owner_and_settings_may_be_given(console):
    acme = Organisation.objects.create(name="Acme")
    changes = {
        "appkey": KEY,
        "secret": KEY[::-1],
        "owner": acme.pk,
        "time_zone": "Europe/Berlin",
        "origins": "https://a.example\r\nhttps://*.b.example",
        "chat_page": None,
        "setting_retract_seconds": "60",
        "setting_friends_only": "on",
        "setting_web_sessions": "many",
    }
    console.post(ADD, form(**changes))
    application = Application.objects.get()
    assert (application.appkey, application.master_secret, application.owner) == (KEY, KEY[::-1], acme)
    assert application.origins == ["https://a.example", "https://*.b.example"]
    assert application.time_zone == "Europe/Berlin"
    assert not application.chat_page
    assert application.settings == {"retract_seconds": 60, "friends_only": True, "web_sessions": "many"}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"appkey": "short"},
        {"secret": "short"},
        {"origins": "nonsense"},
        {"time_zone": "Europe/Nowhere"},
        {"setting_retract_seconds": "-1"},
        {"setting_retract_seconds": "soon"},
        {"setting_web_sessions": "few"},
    ],
)
def test_a_bad_form_makes_nothing(console, changes):
    response = console.post(ADD, form(**changes))
    assert response.status_code == 200
    assert response.context["errors"]
    assert not Application.objects.exists()
    assert not Organisation.objects.exists()


def test_a_key_that_is_taken(console, application):
    response = console.post(ADD, form(appkey=application.appkey))
    assert "appkey" in response.context["adminform"].form.errors
    assert Application.objects.count() == 1


def test_change(console, application):
    secret = application.master_secret
    page = console.get(change_url(application)).content.decode()
    assert secret not in page
    response = console.post(
        change_url(application), form(owner=application.owner.pk, setting_group_capacity="50", appkey="x" * 24)
    )
    assert response.status_code == 302
    stored = Application.objects.get()
    assert (stored.name, stored.appkey, stored.master_secret) == ("Store", application.appkey, secret)
    assert stored.settings == {"group_capacity": 50}
    console.post(change_url(application), form(owner=application.owner.pk))
    assert Application.objects.get().limits.group_capacity == 500


def test_rotate_secret(console, application):
    before = application.master_secret
    assert console.get(rotate_url(application)).status_code == 200
    assert Application.objects.get().master_secret == before  # asking changes nothing
    response = console.post(rotate_url(application))
    stored = Application.objects.get()
    assert stored.previous_secret == before
    assert stored.master_secret != before
    assert stored.master_secret in response.content.decode()
    assert before not in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert LogEntry.objects.count() == 1


def test_rotate_secret_of_none(console):
    assert console.get(reverse("admin:accounts_application_rotate_secret", args=[99])).status_code == 302


def test_one_who_may_only_look_changes_nothing(application):
    services.create_operator("clerk", superuser=False)
    from django.contrib.auth.models import Permission

    clerk = Operator.objects.get(username="clerk")
    clerk.user_permissions.add(Permission.objects.get(codename="view_application"))
    client = Client()
    client.force_login(clerk)
    assert client.get(change_url(application)).status_code == 200
    assert client.post(change_url(application), form()).status_code == 403
    assert client.get(ADD).status_code == 403
    assert client.post(rotate_url(application)).status_code == 403
    assert Application.objects.get().name == "Shop"


def test_an_application_cannot_be_deleted(console, application):
    url = reverse("admin:accounts_application_delete", args=[application.pk])
    assert console.post(url, {"post": "yes"}).status_code == 403


def test_search(console, application, other_application):
    for text in ("Shop", application.appkey[:8]):
        shown = console.get(LIST, {"q": text}).context["cl"].result_list
        assert list(shown) == [application]


def test_organisations(console, application):
    add = reverse("admin:accounts_organisation_add")
    assert console.post(add, {"name": "Acme"}).status_code == 302
    acme = Organisation.objects.get(name="Acme")
    change = reverse("admin:accounts_organisation_change", args=[acme.pk])
    assert console.post(change, {"name": "Acme Ltd"}).status_code == 302
    assert console.post(change, {"name": application.owner.name}).status_code == 200
    assert Organisation.objects.get(pk=acme.pk).name == "Acme Ltd"
    assert console.get(reverse("admin:accounts_organisation_changelist")).status_code == 200
