"""Operations of all slices at random on a few people, groups and rooms of two sister applications, all at once.

No operation may meet a deadlock or any other error but a refusal; and afterwards everything fits together.
"""

import os
import random

import pytest
from django.db import connection

from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Application, Block, Friendship, Mute, Session, User
from chatrooms import services as chatrooms
from groups import services as groups
from groups.models import Group, JoinRequest, Membership
from imsite.core.errors import ImError
from imsite.core.models import StoredEvent
from messaging.models import Conversation, Hidden, Message, Participant
from messaging.services import reading, sync
from messaging.services.retracting import retract
from tests.cast import PASSWORD_MD5, register
from tests.door import Rest
from tests.together import together

THREADS = 6
SEEDS = range(1, 1 + int(os.environ.get("IM_TEST_TURMOIL_SEEDS", "2")))  # more of them to look longer
STEPS = 40


class World:
    """The cast, and what each thread does to it: methods that begin with `do_`, chosen at random."""

    def __init__(self, application: Application, sister: Application) -> None:
        self.application, self.sister = application, sister
        self.server = Actor.server(application)
        own = register(application, "alice", "bobby", "carol", "dave1", "erika", "admin")
        self.admin = own.pop("admin")
        accounts.grant_admin(self.admin, by=self.server)
        self.people = [*own.values(), *register(sister, "sara1", "steve").values()]
        self.leaving = [*register(application, *(f"leaving{number:02}" for number in range(12))).values()]
        self.groups = [
            groups.create_group(
                "Club", owner=own["alice"], members=[*self.people, *self.leaving[:6]], type=type, by=self.server
            )
            for type in (Group.Type.PRIVATE, Group.Type.PRIVATE, Group.Type.PUBLIC)
        ]
        assert (
            Rest(application).get("/v1/admins/", start=0, count=1).status_code == 200
        )  # what threads cannot load at once
        self.rooms = [chatrooms.create_room("Hall", owner=own["alice"], members=self.people, by=self.server)]

    def run(self, seed: int):
        dice, rest = random.Random(seed), Rest(self.application)
        deeds = [getattr(self, name) for name in dir(self) if name.startswith("do_")]

        def act() -> bool:
            for _ in range(STEPS):
                try:
                    dice.choice(deeds)(dice, rest)
                except ImError:
                    continue
            return True

        return act

    def some(self, dice: random.Random, most: int = 3) -> list[User]:
        return dice.sample([*self.people, *self.leaving], dice.randint(1, most))

    def group(self, dice: random.Random) -> Group:
        return dice.choice(self.groups)

    def do_send(self, dice, rest):
        user = dice.choice(self.people[:5])
        by_user = dice.random() < 0.5
        target = (
            ("group", str(self.group(dice).pk))
            if dice.random() < 0.7
            else ("single", dice.choice(self.people[:5]).username)
        )
        message = {
            "version": 1, "target_type": target[0], "target_id": target[1], "msg_type": "text", "msg_body": {"text": "hi"},
            "from_type": "user" if by_user else "admin", "from_id": user.username if by_user else "admin",
        }  # fmt: skip
        assert rest.post("/v1/messages", message).status_code in (201, 403, 404, 400)

    do_send_again = do_send_once_more = do_send

    def do_retract(self, dice, rest):
        newest = list(Message.objects.select_related("sender__application").order_by("-pk")[:10])
        if newest:
            message = dice.choice(newest)
            retract(message, by=Actor.server(message.sender.application), sender=message.sender)

    def do_friends(self, dice, rest):
        user, *others = self.some(dice, 4)
        act = dice.choice([accounts.add_friends, accounts.remove_friends])
        act(user, others, by=Actor.server(user.application))

    def do_block(self, dice, rest):
        user, *others = self.some(dice, 3)
        dice.choice([accounts.block, accounts.unblock])(user, others, by=Actor.server(user.application))

    def do_members(self, dice, rest):
        names = {"add" if dice.random() < 0.6 else "remove": self.some(dice)}
        groups.change_members(self.group(dice), **names, by=self.server)

    def do_leave(self, dice, rest):
        user = dice.choice(self.people)
        groups.leave_group(self.group(dice), user, by=Actor.of(user, sid="s", device_class="web"))

    def do_silence(self, dice, rest):
        act = dice.choice([groups.silence_members, groups.unsilence_members])
        act(self.group(dice), self.some(dice, 2), by=self.server)

    def do_keepers(self, dice, rest):
        dice.choice([groups.add_keepers, groups.remove_keepers])(self.group(dice), self.some(dice, 2), by=self.server)

    def do_transfer(self, dice, rest):
        groups.transfer_group(self.group(dice), dice.choice(self.people), by=self.server)

    def do_shield(self, dice, rest):
        user, wanted = dice.choice(self.people), dice.sample(self.groups, dice.randint(1, 3))
        name = "add" if dice.random() < 0.5 else "remove"
        groups.change_shields(user, **{name: wanted}, by=Actor.server(user.application))

    do_shield_again = do_shield

    def do_quiet(self, dice, rest):
        user, *others = self.some(dice, 3)
        groups.change_no_disturb(user, add=others, add_groups=[self.group(dice)], by=Actor.server(user.application))

    def do_info(self, dice, rest):
        groups.update_info(self.group(dice), name=f"Club {dice.random():.3}", by=self.server)

    def do_end_and_restore(self, dice, rest):
        group = self.group(dice)
        if dice.random() < 0.3:
            groups.dissolve(group, by=self.server)
        groups.restore(group, by=self.server)

    do_restore = do_end_and_restore

    def do_delete(self, dice, rest):
        if dice.random() < 0.3:
            accounts.delete_users(dice.sample(self.leaving, 2), by=self.server)

    def do_password(self, dice, rest):
        user = dice.choice(self.people)
        accounts.disable_user(user, by=Actor.server(user.application))
        accounts.enable_user(user, by=Actor.server(user.application))

    def do_sign_in(self, dice, rest):
        user = dice.choice(self.people)
        found = accounts.log_in(
            user.application, user.username, PASSWORD_MD5, sid=f"{dice.random()}", device_class="web", platform="j",
            address=None,
        )  # fmt: skip
        found.topics()
        by = Actor.of(user, sid="s", device_class="web", login_id=found.login_id)
        chatrooms.enter_room(self.rooms[0], user, by=by)
        accounts.end_session(found.login_id, Session.Ended.LOGGED_OUT)

    def do_ask(self, dice, rest):
        group, user = self.groups[-1], dice.choice(self.people)
        groups.ask_to_join(group, by=Actor.of(user, sid="s", device_class="web"))

    def do_answer(self, dice, rest):
        waiting = list(JoinRequest.objects.filter(state="open").select_related("group__owner", "applicant"))
        if waiting:
            asked = dice.choice(waiting)
            answer = dice.choice([groups.accept_request, groups.refuse_request])
            answer(asked.group, asked.event_id, asked.applicant, by=self.server)

    def do_invite(self, dice, rest):
        one, other = dice.sample(self.people, 2)
        accounts.invite_friend(one, other, why="", by=Actor.of(one, sid="s", device_class="web"))
        answer = dice.choice([accounts.accept_friend, accounts.decline_friend])
        answer(other, one, why="yes", by=Actor.of(other, sid="t", device_class="web"))

    def do_room(self, dice, rest):
        room, (one, *more) = self.rooms[0], self.some(dice)
        dice.choice([chatrooms.ban_member, chatrooms.lift_ban])(room, one, by=self.server)
        chatrooms.change_members(room, add=more, remove=[one], by=self.server)

    def do_read(self, dice, rest):
        user = dice.choice(self.people)
        by = Actor.of(user, sid="s", device_class="web")
        reading.mark_read(reading.place_in_group(user, self.group(dice).pk), by=by)

    def do_sync(self, dice, rest):
        user = dice.choice(self.people)
        for portion in sync.missed_messages(user):
            assert all(message.state == Message.State.KEPT for message in portion.messages)
            sync.acknowledge(user, {portion.place.conversation_id: portion.last_seq})
        sync.history(user)
        reading.list_conversations(user)

    do_sync_again = do_sync


@pytest.fixture
def world(application):
    sister, _ = accounts.create_application("Sister", owner=application.owner.name, by=None)
    return World(application, sister)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_at_once_fits_together(world, seed, settings):
    settings.RATE_LIMITS = False
    assert together(*(world.run(seed * 100 + number) for number in range(THREADS))) == [True] * THREADS
    groups_fit(), conversations_fit(), lists_fit(), unread_fits(world)
    connection.close()


def groups_fit():
    for group in Group.objects.select_related("conversation"):
        roles = dict(group.memberships.values_list("user_id", "role"))
        places = {place.user_id: place for place in Participant.objects.filter(conversation=group.pk)}
        active = {user_id for user_id, place in places.items() if place.active}
        waiting = group.join_requests.filter(state=JoinRequest.State.OPEN).values_list("applicant_id", flat=True)
        assert not set(waiting) & set(roles)
        assert not User.objects.filter(pk__in=roles).exclude(deleted_at=None).exists()
        if group.dissolved_at is not None:
            assert not active
            continue
        assert active == set(roles)
        assert [user_id for user_id, role in roles.items() if role == Membership.Role.OWNER] == [group.owner_id]
        for membership in group.memberships.all():
            place = places[membership.user_id]
            assert place.moderates == (membership.role != Membership.Role.MEMBER)
            assert (place.silenced_until_ms > 0) == (membership.silenced_until is not None)


def conversations_fit():
    for conversation in Conversation.objects.all():
        rows = Message.objects.filter(conversation=conversation, seq__isnull=False).order_by("seq")
        seqs, ids = zip(*rows.values_list("seq", "pk"), strict=True) if rows else ((), ())
        assert list(seqs) == list(range(1, conversation.last_seq + 1))
        assert list(ids) == sorted(ids)
        assert conversation.count_no == conversation.last_seq
        assert list(conversation.ops.order_by("pk").values_list("op_seq", flat=True)) == list(
            range(1, conversation.op_seq + 1)
        )
        assert conversation.ops.count() == rows.filter(state="retracted").count()


def lists_fit():
    pairs = set(Friendship.objects.values_list("owner_id", "friend_id"))
    assert pairs == {(friend, owner) for owner, friend in pairs}
    gone = set(User.objects.exclude(deleted_at=None).values_list("pk", flat=True))
    for rows in (
        pairs,
        Block.objects.values_list("owner_id", "target_id"),
        Mute.objects.values_list("owner_id", "target_id"),
    ):
        assert not gone & {user_id for pair in rows for user_id in pair}
    assert StoredEvent.objects.exists()
    assert not Hidden.objects.exists()


def unread_fits(world):
    """By counting one message after the other."""
    for user in world.people:
        places = list(Participant.objects.filter(user=user, active=True).select_related("conversation"))
        counted = reading.unread_counts(places)
        for place in places:
            rows = Message.objects.filter(conversation=place.conversation_id, state="kept", seq__gt=place.read_seq)
            others = rows.exclude(sender=user).values_list("seq", flat=True)
            plain = [seq for seq in others if not any(span.holds(seq) for span in place.spans())]
            assert counted[place.conversation_id] == len(plain), (user, place, place.spans())
