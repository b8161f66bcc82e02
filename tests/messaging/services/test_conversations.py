"""Ids that groups and rooms bring along."""

import pytest

from imsite.core.errors import BadValue
from messaging.models import Conversation
from messaging.services.conversations import ID_MOST, KEPT_MOST, begin_conversation
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)

GROUP = Conversation.Kind.GROUP


def test_an_id_is_kept_where_it_is_free(application):
    first = begin_conversation(application, GROUP).pk
    wanted = first + 1000
    assert begin_conversation(application, GROUP, wanted_id=wanted).pk == wanted
    later = [begin_conversation(application, GROUP).pk for _ in range(3)]
    assert min(later) > wanted
    assert begin_conversation(application, GROUP, wanted_id=first + 5).pk == first + 5  # a gap
    assert begin_conversation(application, GROUP).pk > max(later)
    again = begin_conversation(application, GROUP, wanted_id=wanted).pk
    assert again not in (wanted, first)
    assert Conversation.objects.count() == 8


@pytest.mark.parametrize("wanted", [KEPT_MOST + 1, ID_MOST])
def test_an_id_that_leaves_no_room_for_those_after_it_is_not_kept(application, wanted):
    """Else one group of an import would be the last of the whole installation."""
    assert begin_conversation(application, GROUP, wanted_id=wanted).pk < KEPT_MOST
    assert begin_conversation(application, GROUP).pk < KEPT_MOST


@pytest.mark.parametrize("wanted", [0, -1, ID_MOST + 1])
def test_what_is_no_id(application, wanted):
    with pytest.raises(BadValue):
        begin_conversation(application, GROUP, wanted_id=wanted)
    assert not Conversation.objects.exists()


def test_several_bring_ids_at_once(application):
    first = begin_conversation(application, GROUP).pk
    # Apart: those who bring none get the ids that follow.
    wanted = [first + 1000 + number for number in (50, 10, 40, 20)]
    calls = [lambda one=one: begin_conversation(application, GROUP, wanted_id=one).pk for one in wanted]
    calls += [lambda: begin_conversation(application, GROUP).pk] * 4
    made = together(*calls)
    assert made[:4] == wanted
    assert len(set(made)) == 8
    assert begin_conversation(application, GROUP).pk > max(made)
