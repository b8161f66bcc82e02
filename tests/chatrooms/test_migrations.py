"""What a new version does to the rows of an old one."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW = "0001_initial", "0002_room_bans"


def state_at(name):
    """The tables of chat rooms taken to this migration, all others left as they are; the models of that moment."""
    executor = MigrationExecutor(connection)
    executor.migrate([("chatrooms", name)])
    executor.loader.build_graph()
    others = [leaf for leaf in executor.loader.graph.leaf_nodes() if leaf[0] != "chatrooms"]
    return executor.loader.project_state([*others, ("chatrooms", name)]).apps


@pytest.fixture
def newest_again():
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_a_ban_of_the_first_version_is_kept_both_ways(lobby, alice, bob, newest_again):
    old = state_at(OLD).get_model("chatrooms", "RoomMembership")
    old.objects.all().delete()
    old.objects.create(room_id=lobby.pk, user_id=alice.pk, banned=True)
    old.objects.create(room_id=lobby.pk, user_id=bob.pk)

    new = state_at(NEW)
    assert [ban.user_id for ban in new.get_model("chatrooms", "RoomBan").objects.all()] == [alice.pk]
    assert new.get_model("chatrooms", "RoomMembership").objects.count() == 2

    old = state_at(OLD).get_model("chatrooms", "RoomMembership")
    assert dict(old.objects.values_list("user_id", "banned")) == {alice.pk: True, bob.pk: False}
