"""How events about friends, blacklists and do-not-disturb look on the wire."""

import orjson
import pytest

from accounts.events import (
    BlacklistChanged,
    FriendChange,
    FriendInvited,
    FriendRemoved,
    FriendsChanged,
    InvitationAnswered,
    NoDisturbChange,
    NoDisturbChanged,
    OwnBlacklistChanged,
    OwnFriendsChanged,
    OwnNoDisturbChanged,
)
from accounts.models import brief, briefs
from imsite.core.events import Event
from imsite.realtime import dispatch

dispatch.autodiscover()
AT_MS = 1_795_232_441_595


def rendered(event: Event):
    """The push of this event, after its way through the store."""
    kept = type(event)(**orjson.loads(orjson.dumps(event)))
    name, data = dispatch._render_of(kept)(kept.stamped(90_001, AT_MS))
    assert name == "event_notification"
    common = {"event_id": 90_001, "ctime": AT_MS // 1000, "ctime_ms": AT_MS}
    assert {member: data.pop(member) for member in common} == common
    return data


def person(user, **more):
    more = {"from_nickname": user.nickname, **more} if "from_nickname" not in more else more
    return {"from_username": user.username, "from_appkey": user.application.appkey, "from_uid": user.pk, **more}


NOBODY = {"from_username": "", "from_appkey": "", "from_uid": 0, "from_nickname": ""}


@pytest.fixture
def bob(bob):
    bob.nickname, bob.avatar = "Bobby", "qiniu/image/j/1"
    return bob


def test_an_invitation(alice, bob):
    event = FriendInvited.of(bob, why="hello", users=briefs([alice]))
    assert rendered(event) == person(
        bob, event_type=5, extra=1, media_id=bob.avatar, to_usernames=[brief(alice)], description="hello"
    )


@pytest.mark.parametrize(("accepted", "return_code"), [(True, 0), (False, 881305)])
def test_an_answer(alice, bob, accepted, return_code):
    event = InvitationAnswered.of(bob, accepted=accepted, why="why", users=briefs([alice]))
    assert rendered(event) == person(
        bob, event_type=5, extra=2, media_id=bob.avatar, to_usernames=[brief(alice)], description="why",
        return_code=return_code,
    )  # fmt: skip


def test_a_friend_is_gone(alice, bob):
    assert rendered(FriendRemoved.of(bob)) == person(bob, event_type=6, extra=0, media_id=bob.avatar)


def test_what_was_changed_over_rest(alice, application):
    changed = FriendsChanged(application_id=application.pk)
    assert rendered(changed) == {**NOBODY, "event_type": 7, "extra": 0, "description": "API"}
    assert rendered(NoDisturbChanged.of(alice)) == {**NOBODY, "event_type": 37, "extra": 0}
    assert rendered(BlacklistChanged.of(alice)) == {**NOBODY, "event_type": 38, "extra": 0}


def test_own_changes_on_another_device(alice, bob):
    added = rendered(OwnFriendsChanged.to(alice, FriendChange.ADDED, [bob]))
    own = person(alice, from_nickname="", to_usernames=[brief(bob)])
    assert added == {**own, "event_type": 100, "extra": 5, "media_id": bob.avatar}
    assert rendered(OwnFriendsChanged.to(alice, FriendChange.REMOVED, [bob])) == {**own, "event_type": 100, "extra": 6}
    noted = rendered(OwnFriendsChanged.to(alice, FriendChange.NOTED, [bob], note_name="Bob", others="from\nwork"))
    assert orjson.loads(noted.pop("description")) == {"memo_name": "Bob", "memo_others": "from\nwork"}
    assert noted == {**own, "event_type": 100, "extra": 7}
    assert rendered(OwnBlacklistChanged.to(alice, 2, [bob])) == {**own, "event_type": 101, "extra": 2}
    assert rendered(OwnNoDisturbChanged.to(alice, NoDisturbChange.USER_ON, [bob])) == {
        **own, "event_type": 102, "extra": 31,
    }  # fmt: skip
    quiet = rendered(OwnNoDisturbChanged.to(alice, NoDisturbChange.ALL_OFF))
    assert quiet == {**own, "to_usernames": [], "event_type": 102, "extra": 36}
