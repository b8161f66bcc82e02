"""The console's pages of accounts."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import passwords, services
from accounts.actors import Actor
from accounts.events import ForcedOffline, PasswordChanged, ProfileChanged
from accounts.models import Operator, User
from accounts.passwords import md5_hex
from tests.cast import PASSWORD_MD5, register

LIST = reverse("admin:accounts_user_changelist")
ADD = reverse("admin:accounts_user_add")
INLINE = {
    "devices-TOTAL_FORMS": "0",
    "devices-INITIAL_FORMS": "0",
    "devices-MIN_NUM_FORMS": "0",
    "devices-MAX_NUM_FORMS": "0",
}


def change_url(user):
    return reverse("admin:accounts_user_change", args=[user.pk])


def form(**changes):
    values = {
        "nickname": "",
        "avatar": "",
        "birthday": "",
        "signature": "",
        "gender": "0",
        "region": "",
        "address": "",
        "extras": "{}",
        "new_password": "",
    }
    return {**INLINE, **{name: value for name, value in {**values, **changes}.items() if value is not None}}


def new(tenant, **changes):
    return form(**{"application": tenant.pk, "username": "erika", "new_password": "secret", **changes})


def errors(response):
    assert response.status_code == 200, response
    return response.context["adminform"].form.errors


def test_a_new_user(console, application):
    assert console.get(ADD).status_code == 200
    response = console.post(
        ADD, new(application, nickname="Erika", birthday="1990-01-24", gender="2", extras='{"k": 1}', is_admin="on")
    )
    user = User.objects.get()
    assert response.status_code == 302
    assert (user.username, user.nickname, str(user.birthday), user.gender) == ("erika", "Erika", "1990-01-24", 2)
    assert user.extras == {"k": 1}
    assert user.is_admin
    assert passwords.verify(user, md5_hex("secret"))
    assert LogEntry.objects.get().object_id == str(user.pk)


def test_a_new_user_that_is_disabled(console, application):
    console.post(ADD, new(application, disabled="on"))
    assert User.objects.get().disabled


@pytest.mark.parametrize(
    "changes",
    [
        {"username": "ab"},
        {"username": "_erika"},
        {"username": "eri ka"},
        {"username": "alice"},
        {"new_password": ""},
        {"new_password": "abc"},
        {"new_password": "é" * 65},
        {"nickname": "é" * 33},
        {"gender": "7"},
        {"birthday": "never"},
        {"extras": "[1]"},
        {"extras": "nonsense"},
        {"extras": '{"k": "' + "v" * 600 + '"}'},
        {"application": ""},
        {"application": "99"},
    ],
)
def test_a_bad_form_makes_nobody(console, application, alice, changes):
    before = User.objects.count()
    assert errors(console.post(ADD, new(application, **changes)))
    assert User.objects.count() == before


def test_a_name_that_was_taken_meanwhile(console, application, monkeypatch):
    """Between the form's look and the service: a message, and no error page."""
    from accounts.admin import users

    real = users.NewUserForm.clean

    def meanwhile(self):
        cleaned = real(self)
        register(application, "erika")
        return cleaned

    monkeypatch.setattr(users.NewUserForm, "clean", meanwhile)
    response = console.post(ADD, new(application), follow=True)
    assert response.redirect_chain
    assert "user exist: erika" in response.content.decode()


def test_change_the_profile(console, alice, published):
    page = console.get(change_url(alice)).content.decode()
    assert alice.password not in page
    assert PASSWORD_MD5 not in page
    response = console.post(change_url(alice), form(nickname="Al", region="Paris", username="mallory"))
    assert response.status_code == 302
    stored = User.objects.get(pk=alice.pk)
    assert (stored.username, stored.nickname, stored.region) == ("alice", "Al", "Paris")
    assert passwords.verify(stored, PASSWORD_MD5)
    assert len(published.of(ProfileChanged)) == len(published) == 1


def test_a_form_that_changes_nothing_tells_nothing(console, alice, published):
    assert console.post(change_url(alice), form()).status_code == 302
    assert published == []
    assert User.objects.get(pk=alice.pk).updated_at == alice.updated_at


def test_set_the_password(console, alice, published):
    console.post(change_url(alice), form(new_password=" changed "))
    assert passwords.verify(User.objects.get(pk=alice.pk), md5_hex(" changed "))
    assert published.of(PasswordChanged)
    assert "changed " not in str(LogEntry.objects.values_list("change_message"))


def test_disable_and_enable_in_the_form(console, alice, published):
    console.post(change_url(alice), form(disabled="on"))
    assert User.objects.get(pk=alice.pk).disabled
    assert len(published.of(ForcedOffline)) == 1
    console.post(change_url(alice), form(is_admin="on"))
    stored = User.objects.get(pk=alice.pk)
    assert (stored.disabled, stored.is_admin) == (False, True)
    console.post(change_url(alice), form())
    assert not User.objects.get(pk=alice.pk).is_admin


def test_disable_and_enable_several(console, alice, bob):
    chosen = {"_selected_action": [alice.pk, bob.pk], "index": "0"}
    console.post(LIST, {**chosen, "action": "disable"})
    assert User.objects.filter(disabled=True).count() == 2
    console.post(LIST, {**chosen, "action": "enable"})
    assert User.objects.filter(disabled=True).count() == 0


def test_delete(console, alice, published):
    url = reverse("admin:accounts_user_delete", args=[alice.pk])
    assert "alice" in console.get(url).content.decode()
    assert console.post(url, {"post": "yes"}).status_code == 302
    assert User.objects.get(pk=alice.pk).deleted_at is not None
    assert published.of(ForcedOffline)
    assert console.get(change_url(alice)).status_code == 200  # it may still be looked at
    assert console.post(change_url(alice), form(nickname="x")).status_code == 403


def test_delete_several(console, alice, bob, carol):
    chosen = {"_selected_action": [alice.pk, bob.pk], "index": "0", "action": "delete_selected"}
    assert "alice" in console.post(LIST, chosen).content.decode()
    console.post(LIST, {**chosen, "post": "yes"})
    assert not User.objects.filter(username__in=["alice", "bobby"], deleted_at=None).exists()
    assert User.objects.filter(username="carol", deleted_at=None).exists()


def test_lists_and_filters(console, application, other_application, alice, bob, eve):
    by = Actor.server(application)
    services.disable_user(bob, by=by)
    services.delete_user(alice, by=by)

    def names(**query):
        return {user.username for user in console.get(LIST, query).context["cl"].result_list}

    assert names() == {"bobby", "carol", "dave1", "eve22"}
    assert names(state="disabled") == {"bobby"}
    assert names(state="deleted") == {"alice"}
    assert names(application__id__exact=other_application.pk) == {"eve22"}
    assert names(q="BOB") == {"bobby"}
    assert names(q="nobody") == set()


def test_a_long_list_takes_as_many_queries_as_a_short_one(console, application):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert console.get(LIST).status_code == 200
        return len(captured)

    register(application, "alice")
    short = queries()
    register(application, *(f"user{number}" for number in range(60)))
    assert queries() == short


def test_sessions_and_devices_are_shown_and_not_changed(console, alice):
    login = services.log_in(
        alice.application, "alice", PASSWORD_MD5, sid="s1", device_class="web", platform="j", address="192.0.2.7"
    )
    page = console.get(change_url(alice)).content.decode()
    assert "browser" in page
    for model, pk in (("session", login.login_id), ("device", alice.devices.get().pk)):
        listed = console.get(reverse(f"admin:accounts_{model}_changelist"), {"q": "alice"})
        assert listed.context["cl"].result_count == 1
        assert console.get(reverse(f"admin:accounts_{model}_change", args=[pk])).status_code == 200
        assert console.get(reverse(f"admin:accounts_{model}_add")).status_code == 403
        assert console.post(reverse(f"admin:accounts_{model}_delete", args=[pk]), {"post": "yes"}).status_code == 403
    for state, count in (("live", 1), ("ended", 0)):
        listed = console.get(reverse("admin:accounts_session_changelist"), {"state": state})
        assert listed.context["cl"].result_count == count


def test_one_who_may_only_look_changes_nothing(alice):
    services.create_operator("clerk", superuser=False)
    clerk = Operator.objects.get(username="clerk")
    clerk.user_permissions.add(Permission.objects.get(codename="view_user"))
    client = Client()
    client.force_login(clerk)
    assert client.get(LIST).status_code == 200
    assert client.get(change_url(alice)).status_code == 200
    assert client.post(change_url(alice), form(nickname="x")).status_code == 403
    assert client.get(ADD).status_code == 403
    client.post(LIST, {"_selected_action": [alice.pk], "index": "0", "action": "disable"})
    stored = User.objects.get(pk=alice.pk)
    assert (stored.nickname, stored.disabled) == ("", False)


def test_a_chat_account_does_not_open_the_console(alice):
    client = Client()
    assert client.get(LIST).status_code == 302
    assert not client.login(username="alice", password="secret")


def test_the_page_names_friends_and_blocked_users(console, application, cast, django_assert_max_num_queries):
    server, alice = Actor.server(application), cast["alice"]
    many = [*register(application, *(f"user{number:02}" for number in range(52))).values()]
    services.add_friends(alice, many, by=server)
    services.block(alice, [cast["bobby"], cast["carol"]], by=server)
    services.change_no_disturb(alice, add=[cast["dave1"]], by=server)
    with django_assert_max_num_queries(25):
        page = console.get(change_url(alice)).content.decode()
    assert ", ".join(user.username for user in many[:50]) + " … +2" in page
    assert "bobby, carol" in page
    assert "dave1" in page
    assert "user51" not in page
    services.change_no_disturb(alice, everyone=True, by=server)
    assert "everyone" in console.get(change_url(alice)).content.decode()


def test_the_page_tells_users_of_other_applications_apart(console, application, alice):
    sister = services.create_application("Blog", owner=application.owner.name, by=None)[0]
    frank = register(sister, "frank")["frank"]
    services.block(alice, [frank], by=Actor.server(application))
    assert f"frank ({sister.appkey})" in console.get(change_url(alice)).content.decode()
