"""Finding where a message goes, from a cache of some seconds that hears of every change."""

import pytest

from accounts import services as accounts
from accounts.actors import Actor
from accounts.errors import CrossApplication, NoSuchApplication
from groups import services as groups
from groups.errors import NoSuchGroup
from imsite.core.errors import BadValue
from messaging import targets
from messaging.errors import NoSuchTarget
from messaging.targets import resolve
from tests.cast import register
from tests.messaging.conftest import say

pytestmark = pytest.mark.django_db(transaction=True)


def find(sender, kind, target_id, appkey=None):
    return resolve(sender.application, kind, target_id, by=Actor.of(sender), sender=sender, appkey=appkey)


def test_a_group_is_found_by_its_gid(club, alice):
    target = find(alice, "group", str(club.pk))
    assert (target.kind, target.conversation_id, target.target_id, target.title, target.peer) == (
        "group", club.pk, str(club.pk), "Club", None,
    )  # fmt: skip
    assert target.topic == f"conversation:{club.pk}"


def test_what_was_found_is_not_asked_for_again(club, alice, bob, django_assert_num_queries):
    say(alice, bob)
    say(alice, club)
    find(alice, "single", "bobby")  # the first one had no conversation yet
    with django_assert_num_queries(0):
        find(alice, "group", str(club.pk))
        find(alice, "single", "bobby")


def test_a_changed_group_is_found_anew(club, alice, server):
    find(alice, "group", str(club.pk))
    groups.update_info(club, name="Circle", by=server)
    assert find(alice, "group", str(club.pk)).title == "Circle"
    groups.dissolve(club, by=server)
    with pytest.raises(NoSuchGroup):
        find(alice, "group", str(club.pk))


def test_a_deleted_user_is_found_no_more(alice, bob, server):
    say(alice, bob)
    find(alice, "single", "bobby")
    accounts.delete_user(bob, by=server)
    with pytest.raises(NoSuchTarget):
        find(alice, "single", "bobby")


def test_what_one_sender_finds_is_not_anothers(alice, bob, carol):
    first, second = say(alice, bob), say(carol, bob)
    assert find(alice, "single", "bobby").conversation_id == first.conversation_id
    assert find(carol, "single", "bobby").conversation_id == second.conversation_id
    assert first.conversation_id != second.conversation_id


def test_an_application_is_named_where_it_is_another(alice, eve, application):
    sister, _ = accounts.create_application("Sister", owner=application.owner.name, by=None)
    register(sister, "zoe22")
    assert find(alice, "single", "zoe22", sister.appkey).appkey == sister.appkey
    for own in (None, "", application.appkey):
        with pytest.raises(NoSuchTarget):
            find(alice, "single", "zoe22", own)
    with pytest.raises(CrossApplication):
        find(alice, "single", "eve22", eve.application.appkey)
    with pytest.raises(NoSuchApplication):
        find(alice, "single", "eve22", "z" * 24)


def test_a_kind_that_nobody_registered_is_refused(alice):
    with pytest.raises(BadValue):
        find(alice, "multicast", "bobby")
    assert {"single", "group", "chatroom"} <= targets._kinds.keys()


@pytest.mark.parametrize("gid", ["x", "-1", "", "1.5", "1" * 30, "٣", "0x1", " 1"])
def test_a_gid_is_a_whole_number(alice, gid):
    with pytest.raises(BadValue):
        find(alice, "group", gid)
