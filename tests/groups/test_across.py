"""Members of other applications of one owner, whole: events, messages, sync, requests by socket."""

import pytest

from accounts import services as accounts
from accounts.actors import Actor
from accounts.errors import CrossApplication
from groups import services
from groups.errors import NoSuchGroup, NotMember
from groups.events import MembersAdded
from groups.models import Group, Membership
from messaging.models import Message
from messaging.services import reading, sync
from tests.door import Rest, Socket
from tests.messaging.conftest import pushes, say  # noqa: F401  (a fixture)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sara(sisters):
    return sisters["sara1"]


@pytest.fixture
def club(club, sara, server):
    """alice's group with bob, and sara of the sister application."""
    services.change_members(club, add=[sara], by=server)
    return club


@pytest.fixture
def saras(sara):
    return Socket(sara)


def usernames(group):
    return [membership.user.username for membership in group.members()]


def test_events_carry_everyones_own_appkey(club, alice, sara, sister, application, server, published):
    services.change_members(club, remove=[sara], by=server)
    services.change_members(club, add=[sara], by=Actor.of(alice))
    (event,) = published.of(MembersAdded)[-1:]
    assert event.from_appkey == application.appkey
    assert [(user["username"], user["appkey"]) for user in event.users] == [("sara1", sister.appkey)]


def test_what_a_member_of_another_application_misses(club, alice, sara, sister):
    say(alice, club, "hello")
    (portion,) = sync.missed_messages(sara)
    assert [message.seq for message in portion.messages] == [1]
    assert [type(event).__name__ for event in sync.missed_events(sara, "web", ())] == ["MembersAdded"]
    (row,) = reading.list_conversations(sara)
    assert (row.about["name"], row.about["appkey"], row.unread_count) == ("Club", alice.application.appkey, 1)


def test_they_speak_in_the_group_as_of_another_application(club, saras, sara, alice, bob, sister, pushes):  # noqa: F811
    content = {
        "version": 1,
        "target_type": "group",
        "target_id": str(club.pk),
        "from_id": "sara1",
        "msg_type": "text",
        "msg_body": {"text": "hi"},
    }
    for appkey in ({}, {"appkey": alice.application.appkey}, {"appkey": sister.appkey}):
        answer = saras.ask("send_group_msg", {"target_gid": club.pk, "content": content, **appkey})
        assert answer["code"] == 0, appkey
    message = pushes.messages[-1]
    assert (message["msg_level"], message["from_appkey"], message["from_gid"]) == (1, sister.appkey, club.pk)
    assert message["content"]["target_appkey"] == alice.application.appkey
    assert Message.objects.filter(application=sister, conversation_id=club.pk).count() == 3
    say(alice, club)
    assert pushes.messages[-1]["msg_level"] == 0
    assert [message.seq for portion in sync.missed_messages(bob) for message in portion.messages] == [1, 2, 3, 4]


def test_who_is_not_in_it_finds_no_group_of_another_application(club, sisters, server):
    steve = Socket(sisters["steve"])
    for name, data in (
        ("get_group_info", {}),
        ("get_group_members", {}),
        ("exit_group", {}),
        ("update_group_info", {"group_name": "x"}),
        ("add_across_group_member", {"member_usernames": [{"username": "steve"}]}),
    ):
        assert steve.ask(name, {"gid": club.pk, **data})["code"] in (882002, 880204), name
    assert steve.ask("get_groups_list")["group_list"] == []
    content = {"msg_type": "text", "msg_body": {"text": "hi"}}
    assert steve.ask("send_group_msg", {"target_gid": club.pk, "content": content})["code"] == 880204
    with pytest.raises(NotMember):
        services.update_info(club, name="x", by=Actor.of(sisters["steve"]))


def test_a_server_sends_to_no_group_of_a_sister_that_it_does_not_name(club, sister, application, sara):
    """Its own users may have been there a moment before: what was found for them is not found for it."""
    assert say(sara, club).seq == 1
    accounts.grant_admin(sara, by=Actor.server(sister))
    body = {
        "version": 1, "target_type": "group", "target_id": str(club.pk), "from_type": "admin", "from_id": "sara1",
        "msg_type": "text", "msg_body": {"text": "hi"},
    }  # fmt: skip
    theirs = Rest(sister)
    assert theirs.post("/v1/messages", body).json()["error"]["code"] == 899006
    assert theirs.post("/v1/messages", {**body, "target_appkey": application.appkey}).status_code == 201


def test_groups_and_members_by_socket(club, saras, alice, bob, sister, sisters, application):
    (group,) = saras.ask("get_groups_list")["group_list"]
    assert (group["gid"], group["appkey"]) == (club.pk, application.appkey)
    assert saras.ask("get_group_info", {"gid": club.pk})["group_info"] == group
    members = saras.ask("get_group_members", {"gid": club.pk})["member_list"]
    assert [(member["username"], member["appkey"]) for member in members] == [
        ("alice", application.appkey),
        ("bobby", application.appkey),
        ("sara1", sister.appkey),
    ]
    assert saras.ask("update_group_info", {"gid": club.pk, "group_name": "Ours"})["code"] == 0
    wanted = [{"username": "steve"}, {"username": "bobby"}]
    # Without an appkey they are the asking user's own colleagues.
    assert saras.ask("add_across_group_member", {"gid": club.pk, "member_usernames": wanted})["code"] == 0
    assert club.memberships.filter(user__in=[sisters["steve"], sisters["bobby"]]).count() == 2
    named = [{"username": "bobby", "appkey": sister.appkey}, {"username": "bobby", "appkey": application.appkey}]
    asked = {"gid": club.pk, "member_usernames": named}
    assert Socket(alice).ask("del_across_group_member", asked)["code"] == 0
    assert usernames(club) == ["alice", "sara1", "steve"]
    assert saras.ask("exit_group", {"gid": club.pk}) == {
        "code": 0, "message": "success", "gid": club.pk, "group_name": "Ours",
    }  # fmt: skip
    assert saras.ask("get_groups_list")["group_list"] == []


@pytest.mark.parametrize("name", ["add_across_group_member", "del_across_group_member"])
def test_members_of_unreachable_applications_do_not_exist(club, alice, eve, name):
    for appkey in (eve.application.appkey, "x" * 24):
        asked = {"gid": club.pk, "member_usernames": [{"username": "eve22", "appkey": appkey}]}
        assert Socket(alice).ask(name, asked)["code"] == 882002
    assert "eve22" not in usernames(club)


def test_another_owner_comes_in_by_no_door(club, eve, sara, server, published):
    before = len(published)
    for by in (server, Actor.of(sara), Actor.of(eve)):
        with pytest.raises((CrossApplication, NoSuchGroup)):
            services.change_members(club, add=[eve], by=by)
    with pytest.raises(NoSuchGroup):
        services.update_info(club, name="x", by=Actor.of(eve))
    with pytest.raises(NoSuchGroup):
        services.update_info(club, name="x", by=Actor.server(sara.application))
    assert len(published) == before


def test_who_is_deleted_leaves_the_groups_of_all_applications(club, alice, bob, sara, sister, server):
    services.transfer_group(club, sara, by=server)
    accounts.delete_user(sara, by=Actor.server(sister))
    assert usernames(club) == ["alice", "bobby"]
    assert Group.objects.get(pk=club.pk).owner == alice
    assert club.memberships.get(user=alice).role == Membership.Role.OWNER
    assert reading.list_conversations(sara) == []
