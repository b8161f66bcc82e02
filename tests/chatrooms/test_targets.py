"""Speaking in chat rooms, through the sending path itself."""

import pytest

from accounts.actors import Actor
from accounts.errors import CrossApplication
from chatrooms import services
from chatrooms.errors import BannedInRoom, NoSuchRoom, NotInRoom
from chatrooms.targets import RoomTargets
from imsite.core.errors import BadValue
from messaging.models import Message
from messaging.services import sending
from messaging.services.sending import Draft
from messaging.targets import resolve

pytestmark = pytest.mark.django_db(transaction=True)


def say(room, user, text="hi", by=None):
    by = by or Actor.of(user)
    target = resolve(by.application, "chatroom", str(room.pk), by=by, sender=user)
    return sending.send(target, Draft(type="text", body={"text": text}), by=by, sender=user).result(10)


def test_who_is_in_the_room_speaks(lobby, alice):
    assert [say(lobby, alice).seq, say(lobby, alice).seq] == [1, 2]
    assert Message.objects.filter(conversation_id=lobby.pk).count() == 2


def test_who_is_not_does_not(lobby, alice, bob):
    with pytest.raises(NotInRoom):
        say(lobby, bob)
    services.enter_room(lobby, bob, by=Actor.of(bob))
    say(lobby, bob)
    services.leave_room(lobby, bob, by=Actor.of(bob))
    with pytest.raises(NotInRoom):
        say(lobby, bob)
    assert Message.objects.count() == 1


def test_a_banned_member_reads_only(lobby, alice, server):
    services.ban_member(lobby, alice, by=server)
    with pytest.raises(BannedInRoom):
        say(lobby, alice)
    assert not Message.objects.exists()


def test_the_application_speaks_without_being_there(lobby, bob, server):
    assert say(lobby, bob, by=server).seq == 1


def test_one_query_tells_for_all_sends(lobby, alice, bob, carol, server, django_assert_num_queries):
    hall = services.create_room("Hall", owner=bob, members=[alice], by=server)
    services.ban_member(hall, alice, by=server)

    def prepared(room, user, by=None):
        by = by or Actor.of(user)
        target = resolve(by.application, "chatroom", str(room.pk), by=by, sender=user)
        return sending.prepare(target, Draft(type="text", body={"text": "hi"}), by=by, sender=user)

    sends = [prepared(room, user) for room in (lobby, hall) for user in (alice, bob, carol)]
    sends.append(prepared(lobby, carol, by=server))
    with django_assert_num_queries(1):
        refused = RoomTargets().refusals(sends)
    assert [type(refused.get(send)) for send in sends] == [
        type(None), NotInRoom, NotInRoom, BannedInRoom, type(None), NotInRoom, type(None),
    ]  # fmt: skip


def test_rooms_that_are_not_there(lobby, alice, eve, server):
    by = Actor.of(alice)
    for target_id, refusal in ((str(lobby.pk + 1), NoSuchRoom), ("lobby", BadValue), ("", BadValue)):
        with pytest.raises(refusal):
            resolve(by.application, "chatroom", target_id, by=by, sender=alice)
    with pytest.raises(NoSuchRoom):
        resolve(eve.application, "chatroom", str(lobby.pk), by=Actor.of(eve), sender=eve)
    services.delete_room(lobby, by=server)
    with pytest.raises(NoSuchRoom):
        say(lobby, alice)


def test_a_ban_holds_for_sockets_and_not_for_the_server(lobby, alice, server):
    services.ban_member(lobby, alice, by=server)
    services.leave_room(lobby, alice, by=Actor.of(alice))
    services.enter_room(lobby, alice, by=Actor.of(alice))
    with pytest.raises(BannedInRoom):
        say(lobby, alice)
    assert say(lobby, alice, by=server).seq == 1
    services.lift_ban(lobby, alice, by=server)
    assert say(lobby, alice).seq == 2


def test_a_member_of_a_sister_application_speaks(lobby, application, sister, twin, server):
    with pytest.raises(NotInRoom):
        say(lobby, twin)
    services.change_members(lobby, add=[twin], by=server)
    for appkey in (None, sister.appkey, application.appkey):
        target = resolve(sister, "chatroom", str(lobby.pk), by=Actor.of(twin), sender=twin, appkey=appkey)
        assert (target.application_id, target.appkey) == (application.pk, application.appkey)
    assert say(lobby, twin).seq == 1
    services.ban_member(lobby, twin, by=server)
    with pytest.raises(BannedInRoom):
        say(lobby, twin)
    assert Message.objects.get().application == sister


def test_the_sister_application_names_the_appkey_of_the_room(lobby, application, other_application, sister, twin, eve):
    """Also where a user's look-up of the same room is remembered."""
    room, by = str(lobby.pk), Actor.server(sister)
    resolve(sister, "chatroom", room, by=Actor.of(twin), sender=twin)
    with pytest.raises(NoSuchRoom):
        resolve(sister, "chatroom", room, by=by, sender=twin)
    assert resolve(sister, "chatroom", room, by=by, sender=twin, appkey=application.appkey).conversation_id == lobby.pk
    with pytest.raises(CrossApplication):
        resolve(
            other_application,
            "chatroom",
            room,
            by=Actor.server(other_application),
            sender=eve,
            appkey=application.appkey,
        )
