"""Speaking in groups, through the sending path itself."""

import orjson
import pytest

from accounts.actors import Actor
from groups import services
from groups.errors import NoSuchGroup
from groups.models import Group
from groups.targets import GroupTargets
from imsite.core.errors import BadValue
from messaging.errors import NotMember
from messaging.models import Message
from messaging.services import reading, sending
from messaging.services.sending import Draft
from messaging.targets import resolve

pytestmark = pytest.mark.django_db(transaction=True)


def say(group, user, by=None):
    by = by or Actor.of(user)
    target = resolve(by.application, "group", str(group.pk), by=by, sender=user)
    return sending.send(target, Draft(type="text", body={"text": "hi"}), by=by, sender=user).result(10)


def test_members_speak_in_the_name_that_the_group_has_now(club, alice, bob, server):
    say(club, bob)
    services.update_info(club, name="Clubs", by=server)
    say(club, alice)
    titles = [orjson.loads(message.content)["target_name"] for message in Message.objects.order_by("seq")]
    assert titles == ["Club", "Clubs"]


def test_only_members_speak(club, alice, bob, carol, server):
    with pytest.raises(NotMember):
        say(club, carol)
    services.change_members(club, add=[carol], remove=[bob], by=server)
    assert say(club, carol).seq == 1
    with pytest.raises(NotMember):
        say(club, bob)
    services.leave_group(club, carol, by=Actor.of(carol))
    with pytest.raises(NotMember):
        say(club, carol)
    assert say(club, bob, by=server).seq == 2  # the application stands above membership


def test_groups_that_are_not_there(club, alice, eve, server):
    for user, target_id, refusal in (
        (alice, str(club.pk + 1), NoSuchGroup),
        (alice, "club", BadValue),
        (alice, "", BadValue),
        (eve, str(club.pk), NoSuchGroup),
    ):
        with pytest.raises(refusal):
            resolve(user.application, "group", target_id, by=Actor.of(user), sender=user)
    say(club, alice)
    services.dissolve(club, by=server)
    with pytest.raises((NoSuchGroup, NotMember)):
        say(club, alice)
    assert Message.objects.count() == 1


def test_who_is_back_in_a_restored_group_sees_and_speaks_as_before(club, alice, bob, server):
    say(club, alice)
    services.dissolve(club, by=server)
    services.restore(club, by=server)
    assert say(club, bob).seq == 2
    place = reading.place_in_group(bob, club.pk)
    messages, _ = reading.page(place)
    assert [message.seq for message in messages] == [1, 2]
    alices = reading.place_in_group(alice, club.pk)
    assert reading.unread_counts([alices]) == {club.pk: 1}


def test_what_conversation_lists_show_of_groups(club, alice, application, server, django_assert_num_queries):
    second = services.create_group("Second", owner=alice, avatar="media", by=server)
    gone = services.create_group("Gone", owner=alice, by=server)
    Group.objects.filter(pk=gone.pk).update(dissolved_at=gone.created_at)
    with django_assert_num_queries(1):
        about = GroupTargets().describe([club.pk, second.pk, gone.pk])
    assert about == {
        club.pk: {"name": "Club", "avatar": "", "appkey": application.appkey},
        second.pk: {"name": "Second", "avatar": "media", "appkey": application.appkey},
    }
