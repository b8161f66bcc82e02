"""Logging in and out: who is signed in where."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections
from django.test import override_settings

from accounts import passwords, services
from accounts.actors import Actor
from accounts.errors import NoSuchUser, SignedInElsewhere, UserDisabled, WrongPassword
from accounts.events import ForcedOffline, OfflineReason
from accounts.models import Device, Session, User
from imsite.core import clock, hooks
from tests.cast import PASSWORD_MD5

OUT, LOST = Session.Ended.LOGGED_OUT, Session.Ended.LOST
PLATFORM_OF = {"web": "j", "mobile": "a", "pc": "w"}


@pytest.fixture
def gone(monkeypatch):
    """The users whose last session's end the slices above were told."""
    told = []
    monkeypatch.setattr(hooks.session_ended, "functions", [lambda user: told.append(user.username)])
    return told


def sign_in(user, sid, device_class="web", md5=PASSWORD_MD5):
    return services.log_in(
        user.application,
        user.username,
        md5,
        sid=sid,
        device_class=device_class,
        platform=PLATFORM_OF[device_class],
        address="192.0.2.7",
    )


def why(login):
    return Session.objects.get(pk=login.login_id).ended_why


def test_a_login_opens_a_session_and_notes_the_device(alice):
    login = sign_in(alice, "s1", "mobile")
    session = Session.objects.get(pk=login.login_id)
    assert (session.sid, session.device_class, session.platform, session.address) == ("s1", "mobile", "a", "192.0.2.7")
    assert session.ended_at is None
    device = Device.objects.get()
    assert (device.device_class, device.platform, device.logged_in) == ("mobile", "a", True)
    assert device.last_login_at == session.login_at
    assert login.user == alice
    assert login.online_list == []


def test_topics_are_the_users_own_and_those_of_the_slices_above(alice, monkeypatch):
    monkeypatch.setattr(
        hooks.user_logged_in, "functions", [lambda user: {"conversation:1": 7}, lambda user: {"room:2": 3}]
    )
    login = sign_in(alice, "s1")
    assert login.topics() == {f"user:{alice.pk}": None, "conversation:1": 7, "room:2": 3}


@pytest.mark.parametrize("username", ["nobody", "Alice", "", "al\0ce", "a" * 5000])
def test_no_such_user(application, alice, username):
    with pytest.raises(NoSuchUser):
        services.log_in(application, username, PASSWORD_MD5, sid="s1", device_class="web", platform="j", address=None)
    assert not Session.objects.exists()


@pytest.mark.parametrize("md5", ["", "secret", PASSWORD_MD5[:-1], "0" * 32, "é", "a" * 5000])
def test_wrong_password(alice, md5):
    with pytest.raises(WrongPassword):
        sign_in(alice, "s1", md5=md5)
    assert not Session.objects.exists()
    assert not Device.objects.exists()


def test_the_user_of_another_application_cannot_sign_in_here(application, eve):
    with pytest.raises(NoSuchUser):
        services.log_in(application, "eve22", PASSWORD_MD5, sid="s1", device_class="web", platform="j", address=None)


def test_a_disabled_user_cannot_sign_in(alice):
    services.disable_user(alice, by=Actor.server(alice.application))
    with pytest.raises(UserDisabled):
        sign_in(alice, "s1")
    with pytest.raises(WrongPassword):  # whether an account is disabled is told to its owner alone
        sign_in(alice, "s1", md5="0" * 32)


def test_what_changed_while_the_password_was_checked_counts(alice, monkeypatch):
    real = passwords.verify

    def meanwhile(user, md5):
        services.disable_user(user, by=Actor.server(user.application))
        return real(user, md5)

    monkeypatch.setattr(passwords, "verify", meanwhile)
    with pytest.raises(UserDisabled):
        sign_in(alice, "s1")
    assert not Session.objects.exists()


def test_a_second_login_of_the_class_ends_the_first(alice, published):
    first = sign_in(alice, "s1")
    phone = sign_in(alice, "s2", "mobile")
    assert published == []
    second = sign_in(alice, "s3")
    assert why(first) == Session.Ended.KICKED
    assert why(phone) == why(second) == ""
    (told,) = published.told
    assert isinstance(told.event, ForcedOffline)
    assert told.event.reason == OfflineReason.OTHER_LOGIN
    assert (list(told.to.users), told.to.skip, told.to.device_class) == ([alice.pk], "s3", "web")
    assert told.to.ends
    assert not told.keep


def test_online_list_tells_the_devices_before_this_login(alice):
    sign_in(alice, "s1", "mobile")
    lost = sign_in(alice, "s2", "pc")
    services.end_session(lost.login_id, LOST)
    sign_in(alice, "s3")
    listed = {entry.pop("platform"): entry for entry in sign_in(alice, "s4").online_list}
    assert all(entry.pop("mtime") > 1_700_000_000 for entry in listed.values())
    assert listed == {
        "Android": {"isOnline": True, "isLogin": True, "flag": False},
        "pc": {"isOnline": False, "isLogin": True, "flag": False},
        "web": {"isOnline": False, "isLogin": False, "flag": True},
    }


def test_tabs_may_live_side_by_side(alice, published):
    services.change_application(alice.application, {"settings": {"web_sessions": "many"}}, by=None)
    first, second = sign_in(alice, "s1"), sign_in(alice, "s2")
    assert why(first) == why(second) == ""
    assert published == []
    phone = sign_in(alice, "s3", "mobile")
    sign_in(alice, "s4", "mobile")
    assert why(phone) == Session.Ended.KICKED


def test_signing_out_and_losing_the_connection_differ_for_the_device(alice):
    services.end_session(sign_in(alice, "s1").login_id, LOST)
    assert Device.objects.get().logged_in
    login = sign_in(alice, "s2")
    services.end_session(login.login_id, OUT)
    assert not Device.objects.get().logged_in
    assert why(login) == OUT


def test_signing_out_of_one_tab_leaves_the_device_signed_in(alice):
    services.change_application(alice.application, {"settings": {"web_sessions": "many"}}, by=None)
    first, _ = sign_in(alice, "s1"), sign_in(alice, "s2")
    services.end_session(first.login_id, OUT)
    assert Device.objects.get().logged_in


def test_a_session_ends_once(alice, gone):
    login = sign_in(alice, "s1")
    services.end_session(login.login_id, OUT)
    services.end_session(login.login_id, LOST)
    assert why(login) == OUT
    assert gone == ["alice"]


def test_the_late_end_of_a_session_leaves_the_next_one_of_its_connection(alice):
    first = sign_in(alice, "s1")
    sign_in(alice, "s2")  # ends the first
    again = sign_in(alice, "s1")  # on the connection that was kicked
    services.end_session(first.login_id, LOST)
    assert why(again) == ""


def test_the_slices_above_hear_of_the_last_session_alone(alice, gone):
    web, phone = sign_in(alice, "s1"), sign_in(alice, "s2", "mobile")
    services.end_session(web.login_id, LOST)
    assert gone == []
    services.end_session(phone.login_id, LOST)
    assert gone == ["alice"]


def test_a_kick_is_not_the_end_of_the_last_session(alice, gone):
    sign_in(alice, "s1")
    sign_in(alice, "s2")
    assert gone == []


def test_require_live(alice):
    first = sign_in(alice, "s1")
    services.require_live(first.login_id)
    sign_in(alice, "s2")
    with pytest.raises(SignedInElsewhere):
        services.require_live(first.login_id)


def test_close_open_sessions(alice, bob, gone):
    sign_in(alice, "s1")
    sign_in(alice, "s2", "mobile")
    sign_in(bob, "s3")
    ended = sign_in(bob, "s4")
    services.end_session(ended.login_id, OUT)
    gone.clear()
    assert services.close_open_sessions() == 2
    assert not Session.objects.live().exists()
    assert gone == ["alice"]
    assert Device.objects.filter(user=alice, logged_in=True).count() == 2
    assert services.close_open_sessions() == 0


def age(login, seconds):
    Session.objects.filter(pk=login.login_id).update(seen_at=clock.now() - timedelta(seconds=seconds))


def test_close_lost_sessions(alice, bob, gone):
    lost, phone, living = sign_in(alice, "s1"), sign_in(alice, "s2", "mobile"), sign_in(bob, "s3")
    age(lost, 301)
    age(living, 299)
    assert services.close_lost_sessions() == 1
    assert (why(lost), why(phone), why(living)) == (Session.Ended.RESTART, "", "")
    assert gone == []  # she is still there with her phone
    age(phone, 301)
    services.close_lost_sessions()
    assert gone == ["alice"]


def test_touch_sessions(alice, bob):
    login, other = sign_in(alice, "s1"), sign_in(bob, "s2")
    for one in (login, other):
        age(one, 301)
    services.touch_sessions([login.login_id])
    assert services.close_lost_sessions() == 1
    assert (why(login), why(other)) == ("", Session.Ended.RESTART)
    services.touch_sessions([other.login_id])  # its process had only been held up
    assert why(other) == ""
    assert Session.objects.live().count() == 2


def test_touching_wakes_no_session_that_ended_otherwise(alice):
    login = sign_in(alice, "s1")
    services.end_session(login.login_id, OUT)
    services.touch_sessions([login.login_id])
    assert why(login) == OUT
    assert not Session.objects.live().exists()


def test_touching_many_takes_few_statements(alice, django_assert_num_queries):
    with django_assert_num_queries(3):
        services.touch_sessions(range(1, 1201))


def test_a_hash_of_another_cost_is_renewed_at_login(alice):
    before = User.objects.get(pk=alice.pk).password
    with override_settings(ARGON2_TIME=2, ARGON2_MEMORY_KIB=16):
        sign_in(alice, "s1")
        after = User.objects.get(pk=alice.pk)
        assert "m=16,t=2,p=1" in after.password
        assert after.password != before
        assert passwords.verify(after, PASSWORD_MD5)
        sign_in(alice, "s2")
        assert User.objects.get(pk=alice.pk).password == after.password


def test_two_logins_may_renew_a_hash_at_once(alice, monkeypatch):
    real, ready = passwords.is_outdated, []

    def meanwhile(stored):
        if not ready:
            ready.append(True)
            sign_in(alice, "s1")
        return real(stored)

    with override_settings(ARGON2_TIME=2, ARGON2_MEMORY_KIB=16):
        monkeypatch.setattr(passwords, "is_outdated", meanwhile)
        assert sign_in(alice, "s2").user == alice
        assert passwords.verify(User.objects.get(pk=alice.pk), PASSWORD_MD5)


def test_a_password_that_is_changed_during_a_login(alice, monkeypatch):
    real = passwords.is_outdated

    def meanwhile(stored):
        services.set_password(alice, "a" * 32, by=Actor.server(alice.application))
        return real(stored)

    monkeypatch.setattr(passwords, "is_outdated", meanwhile)
    with pytest.raises(WrongPassword):
        sign_in(alice, "s1")
    assert not Session.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_logins_at_once_one_session_stays(application):
    (user,) = services.register(
        application, [{"username": "alice", "password": PASSWORD_MD5}], by=Actor.server(application)
    )
    start, broken = Barrier(6), []

    def log_in(number):
        try:
            start.wait(10)
            sign_in(user, f"s{number}")
        except Exception as error:
            broken.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=log_in, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not broken
    assert Session.objects.count() == 6
    assert Session.objects.live().count() == 1
