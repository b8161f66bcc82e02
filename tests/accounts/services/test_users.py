"""Registration, profiles, passwords, disabling and deletion."""

from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from accounts import passwords, services
from accounts.actors import Actor
from accounts.errors import (
    BadUsername,
    BadValue,
    Invalid,
    NoSuchUser,
    RegistrationClosed,
    TooManyUsers,
    UserExists,
    WrongPassword,
    WrongType,
)
from accounts.events import ForcedOffline, OfflineReason, PasswordChanged, ProfileChanged
from accounts.models import Block, Device, FriendRequest, Friendship, Mute, Session, User
from accounts.passwords import md5_hex
from accounts.services import users as service
from imsite.core import clock, hooks
from imsite.core.models import StoredEvent
from tests.cast import PASSWORD_MD5

FULL = {
    "nickname": "Al",
    "avatar": "qiniu/image/j/F39A",
    "birthday": date(1990, 1, 24),
    "signature": "line one\nline two 🎉",
    "gender": 2,
    "region": "Paris",
    "address": "1, rue",
    "extras": {"k": ["v", {"n": 1}]},
}


def profile(username, **more):
    return {"username": username, "password": PASSWORD_MD5, **more}


@pytest.fixture
def server(application):
    return Actor.server(application)


@pytest.fixture
def told_deleted(monkeypatch):
    """Whose deletion the slices above were told."""
    told = []
    monkeypatch.setattr(hooks.user_deleted, "functions", [lambda user, by: told.append((user.username, by))])
    return told


def sign_in(user, sid, device_class="web"):
    return services.log_in(
        user.application, user.username, PASSWORD_MD5, sid=sid, device_class=device_class, platform="j", address=None
    )


# Registration


def test_register_gives_users_in_the_order_asked(application, server):
    users = services.register(application, [profile(name) for name in ("zoe01", "amy01", "max01")], by=server)
    assert [user.username for user in users] == ["zoe01", "amy01", "max01"]
    assert [user.pk for user in users] == sorted(user.pk for user in users)
    assert list(User.objects.of(application).order_by("pk")) == users


def test_register_keeps_the_profile_and_hashes_the_password(application, server):
    (user,) = services.register(application, [profile("alice", **FULL)], by=server)
    stored = User.objects.get(pk=user.pk)
    assert {name: getattr(stored, name) for name in FULL} == FULL
    assert stored.password.startswith("$argon2id$")
    assert PASSWORD_MD5 not in stored.password
    assert passwords.verify(stored, PASSWORD_MD5)
    assert not stored.is_admin
    assert not stored.disabled


def test_an_md5_in_capitals_is_the_same_password(application, server):
    services.register(application, [{"username": "alice", "password": PASSWORD_MD5.upper()}], by=server)
    assert passwords.verify(User.objects.get(username="alice"), PASSWORD_MD5)


@pytest.mark.parametrize(
    ("item", "error"),
    [
        ({"username": "al!ce"}, BadUsername),
        ({"username": "abc"}, BadUsername),
        ({"username": "_abcd"}, BadUsername),
        ({"username": "a" * 129}, BadUsername),
        ({"username": "алиса"}, BadUsername),
        ({"username": "alice\n"}, BadUsername),
        ({"username": None}, WrongType),
        ({"username": 12345}, WrongType),
        ({"password": "secret"}, BadValue),
        ({"password": None}, WrongType),
        ({"nickname": "n" * 65}, BadValue),
        ({"nickname": "é" * 33}, BadValue),
        ({"nickname": "two\nlines"}, BadValue),
        ({"nickname": "two\rlines"}, BadValue),
        ({"nickname": "n\0n"}, BadValue),
        ({"nickname": 7}, WrongType),
        ({"signature": "s" * 251}, BadValue),
        ({"region": "r" * 251}, BadValue),
        ({"address": "é" * 126}, BadValue),
        ({"avatar": "a" * 256}, BadValue),
        ({"gender": 3}, BadValue),
        ({"gender": -1}, BadValue),
        ({"gender": True}, WrongType),
        ({"birthday": "1990-01-24"}, WrongType),
        ({"extras": "text"}, WrongType),
        ({"extras": {"k": "v" * 505}}, BadValue),
        ({"extras": {"k": "\0"}}, BadValue),
        ({"extras": {"\0": "v"}}, BadValue),
    ],
)
def test_one_bad_item_fails_alone(application, server, item, error):
    bad, good = services.register(application, [{**profile("alice"), **item}, profile("bobby")], by=server)
    assert isinstance(bad, error)
    assert bad.code == 899003
    assert good.username == "bobby"
    assert list(User.objects.of(application)) == [good]


@pytest.mark.parametrize(
    "item",
    [
        {"username": "a" * 128},
        {"username": "0_.-@"},
        {"nickname": "n" * 64},
        {"nickname": "é" * 32},
        {"nickname": ""},
        {"signature": "é" * 125},
        {"region": "\n"},
        {"avatar": "a" * 255},
        {"birthday": None},
        {"extras": {"k": "v" * 504}},
        {"extras": {}},
    ],
)
def test_limits_count_bytes_and_are_inclusive(application, server, item):
    (user,) = services.register(application, [{**profile("alice"), **item}], by=server)
    assert isinstance(user, User), user
    for name, value in item.items():
        assert getattr(User.objects.get(pk=user.pk), name) == value


def test_extras_nested_without_end_are_refused(application, server):
    extras: dict = {}
    for _ in range(2000):
        extras = {"a": extras}
    (refusal,) = services.register(application, [profile("alice", extras=extras)], by=server)
    assert isinstance(refusal, Invalid)


def test_a_taken_name_is_left_as_it_is(application, server, alice):
    (refusal,) = services.register(application, [profile("alice", nickname="other")], by=server)
    assert isinstance(refusal, UserExists)
    assert (refusal.status, refusal.code, refusal.sdk_code) == (403, 899001, 882002)
    assert User.objects.get(pk=alice.pk).nickname == ""


def test_of_one_name_twice_the_first_is_registered(application, server):
    first, second = services.register(application, [profile("alice", gender=1), profile("alice", gender=2)], by=server)
    assert first.gender == 1
    assert isinstance(second, UserExists)


def test_of_one_name_twice_the_sound_one_is_registered(application, server):
    first, second = services.register(application, [profile("alice", gender=9), profile("alice")], by=server)
    assert isinstance(first, BadValue)
    assert second.username == "alice"


def test_names_differ_by_case(application, server, alice):
    (other,) = services.register(application, [profile("Alice")], by=server)
    assert other.pk != alice.pk


def test_the_same_name_in_another_application_is_another_user(other_application, alice):
    (other,) = services.register(other_application, [profile("alice")], by=Actor.server(other_application))
    assert other.pk != alice.pk


def test_nobody_was_changed_before_they_were_made(application, server, monkeypatch):
    """The hashing of a batch takes seconds."""
    real, ended = passwords.hash_many, []

    def timed(md5s):
        hashes = real(md5s)
        ended.append(clock.now())
        return hashes

    monkeypatch.setattr(service.passwords, "hash_many", timed)
    alice, _ = services.register(application, [profile("alice"), profile("bobby")], by=server)
    assert ended[0] <= User.objects.get(pk=alice.pk).updated_at <= alice.created_at


def test_a_name_taken_during_the_hashing_is_refused_by_itself(application, server, monkeypatch):
    """Between the look and the insertion another process registers one of the names."""
    real = passwords.hash_many

    def meanwhile(md5s):
        monkeypatch.setattr(service.passwords, "hash_many", real)
        services.register(application, [profile("bobby", nickname="theirs")], by=server)
        return real(md5s)

    monkeypatch.setattr(service.passwords, "hash_many", meanwhile)
    alice, bob, carol = services.register(application, [profile(n) for n in ("alice", "bobby", "carol")], by=server)
    assert (alice.username, carol.username) == ("alice", "carol")
    assert isinstance(bob, UserExists)
    assert User.objects.get(username="bobby").nickname == "theirs"
    assert set(User.objects.of(application).values_list("pk", flat=True)) >= {alice.pk, carol.pk}


@pytest.mark.django_db(transaction=True)
def test_of_registrations_of_the_same_names_at_once_each_name_succeeds_once(application):
    """In opposite orders, so that each would wait for the other's names for ever."""
    names = [f"user{number:03}" for number in range(60)]
    start, results = Barrier(4), []

    def run(wanted):
        try:
            start.wait(10)
            by = Actor.server(application)
            results.append(services.register(application, [profile(name) for name in wanted], by=by))
        except Exception as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=[names[::step]]) for step in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [type(result) for result in results] == [list] * 4, results
    made = [one for result in results for one in result if isinstance(one, User)]
    assert sorted(user.username for user in made) == names
    assert {user.pk for user in made} == set(User.objects.of(application).values_list("pk", flat=True))
    refused = [one for result in results for one in result if not isinstance(one, User)]
    assert len(refused) == 180
    assert all(isinstance(one, UserExists) for one in refused)


def test_500_users_take_few_queries(application, server):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        users = services.register(application, [profile(f"user{n:04}") for n in range(500)], by=server)
    assert len(queries) <= 15  # SQLite inserts in several statements
    assert all(isinstance(user, User) for user in users)
    assert User.objects.of(application).count() == 500


def test_501_users_are_too_many(application, server):
    with pytest.raises(TooManyUsers) as refusal:
        services.register(application, [profile(f"user{n:04}") for n in range(501)], by=server)
    assert (refusal.value.status, refusal.value.code) == (403, 899013)
    assert not User.objects.of(application).exists()


def test_register_admin(application, server):
    admin = services.register_admin(application, profile("admin"), by=server)
    assert admin.is_admin
    with pytest.raises(UserExists):
        services.register_admin(application, profile("admin"), by=server)
    with pytest.raises(BadUsername):
        services.register_admin(application, profile("ad"), by=server)


def test_clients_may_sign_up_unless_the_application_is_closed(application):
    by = Actor.system(application)
    assert services.sign_up(application, profile("alice"), by=by).username == "alice"
    services.change_application(application, {"settings": {"registration": False}}, by=None)
    with pytest.raises(RegistrationClosed) as refusal:
        services.sign_up(application, profile("bobby"), by=by)
    assert refusal.value.sdk_code == 880007
    assert not User.objects.filter(username="bobby").exists()


# Profile


def test_update_profile_changes_the_named_members(alice, server, published):
    services.update_profile(alice, {"nickname": "Al", "gender": 2, "extras": {"a": 1}}, by=server)
    services.update_profile(alice, {"region": "Rome", "extras": {"b": 2}}, by=server)
    stored = User.objects.get(pk=alice.pk)
    assert (stored.nickname, stored.gender, stored.region, stored.extras) == ("Al", 2, "Rome", {"b": 2})
    assert (alice.nickname, alice.extras) == ("Al", {"b": 2})


def test_update_profile_moves_mtime(alice, server):
    User.objects.filter(pk=alice.pk).update(updated_at=alice.updated_at - timedelta(days=1))
    before = User.objects.get(pk=alice.pk).updated_at
    services.update_profile(alice, {"nickname": "Al"}, by=server)
    assert User.objects.get(pk=alice.pk).updated_at > before


def test_update_profile_ignores_what_is_no_profile(alice, server):
    services.update_profile(alice, {"username": "mallory", "password": "x", "is_admin": True, "star": 1}, by=server)
    stored = User.objects.get(pk=alice.pk)
    assert (stored.username, stored.is_admin) == ("alice", False)
    assert passwords.verify(stored, PASSWORD_MD5)


def test_a_change_over_rest_is_told_to_the_user_for_later_too(alice, server, published):
    services.update_profile(alice, {"nickname": "Al"}, by=server)
    (told,) = published.told
    assert isinstance(told.event, ProfileChanged)
    assert list(told.to.users) == [alice.pk]
    assert told.keep
    assert StoredEvent.objects.get().audience_id == alice.pk


def test_ones_own_change_is_not_told(alice, published):
    services.update_profile(alice, {"nickname": "Al"}, by=Actor.of(alice))
    assert published == []


def test_a_bad_profile_changes_nothing(alice, server, published):
    with pytest.raises(BadValue):
        services.update_profile(alice, {"nickname": "Al", "gender": 5}, by=server)
    assert User.objects.get(pk=alice.pk).nickname == ""
    assert published == []


def test_update_profile_of_one_who_is_gone(alice, server, published):
    services.delete_user(alice, by=server)
    published.clear()
    with pytest.raises(NoSuchUser):
        services.update_profile(alice, {"nickname": "Al"}, by=server)
    assert published == []


# Password


def test_set_password_ends_every_session(alice, server, published):
    web, phone = sign_in(alice, "s1"), sign_in(alice, "s2", "mobile")
    published.clear()
    services.set_password(alice, md5_hex("other"), by=server)
    stored = User.objects.get(pk=alice.pk)
    assert passwords.verify(stored, md5_hex("other"))
    assert not passwords.verify(stored, PASSWORD_MD5)
    for login in (web, phone):
        assert Session.objects.get(pk=login.login_id).ended_why == Session.Ended.PASSWORD
    assert not Device.objects.filter(user=alice, logged_in=True).exists()
    (told,) = published.told
    assert isinstance(told.event, PasswordChanged)
    assert (list(told.to.users), told.to.skip, told.to.ends, told.keep) == ([alice.pk], None, True, False)


def test_change_password_keeps_the_session_that_asked(alice, published):
    web, phone = sign_in(alice, "s1"), sign_in(alice, "s2", "mobile")
    published.clear()
    services.change_password(alice, PASSWORD_MD5, md5_hex("other"), by=Actor.of(alice, sid="s1", device_class="web"))
    assert Session.objects.get(pk=web.login_id).ended_at is None
    assert Session.objects.get(pk=phone.login_id).ended_why == Session.Ended.PASSWORD
    assert [device.device_class for device in Device.objects.filter(user=alice, logged_in=True)] == ["web"]
    (told,) = published.told
    assert told.to.skip == "s1"


def test_change_password_wants_the_old_one(alice, published):
    with pytest.raises(WrongPassword):
        services.change_password(alice, md5_hex("guess"), md5_hex("other"), by=Actor.of(alice, sid="s1"))
    assert passwords.verify(User.objects.get(pk=alice.pk), PASSWORD_MD5)
    assert published == []


def test_change_password_looks_at_the_stored_one(alice, server):
    """The user object of a session is as old as its login."""
    stale = User.objects.select_related("application").get(pk=alice.pk)
    services.set_password(alice, md5_hex("other"), by=server)
    with pytest.raises(WrongPassword):
        services.change_password(stale, PASSWORD_MD5, md5_hex("third"), by=Actor.of(stale))


@pytest.mark.parametrize("md5", ["", "secret", "g" * 32, "a" * 31, "a" * 33])
def test_a_password_is_an_md5(alice, server, md5):
    with pytest.raises(BadValue):
        services.set_password(alice, md5, by=server)
    assert passwords.verify(User.objects.get(pk=alice.pk), PASSWORD_MD5)


# Disabling


def test_disable_ends_the_sessions_and_enable_lets_in_again(alice, server, published):
    login = sign_in(alice, "s1")
    published.clear()
    services.disable_user(alice, by=server)
    assert Session.objects.get(pk=login.login_id).ended_why == Session.Ended.DISABLED
    (told,) = published.told
    assert isinstance(told.event, ForcedOffline)
    assert told.event.reason == OfflineReason.DISABLED
    assert told.to.ends
    services.disable_user(alice, by=server)  # no promise of a refusal
    services.enable_user(alice, by=server)
    assert sign_in(alice, "s2").user == alice


# Deletion


def test_a_deleted_name_is_free_again(application, alice, server, told_deleted):
    services.delete_user(alice, by=server)
    assert told_deleted == [("alice", server)]
    (fresh,) = services.register(application, [profile("alice")], by=server)
    assert fresh.pk != alice.pk
    assert User.objects.of(application).find("alice") == fresh
    assert User.objects.get(pk=alice.pk).deleted_at is not None


def test_delete_ends_sessions_and_forgets_the_password(alice, server, published):
    login = sign_in(alice, "s1")
    published.clear()
    services.delete_user(alice, by=server)
    assert Session.objects.get(pk=login.login_id).ended_why == Session.Ended.DELETED
    assert [event.reason for event in published.of(ForcedOffline)] == [OfflineReason.DELETED]
    assert User.objects.get(pk=alice.pk).password == ""


def test_delete_leaves_all_lists(alice, bob, carol, server):
    Friendship.objects.create(owner=alice, friend=bob)
    Friendship.objects.create(owner=bob, friend=alice)
    FriendRequest.objects.create(sender=carol, receiver=alice)
    Block.objects.create(owner=bob, target=alice)
    Mute.objects.create(owner=alice, target=bob)
    kept = Block.objects.create(owner=bob, target=carol)
    services.delete_user(alice, by=server)
    assert list(Block.objects.all()) == [kept]
    for model in (Friendship, FriendRequest, Mute):
        assert not model.objects.exists()


def test_delete_twice(alice, server, told_deleted):
    stale = User.objects.select_related("application").get(pk=alice.pk)
    services.delete_user(alice, by=server)
    with pytest.raises(NoSuchUser):
        services.delete_user(stale, by=server)
    assert len(told_deleted) == 1


def test_delete_several_is_all_or_none(alice, bob, carol, server, published):
    services.delete_user(carol, by=server)
    published.clear()
    with pytest.raises(NoSuchUser), transaction.atomic():
        services.delete_users([alice, bob, carol], by=server)
    assert User.objects.filter(pk__in=[alice.pk, bob.pk], deleted_at=None).count() == 2
    assert published == []
