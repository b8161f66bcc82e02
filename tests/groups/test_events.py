"""Events of groups: who is named in whose copy."""

import pytest

from groups.events import NAMED_MOST, GroupDissolved

EVERYONE = list(range(1, 2 * NAMED_MOST + 1))


def ended():
    users = [{"username": f"user{number}"} for number in EVERYONE]
    return GroupDissolved(
        application_id=1, gid=7, group_name="Team", group_avatar="", users=users, user_ids=tuple(EVERYONE)
    )


@pytest.mark.parametrize("user_id", [1, 2, NAMED_MOST, NAMED_MOST + 1, EVERYONE[-1]])
def test_ones_own_copy_of_the_end_names_oneself_first_and_nobody_twice(user_id):
    named = [user["username"] for user in ended().seen_by(user_id).users]
    assert named[0] == f"user{user_id}"
    assert len(named) == len(set(named)) == NAMED_MOST
    others = [number for number in EVERYONE if number != user_id]
    assert named[1:] == [f"user{number}" for number in others[: NAMED_MOST - 1]]


def test_who_was_not_in_the_group_is_not_named():
    copy = ended().seen_by(EVERYONE[-1] + 1)
    assert [user["username"] for user in copy.users] == [f"user{number}" for number in EVERYONE[:NAMED_MOST]]
