"""No application reaches what is another one's: every endpoint is tried with the ids of another application's things.

A new endpoint has its lines in REFUSED (a path or a body that names what is theirs) or OWN (it names nothing, and must not
show theirs). They are tried by an application of another owner and by one of the same owner: only the cross calls may
reach among the latter.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import services
from accounts.actors import Actor
from accounts.models import Application
from chatrooms import services as rooms
from groups import services as groups
from imsite import coverage
from imsite.core import clock
from messaging.services import delivered, media, words
from tests.cast import register
from tests.door import Rest
from tests.isolation import PACKAGES

NO_USER, NO_GROUP, NO_ROOM = (403, 899002), (403, 899006), (403, 899081)
INVALID, FOREIGN, NO_MESSAGE = (400, 899003), (403, 899020), (403, 855003)
NO_MUTED_GROUP, NO_SHIELDED_GROUP = (403, 899045), (403, 899051)
MARK = "theirs"  # in the name of everything that the other application has
# In which everything here is sent, in whatever time zone.
SINCE, UNTIL = (clock.now() + timedelta(days=days) for days in (-2, 2))
WINDOW = f"count=100&begin_time={SINCE:%Y-%m-%d} 00:00:00&end_time={UNTIL:%Y-%m-%d} 00:00:00"


@dataclass
class World:
    """What is theirs, and what the application has that asks: numbers and names for paths and bodies."""

    application: Application
    mark: str

    def __post_init__(self) -> None:
        self.appkey = self.application.appkey
        self.user, self.other = f"{self.mark}.user", f"{self.mark}.other"
        self.admin, self.word = f"{self.mark}.admin", self.mark
        server = Actor.server(self.application)
        users = register(self.application, self.user, self.other, self.admin)
        services.grant_admin(users[self.admin], by=server)
        both = {"owner": users[self.user], "members": [users[self.other]], "by": server}
        self.gid = groups.create_group(self.mark, desc=self.mark, **both).pk
        self.room = rooms.create_room(self.mark, description=self.mark, **both).pk
        words.add_words(self.application, [self.word], by=server)
        upload = SimpleUploadedFile(f"{self.mark}.txt", self.mark.encode())
        self.media = media.add_media("file", upload, by=server).media_id
        self.rest = Rest(self.application)
        self.msgid = self.rest.post("/v1/messages", self.message()).json()["msg_id"]
        delivered.flush(users[self.admin].pk)  # not some time later
        services.add_friends(users[self.user], [users[self.other]], by=server)

    def message(self, **more: Any) -> dict[str, Any]:
        return {
            "version": 1, "target_type": "single", "target_id": self.user, "from_type": "admin", "from_id": self.admin,
            "msg_type": "text", "msg_body": {"text": self.mark}, **more,
        }  # fmt: skip


Body = Callable[[World, World], Any] | None  # of what is theirs and what is the caller's own


def names(theirs: World, own: World) -> Any:
    return [theirs.user]


def members(theirs: World, own: World) -> Any:
    return {"add": [theirs.user]}


def profile(theirs: World, own: World) -> Any:
    return {"nickname": "x", "new_password": "stolen", "name": "x", "owner_username": own.user}


def notes(theirs: World, own: World) -> Any:
    return [{"username": theirs.user, "note_name": "x", "appkey": own.appkey}]


def across(member: str, of: str = "theirs") -> Body:
    """A body of a cross call that names their user, by their appkey or by the own one."""

    def body(theirs: World, own: World) -> Any:
        return [{"appkey": theirs.appkey if of == "theirs" else own.appkey, member: [theirs.user]}]

    return body


def friends_across(of: str) -> Body:
    def body(theirs: World, own: World) -> Any:
        return {"appkey": theirs.appkey if of == "theirs" else own.appkey, "users": [theirs.user]}

    return body


def sending(**more: str) -> Body:
    """A message in which these members are theirs."""

    def body(theirs: World, own: World) -> Any:
        kind = more.get("target_type", "single")
        theirs_of = {name: getattr(theirs, value) for name, value in more.items() if name != "target_type"}
        return own.message(target_type=kind, **theirs_of)

    return body


# Method, path with what is theirs ({user}, {gid}, ...) or own ({own.user}, ...), body, status and code.
REFUSED: list[tuple[str, str, Body, tuple[int, int]]] = [
    ("DELETE", "/v1/users", names, NO_USER),
    ("POST", "/v1/users/userstat", names, NO_USER),
    ("GET", "/v1/users/{user}", None, NO_USER),
    ("PUT", "/v1/users/{user}", profile, NO_USER),
    ("DELETE", "/v1/users/{user}", None, NO_USER),
    ("PUT", "/v1/users/{user}/password", profile, NO_USER),
    ("GET", "/v1/users/{user}/userstat", None, NO_USER),
    ("PUT", "/v1/users/{user}/forbidden?disable=true", None, NO_USER),
    ("GET", "/v1/users/userstat", None, NO_USER),
    ("PUT", "/v1/users/userstat", profile, NO_USER),
    ("DELETE", "/v1/users/userstat", None, NO_USER),
    ("GET", "/v1/users/{user}/blacklist", None, NO_USER),
    ("PUT", "/v1/users/{user}/blacklist", names, NO_USER),
    ("PUT", "/v1/users/{own.user}/blacklist", names, NO_USER),
    ("DELETE", "/v1/users/{user}/blacklist", names, NO_USER),
    ("DELETE", "/v1/users/{own.user}/blacklist", names, NO_USER),
    ("GET", "/v1/users/{user}/friends", None, NO_USER),
    ("POST", "/v1/users/{user}/friends", lambda theirs, own: [own.user], NO_USER),
    ("POST", "/v1/users/{own.user}/friends", names, NO_USER),
    ("PUT", "/v1/users/{user}/friends", notes, NO_USER),
    ("PUT", "/v1/users/{own.user}/friends", notes, NO_USER),
    ("DELETE", "/v1/users/{user}/friends", names, NO_USER),
    ("DELETE", "/v1/users/{own.user}/friends", names, NO_USER),
    ("POST", "/v1/users/{user}/nodisturb", lambda theirs, own: {"global": 1}, NO_USER),
    ("POST", "/v1/users/{own.user}/nodisturb", lambda theirs, own: {"single": {"add": [theirs.user]}}, NO_USER),
    ("POST", "/v1/users/{own.user}/nodisturb", lambda theirs, own: {"group": {"add": [theirs.gid]}}, NO_MUTED_GROUP),
    ("POST", "/v1/users/{user}/groupsShield", lambda theirs, own: {"add": [own.gid]}, NO_USER),
    ("POST", "/v1/users/{own.user}/groupsShield", lambda theirs, own: {"add": [theirs.gid]}, NO_SHIELDED_GROUP),
    ("GET", "/v1/users/{user}/groups", None, NO_USER),
    ("GET", "/v1/users/{user}/chatroom", None, NO_USER),
    ("GET", "/v1/users/{user}/messages?start=0&count=10", None, NO_USER),
    ("GET", "/v2/users/{user}/messages?" + WINDOW, None, NO_USER),
    ("GET", "/v2/groups/{gid}/messages?" + WINDOW, None, NO_GROUP),
    ("GET", "/v2/chatrooms/{room}/messages?" + WINDOW, None, NO_ROOM),
    ("POST", "/v1/messages", sending(target_id="user"), NO_USER),
    ("POST", "/v1/messages", sending(from_id="admin"), NO_USER),
    ("POST", "/v1/messages", lambda theirs, own: own.message(from_type="user", from_id=theirs.user), NO_USER),
    ("POST", "/v1/messages", sending(target_type="group", target_id="gid"), NO_GROUP),
    ("POST", "/v1/messages", sending(target_type="chatroom", target_id="room"), NO_ROOM),
    ("POST", "/v1/messages", sending(target_appkey="appkey", target_id="user"), FOREIGN),
    ("POST", "/v1/messages/{user}/{msgid}/retract", None, NO_USER),
    ("POST", "/v1/messages/{own.admin}/{msgid}/retract", None, NO_MESSAGE),
    ("GET", "/v1/resource?mediaId={media}", None, INVALID),
    ("PUT", "/v1/sensitiveword", lambda theirs, own: {"old_word": theirs.word, "new_word": "x"}, INVALID),
    ("DELETE", "/v1/sensitiveword", lambda theirs, own: {"word": theirs.word}, INVALID),
    ("POST", "/v1/groups", lambda theirs, own: {"owner_username": theirs.user, "name": "x"}, NO_USER),
    (
        "POST", "/v1/groups",
        lambda theirs, own: {"owner_username": own.user, "name": "x", "members_username": [theirs.user]}, NO_USER,
    ),
    ("GET", "/v1/groups/{gid}", None, NO_GROUP),
    ("PUT", "/v1/groups/{gid}", profile, NO_GROUP),
    ("DELETE", "/v1/groups/{gid}", None, NO_GROUP),
    ("GET", "/v1/groups/{gid}/members", None, NO_GROUP),
    ("POST", "/v1/groups/{gid}/members", lambda theirs, own: {"add": [own.user]}, NO_GROUP),
    ("POST", "/v1/groups/{own.gid}/members", members, NO_USER),
    ("POST", "/v2/groups/{gid}/addMembers", lambda theirs, own: [own.user], NO_GROUP),
    ("POST", "/v2/groups/{own.gid}/addMembers", names, NO_USER),
    ("POST", "/v2/groups/{gid}/delMembers", lambda theirs, own: [own.user], NO_GROUP),
    ("POST", "/v2/groups/{own.gid}/delMembers", names, NO_USER),
    ("PUT", "/v1/groups/messages/{gid}/silence?status=true", lambda theirs, own: [own.user], NO_GROUP),
    ("PUT", "/v1/groups/messages/{own.gid}/silence?status=true", names, NO_USER),
    ("PUT", "/v1/groups/owner/{gid}", lambda theirs, own: {"username": own.user}, NO_GROUP),
    ("PUT", "/v1/groups/owner/{own.gid}", lambda theirs, own: {"username": theirs.user}, NO_USER),
    ("POST", "/v1/chatroom", lambda theirs, own: {"owner_username": theirs.user, "name": "x"}, NO_USER),
    (
        "POST", "/v1/chatroom",
        lambda theirs, own: {"owner_username": own.user, "name": "x", "members_username": [theirs.user]}, NO_USER,
    ),
    ("POST", "/v1/chatroom/batch", lambda theirs, own: [theirs.room], NO_ROOM),
    ("PUT", "/v1/chatroom/{room}", profile, NO_ROOM),
    ("PUT", "/v1/chatroom/{own.room}", lambda theirs, own: {"owner_username": theirs.user}, NO_USER),
    ("DELETE", "/v1/chatroom/{room}", None, NO_ROOM),
    ("PUT", "/v1/chatroom/{room}/forbidden/{own.user}?status=1", None, NO_ROOM),
    ("PUT", "/v1/chatroom/{own.room}/forbidden/{user}?status=1", None, NO_USER),
    ("GET", "/v1/chatroom/{room}/members", None, NO_ROOM),
    ("PUT", "/v1/chatroom/{room}/members", lambda theirs, own: [own.user], NO_ROOM),
    ("PUT", "/v1/chatroom/{own.room}/members", names, NO_USER),
    ("DELETE", "/v1/chatroom/{room}/members", lambda theirs, own: [own.user], NO_ROOM),
    ("DELETE", "/v1/chatroom/{own.room}/members", names, NO_USER),
    ("GET", "/v1/cross/users/{user}/blacklist", None, NO_USER),
    ("PUT", "/v1/cross/users/{user}/blacklist", across("usernames"), NO_USER),
    ("PUT", "/v1/cross/users/{own.user}/blacklist", across("usernames", of="own"), NO_USER),
    ("PUT", "/v1/cross/users/{own.user}/blacklist", across("usernames"), FOREIGN),
    ("DELETE", "/v1/cross/users/{user}/blacklist", across("usernames"), NO_USER),
    ("DELETE", "/v1/cross/users/{own.user}/blacklist", across("usernames"), FOREIGN),
    ("POST", "/v1/cross/users/{user}/friends", friends_across("theirs"), NO_USER),
    ("POST", "/v1/cross/users/{own.user}/friends", friends_across("own"), NO_USER),
    ("POST", "/v1/cross/users/{own.user}/friends", friends_across("theirs"), FOREIGN),
    ("DELETE", "/v1/cross/users/{user}/friends", friends_across("theirs"), NO_USER),
    ("DELETE", "/v1/cross/users/{own.user}/friends", friends_across("theirs"), FOREIGN),
    ("PUT", "/v1/cross/users/{user}/friends", notes, NO_USER),
    ("PUT", "/v1/cross/users/{own.user}/friends", notes, NO_USER),
    (
        "PUT", "/v1/cross/users/{own.user}/friends",
        lambda theirs, own: [{"username": theirs.user, "appkey": theirs.appkey}], FOREIGN,
    ),
    (
        "POST", "/v1/cross/users/{user}/nodisturb",
        lambda theirs, own: [{"appkey": own.appkey, "single": {"add": [own.user]}}], NO_USER,
    ),
    (
        "POST", "/v1/cross/users/{own.user}/nodisturb",
        lambda theirs, own: [{"appkey": theirs.appkey, "single": {"add": [theirs.user]}}], FOREIGN,
    ),
    ("GET", "/v1/cross/users/{user}/groups", None, NO_USER),
    ("GET", "/v1/cross/groups/{gid}/members", None, NO_GROUP),
    ("POST", "/v1/cross/groups/{gid}/members", across("add", of="own"), NO_GROUP),
    ("POST", "/v1/cross/groups/{own.gid}/members", across("add", of="own"), NO_USER),
    ("POST", "/v1/cross/groups/{own.gid}/members", across("add"), FOREIGN),
    ("POST", "/v1/cross/chatroom/{room}/members", across("add", of="own"), NO_ROOM),
    ("POST", "/v1/cross/chatroom/{own.room}/members", across("add", of="own"), NO_USER),
    ("POST", "/v1/cross/chatroom/{own.room}/members", across("add"), FOREIGN),
]  # fmt: skip

# What names nothing of the other application, and answers 2xx without a word about it.
OWN: list[tuple[str, str, Body]] = [
    ("GET", "/v1/users", None),
    ("POST", "/v1/users", lambda theirs, own: [{"username": "newcomer", "password": "secret"}]),
    ("GET", "/v1/admins", None),
    ("POST", "/v1/admins", lambda theirs, own: {"username": "new.admin", "password": "secret"}),
    ("POST", "/v2/users/statuser", lambda theirs, own: [own.user]),
    ("GET", "/v1/users/{own.user}/friends", None),
    ("GET", "/v1/users/{own.user}/groups", None),
    ("GET", "/v1/users/{own.user}/chatroom", None),
    ("GET", "/v1/cross/users/{own.user}/groups", None),
    ("GET", "/v1/cross/groups/{own.gid}/members", None),
    ("GET", "/v1/sdkregister/status", None),
    ("PUT", "/v1/sdkregister/status?status=0", None),
    ("GET", "/v1/messages?start=0&count=1000", None),
    ("GET", "/v2/messages?" + WINDOW, None),
    ("GET", "/v1/sensitiveword", None),
    ("POST", "/v1/sensitiveword", lambda theirs, own: ["another"]),
    ("GET", "/v1/sensitiveword/status", None),
    ("PUT", "/v1/sensitiveword/status?status=0", None),
    ("GET", "/v2/statistic/users?time_unit=DAY&start=2026-01-01&duration=1", None),
    ("GET", "/v2/statistic/groups?time_unit=DAY&start=2026-01-01&duration=1", None),
    ("GET", "/v2/statistic/messages?time_unit=DAY&start=2026-01-01&duration=1", None),
    ("GET", "/v1/groups", None),
    ("GET", "/v1/chatroom", None),
]
# Tested beside their own rules: uploads belong to whoever makes them, and need a form instead of JSON.
ELSEWHERE = {("POST", "/v1/resource"), ("POST", "/resource")}


@pytest.fixture
def theirs(application):
    return World(application, MARK)


@pytest.fixture(params=["another owner", "the same owner"])
def own(request, application, theirs):
    owner = {"owner": application.owner.name} if request.param == "the same owner" else {}
    return World(services.create_application("Asking", by=None, **owner)[0], "own")


def ask(theirs, own, method, path, body):
    path = path.format(**vars(theirs), own=own)
    return getattr(own.rest, method.lower())(path, *([body(theirs, own)] if body else []))


def everything():
    """All rows of all tables of the product."""
    models = [model for model in apps.get_models() if model.__module__.split(".")[0] in PACKAGES]
    return {model: sorted(map(repr, model.objects.values_list())) for model in models}


def shows(theirs, answer):
    """Whether it says anything of theirs but the name that was asked for."""
    asked = re.compile(f"no such user: {MARK}\\.(user|admin)")
    return MARK in asked.sub("", answer.content.decode())


@pytest.mark.django_db(transaction=True)
def test_what_is_theirs_is_refused_and_stays(theirs, own):
    same_owner = theirs.application.owner_id == own.application.owner_id
    tried, faults = 0, []
    for method, path, body, expected in REFUSED:
        if same_owner and (expected == FOREIGN or "mediaId" in path):
            continue  # which is what these are for; a message across applications may hold media
        before = everything()
        answer = ask(theirs, own, method, path, body)
        got = (answer.status_code, answer.json().get("error", {}).get("code") if answer.content else None)
        changed = [
            (model.__name__, set(rows) ^ set(before[model]))
            for model, rows in everything().items()
            if rows != before[model]
        ]
        if got != expected or changed or shows(theirs, answer):
            faults.append(f"{method} {path}: {got} instead of {expected}, changed: {changed}, {answer.content[:200]!r}")
        tried += 1
    assert not faults, "\n".join(faults)
    assert tried > 70


@pytest.mark.django_db(transaction=True)
def test_what_names_nothing_of_theirs_shows_nothing_of_theirs(theirs, own):
    faults = []
    for method, path, body in OWN:
        answer = ask(theirs, own, method, path, body)
        if not 200 <= answer.status_code < 300 or MARK.encode() in answer.content:
            faults.append(f"{method} {path}: {answer.status_code} {answer.content[:300]!r}")
    assert not faults, "\n".join(faults)
    assert (
        theirs.rest.get("/v1/sdkregister/status").json()
        == theirs.rest.get("/v1/sensitiveword/status").json()
        == {"status": 1}
    )
    assert theirs.rest.get("/v1/users").json()["total"] == 3
    assert MARK.encode() in theirs.rest.get("/v2/messages?" + WINDOW).content


def test_every_endpoint_is_in_the_table(db):
    """Its short form without a version is the same view."""
    tried = {(method, shape(path)) for method, path, *_ in [*REFUSED, *OWN]} | ELSEWHERE
    there = {(entry["method"], shape(entry["path"])) for entry in coverage.coverage_map()["rest"]}
    missing = {one for one in there - tried if (one[0], "/v1" + one[1]) not in tried}
    assert not missing, f"add lines for {sorted(missing)}"
    assert tried <= there, f"there is no {sorted(tried - there)}"


def shape(path):
    """`/v1/users/{own.user}?x=1` as `/v1/users/{}`."""
    return re.sub(r"{[^}]*}", "{}", path.partition("?")[0])
