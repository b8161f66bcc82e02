"""What sockets hear of groups, live and by sync: shields, roles, the end, members of other applications."""

import pytest

from accounts.actors import Actor
from accounts.models import User
from groups import services
from tests.cast import PASSWORD
from tests.inprocess import Server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connect():
    """connect(user) signs in on another device each time."""
    with Server() as running:
        used = {}

        def connect(user):
            platform = "jaw"[used.setdefault(user.pk, 0)]
            used[user.pk] += 1
            client = running.connect(platform=platform)
            application = user.application
            client.sign_in(application.appkey, application.master_secret, user.username, PASSWORD, sync_type=None)
            return client

        yield connect


def events(client):
    """(type, extra, names or gids) of what has arrived by now."""
    client.ping()
    found = []
    while push := client.take_push("event_notification"):
        event = push[1]
        named = [user["username"] for user in event.get("to_usernames", ())]
        named += [group["gid"] for group in event.get("to_groups", ())]
        found.append((event["event_type"], event["extra"], named))
    return found


def texts(client):
    client.ping()
    found = []
    while push := client.take_push("msg_sync"):
        found += [message["content"]["msg_body"]["text"] for message in push[1]["messages"]]
    return found


def synced(client):
    """The same of what the client missed: messages, events."""
    client.sync()
    client.ping()
    messages = client.take_push("sync_conversation")
    missed = client.take_push("sync_event")
    return (
        [
            one["content"]["msg_body"]["text"]
            for entry in (messages[1]["messages"] if messages else [])
            for one in entry["msgs"]
        ],
        [
            (one["event_type"], one["extra"], [u["username"] for u in one.get("to_usernames", ())])
            for one in (missed[1]["events"] if missed else [])
        ],
    )


def test_a_shield_keeps_messages_away_and_lets_events_through(connect, rest, club, alice, bob, server):
    alices, bobs = connect(alice), connect(bob)
    events(alices), events(bobs)
    alices.send_group_text(club.pk, "before")
    assert rest.post("/v1/users/bobby/groupsShield", {"add": [club.pk]}).status_code == 204
    alices.send_group_text(club.pk, "under")
    alices.send_group_text(club.pk, "not kept", no_offline=True)
    assert texts(bobs) == ["before"]
    assert events(bobs) == [(39, 0, [])]
    rest.put(f"/v1/groups/{club.pk}", {"name": "Other"})
    assert events(bobs) == events(alices) == [(12, 0, [])]
    (row,) = bobs.request("list_conversations")["conversations"]
    assert (row["shield"], row["unread_count"], row["last_message"]["content"]["msg_body"]["text"]) == (
        True,
        1,
        "under",
    )
    page = bobs.request("get_messages", {"gid": club.pk})["messages"]
    assert [message["content"]["msg_body"]["text"] for message in page] == ["before", "under"]
    # Who shields a group still speaks there.
    bobs.send_group_text(club.pk, "own")
    assert texts(alices) == ["own"]
    later = connect(bob)
    assert synced(later)[0] == []
    assert rest.post("/v1/users/bobby/groupsShield", {"remove": [club.pk]}).status_code == 204
    alices.send_group_text(club.pk, "behind")
    assert texts(bobs) == texts(later) == ["behind"]


def test_a_shield_holds_in_a_session_that_begins_under_it(connect, club, alice, bob, server):
    services.change_shields(bob, add=[club], by=server)
    alices, bobs = connect(alice), connect(bob)
    alices.send_group_text(club.pk, "under")
    services.silence_members(club, [bob], by=server)
    assert (texts(bobs), events(bobs)) == ([], [(65, 1, ["bobby"])])
    services.change_shields(bob, remove=[club], by=server)
    alices.send_group_text(club.pk, "behind")
    assert texts(bobs) == ["behind"]


def test_who_is_taken_out_under_a_shield_hears_of_that_last(connect, club, alice, bob, server):
    services.change_shields(bob, add=[club], by=server)
    bobs = connect(bob)
    services.change_members(club, remove=[bob], by=server)
    services.update_info(club, name="Other", by=Actor.of(alice))
    assert events(bobs) == [(11, 0, ["bobby"])]


def test_what_users_set_themselves_is_told_to_their_other_devices(connect, club, bob):
    phone, page = connect(bob), connect(bob)
    events(phone), events(page)
    user = User.objects.select_related("application").get(pk=bob.pk)
    by = Actor.of(user)
    services.change_shields(user, add=[club], by=by)
    services.change_shields(user, remove=[club], by=by)
    services.change_no_disturb(user, add_groups=[club], everyone=True, by=by)
    services.change_no_disturb(user, remove_groups=[club], by=by)
    wanted = [(103, 1, [club.pk]), (103, 2, [club.pk]), (102, 35, []), (102, 33, [club.pk]), (102, 34, [club.pk])]
    assert events(phone) == events(page) == wanted


def test_silence_keepers_and_owner_are_told_to_all_and_to_those_who_were_away(connect, rest, club, alice, bob, server):
    alices = connect(alice)
    events(alices)
    assert rest.put(f"/v1/groups/messages/{club.pk}/silence?status=true", ["bobby"]).status_code == 204
    assert rest.put(f"/v1/groups/messages/{club.pk}/silence?status=false", ["bobby"]).status_code == 204
    services.add_keepers(club, [bob], by=Actor.of(alice))
    services.remove_keepers(club, [bob], by=Actor.of(alice))
    assert rest.put(f"/v1/groups/owner/{club.pk}", {"username": "bobby"}).status_code == 204
    wanted = [(65, 1, ["bobby"]), (65, 2, ["bobby"]), (80, 1, ["bobby"]), (80, 2, ["bobby"]), (82, 0, ["bobby"])]
    assert events(alices) == wanted
    _, missed = synced(connect(bob))
    assert missed[-5:] == wanted


def test_who_is_silenced_may_not_speak(connect, rest, club, alice, bob):
    bobs = connect(bob)
    path = f"/v1/groups/messages/{club.pk}/silence"
    rest.put(f"{path}?status=true", ["bobby"])
    assert bobs.send_group_text(club.pk, "may I?", check=False)["code"] == 880212
    rest.put(f"{path}?status=false", ["bobby"])
    assert bobs.send_group_text(club.pk, "thanks")["code"] == 0


def test_at_the_end_everyone_is_named_first_in_their_own_copy(connect, rest, club, alice, bob, carol, server):
    services.change_members(club, add=[carol], by=server)
    services.change_shields(carol, add=[club], by=server)
    here = {user.username: connect(user) for user in (alice, bob, carol)}
    second = connect(bob)
    for client in (*here.values(), second):
        events(client)
    assert rest.delete(f"/v1/groups/{club.pk}").status_code == 204
    wanted = {
        "alice": ["alice", "bobby", "carol"],
        "bobby": ["bobby", "alice", "carol"],
        "carol": ["carol", "alice", "bobby"],
    }
    assert {name: events(client) for name, client in here.items()} == {
        name: [(9, 69, names)] for name, names in wanted.items()
    }
    assert events(second) == [(9, 69, wanted["bobby"])]


@pytest.mark.parametrize("name", ["alice", "bobby", "carol"])
def test_at_the_end_those_who_were_away_are_named_first_too(connect, club, cast, server, name):
    services.change_members(club, add=[cast["carol"]], by=server)
    services.dissolve(club, by=server)
    _, missed = synced(connect(cast[name]))
    kind, extra, names = missed[-1]
    assert (kind, extra, names[0], sorted(names)) == (9, 69, name, ["alice", "bobby", "carol"])


def test_members_of_other_applications_hear_and_are_heard(connect, rest, club, alice, sister, sisters):
    sara = User.objects.select_related("application").get(pk=sisters["sara1"].pk)
    alices, saras = connect(alice), connect(sara)
    events(alices)
    body = [{"appkey": sister.appkey, "add": ["sara1"]}]
    assert rest.post(f"/v1/cross/groups/{club.pk}/members", body).status_code == 204
    assert events(saras) == events(alices) == [(10, 0, ["sara1"])]
    alices.send_group_text(club.pk, "hello")
    saras.send_group_text(club.pk, "hi")
    assert (texts(saras), texts(alices)) == (["hello"], ["hi"])
    again = connect(sara)  # a session that begins as a member
    alices.send_group_text(club.pk, "and again")
    assert texts(again) == texts(saras) == ["and again"]
    body = [{"appkey": sister.appkey, "remove": ["sara1"]}]
    assert rest.post(f"/v1/cross/groups/{club.pk}/members", body).status_code == 204
    alices.send_group_text(club.pk, "without her")
    assert (events(saras), texts(saras), texts(again)) == ([(11, 0, ["sara1"])], [], [])
