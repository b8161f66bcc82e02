"""Coming into public groups: asking, inviting, the answers; who is told, and how it looks on the wire."""

import orjson
import pytest

from accounts import services as accounts
from accounts.actors import Actor
from groups import services
from groups.errors import GroupFull, RequestNotOpen
from groups.events import JoinRefused, JoinRefusedElsewhere, JoinRequested, MembersAdded, MembersAdmitted
from groups.models import Group, JoinRequest
from imsite.realtime import dispatch
from messaging.services import sync
from tests.cast import register
from tests.door import Socket
from tests.together import kinds, together

DONE = {"code": 0, "message": "success"}


@pytest.fixture
def club(application, alice, bob, carol, server):
    """A public group: alice owns it, bob keeps it, carol is in it."""
    club = services.create_group("Club", owner=alice, members=[bob, carol], type=Group.Type.PUBLIC, by=server)
    services.add_keepers(club, [bob], by=server)
    return club


@pytest.fixture
def sockets(club, cast):
    return {name: Socket(user) for name, user in cast.items()}


@pytest.fixture(autouse=True)
def quiet(club, published):
    """What made the group is not looked at."""
    published.clear()


def usernames(group):
    return set(group.memberships.values_list("user__username", flat=True))


def wire(event):
    return orjson.loads(dispatch.encode_event(event)[2:])[1]


def asked(group):
    return JoinRequest.objects.get(group=group, state="open")


def answer(group, request, user="dave1", **more):
    return {
        "gid": group.pk,
        "event_id": request.event_id,
        "target_username": user,
        "from_username": user,
        "result": 0,
        **more,
    }


def test_who_asks_is_let_in(sockets, club, alice, bob, dave, published):
    assert sockets["dave1"].ask("apply_join_group", {"gid": club.pk, "reason": "please 😀"}) == DONE
    (told,) = published.told
    assert (told.to.users, told.keep, told.to.conversation) == ([alice.pk, bob.pk], True, None)
    push = wire(told.event)
    request = asked(club)
    assert (push["event_type"], push["extra"], push["event_id"]) == (56, 59, request.event_id)
    assert (push["from_username"], push["description"]) == ("dave1", "please 😀")
    assert [user["username"] for user in push["to_usernames"]] == ["dave1"]
    assert push["gid"] == push["from_gid"] == club.pk
    published.clear()

    assert sockets["bobby"].ask("admin_add_group_member", answer(club, request)) == DONE
    assert usernames(club) == {"alice", "bobby", "carol", "dave1"}
    (event,) = published
    assert type(event) is MembersAdmitted
    push = wire(event)
    assert (push["event_type"], push["extra"], push["from_username"]) == (10, 2, "bobby")
    assert [user["username"] for user in push["to_usernames"]] == ["dave1"]
    # Once: whoever is slower is told so.
    assert sockets["alice"].ask("admin_add_group_member", answer(club, request))["code"] == 880612
    assert sockets["alice"].ask("admin_add_group_member", answer(club, request, result=1))["code"] == 880612
    assert len(published) == 1


def test_who_asks_is_refused(sockets, club, alice, bob, dave, published):
    sockets["dave1"].ask("apply_join_group", {"gid": club.pk})
    request = asked(club)
    published.clear()
    assert sockets["alice"].ask("admin_add_group_member", answer(club, request, result=1, reason="full")) == DONE
    assert [(type(told.event), told.to.users, told.keep) for told in published.told] == [
        (JoinRefused, [dave.pk], True),
        (JoinRefusedElsewhere, [bob.pk], True),
    ]
    first, second = (wire(event) for event in published)
    assert (first["event_type"], first["description"], first["from_username"]) == (57, "full", "alice")
    assert (second["event_type"], second["from_eventid"]) == (58, request.event_id)
    assert first["to_usernames"] == second["to_usernames"]
    assert "from_eventid" not in first
    request.refresh_from_db()
    assert (request.state, request.handler) == ("refused", alice)
    assert usernames(club) == {"alice", "bobby", "carol"}
    # And may ask again.
    assert sockets["dave1"].ask("apply_join_group", {"gid": club.pk}) == DONE
    assert asked(club).pk != request.pk


def test_a_plain_member_invites(sockets, club, alice, bob, carol, dave, published):
    request = {"gid": club.pk, "member_usernames": [{"username": "dave1"}]}
    assert sockets["carol"].ask("add_across_group_member", request) == DONE
    assert usernames(club) == {"alice", "bobby", "carol"}
    (told,) = published.told
    push = wire(told.event)
    assert told.to.users == [alice.pk, bob.pk]
    assert (push["event_type"], push["extra"], push["from_username"]) == (56, 10, "carol")
    assert [user["username"] for user in push["to_usernames"]] == ["dave1"]
    assert "description" not in push
    published.clear()
    assert sockets["alice"].ask("admin_add_group_member", answer(club, asked(club), result=1)) == DONE
    assert [(type(told.event), told.to.users) for told in published.told] == [
        (JoinRefused, [carol.pk]),  # who had asked
        (JoinRefusedElsewhere, [bob.pk]),
    ]
    assert sockets["carol"].ask("add_across_group_member", request) == DONE
    assert sockets["alice"].ask("admin_add_group_member", answer(club, asked(club))) == DONE
    assert "dave1" in usernames(club)


def test_an_invitation_of_many_takes_no_more_queries(
    club, application, carol, alice, published, django_assert_max_num_queries
):
    many = list(register(application, *(f"many{number:03}" for number in range(100))).values())
    with django_assert_max_num_queries(20):
        services.invite(club, many, by=Actor.of(carol))
    assert club.join_requests.filter(state="open").count() == 100
    told = [event.request_id for event in published.of(JoinRequested)]
    assert told == list(club.join_requests.order_by("pk").values_list("event_id", flat=True))
    assert [event.request_id for event in sync.missed_events(alice, "web", ()) if type(event) is JoinRequested] == told


@pytest.mark.parametrize("name", ["alice", "bobby"])
def test_owner_and_keepers_add_at_once(sockets, club, published, name):
    request = {"gid": club.pk, "member_usernames": [{"username": "dave1"}]}
    assert sockets[name].ask("add_across_group_member", request) == DONE
    assert "dave1" in usernames(club)
    assert [type(event) for event in published] == [MembersAdded]


def test_one_question_a_user_is_open_at_a_time(sockets, club, published):
    for _ in range(2):
        assert sockets["dave1"].ask("apply_join_group", {"gid": club.pk}) == DONE
    request = {"gid": club.pk, "member_usernames": [{"username": "dave1"}]}
    assert sockets["carol"].ask("add_across_group_member", request) == DONE
    assert len(published.of(JoinRequested)) == len(published) == 1
    assert JoinRequest.objects.count() == 1


def test_asking_is_refused(sockets, club, carol, eve, alice, server, published):
    private = services.create_group("Private", owner=alice, by=server)
    published.clear()
    dave = sockets["dave1"]
    assert dave.ask("apply_join_group", {"gid": private.pk})["code"] == 880611
    assert dave.ask("apply_join_group", {"gid": 99_999_999})["code"] == 880204
    assert dave.ask("apply_join_group", {})["code"] == 880002
    assert dave.ask("apply_join_group", {"gid": club.pk, "reason": 5})["code"] == 880004
    assert sockets["carol"].ask("apply_join_group", {"gid": club.pk})["code"] == 880610
    assert sockets["eve22"].ask("apply_join_group", {"gid": club.pk})["code"] == 880204
    invited = lambda *names: {"gid": club.pk, "member_usernames": [{"username": name} for name in names]}  # noqa: E731
    carols = sockets["carol"]
    assert carols.ask("add_across_group_member", invited("dave1", "bobby"))["code"] == 880607
    assert carols.ask("add_across_group_member", invited("nobody"))["code"] == 882002
    assert carols.ask("add_across_group_member", invited())["code"] == 880602
    Group.objects.filter(pk=club.pk).update(capacity=3)
    assert carols.ask("add_across_group_member", invited("dave1"))["code"] == 880608
    assert dave.ask("add_across_group_member", invited("dave1"))["code"] == 880205
    assert not JoinRequest.objects.exists()
    assert published == []


@pytest.mark.parametrize(
    ("by", "change", "code"),
    [
        ("carol", {}, 880614),
        ("dave1", {}, 880614),
        ("eve22", {}, 880204),
        ("alice", {"event_id": 7}, 880612),
        ("alice", {"target_username": "carol"}, 880612),
        ("alice", {"target_username": "nobody"}, 882002),
        ("alice", {"target_appkey": "x" * 24}, 882002),
        ("alice", {"gid": 99_999_999}, 880204),
        ("alice", {"result": None}, 880002),
        ("alice", {"result": "yes"}, 880004),
        ("alice", {"event_id": None}, 880002),
        ("alice", {"reason": ["x"]}, 880004),
    ],
)
@pytest.mark.parametrize("result", [0, 1])
def test_answers_are_refused(sockets, club, published, by, change, code, result):
    sockets["dave1"].ask("apply_join_group", {"gid": club.pk})
    request = asked(club)
    published.clear()
    body = answer(club, request, **{"result": result, **change})
    assert sockets[by].ask("admin_add_group_member", body)["code"] == code
    assert asked(club) == request
    assert "dave1" not in usernames(club)
    assert published == []


def test_an_answer_is_for_the_group_that_was_asked(sockets, club, alice, server):
    sockets["dave1"].ask("apply_join_group", {"gid": club.pk})
    other = services.create_group("Other", owner=alice, type=Group.Type.PUBLIC, by=server)
    assert sockets["alice"].ask("admin_add_group_member", answer(other, asked(club)))["code"] == 880612
    assert usernames(other) == {"alice"}


def test_a_full_group_lets_nobody_in_and_the_question_stays_open(sockets, club, dave, server, alice):
    sockets["dave1"].ask("apply_join_group", {"gid": club.pk})
    Group.objects.filter(pk=club.pk).update(capacity=3)
    with pytest.raises(GroupFull):
        services.accept_request(club, asked(club).event_id, dave, by=Actor.of(alice))
    Group.objects.filter(pk=club.pk).update(capacity=4)
    services.accept_request(club, asked(club).event_id, dave, by=Actor.of(alice))
    assert "dave1" in usernames(club)


def test_who_came_in_otherwise_or_is_gone_asks_no_more(sockets, club, dave, alice, server):
    sockets["dave1"].ask("apply_join_group", {"gid": club.pk})
    request = asked(club)
    services.change_members(club, add=[dave], by=server)
    request.refresh_from_db()
    assert request.state == "accepted"
    with pytest.raises(RequestNotOpen):
        services.refuse_request(club, request.event_id, dave, by=Actor.of(alice))
    services.change_members(club, remove=[dave], by=server)
    sockets["dave1"].ask("apply_join_group", {"gid": club.pk})
    accounts.delete_user(dave, by=server)
    assert not JoinRequest.objects.filter(state="open").exists()


def test_users_of_another_application_ask_and_answer(club, sister, sisters, application, alice, server):
    sara = Socket(sisters["sara1"])
    assert sara.ask("get_group_info", {"gid": club.pk})["group_info"]["appkey"] == application.appkey
    assert sara.ask("apply_join_group", {"gid": club.pk}) == DONE
    body = answer(club, asked(club), "sara1")
    assert Socket(alice).ask("admin_add_group_member", body)["code"] == 882002
    assert Socket(alice).ask("admin_add_group_member", {**body, "target_appkey": sister.appkey}) == DONE
    services.add_keepers(club, [sisters["sara1"]], by=server)
    steve = Socket(sisters["steve"])
    assert steve.ask("apply_join_group", {"gid": club.pk}) == DONE
    assert sara.ask("admin_add_group_member", answer(club, asked(club), "steve")) == DONE
    assert {"sara1", "steve"} < usernames(club)


def test_who_may_answer_is_told_later_too_under_the_same_id(sockets, club, alice, bob):
    sockets["dave1"].ask("apply_join_group", {"gid": club.pk})
    for user in (alice, bob):
        event = sync.missed_events(user, "web", ())[-1]
        assert wire(event)["event_id"] == asked(club).event_id


@pytest.mark.django_db(transaction=True)
def test_of_several_answers_at_once_one_counts(club, alice, bob, dave, server):
    services.ask_to_join(club, by=Actor.of(dave))
    event_id = asked(club).event_id
    results = together(
        lambda: services.accept_request(club, event_id, dave, by=Actor.of(alice)),
        lambda: services.refuse_request(club, event_id, dave, by=Actor.of(bob)),
        lambda: services.accept_request(club, event_id, dave, by=Actor.of(bob)),
    )
    assert kinds(results) == ["NoneType", "RequestNotOpen", "RequestNotOpen"]


@pytest.mark.django_db(transaction=True)
def test_who_asks_several_times_at_once_has_one_question_open(club, dave):
    results = together(*[lambda: services.ask_to_join(club, by=Actor.of(dave))] * 4)
    assert kinds(results) == ["NoneType"] * 4
    assert JoinRequest.objects.count() == 1
