"""Operations of all slices at once, on the same people and groups: none waits for another in a circle.

They lock users by id, groups with their conversations, participants, and the order of events last. PostgreSQL ends a
transaction of a circle with an error, which no operation here may meet.
"""

import itertools

import pytest
from django.db import connection

from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import User
from groups import services as groups
from groups.models import Group
from imsite.core.errors import ImError
from messaging.models import Message
from messaging.services.retracting import retract
from tests.cast import register
from tests.door import Rest
from tests.together import together

ROUNDS = 12
GROUPS = 3


def repeated(act):
    """`act(round)` many times; a refusal is as good an end as any."""

    def run():
        for number in range(ROUNDS):
            try:
                act(number)
            except ImError:
                continue
        return True

    return run


@pytest.fixture
def world(application):
    """alice owns all groups, bobby and carol are in them; those who will be deleted too."""
    leaving = [f"leaving{number:02}" for number in range(2 * ROUNDS)]
    cast = register(application, "alice", "bobby", "carol", "dave1", "admin", *leaving)
    server = Actor.server(application)
    accounts.grant_admin(cast["admin"], by=server)
    members = [cast["bobby"], cast["carol"], *(cast[name] for name in leaving)]
    circles = [groups.create_group("Club", owner=cast["alice"], members=members, by=server) for _ in range(GROUPS)]
    rest = Rest(application)
    for circle, _ in itertools.product(circles, range(ROUNDS)):
        message = {
            "version": 1, "target_type": "group", "target_id": str(circle.pk), "from_type": "admin", "from_id": "admin",
            "msg_type": "text", "msg_body": {"text": "hi"},
        }  # fmt: skip
        assert rest.post("/v1/messages", message).status_code == 201
    return cast, circles, server


@pytest.mark.django_db(transaction=True)
def test_members_come_and_go_while_messages_are_taken_back_and_accounts_deleted(world):
    cast, circles, server = world
    messages = list(Message.objects.order_by("pk"))
    in_turn = [messages[index::ROUNDS] for index in range(ROUNDS)]  # one of each group a round
    couples = [[cast[f"leaving{2 * number + one:02}"] for one in (1, 0)] for number in range(ROUNDS)]
    dave = [cast["dave1"]]

    def comes_and_goes(number):
        circle = circles[number % GROUPS]
        groups.change_members(circle, add=dave, by=server)
        groups.change_members(circle, remove=dave, by=server)

    def take_back(number):
        for message in in_turn[number]:
            retract(message, by=server, sender=cast["admin"])

    def befriend(number):
        others = [cast["bobby"], cast["dave1"], cast["carol"]]
        accounts.add_friends(cast["alice"], others[number % 2 :], by=server)
        accounts.remove_friends(cast["carol"], [cast["alice"]], by=server)
        accounts.remove_friends(cast["alice"], others, by=server)

    results = together(
        repeated(comes_and_goes),
        repeated(take_back),
        repeated(lambda number: accounts.delete_users(couples[number], by=server)),
        repeated(befriend),
        repeated(lambda number: groups.update_info(circles[-1], name=f"Club {number}", by=server)),
    )
    assert results == [True] * 5
    assert not Message.objects.exclude(state="retracted").exists()
    assert User.objects.filter(deleted_at=None).count() == 5
    for circle in Group.objects.all():
        assert circle.memberships.count() in (3, 4)
    connection.close()
