"""Init, register, login and users by socket, through dispatch and without a socket."""

import itertools

import orjson
import pytest

from accounts import passwords, services, signatures
from accounts.actors import Actor
from accounts.events import ForcedOffline, OfflineReason, PasswordChanged, ProfileChanged
from accounts.models import Application, Device, Session, User
from accounts.passwords import md5_hex
from imsite.core import clock, hooks
from imsite.realtime import dispatch
from imsite.realtime import session as sessions
from tests.cast import PASSWORD_MD5

dispatch.autodiscover()

MISSING, BAD, WRONG = 880002, 880003, 880004


class Page:
    """A connection as the SDK uses it. `link` hears what the hub would."""

    rids = itertools.count(1)

    def __init__(self, application: Application, **kwargs: str) -> None:
        self.application = application
        self.session = sessions.Session(f"sid{next(self.rids)}", **kwargs)
        self.session.link = Link()

    def ask(self, name, **data):
        """The answer's members without rid; None where there is neither ack nor answer."""
        outcome = dispatch.handle(self.session, name, {**data, "rid": next(self.rids)})
        if not outcome.ack:
            return None
        assert outcome.name == name
        reply = outcome.reply
        reply.pop("rid")
        assert reply["message"]
        return reply

    def code(self, name, **data):
        return self.ask(name, **data)["code"]

    def init(self, **changes):
        timestamp = str(clock.now_ms())
        signature = signatures.sign(self.application, timestamp, "abc")
        wanted = {
            "appkey": self.application.appkey,
            "timestamp": timestamp,
            "random_str": "abc",
            "signature": signature,
        }
        return self.code("c_init", **{**wanted, "flag": 1, "fromPlatForm": "j", **changes})

    def log_in(self, username="alice", md5=PASSWORD_MD5):
        return self.code("login", username=username, password=md5, version="2.5.0")

    def end(self, *, signed_out=False):
        """What the consumer does when the connection is over."""
        self.session.signed_out = signed_out
        if (actor := self.session.log_out()) is not None:
            sessions.tell_end(self.session, actor)


class Link:
    def __init__(self) -> None:
        self.heard = []

    def enter(self, user_id):
        self.heard.append(("enter", user_id))

    def subscribe(self, topics):
        self.heard.append(("subscribe", dict(topics)))

    def leave(self):
        self.heard.append("leave")


@pytest.fixture
def page(application):
    """A connection that has chosen the application."""
    page = Page(application)
    assert page.init() == 0
    return page


@pytest.fixture
def alices(page, alice):
    assert page.log_in() == 0
    return page


# c_init


def test_init(application):
    page = Page(application)
    assert page.ask("login", username="alice", password=PASSWORD_MD5)["code"] == 880101  # c_init comes first
    assert page.init() == 0
    assert page.session.application == application


@pytest.mark.parametrize(
    ("letter", "platform", "device_class"),
    [("a", "a", "mobile"), ("i", "i", "mobile"), ("w", "w", "pc"), ("j", "j", "web"), ("z", "j", "web"),
     (None, "j", "web"), (["a"], "j", "web"), (1, "j", "web")],
)  # fmt: skip
def test_the_platform_chooses_the_device_class(application, letter, platform, device_class):
    page = Page(application)
    assert page.init(fromPlatForm=letter) == 0
    assert (page.session.platform, page.session.device_class) == (platform, device_class)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"appkey": "x" * 24}, 880101),
        ({"appkey": ""}, 880101),
        ({"appkey": "nul\0"}, 880101),
        ({"appkey": None}, MISSING),
        ({"appkey": 5}, WRONG),
        ({"signature": "0" * 32}, 880102),
        ({"random_str": "abd"}, 880102),
        ({"timestamp": 1}, 880102),
        ({"signature": None}, MISSING),
        ({"timestamp": None}, MISSING),
        ({"random_str": {}}, WRONG),
    ],
)
def test_bad_inits(application, changes, code):
    page = Page(application)
    assert page.init(**changes) == code
    assert page.session.application is None


def test_an_old_signature(application):
    page = Page(application)
    for timestamp in (clock.now_ms() - 601_000, clock.now_ms() + 601_000):
        signature = signatures.sign(application, timestamp, "abc")
        assert page.init(timestamp=timestamp, signature=signature) == 880106


def test_a_page_of_an_origin_that_is_not_allowed(application):
    services.change_application(application, {"origins": ["https://*.shop.example"]}, by=None)
    assert Page(application, origin="https://www.shop.example").init() == 0
    assert Page(application).init() == 0
    page = Page(application, origin="https://evil.example")
    assert page.init() == 882004
    assert page.session.application is None


def test_init_again_before_login_but_not_after(page, alice, other_application):
    page.application = other_application
    assert page.init() == 0
    assert page.session.application == other_application
    page.application = alice.application
    assert page.init() == 0
    assert page.log_in() == 0
    assert page.init() == 880107
    assert page.session.logged_in


# register


def test_register(page, application):
    profile = {
        "nickname": "Erika",
        "birthday": "1990-01-24",
        "signature": "s",
        "gender": 2,
        "region": "r",
        "address": "a",
        "extras": {"k": "v"},
        "media_id": "qiniu/image/j/F39A",
    }
    answer = page.ask("register", username="erika", password=PASSWORD_MD5, is_md5=True, **profile)
    assert answer == {"code": 0, "message": "success"}
    stored = User.objects.of(application).get()
    assert (stored.nickname, str(stored.birthday), stored.gender) == ("Erika", "1990-01-24", 2)
    assert (stored.avatar, stored.extras) == ("qiniu/image/j/F39A", {"k": "v"})
    assert not stored.is_admin
    assert passwords.verify(stored, PASSWORD_MD5)
    assert page.log_in("erika") == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"username": None}, MISSING),
        ({"password": None}, MISSING),
        ({"username": "ab"}, BAD),
        ({"username": "a b c d"}, BAD),
        ({"username": "a" * 129}, BAD),
        ({"username": "a" * 9000}, BAD),
        ({"username": 12345}, WRONG),
        ({"password": "plain text"}, BAD),
        ({"password": 5}, WRONG),
        ({"nickname": "n" * 65}, BAD),
        ({"nickname": "a\nb"}, BAD),
        ({"nickname": []}, WRONG),
        ({"gender": 5}, BAD),
        ({"gender": "male"}, WRONG),
        ({"birthday": "nonsense"}, None),
        ({"extras": "text"}, WRONG),
        ({"extras": {"k": "v" * 600}}, BAD),
        ({"extras": {"k": "\0"}}, BAD),
        ({"media_id": "m" * 256}, BAD),
    ],
)
def test_bad_registrations(page, application, changes, code):
    found = page.code("register", **{"username": "erika", "password": PASSWORD_MD5, **changes})
    assert found in ((code,) if code else (BAD, WRONG))
    assert not User.objects.of(application).exists()


def test_register_a_name_that_is_taken(page, alice):
    assert page.code("register", username="alice", password=md5_hex("other")) == 882002
    assert page.log_in("alice") == 0


def test_register_where_clients_may_not(page, application):
    services.change_application(application, {"settings": {"registration": False}}, by=None)
    from accounts import identity

    identity.forget(application.appkey)
    assert page.code("register", username="erika", password=PASSWORD_MD5) == 880007
    assert not User.objects.of(application).exists()


def test_register_while_logged_in(alices):
    assert alices.code("register", username="erika", password=PASSWORD_MD5) == 880006
    assert not User.objects.filter(username="erika").exists()


def test_a_repeated_registration_is_answered_again_on_another_connection(page, application):
    request = {"username": "erika", "password": PASSWORD_MD5, "rid": 77}
    first = dispatch.handle(page.session, "register", request).reply
    later = Page(application)
    later.init()
    assert dispatch.handle(later.session, "register", request).reply == first
    assert first["code"] == 0


def test_the_date_of_birth_of_one_who_has_none(page):
    assert page.code("register", username="erika", password=PASSWORD_MD5, birthday="") == 0
    assert User.objects.get().birthday is None


# login


def test_login(page, alice):
    answer = page.ask("login", username="alice", password=PASSWORD_MD5.upper(), is_md5=True, version="2.5.0")
    assert answer == {"code": 0, "message": "success", "username": "alice", "uid": alice.pk, "online_list": []}
    session = page.session
    assert (session.user_id, session.username, session.actor.sid) == (alice.pk, "alice", session.sid)
    row = Session.objects.get()
    assert (row.pk, row.sid, row.user, row.device_class) == (session.actor.login_id, session.sid, alice, "web")


def test_a_login_enters_the_hub_before_it_reads_its_topics(page, alice, monkeypatch):
    def topics(user):
        page.session.link.heard.append("read")
        return {"conversation:5": 2}

    monkeypatch.setattr(hooks.user_logged_in, "functions", [topics])
    assert page.log_in() == 0
    own = {f"user:{alice.pk}": None, "conversation:5": 2}
    assert page.session.link.heard == [("enter", alice.pk), "read", ("subscribe", own)]


@pytest.mark.parametrize(
    ("username", "md5", "code"),
    [
        ("nobody", PASSWORD_MD5, 880103),
        ("Alice", PASSWORD_MD5, 880103),
        ("eve22", PASSWORD_MD5, 880103),
        ("al\0ce", PASSWORD_MD5, BAD),
        ("alice", md5_hex("guess"), 880104),
        ("alice", "secret", 880104),
        ("alice", "", 880104),
        (None, PASSWORD_MD5, MISSING),
        ("alice", None, MISSING),
        (5, PASSWORD_MD5, WRONG),
        ("alice", ["x"], WRONG),
        ("a" * 9000, PASSWORD_MD5, BAD),
    ],
)
def test_bad_logins(page, cast, username, md5, code):
    assert page.log_in(username, md5) == code
    assert not page.session.logged_in
    assert not Session.objects.exists()
    assert page.log_in() == 0


def test_login_of_one_who_is_disabled(page, alice):
    services.disable_user(alice, by=Actor.server(alice.application))
    assert page.log_in() == 880111
    assert not page.session.logged_in


def test_login_twice_on_a_connection(alices, bob):
    assert alices.log_in("bobby") == 880107
    assert alices.session.username == "alice"


def test_a_repeated_login_is_answered_again(page, alice):
    request = {"username": "alice", "password": PASSWORD_MD5, "rid": 12}
    first = dispatch.handle(page.session, "login", request).reply
    assert dispatch.handle(page.session, "login", request).reply == first
    assert first["code"] == 0
    assert Session.objects.count() == 1


def test_a_second_login_of_the_class_kicks_the_first(alices, application, published):
    second = Page(application)
    second.init()
    answer = second.ask("login", username="alice", password=PASSWORD_MD5)
    (listed,) = answer["online_list"]
    assert (listed["platform"], listed["flag"]) == ("web", True)
    (told,) = published.told
    assert told.to.skip == second.session.sid
    assert told.to.ends
    alices.end()  # what the hub does with a session that is told so
    assert Session.objects.get(sid=alices.session.sid).ended_why == "kicked"
    assert Session.objects.get(sid=second.session.sid).ended_at is None
    assert alices.log_in() == 0  # and it may come back on the same connection
    assert Session.objects.filter(sid=alices.session.sid).count() == 2


def test_a_login_that_was_overtaken_is_refused(page, application, alice, monkeypatch):
    """Another login of the class ends this one's session before it stands in the hub to be told."""
    other = Page(application)
    other.init()
    topics, ready = services.sessions._topics, []

    def overtaken(user):
        if not ready:
            ready.append(True)
            assert other.log_in() == 0
        return topics(user)

    monkeypatch.setattr(services.sessions, "_topics", overtaken)
    assert page.log_in() == 880109
    assert not page.session.logged_in
    assert other.session.logged_in
    assert Session.objects.live().get().sid == other.session.sid


def test_a_login_that_breaks_leaves_no_session(page, alice, monkeypatch):
    def broken(user):
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(hooks.user_logged_in, "functions", [broken])
    assert page.log_in() == 882001
    assert not page.session.logged_in
    assert not Session.objects.live().exists()


def test_the_application_is_read_anew_at_login(page, alice):
    """A connection may wait for hours between c_init and login."""
    services.change_application(alice.application, {"settings": {"web_sessions": "many"}}, by=None)
    from accounts import identity

    identity.forget(alice.application.appkey)
    other = Page(alice.application)
    other.init()
    assert other.log_in() == page.log_in() == 0
    assert Session.objects.live().count() == 2


@pytest.mark.parametrize(("signed_out", "why", "kept"), [(True, "out", False), (False, "lost", True)])
def test_the_end_of_a_connection(alices, signed_out, why, kept):
    alices.end(signed_out=signed_out)
    row = Session.objects.get()
    assert row.ended_why == why
    assert row.ended_at is not None
    assert Device.objects.get().logged_in is kept


def test_a_beat_keeps_the_sessions_of_this_process_alive(alices, application):
    other = Page(application)
    other.init(fromPlatForm="a")
    assert other.log_in() == 0
    Session.objects.update(seen_at=clock.from_ms(0))
    sessions.tell_beat([alices.session.actor])
    assert Session.objects.live().get().sid == alices.session.sid


@pytest.mark.parametrize(
    ("address", "kept"), [("192.0.2.7", "192.0.2.7"), ("::1", "::1"), ("fe80::1%eth0", "fe80::1"), ("", None)]
)
def test_the_address_of_a_session(application, alice, address, kept):
    page = Page(application, address=address)
    page.init()
    assert page.log_in() == 0
    assert Session.objects.get().address == kept


# Users


@pytest.mark.parametrize("event", ["get_across_user_info", "update_user_inf", "update_user_pwd"])
def test_before_login_there_is_neither_ack_nor_answer(page, alice, event):
    assert page.ask(event, username="alice", nickname="x", old_pwd=PASSWORD_MD5, new_pwd=PASSWORD_MD5) is None
    assert User.objects.get(pk=alice.pk).nickname == ""


def test_user_info(alices, application, bob):
    services.update_profile(bob, {"nickname": "Bob", "extras": {"k": 1}}, by=Actor.of(bob))
    bob.refresh_from_db()
    expected = {
        "uid": bob.pk,
        "username": "bobby",
        "appkey": application.appkey,
        "nickname": "Bob",
        "avatar": "",
        "birthday": "",
        "gender": 0,
        "signature": "",
        "region": "",
        "address": "",
        "mtime": clock.to_s(bob.updated_at),
        "extras": {"k": 1},
    }
    for appkey in ({}, {"appkey": application.appkey}, {"appkey": None}, {"appkey": ""}):
        answer = alices.ask("get_across_user_info", username="bobby", **appkey)
        assert answer == {"code": 0, "message": "success", "user_info": expected}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"username": "nobody"}, 882002),
        ({"username": "eve22"}, 882002),
        ({"username": "bobby", "appkey": "x" * 24}, 882002),
        ({}, MISSING),
        ({"username": 5}, WRONG),
        ({"username": "bobby", "appkey": 5}, WRONG),
    ],
)
def test_bad_questions_for_users(alices, cast, data, code):
    answer = alices.ask("get_across_user_info", **data)
    assert answer["code"] == code
    assert "user_info" not in answer


def test_users_of_other_applications_are_shown_among_those_of_one_owner(alices, application, eve, db):
    question = {"username": "eve22", "appkey": eve.application.appkey}
    assert alices.code("get_across_user_info", **question) == 882002
    Application.objects.filter(pk=eve.application.pk).update(owner=application.owner)
    from accounts import identity

    identity.forget(eve.application.appkey)
    answer = alices.ask("get_across_user_info", **question)
    assert (answer["user_info"]["uid"], answer["user_info"]["appkey"]) == (eve.pk, eve.application.appkey)


def test_update_own_info(alices, alice, published):
    answer = alices.ask("update_user_inf", nickname="Alice", region="Paris", gender=1, birthday="1990-01-24")
    assert answer == {"code": 0, "message": "success"}
    assert alices.code("update_user_inf", avatar="qiniu/image/j/F39A", birthday="") == 0
    stored = User.objects.get(pk=alice.pk)
    assert (stored.nickname, stored.region, stored.gender, stored.avatar) == ("Alice", "Paris", 1, "qiniu/image/j/F39A")
    assert stored.birthday is None
    assert published == []
    assert alices.session.actor.user.nickname == "Alice"


@pytest.mark.parametrize(
    ("data", "code"),
    [({"nickname": "a\nb"}, BAD), ({"gender": 9}, BAD), ({"gender": []}, WRONG), ({"extras": []}, WRONG)],
)
def test_bad_updates(alices, alice, data, code):
    assert alices.code("update_user_inf", region="Paris", **data) == code
    assert User.objects.get(pk=alice.pk).region == ""


def test_change_own_password(alices, alice, published):
    new = md5_hex("changed")
    assert alices.ask("update_user_pwd", old_pwd=PASSWORD_MD5, new_pwd=new) == {"code": 0, "message": "success"}
    assert passwords.verify(User.objects.get(pk=alice.pk), new)
    assert Session.objects.live().get().sid == alices.session.sid
    (told,) = published.told
    assert (type(told.event), told.to.skip) == (PasswordChanged, alices.session.sid)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"old_pwd": md5_hex("guess"), "new_pwd": md5_hex("changed")}, 882002),
        ({"old_pwd": PASSWORD_MD5, "new_pwd": "plain"}, BAD),
        ({"old_pwd": PASSWORD_MD5}, MISSING),
        ({"new_pwd": PASSWORD_MD5}, MISSING),
        ({"old_pwd": 5, "new_pwd": PASSWORD_MD5}, WRONG),
    ],
)
def test_bad_changes_of_the_password(alices, alice, data, code, published):
    assert alices.code("update_user_pwd", **data) == code
    assert passwords.verify(User.objects.get(pk=alice.pk), PASSWORD_MD5)
    assert published == []


# Pushes


def rendered(event):
    name, data = orjson.loads(dispatch.encode_event(event.stamped(90035, 1_795_232_449_921))[2:])
    assert name == "event_notification"
    return data


STAMP = {"event_id": 90035, "ctime": 1_795_232_449, "ctime_ms": 1_795_232_449_921, "from_nickname": ""}


@pytest.mark.parametrize("reason", list(OfflineReason))
def test_event_1(alice, reason):
    assert rendered(ForcedOffline.because(alice, reason)) == {
        **STAMP,
        "event_type": 1,
        "extra": int(reason),
        "gid": 0,
        "from_uid": alice.pk,
        "from_username": "alice",
        "from_appkey": alice.application.appkey,
    }


def test_event_2(alice):
    data = rendered(PasswordChanged.of(alice))
    assert (data["event_type"], data["extra"]) == (2, 0)


def test_event_40(alice):
    assert rendered(ProfileChanged.of(alice)) == {
        **STAMP,
        "event_type": 40,
        "extra": 0,
        "from_uid": 0,
        "from_username": "",
        "from_appkey": "",
    }
