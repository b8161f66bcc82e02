"""trans_msg_single, trans_msg_group, trans_msg_platform, and trans_msg_rec as sockets get it."""

import pytest

from accounts import services
from accounts.models import Session
from groups import services as groups
from imsite.core import clock
from imsite.realtime import dispatch
from messaging.models import Message
from tests.cast import register
from tests.door import Socket
from tests.live import Live
from tests.messaging.test_live import Shop
from tests.wire_client import BlockingClient, Refused

pytestmark = pytest.mark.django_db(transaction=True)

OK = {"code": 0, "message": "success"}


def sign_in(user, device_class="web", platform="j"):
    """A connection of the user, with the row that a login leaves."""
    socket = Socket(user)
    now = clock.now()
    more = {"device_class": device_class, "platform": platform, "login_at": now, "seen_at": now}
    Session.objects.create(user=user, sid=socket.session.sid, **more)
    return socket


@pytest.fixture
def alices(alice):
    return sign_in(alice)


@pytest.fixture
def bobs(bob):
    return sign_in(bob)


def told(pushes):
    """Topics, the push, and where it is bound to, of what was pushed last."""
    (entry,) = [entry for entry in pushes if entry[0] == "deliver"]
    _, topics, name, data, delivery = entry
    assert name == "trans_msg_rec"
    return topics, data, delivery


def test_a_command_to_a_user(alices, alice, bob, bobs, pushes):
    assert alices.ask("trans_msg_single", {"target_username": "bobby", "cmd": '{"typing":true}'}) == OK
    topics, data, delivery = told(pushes)
    assert topics == (f"user:{bob.pk}",)
    assert data == {
        "type": 3, "from_appkey": alice.application.appkey, "from_username": "alice", "cmd": '{"typing":true}',
    }  # fmt: skip
    assert (delivery.skip, delivery.event_id, delivery.message_id) == (alices.session.sid, 0, 0)
    assert not Message.objects.exists()


def test_a_command_to_oneself_is_for_ones_other_sessions(alices, alice, pushes):
    assert alices.ask("trans_msg_single", {"target_username": "alice", "cmd": "go"})["code"] == 881602
    sign_in(alice, "pc", "w")
    assert alices.ask("trans_msg_single", {"target_username": "alice", "cmd": "go"}) == OK
    assert told(pushes)[2].skip == alices.session.sid


def test_a_command_to_a_group(alices, alice, club, pushes):
    assert alices.ask("trans_msg_group", {"gid": str(club.pk), "cmd": "go"}) == OK
    topics, data, delivery = told(pushes)
    assert topics == (f"conversation:{club.pk}",)
    assert data == {
        "type": 4, "gid": club.pk, "from_appkey": alice.application.appkey, "from_username": "alice", "cmd": "go",
    }  # fmt: skip
    assert delivery.skip == alices.session.sid
    assert delivery.version == (topics[0], club.conversation.member_seq)


def test_a_command_to_ones_own_platforms(alices, alice, bob, pushes):
    sign_in(alice, "pc", "w")
    sign_in(alice, "mobile", "a")
    sign_in(bob, "mobile", "i")
    for platform, classes in {"pc": ["pc"], "android": ["mobile"], "all": ["mobile", "pc"]}.items():
        pushes.clear()
        assert alices.ask("trans_msg_platform", {"platform": platform, "cmd": "go"}) == OK
        assert [entry[4].device_class for entry in pushes] == classes
        assert {(entry[1], entry[4].skip) for entry in pushes} == {((f"user:{alice.pk}",), alices.session.sid)}
        assert pushes[0][3] == {
            "type": 5, "platform": platform, "from_appkey": alice.application.appkey, "from_username": "alice",
            "cmd": "go",
        }  # fmt: skip
    pushes.clear()
    for platform in ("ios", "web"):
        assert alices.ask("trans_msg_platform", {"platform": platform, "cmd": "go"})["code"] == 881602
    assert alices.ask("trans_msg_platform", {"platform": "fridge", "cmd": "go"})["code"] == 880003
    assert pushes == []


def test_who_is_not_online(alices, bob, pushes):
    assert alices.ask("trans_msg_single", {"target_username": "bobby", "cmd": "go"})["code"] == 881602
    sign_in(bob)
    Session.objects.filter(user=bob).update(ended_at=clock.now())
    assert alices.ask("trans_msg_single", {"target_username": "bobby", "cmd": "go"})["code"] == 881602
    assert alices.ask("trans_msg_platform", {"platform": "all", "cmd": "go"})["code"] == 881602
    assert pushes == []


def test_who_may_not_write_may_not_command(alices, alice, bob, bobs, club, dave, server, application, pushes):
    services.block(bob, [alice], by=server)
    assert alices.ask("trans_msg_single", {"target_username": "bobby", "cmd": "go"})["code"] == 880207
    services.unblock(bob, [alice], by=server)
    services.change_application(application, {"settings": {"friends_only": True}}, by=None)
    assert alices.ask("trans_msg_single", {"target_username": "bobby", "cmd": "go"})["code"] == 880207
    groups.silence_members(club, [bob], by=server)
    assert bobs.ask("trans_msg_group", {"gid": club.pk, "cmd": "go"})["code"] == 880212
    assert sign_in(dave).ask("trans_msg_group", {"gid": club.pk, "cmd": "go"})["code"] == 880205
    assert [name for _, name, _ in pushes.delivered if name == "trans_msg_rec"] == []


def test_who_and_what_does_not_exist(alices, eve, club, pushes):
    sign_in(eve)
    appkey = eve.application.appkey
    for name, more in [
        ("nobody", {}),
        ("eve22", {}),
        ("eve22", {"target_appkey": appkey}),
        ("x", {"target_appkey": "x"}),
    ]:
        data = {"target_username": name, "cmd": "go", **more}
        assert alices.ask("trans_msg_single", data)["code"] == 880203, data
    assert alices.ask("trans_msg_group", {"gid": 999_999, "cmd": "go"})["code"] == 880204
    assert sign_in(eve).ask("trans_msg_group", {"gid": club.pk, "cmd": "go"})["code"] == 880204
    assert pushes == []


def test_names_that_no_database_holds(alices, alice, pushes):
    appkey = alice.application.appkey
    for name, more in [
        ("bob\0by", {}),
        ("bobby", {"target_appkey": "\0"}),
        (10**15, {}),
        ("", {"target_appkey": appkey}),
    ]:
        data = {"target_username": name, "cmd": "\0", **more}
        assert alices.ask("trans_msg_single", data)["code"] == 880203, data
    assert pushes == []


def test_users_of_a_sister_application_are_reached(alices, application, pushes):
    sister = services.create_application("Sister", owner=application.owner.name, by=None)[0]
    frank = register(sister, "frank")["frank"]
    sign_in(frank)
    data = {"target_username": "frank", "target_appkey": sister.appkey, "cmd": "go"}
    assert alices.ask("trans_msg_single", data) == OK
    topics, pushed, _ = told(pushes)
    assert (topics, pushed["from_appkey"]) == ((f"user:{frank.pk}",), application.appkey)


@pytest.mark.parametrize("filler", ["x", "字"])
def test_a_command_has_at_most_7168_bytes(alices, bobs, filler, pushes):
    size = len(filler.encode())
    fits = filler * (7168 // size) + "x" * (7168 % size)
    assert alices.ask("trans_msg_single", {"target_username": "bobby", "cmd": fits}) == OK
    assert alices.ask("trans_msg_single", {"target_username": "bobby", "cmd": fits + "x"})["code"] == 881604
    assert len(pushes) == 1


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("trans_msg_single", {"target_username": "bobby", "cmd": "go"}),
        ("trans_msg_group", {"gid": 1, "cmd": "go"}),
        ("trans_msg_platform", {"platform": "all", "cmd": "go"}),
    ],
)
def test_what_is_missing_or_of_another_type(alices, bobs, name, data, pushes):
    for member in data:
        assert alices.ask(name, {**data, member: None})["code"] == 880002
        for wrong in ([], {}, True, 1.5):
            assert alices.ask(name, {**data, member: wrong})["code"] == 880004, (member, wrong)
    assert pushes == []


def test_a_repetition_is_handed_on_once(alices, bobs, pushes):
    data = {"target_username": "bobby", "cmd": "go", "rid": 77}
    replies = [dispatch.handle(alices.session, "trans_msg_single", data).reply for _ in range(2)]
    assert replies[0] == replies[1] == {**OK, "rid": 77}
    assert len(pushes) == 1


def test_too_many_are_refused(alices, bobs, application, settings, pushes):
    settings.RATE_LIMITS = True
    services.change_application(application, {"settings": {"sends_per_minute": 3}}, by=None)
    codes = [alices.ask("trans_msg_single", {"target_username": "bobby", "cmd": "go"})["code"] for _ in range(5)]
    assert codes[0] == 0
    assert codes[-1] == 880209


def test_disabled_users_hand_on_nothing(alices, alice, bobs, server, pushes):
    services.disable_user(alice, by=server)
    assert alices.ask("trans_msg_single", {"target_username": "bobby", "cmd": "go"})["code"] in (880111, 882004)
    assert "trans_msg_rec" not in [name for _, name, _ in pushes.delivered]


@pytest.mark.sqlite_only
def test_over_sockets(tmp_path):
    with Live(tmp_path / "data") as server:
        shop = Shop(server)
        made = shop.rest(
            "POST", "/v1/groups/", {"owner_username": "alice", "name": "Club", "members_username": ["bobby"]}
        )
        gid = made.json()["gid"]
        alice, bobby = shop.connect("alice"), shop.connect("bobby")
        phone = BlockingClient.connect(server.url, platform="a")
        phone.sign_in(shop.appkey, shop.secret, "alice", "secret")
        try:
            for platform in ("android", "all"):
                alice.request("trans_msg_platform", {"platform": platform, "cmd": "zero"})
                assert phone.next_push("trans_msg_rec") == {
                    "type": 5, "platform": platform, "from_appkey": shop.appkey, "from_username": "alice", "cmd": "zero",
                }  # fmt: skip
            with pytest.raises(Refused) as refused:
                alice.request("trans_msg_platform", {"platform": "ios", "cmd": "zero"})
            assert refused.value.code == 881602
            alice.request("trans_msg_single", {"target_username": "bobby", "cmd": "one"})
            assert bobby.next_push("trans_msg_rec") == {
                "type": 3, "from_appkey": shop.appkey, "from_username": "alice", "cmd": "one",
            }  # fmt: skip
            alice.request("trans_msg_group", {"gid": gid, "cmd": "two"})
            assert bobby.next_push("trans_msg_rec")["cmd"] == "two"
            alice.ping()
            assert alice.take_push("trans_msg_rec") is None
        finally:
            for client in (alice, bobby, phone):
                client.close()
