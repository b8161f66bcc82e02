"""Requests about groups by socket, and how events of groups look on the wire."""

import orjson
import pytest

from accounts.models import Application, User
from groups import services
from groups.models import Group, Membership
from imsite.core.events import Event
from imsite.core.models import StoredEvent
from imsite.realtime import dispatch
from tests.door import Socket


@pytest.fixture
def alices(alice):
    return Socket(alice)


@pytest.fixture
def bobs(bob):
    return Socket(bob)


def usernames(group):
    return set(group.memberships.values_list("user__username", flat=True))


def last_push():
    """The newest stored event as it goes out, live or in sync_event."""
    event = Event.load(StoredEvent.objects.latest("id"))
    name, data = orjson.loads(dispatch.encode_event(event)[2:])
    assert name == "event_notification"
    assert data.pop("event_id") == event.id
    assert data.pop("ctime") == data.pop("ctime_ms") // 1000 == event.at_ms // 1000
    return data


def brief(user, application):
    return {
        "username": user.username,
        "appkey": application.appkey,
        "nickname": user.nickname,
        "avatar": user.avatar,
        "memo_name": "",
    }


# Reading


def test_groups_list(alices, club, application, carol, server):
    services.create_group("Theirs", owner=carol, by=server)
    answer = alices.ask("get_groups_list")
    (group,) = answer.pop("group_list")
    assert answer == {"code": 0, "message": "success"}
    for time in ("ctime", "mtime"):
        assert isinstance(group[time], int)
        assert group.pop(time) < 10_000_000_000  # seconds
    assert group == {
        "gid": club.pk,
        "name": "Club",
        "desc": "",
        "appkey": application.appkey,
        "avatar": "",
        "flag": 1,
        "max_member_count": 500,
    }


def test_no_groups_are_an_empty_list(carol):
    assert Socket(carol).ask("get_groups_list")["group_list"] == []


@pytest.mark.parametrize("as_text", [False, True])
def test_group_info(bobs, club, as_text):
    answer = bobs.ask("get_group_info", {"gid": str(club.pk) if as_text else club.pk})
    assert answer["code"] == 0
    assert answer["group_info"]["name"] == "Club"


def test_group_members(bobs, club, alice, bob, application):
    answer = bobs.ask("get_group_members", {"gid": club.pk})
    first, second = answer["member_list"]
    assert (first["username"], first["flag"], first["keep_silence"]) == ("alice", Membership.Role.OWNER, False)
    assert (second["username"], second["flag"], second["uid"]) == ("bobby", Membership.Role.MEMBER, bob.pk)
    assert first["appkey"] == application.appkey
    assert first["mtime"] == int(alice.updated_at.timestamp() * 1000)  # milliseconds, in this list alone


def test_members_of_a_private_group_are_for_its_members(club, carol):
    stranger = Socket(carol)
    assert stranger.ask("get_group_members", {"gid": club.pk})["code"] == 880205
    Group.objects.filter(pk=club.pk).update(type=Group.Type.PUBLIC)
    assert len(stranger.ask("get_group_members", {"gid": club.pk})["member_list"]) == 2


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("get_group_info", {}, 882002),
        ("get_group_members", {}, 882002),
        ("exit_group", {}, 880204),
        ("update_group_info", {"group_name": "x"}, 880204),
        ("add_across_group_member", {"member_usernames": [{"username": "carol"}]}, 880204),
        ("del_across_group_member", {"member_usernames": [{"username": "carol"}]}, 880204),
    ],
)
def test_no_such_group_here(alices, club, carol, eve, name, data, code):
    for gid in (club.pk + 1, 0, "7777777"):
        assert alices.ask(name, {**data, "gid": gid})["code"] == code
    assert Socket(eve).ask(name, {**data, "gid": club.pk})["code"] == code
    assert alices.ask(name, data)["code"] == 880002
    assert alices.ask(name, {**data, "gid": {"id": 1}})["code"] == 880004
    assert alices.ask(name, {**data, "gid": 2**53})["code"] == 880003
    club.refresh_from_db()
    assert (club.name, usernames(club)) == ("Club", {"alice", "bobby"})


# Creation


def test_create(alices, alice, application):
    answer = alices.ask(
        "create_group", {"group_name": "Team", "group_description": "our team", "is_limit": True, "media_id": "media"}
    )
    group = Group.objects.get()
    assert answer == {
        "code": 0,
        "message": "success",
        "gid": group.pk,
        "group_name": "Team",
        "group_description": "our team",
        "ctime": int(group.created_at.timestamp()),
    }
    assert (group.owner, group.type, group.avatar) == (alice, Group.Type.PUBLIC, "media")
    assert last_push() == {
        "event_type": 8,
        "extra": 0,
        "gid": group.pk,
        "from_gid": group.pk,
        "group_name": "Team",
        "media_id": "media",
        "from_username": "alice",
        "from_appkey": application.appkey,
        "from_uid": alice.pk,
        "from_nickname": alice.nickname,
        "to_usernames": [brief(alice, application)],
    }


def test_create_with_the_name_alone_even_an_empty_one(alices):
    for name in ("Team", ""):
        assert alices.ask("create_group", {"group_name": name, "group_description": None})["group_name"] == name
    assert set(Group.objects.values_list("type", flat=True)) == {Group.Type.PRIVATE}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({}, 880002),
        ({"group_name": 5}, 880004),
        ({"group_name": "名" * 21 + "xx"}, 880404),
        ({"group_name": "x", "group_description": "x" * 251}, 880405),
        ({"group_name": "x\0"}, 880003),
        ({"group_name": "x", "is_limit": "maybe"}, 880004),
        ({"group_name": "x", "media_id": "x" * 256}, 880003),
    ],
)
def test_create_refuses(alices, data, code):
    assert alices.ask("create_group", data)["code"] == code
    assert not Group.objects.exists()
    assert not StoredEvent.objects.exists()


def test_too_many_groups(application, alice, bob, carol, club):
    Application.objects.filter(pk=application.pk).update(settings={"groups_per_user": 1})
    limited = Application.objects.get(pk=application.pk)
    for user in (alice, bob, carol):
        user.application = limited
    assert Socket(alice).ask("create_group", {"group_name": "x"})["code"] == 880403
    assert Socket(carol).ask("create_group", {"group_name": "hers"})["code"] == 0
    request = {"gid": club.pk, "member_usernames": [{"username": "carol"}]}
    assert Socket(bob).ask("add_across_group_member", request)["code"] == 880609
    assert usernames(club) == {"alice", "bobby"}


# Members


def test_add_members(bobs, club, bob, carol, dave, application):
    people = [{"username": "carol"}, {"username": "dave1", "appkey": application.appkey}]
    assert bobs.ask("add_across_group_member", {"gid": club.pk, "member_usernames": people}) == {
        "code": 0,
        "message": "success",
    }
    assert usernames(club) == {"alice", "bobby", "carol", "dave1"}
    push = last_push()
    assert (push["event_type"], push["extra"], push["gid"], push["from_gid"]) == (10, 0, club.pk, club.pk)
    assert (push["from_username"], push["from_uid"]) == ("bobby", bob.pk)
    assert push["to_usernames"] == [brief(carol, application), brief(dave, application)]


@pytest.mark.parametrize(
    ("people", "code"),
    [
        ([], 880602),
        ([{"username": "bobby"}], 880607),
        ([{"username": "nobody"}], 882002),
        ([{"username": "eve22"}], 882002),
        ([{"username": "carol", "appkey": "x" * 24}], 882002),
        ([{}], 880002),
        (["carol"], 880004),
        ("carol", 880004),
        ([{"username": 5}], 880004),
        (None, 880002),
    ],
)
def test_add_members_refuses(alices, club, carol, eve, people, code):
    assert alices.ask("add_across_group_member", {"gid": club.pk, "member_usernames": people})["code"] == code
    assert usernames(club) == {"alice", "bobby"}


def test_add_members_by_whom_and_how_many(club, alices, bobs, carol, dave):
    request = {"gid": club.pk, "member_usernames": [{"username": "dave1"}]}
    assert Socket(carol).ask("add_across_group_member", request)["code"] == 880205
    Group.objects.filter(pk=club.pk).update(type=Group.Type.PUBLIC)
    assert bobs.ask("add_across_group_member", request)["code"] == 0  # who only asks
    assert usernames(club) == {"alice", "bobby"}
    Group.objects.filter(pk=club.pk).update(capacity=2)
    assert alices.ask("add_across_group_member", request)["code"] == 880608
    assert usernames(club) == {"alice", "bobby"}


def test_remove_members(alices, club, alice, bob, application):
    request = {"gid": str(club.pk), "member_usernames": [{"username": "bobby"}]}
    assert alices.ask("del_across_group_member", request) == {"code": 0, "message": "success"}
    assert usernames(club) == {"alice"}
    push = last_push()
    assert (push["event_type"], push["extra"], push["from_username"]) == (11, 0, "alice")
    assert push["to_usernames"] == [brief(bob, application)]
    assert "new_owner" not in push
    assert alices.ask("del_across_group_member", request)["code"] == 880703


def test_remove_members_refuses(alices, bobs, club, carol):
    remove = lambda *names: {"gid": club.pk, "member_usernames": [{"username": name} for name in names]}  # noqa: E731
    assert bobs.ask("del_across_group_member", remove("alice"))["code"] == 880704
    assert alices.ask("del_across_group_member", remove("alice"))["code"] == 880705
    assert alices.ask("del_across_group_member", remove())["code"] == 880602
    assert alices.ask("del_across_group_member", remove("nobody"))["code"] == 882002
    assert alices.ask("del_across_group_member", remove("bobby", "carol"))["code"] == 880703
    assert Socket(carol).ask("del_across_group_member", remove("bobby"))["code"] == 880205
    assert usernames(club) == {"alice", "bobby"}


# Leaving, changing, ending


def test_exit(alices, club, alice, application):
    assert alices.ask("exit_group", {"gid": club.pk}) == {
        "code": 0,
        "message": "success",
        "gid": club.pk,
        "group_name": "Club",
    }
    push = last_push()
    assert (push["event_type"], push["extra"], push["from_username"]) == (9, 0, "alice")
    assert push["to_usernames"] == [brief(alice, application)]
    assert push["new_owner"] == {"appkey": application.appkey, "username": "bobby"}
    assert alices.ask("exit_group", {"gid": club.pk})["code"] == 880205
    assert usernames(club) == {"bobby"}


def test_a_repeated_request_is_answered_again_and_done_once(alices, club):
    data = {"gid": club.pk, "rid": 2_000_000_000}
    first, again = (dispatch.handle(alices.session, "exit_group", data).reply for _ in range(2))
    assert first == again
    assert first["code"] == 0
    assert StoredEvent.objects.filter(kind="MemberLeft").count() == 1


def test_update_info(bobs, club, bob, application):
    assert bobs.ask("update_group_info", {"gid": club.pk, "group_name": "Team 2"}) == {"code": 0, "message": "success"}
    club.refresh_from_db()
    assert club.name == "Team 2"
    push = last_push()
    assert (push["event_type"], push["group_name"]) == (12, "Team 2")
    assert push["to_usernames"] == [brief(bob, application)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({}, 880002),
        ({"group_name": "x" * 65}, 880803),
        ({"group_description": "x" * 251}, 880804),
        ({"group_name": ["x"]}, 880004),
    ],
)
def test_update_info_refuses(bobs, club, carol, data, code):
    assert bobs.ask("update_group_info", {"gid": club.pk, **data})["code"] == code
    assert Socket(carol).ask("update_group_info", {"gid": club.pk, "group_name": "x"})["code"] == 880205
    club.refresh_from_db()
    assert (club.name, club.desc) == ("Club", "")


def test_the_end_of_a_group(club, server, alice, bob, application):
    services.dissolve(club, by=server)
    push = last_push()
    assert (push["event_type"], push["extra"]) == (9, 69)
    assert (push["from_username"], push["from_appkey"], push["from_uid"], push["from_nickname"]) == ("", "", 0, "")
    assert push["to_usernames"] == [brief(alice, application), brief(bob, application)]


def test_a_group_made_by_the_server_has_no_sender(club, alice, application):
    push = last_push()
    assert (push["event_type"], push["from_username"], push["from_appkey"], push["from_uid"]) == (8, "", "", 0)
    assert push["to_usernames"] == [brief(alice, application)]


def test_no_query_is_done_for_each_row(alices, alice, application, server, django_assert_max_num_queries):
    users = User.objects.bulk_create(
        User(application=application, username=f"user{number:04}", updated_at=application.created_at)
        for number in range(200)
    )
    group = services.create_group("Crowd", owner=alice, members=users, by=server)
    for number in range(20):
        services.create_group(f"g{number}", owner=alice, by=server)
    with django_assert_max_num_queries(4):
        assert len(alices.ask("get_group_members", {"gid": group.pk})["member_list"]) == 201
    with django_assert_max_num_queries(2):
        assert len(alices.ask("get_groups_list")["group_list"]) == 21
    names = [{"username": user.username} for user in users]
    with django_assert_max_num_queries(30):
        assert alices.ask("del_across_group_member", {"gid": group.pk, "member_usernames": names})["code"] == 0
