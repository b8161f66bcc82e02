"""Requests by socket: silence, keepers, owner, the end, public groups, shields, do-not-disturb."""

import pytest

from accounts.actors import Actor
from groups import services
from groups.models import Group, Membership
from groups.realtime import requests
from tests.door import Socket

Role = Membership.Role
DONE = {"code": 0, "message": "success"}


@pytest.fixture
def club(club, carol, server):
    """alice's, with bob and carol."""
    services.change_members(club, add=[carol], by=server)
    return club


@pytest.fixture
def sockets(club, cast):
    return {name: Socket(user) for name, user in cast.items()}


def roles(group):
    return dict(group.memberships.values_list("user__username", "role"))


def members(*names, **more):
    return [{"username": name, **more} for name in names]


def test_silence(sockets, club, carol):
    asked = {"gid": str(club.pk), "target_username": "carol", "keep_silence": True}
    assert sockets["alice"].ask("group_mem_silence", asked) == DONE
    assert club.memberships.get(user=carol).silenced_until is not None
    assert sockets["alice"].ask("group_mem_silence", {**asked, "keep_silence": "false"}) == DONE
    assert club.memberships.get(user=carol).silenced_until is None


@pytest.mark.parametrize(
    ("by", "change", "code"),
    [
        ("bobby", {}, 880614),
        ("dave1", {}, 880205),
        ("eve22", {}, 880204),
        ("alice", {"target_username": "dave1"}, 880205),
        ("alice", {"target_username": "alice"}, 880614),
        ("alice", {"target_username": "nobody"}, 882002),
        ("alice", {"target_appkey": "x" * 24}, 882002),
        ("alice", {"gid": 99_999_999}, 880204),
        ("alice", {"keep_silence": None}, 880002),
        ("alice", {"keep_silence": 5}, 880004),
        ("alice", {"target_username": 5}, 880004),
        ("alice", {"target_username": None}, 880002),
        ("alice", {"gid": "x"}, 880004),
        ("alice", {"gid": None}, 880002),
    ],
)
def test_silence_refuses(sockets, club, by, change, code):
    asked = {"gid": club.pk, "target_username": "carol", "keep_silence": True, **change}
    assert sockets[by].ask("group_mem_silence", asked)["code"] == code
    assert not club.memberships.exclude(silenced_until=None).exists()


def test_keepers(sockets, club):
    asked = {"gid": club.pk, "member_usernames": members("bobby", "carol")}
    assert sockets["alice"].ask("add_group_keeper", asked) == DONE
    assert roles(club) == {"alice": Role.OWNER, "bobby": Role.KEEPER, "carol": Role.KEEPER}
    assert sockets["alice"].ask("del_group_keeper", {**asked, "member_usernames": members("carol")}) == DONE
    assert roles(club)["carol"] == Role.MEMBER


@pytest.mark.parametrize("name", ["add_group_keeper", "del_group_keeper"])
@pytest.mark.parametrize(
    ("by", "names", "code"),
    [
        ("bobby", ["bobby"], 880614),
        ("dave1", ["carol"], 880205),
        ("alice", ["dave1"], 880205),
        ("alice", ["nobody"], 882002),
        ("alice", [], 880602),
    ],
)
def test_keepers_refuse(sockets, club, name, by, names, code):
    before = roles(club)
    assert sockets[by].ask(name, {"gid": club.pk, "member_usernames": members(*names)})["code"] == code
    assert roles(club) == before


def test_the_16th_keeper_is_refused(sockets, club, monkeypatch):
    monkeypatch.setattr("groups.rules.KEEPERS_MOST", 1)
    asked = {"gid": club.pk, "member_usernames": members("bobby", "carol")}
    assert sockets["alice"].ask("add_group_keeper", asked)["code"] == 880608


def test_a_new_owner(sockets, club):
    asked = {"gid": club.pk, "target_username": "bobby"}
    assert sockets["bobby"].ask("change_group_admin", asked)["code"] == 880614
    assert sockets["alice"].ask("change_group_admin", {**asked, "target_username": "dave1"})["code"] == 880205
    assert sockets["alice"].ask("change_group_admin", {**asked, "target_username": "nobody"})["code"] == 882002
    assert sockets["alice"].ask("change_group_admin", asked) == DONE
    assert roles(club) == {"alice": Role.MEMBER, "bobby": Role.OWNER, "carol": Role.MEMBER}


def test_an_owner_of_another_application(sockets, club, sister, sisters, server):
    services.change_members(club, add=[sisters["sara1"]], by=server)
    asked = {"gid": club.pk, "target_username": "sara1", "target_appkey": sister.appkey}
    assert sockets["alice"].ask("change_group_admin", asked) == DONE
    saras = Socket(sisters["sara1"])
    # Whom she names without an appkey is a colleague of hers.
    asked = {"gid": club.pk, "target_username": "bobby", "keep_silence": True}
    assert saras.ask("group_mem_silence", asked)["code"] == 880205
    assert saras.ask("dissolve_group", {"gid": club.pk}) == DONE
    assert Group.objects.get(pk=club.pk).dissolved_at is not None


def test_the_owner_ends_the_group(sockets, club):
    assert sockets["bobby"].ask("dissolve_group", {"gid": club.pk})["code"] == 880614
    assert sockets["eve22"].ask("dissolve_group", {"gid": club.pk})["code"] == 880204
    assert sockets["alice"].ask("dissolve_group", {"gid": club.pk}) == DONE
    assert sockets["alice"].ask("dissolve_group", {"gid": club.pk})["code"] == 880204


def test_public_groups(sockets, club, alice, application, sister, sisters, server, monkeypatch):
    first, second = (
        services.create_group(name, owner=alice, type=Group.Type.PUBLIC, by=server).pk for name in ("one", "two")
    )
    theirs = services.create_group("theirs", owner=sisters["sara1"], type=Group.Type.PUBLIC, by=Actor.server(sister))
    asker = sockets["dave1"]

    def listed(**asked):
        result = asker.ask("public_group_list", asked)["result"]
        assert result["count"] == len(result["groups"])
        return result["total"], result["start"], [group["gid"] for group in result["groups"]]

    assert listed() == listed(start=0, appkey=application.appkey) == (2, 0, [first, second])
    assert listed(start=1) == (2, 1, [second])
    assert listed(start=2) == (2, 2, [])
    assert listed(appkey=sister.appkey) == (1, 0, [theirs.pk])
    monkeypatch.setattr(requests, "PUBLIC_PAGE", 1)
    assert listed() == (2, 0, [first])
    assert asker.ask("public_group_list", {"start": -1})["code"] == 880003
    assert asker.ask("public_group_list", {"appkey": "x" * 24})["code"] == 882002
    eve = sockets["eve22"]
    assert eve.ask("public_group_list", {"appkey": application.appkey})["code"] == 882002


def test_shields(sockets, club):
    bobs = sockets["bobby"]
    assert bobs.ask("list_shield_group") == {**DONE, "groups": []}
    assert bobs.ask("add_msg_shield_group", {"gid": club.pk}) == DONE
    (group,) = bobs.ask("list_shield_group")["groups"]
    assert (group["gid"], group["flag"]) == (club.pk, 1)
    assert bobs.ask("add_msg_shield_group", {"gid": club.pk})["code"] == 881203
    assert bobs.ask("del_msg_shield_group", {"gid": club.pk}) == DONE
    assert bobs.ask("del_msg_shield_group", {"gid": club.pk})["code"] == 881204
    for name in ("add_msg_shield_group", "del_msg_shield_group"):
        assert sockets["dave1"].ask(name, {"gid": club.pk})["code"] == 881202
        assert sockets["eve22"].ask(name, {"gid": club.pk})["code"] == 881201
        assert bobs.ask(name, {"gid": 99_999_999})["code"] == 881201
        assert bobs.ask(name, {})["code"] == 880002


def test_no_disturb(sockets, club, bob, alice):
    bobs = sockets["bobby"]
    assert bobs.ask("no_disturb") == {**DONE, "no_disturb": {"global": 0, "users": [], "groups": []}}
    assert bobs.ask("add_msg_no_disturb_group", {"gid": club.pk, "version": 0}) == DONE
    services.change_no_disturb(bob, add=[alice], everyone=True, by=Actor.of(bob))
    found = bobs.ask("no_disturb", {"version": 0})["no_disturb"]
    assert found["global"] == 1
    assert [user["username"] for user in found["users"]] == ["alice"]
    assert [group["gid"] for group in found["groups"]] == [club.pk]
    assert bobs.ask("add_msg_no_disturb_group", {"gid": club.pk})["code"] == 881105
    assert bobs.ask("delete_msg_no_disturb_group", {"gid": club.pk}) == DONE
    assert bobs.ask("delete_msg_no_disturb_group", {"gid": club.pk})["code"] == 881106
    for name in ("add_msg_no_disturb_group", "delete_msg_no_disturb_group"):
        assert sockets["dave1"].ask(name, {"gid": club.pk})["code"] == 881104
        assert sockets["eve22"].ask(name, {"gid": club.pk})["code"] == 881103


def test_lists_are_read_in_a_fixed_number_of_queries(sockets, club, bob, alice, server, django_assert_max_num_queries):
    made = [services.create_group(f"g{number}", owner=alice, members=[bob], by=server) for number in range(5)]
    services.change_shields(bob, add=made, by=server)
    services.change_no_disturb(bob, add=[alice], add_groups=made, by=server)
    with django_assert_max_num_queries(1):
        assert len(sockets["bobby"].ask("list_shield_group")["groups"]) == 5
    with django_assert_max_num_queries(3):
        assert len(sockets["bobby"].ask("no_disturb")["no_disturb"]["groups"]) == 5
    with django_assert_max_num_queries(2):
        sockets["bobby"].ask("public_group_list")
