"""Friend lists, blacklists and do-not-disturb by socket, through dispatch and without a socket."""

import pytest

from accounts import services
from accounts.models import Block, FriendRequest, Friendship, Mute, User
from accounts.serializers import wire_user
from imsite.realtime import dispatch
from tests.door import Socket

INVITE, ANSWER = 1, 2
MISSING, BAD, WRONG = 880002, 880003, 880004


@pytest.fixture
def sockets(cast, frank):
    return {name: Socket(user) for name, user in (cast | {"frank": frank}).items()}


@pytest.fixture
def alices(sockets):
    return sockets["alice"]


@pytest.fixture
def bobs(sockets):
    return sockets["bobby"]


def code(socket, name, **data):
    """The code of an answer that has no members of its own."""
    answer = socket.ask(name, data)
    assert set(answer) == {"code", "message"}
    assert answer["message"]
    return answer["code"]


def listed(socket, name, member):
    answer = socket.ask(name, {"version": 0})
    assert set(answer) == {"code", "message", member}
    return answer[member]


def friends(socket):
    return [
        (one["username"], one["memo_name"], one["memo_others"])
        for one in listed(socket, "get_friend_list", "friend_list")
    ]


# Friends


def test_an_invitation_is_accepted(alices, bobs):
    assert code(alices, "add_friend", target_name="bobby", why="hello", from_type=INVITE) == 0
    assert friends(alices) == friends(bobs) == []
    assert code(bobs, "add_friend", target_name="alice", why="yes", from_type=ANSWER) == 0
    assert friends(alices) == [("bobby", "", "")]
    assert friends(bobs) == [("alice", "", "")]
    assert code(alices, "add_friend", target_name="bobby", why="", from_type=INVITE) == 881302


def test_an_invitation_is_declined(alices, bobs):
    code(alices, "add_friend", target_name="bobby", from_type=INVITE)
    assert code(bobs, "add_friend", target_name="alice", why="no", from_type=ANSWER) == 0
    assert friends(alices) == []
    assert FriendRequest.objects.get().state == "declined"
    for why in ("yes", "no"):
        assert code(bobs, "add_friend", target_name="alice", why=why, from_type=ANSWER) == 881305


def test_friends_of_another_application_of_the_owner(sockets, alices, application, sister):
    asked = {"target_name": "frank", "appkey": sister.appkey, "why": "", "from_type": INVITE}
    assert code(alices, "add_friend", **asked) == 0
    answer = {"target_name": "alice", "appkey": application.appkey, "why": "yes", "from_type": ANSWER}
    assert code(sockets["frank"], "add_friend", **answer) == 0
    assert code(alices, "update_friend_memo", target_name="frank", appkey=sister.appkey, memo_name="F") == 0
    assert friends(alices) == [("frank", "F", "")]
    assert code(alices, "del_friend", target_name="frank") == 881303
    assert code(alices, "del_friend", target_name="frank", appkey=sister.appkey) == 0
    assert friends(alices) == friends(sockets["frank"]) == []


def test_a_friend_in_the_list(alices, alice, bob, server):
    services.add_friends(alice, [bob], by=server)
    assert code(alices, "update_friend_memo", target_name="bobby", memo_name="Bob", memo_others="from work") == 0
    assert code(alices, "update_friend_memo", target_name="bobby", memo_name="Bobby") == 0
    (friend,) = listed(alices, "get_friend_list", "friend_list")
    assert friend == {**wire_user(User.objects.get(pk=bob.pk)), "memo_name": "Bobby", "memo_others": "from work"}


def test_memos_that_are_too_long(alices, alice, bob, server):
    services.add_friends(alice, [bob], by=server)
    assert (
        code(alices, "update_friend_memo", target_name="bobby", memo_name="好" * 21 + "a", memo_others="好" * 83) == 0
    )
    for name, others in (("好" * 22, ""), ("a\nb", ""), ("", "好" * 84)):
        assert code(alices, "update_friend_memo", target_name="bobby", memo_name=name, memo_others=others) == 881304
    assert friends(alices) == [("bobby", "好" * 21 + "a", "好" * 83)]


def test_a_friend_is_removed_once(alices, bobs, alice, bob, server):
    services.add_friends(alice, [bob], by=server)
    assert code(bobs, "del_friend", target_name="alice") == 0
    assert friends(alices) == friends(bobs) == []
    for name in ("alice", "nobody"):
        assert code(bobs, "del_friend", target_name=name) == 881303
        assert code(bobs, "update_friend_memo", target_name=name, memo_name="x") == 881303


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"target_name": "nobody"}, 881301),
        ({"target_name": "eve22"}, 881301),
        ({"target_name": "eve22", "appkey": "elsewhere"}, 881301),
        ({"target_name": "bobby", "appkey": "x" * 24}, 881301),
        ({"target_name": "a\0b"}, 880003),
        ({"target_name": "alice"}, BAD),
        ({}, MISSING),
        ({"target_name": None}, MISSING),
        ({"target_name": 5}, WRONG),
        ({"target_name": "bobby", "from_type": 3}, BAD),
        ({"target_name": "bobby", "from_type": "one"}, WRONG),
        ({"target_name": "bobby", "why": ["x"]}, WRONG),
    ],
)
def test_invitations_that_are_refused(alices, other_application, asked, expected):
    asked = {"from_type": INVITE, "why": "", **asked}
    if asked.get("appkey") == "elsewhere":
        asked["appkey"] = other_application.appkey
    assert code(alices, "add_friend", **asked) == expected
    assert not FriendRequest.objects.exists()


# Blacklist


def test_the_blacklist(sockets, alices, alice, bob, sister):
    named = [{"username": "bobby"}, {"username": "frank", "appkey": sister.appkey}]
    assert code(alices, "add_black_list", member_usernames=named) == 0
    first, second = listed(alices, "get_black_list", "black_list")
    assert first == wire_user(User.objects.get(pk=bob.pk))
    assert (second["username"], second["appkey"]) == ("frank", sister.appkey)
    assert code(alices, "add_black_list", member_usernames=named[:1]) == 880904
    assert code(alices, "del_black_list", member_usernames=named) == 0
    assert code(alices, "del_black_list", member_usernames=named[:1]) == 881002
    assert listed(alices, "get_black_list", "black_list") == []


def test_blocks_that_are_refused(alices, cast, server, other_application):
    services.grant_admin(cast["bobby"], by=server)
    for members, expected in (
        ([], 880602),
        ([{"username": "bobby"}, {"username": "carol"}], 880903),
        ([{"username": "nobody"}], 881002),
        ([{"username": "eve22", "appkey": other_application.appkey}], 881002),
        ([{"username": "alice"}], BAD),
        ([{"username": "carol"}] * 501, BAD),
        (None, MISSING),
        ("carol", WRONG),
        ([5], WRONG),
        ([{}], MISSING),
    ):
        assert code(alices, "add_black_list", member_usernames=members) == expected, members
        assert code(alices, "del_black_list", member_usernames=members) != 0
    assert not Block.objects.exists()


# Do not disturb


def test_do_not_disturb_of_a_user(alices, alice, sister, sockets):
    for more in ({"target_name": "bobby", "version": 0}, {"target_name": "frank", "appkey": sister.appkey}):
        assert code(alices, "add_msg_no_disturb_single", **more) == 0
        assert code(alices, "add_msg_no_disturb_single", **more) == 881101
    assert alice.mutes.count() == 2
    assert code(alices, "delete_msg_no_disturb_single", target_name="bobby") == 0
    assert code(alices, "delete_msg_no_disturb_single", target_name="bobby") == 881102
    assert code(alices, "add_msg_no_disturb_single", target_name="nobody") == 882002
    assert [mute.target.username for mute in Mute.objects.select_related("target")] == ["frank"]


def test_do_not_disturb_of_all(alices, alice):
    assert code(alices, "add_msg_no_disturb_global", version=0) == 0
    assert code(alices, "add_msg_no_disturb_global", version=0) == 881107
    assert User.objects.get(pk=alice.pk).muted_all
    assert code(alices, "delete_msg_no_disturb_global", version=0) == 0
    assert code(alices, "delete_msg_no_disturb_global", version=0) == 881108
    assert not User.objects.get(pk=alice.pk).muted_all


def test_lists_cost_one_query(alices, alice, cast, server, django_assert_max_num_queries):
    others = [cast["bobby"], cast["carol"], cast["dave1"]]
    services.add_friends(alice, others, by=server)
    services.block(alice, others, by=server)
    for name, member in (("get_friend_list", "friend_list"), ("get_black_list", "black_list")):
        with django_assert_max_num_queries(1):
            assert len(listed(alices, name, member)) == 3


def test_strangers_ask_for_nothing(application, alice):
    socket = Socket(alice)
    socket.session.actor = None
    for name in ("add_friend", "get_friend_list", "add_black_list", "get_black_list", "add_msg_no_disturb_global"):
        assert not dispatch.handle(socket.session, name, {"rid": 1, "target_name": "bobby", "from_type": 1}).ack
    assert not Friendship.objects.exists()
