"""GET /v2/messages and its kin: windows, pages, what a message looks like, whose messages these are."""

import random
import time

import orjson
import pytest

from accounts import services as accounts
from accounts.actors import Actor
from chatrooms import services as rooms
from groups import services as groups
from messaging.models import Conversation, Message, Participant, SensitiveWord
from messaging.report_pages import CURSOR_SECONDS
from tests import isolation
from tests.cast import register
from tests.door import Rest, refusal
from tests.said import NOON, ms, said

pytestmark = pytest.mark.django_db

DAY = {"begin_time": "2026-03-10 00:00:00", "end_time": "2026-03-10 23:59:59"}


@pytest.fixture
def rest(application):
    return Rest(application)


@pytest.fixture
def club(server, alice, bob):
    return groups.create_group("Club", owner=alice, members=[bob], by=server)


@pytest.fixture
def lobby(server, alice, bob):
    return rooms.create_room("Lobby", owner=alice, members=[bob], by=server)


@pytest.fixture
def sister(application):
    """Another application of the same owner."""
    return accounts.create_application("Sister", owner=application.owner.name, by=None)[0]


@pytest.fixture
def twin(sister):
    return register(sister, "alice")["alice"]


def paths(club, lobby):
    return [
        "/v2/messages",
        "/v2/users/alice/messages",
        f"/v2/groups/{club.pk}/messages",
        f"/v2/chatrooms/{lobby.pk}/messages",
    ]


def report(rest, path="/v2/messages", count=1000, **window):
    answer = rest.get(path, count=count, **(window or DAY))
    assert answer.status_code == 200, answer.content
    return answer.json()


def ids(answer):
    return [message["msgid"] for message in answer["messages"]]


def pages(rest, path="/v2/messages", count=2, **window):
    """All pages of a report."""
    found = [report(rest, path, count, **window)]
    while cursor := found[-1].get("cursor"):
        found.append(rest.get(path, cursor=cursor).json())
    return found


def settle(application, zone):
    accounts.change_application(application, {"time_zone": zone}, by=None)
    isolation.forget()


# A message


def test_a_message_has_exactly_the_documented_members(rest, application, alice, bob):
    sent = said(alice, bob, "hi 你好")
    answer = report(rest)
    assert answer == {
        "total": 1,
        "count": 1,
        "messages": [
            {
                "target_type": "single",
                "msg_type": "text",
                "target_id": "bobby",
                "target_name": "",
                "from_id": "alice",
                "from_name": "",
                "from_type": "user",
                "from_platform": "web",
                "from_appkey": application.appkey,
                "target_appkey": application.appkey,
                "msg_body": {"text": "hi 你好"},
                "create_time": ms(NOON) // 1000,
                "version": 1,
                "msgid": sent,
                "msg_level": 0,
                "msg_ctime": ms(NOON),
            }
        ],
    }


def test_messages_of_groups_and_rooms_say_whether_a_name_was_set(rest, alice, club, lobby):
    said(alice, club)
    said(alice, lobby)
    said(alice, club, content={"set_from_name": 1, "from_platform": "a", "version": 2})
    said(alice, club, content={"set_from_name": "1", "from_platform": 5, "version": True})
    said(alice, lobby, by_server=True, from_name="The shop")
    found = report(rest)["messages"]
    assert [message["set_from_name"] for message in found] == [0, 0, 1, 0, 1]
    assert [message["target_type"] for message in found] == ["group", "chatroom", "group", "group", "chatroom"]
    ids_of = [str(one.pk) for one in (club, lobby, club, club, lobby)]
    assert [message["target_id"] for message in found] == ids_of
    assert [message["target_name"] for message in found] == ["Club", "Lobby", "Club", "Club", "Lobby"]
    assert [(message["from_platform"], message["version"]) for message in found[2:4]] == [("a", 2), ("", 1)]


def test_what_the_server_sent_says_so(rest, alice, bob):
    said(alice, bob, by_server=True, from_name="The shop", target_name="Bob")
    (message,) = report(rest)["messages"]
    assert (message["from_type"], message["from_platform"]) == ("admin", "api")
    assert (message["from_name"], message["target_name"]) == ("The shop", "Bob")


@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("image", {"media_id": "qiniu/image/j/1", "media_crc32": 4294967295, "width": 1, "height": 2}),
        ("custom", {"any": {"thing": [1, None, "x"]}, "null": None}),
        ("custom", {}),
        ("location", {"latitude": 22.5, "longitude": -113.25, "scale": 1, "label": "深圳"}),
    ],
)
def test_a_body_is_reported_as_it_was_sent(rest, alice, bob, type, body):
    said(alice, bob, type=type, body=body)
    (message,) = report(rest)["messages"]
    assert (message["msg_type"], message["msg_body"]) == (type, body)


def test_a_masked_word_is_reported_as_it_was_delivered(rest, application, alice, bob):
    SensitiveWord.objects.create(application=application, word="secret", action=SensitiveWord.Action.MASK)
    said(alice, bob, "a secret")
    (message,) = report(rest)["messages"]
    assert message["msg_body"] == {"text": "a ******"}


def test_a_retracted_message_stays_with_what_it_said(rest, alice, bob):
    sent = said(alice, bob, "oops")
    Message.objects.filter(pk=sent).update(state=Message.State.RETRACTED)
    for path in ("/v2/messages", "/v2/users/bobby/messages"):
        (message,) = report(rest, path)["messages"]
        assert (message["msgid"], message["msg_body"]) == (sent, {"text": "oops"})


def test_what_was_not_kept_for_those_away_is_reported(rest, alice, bob, club):
    pair, group = said(alice, bob, no_offline=True), said(alice, club, no_offline=True)
    assert ids(report(rest)) == ids(report(rest, "/v2/users/alice/messages")) == [pair, group]
    assert ids(report(rest, f"/v2/groups/{club.pk}/messages")) == [group]
    assert ids(report(rest, "/v2/users/bobby/messages")) == [pair]  # nobody noted whether he was there


# The window


def test_both_seconds_of_a_window_are_in_it(rest, alice, bob):
    edges = [
        said(alice, bob, at=f"2026-03-10 {at}")
        for at in ("11:59:59.999", "12:00:00.000", "12:00:01.999", "12:00:02.000")
    ]
    answer = report(rest, begin_time="2026-03-10 12:00:00", end_time="2026-03-10 12:00:01")
    assert ids(answer) == edges[1:3]


def test_messages_come_in_the_order_of_sending(rest, alice, bob, carol):
    late, early = said(alice, bob, at="2026-03-10 12:00:01"), said(bob, carol, at="2026-03-10 12:00:00")
    same = said(alice, carol, at="2026-03-10 12:00:00")
    assert ids(report(rest)) == [early, same, late]


def test_times_are_those_of_the_applications_zone(rest, application, alice, bob):
    sent = said(alice, bob, at=ms("2026-03-10 12:00:00", "America/New_York"))
    window = {"begin_time": "2026-03-10 12:00:00", "end_time": "2026-03-10 12:00:00"}
    assert ids(report(rest, **window)) == []
    settle(application, "America/New_York")
    assert ids(report(rest, **window)) == [sent]


def test_an_hour_that_the_clocks_show_twice_is_reported_whole(rest, application, alice, bob):
    settle(application, "America/New_York")
    twice = [said(alice, bob, at=ms(at, "UTC")) for at in ("2026-11-01 05:30:00", "2026-11-01 06:30:00")]
    assert ids(report(rest, begin_time="2026-11-01 01:00:00", end_time="2026-11-01 01:59:59")) == twice


@pytest.mark.parametrize("year", ["0001", "1970", "2017", "9999"])
def test_a_window_long_ago_or_far_ahead_is_empty(rest, alice, bob, year):
    said(alice, bob)
    window = {"begin_time": f"{year}-01-01 00:00:00", "end_time": f"{year}-01-08 00:00:00"}
    assert report(rest, **window) == {"total": 0, "count": 0, "messages": []}


BAD = [
    {"count": "0"},
    {"count": "1001"},
    {"count": "-1"},
    {"count": "ten"},
    {"count": "1.5"},
    {"count": None},
    {"begin_time": None},
    {"end_time": None},
    {"begin_time": ""},
    {"begin_time": "2026-03-10"},
    {"begin_time": "2026-03-10T00:00:00"},
    {"begin_time": "2026-3-10 00:00:00"},
    {"begin_time": "2026-02-30 00:00:00"},
    {"begin_time": "2026-03-10 24:00:00"},
    {"begin_time": "2026-03-10 00:00:0\0"},
    {"begin_time": "2026-03-10 00:00:60"},
    {"begin_time": "2026-03-10 00:00:0٣"},
    {"end_time": "yesterday"},
    {"begin_time": "2026-03-11 00:00:00"},  # the end is before it
    {"begin_time": "2026-03-03 23:59:58"},  # 7 days and a second
]


@pytest.mark.parametrize("change", BAD, ids=str)
def test_a_bad_window_is_refused(rest, club, lobby, change):
    query = {"count": "1", **DAY, **change}
    for path in paths(club, lobby):
        answer = rest.get(path, **{name: value for name, value in query.items() if value is not None})
        assert refusal(answer) == (400, 899003)


def test_seven_days_and_a_thousand_messages_are_allowed(rest, alice, bob):
    sent = said(alice, bob)
    window = {"begin_time": "2026-03-03 23:59:59", "end_time": "2026-03-10 23:59:59"}
    assert ids(report(rest, count=1000, **window)) == [sent]
    assert ids(report(rest, begin_time=NOON, end_time=NOON)) == [sent]


# Pages


def test_pages_hold_every_message_once(rest, alice, bob, club, lobby):
    sent = [said(alice, to, at=NOON) for to in (bob, club, lobby, bob, club)]  # all in one millisecond
    found = pages(rest, count=2)
    assert [(page["total"], page["count"]) for page in found] == [(5, 2), (5, 2), (5, 1)]
    assert [one for page in found for one in ids(page)] == sent
    assert "cursor" not in found[-1]


def test_a_full_last_page_has_no_cursor(rest, alice, bob):
    for _ in range(4):
        said(alice, bob)
    assert [page["count"] for page in pages(rest, count=2)] == [2, 2]


@pytest.mark.parametrize("of", ["application", "user", "group", "room"])
def test_what_others_send_meanwhile_moves_nothing(rest, alice, bob, club, lobby, of):
    to = lobby if of == "room" else club
    path = dict(zip(("application", "user", "group", "room"), paths(club, lobby), strict=True))[of]
    now = ms(NOON)
    sent = [said(speaker, to, at=now + number // 3) for number, speaker in enumerate([alice, bob, bob] * 3)]
    if of == "user" and to == lobby:
        sent = sent[::3]
    found, seen = report(rest, path, 2), []
    while True:
        seen += ids(found)
        assert found["total"] == len(sent)
        said(bob, to, at=now + 3)
        if "cursor" not in found:
            break
        found = rest.get(path, cursor=found["cursor"]).json()
    assert seen == sent


def test_a_cursor_may_come_again(rest, alice, bob):
    for _ in range(3):
        said(alice, bob)
    cursor = report(rest, count=1)["cursor"]
    first, second = (rest.get("/v2/messages", cursor=cursor).json() for _ in range(2))
    assert ids(first) == ids(second)
    also = rest.get("/v2/messages", cursor=cursor, count="9", begin_time="never").json()  # the cursor says all
    assert ids(also) == ids(first)


def test_a_cursor_needs_no_encoding(rest, alice, bob):
    for _ in range(2):
        said(alice, bob)
    cursor = report(rest, count=1)["cursor"]
    assert set(cursor) <= {*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."}


def test_a_cursor_is_for_its_own_path_and_application(rest, alice, bob, club, lobby, sister, twin):
    for to in (bob, bob, club, club, lobby, lobby):
        said(alice, to)
        said(bob, alice)
    own_paths = [*paths(club, lobby), "/v2/users/bobby/messages"]
    cursors = {path: report(rest, path, count=1)["cursor"] for path in own_paths}
    for own in own_paths:
        for path, cursor in cursors.items():
            answer = rest.get(own, cursor=cursor)
            assert (answer.status_code == 200) if path == own else (refusal(answer) == (400, 899003)), (own, path)
    sisters = Rest(sister)
    for path in ("/v2/messages", "/v2/users/alice/messages"):
        assert refusal(sisters.get(path, cursor=cursors[path])) == (400, 899003)


@pytest.mark.parametrize("cursor", ["x", "a.b.c", "é", "0" * 5000, "\0"])
def test_an_unknown_cursor_is_refused(rest, club, lobby, cursor):
    for path in paths(club, lobby):
        assert refusal(rest.get(path, cursor=cursor)) == (400, 899003)


def test_a_cursor_that_was_changed_is_refused(rest, alice, bob):
    said(alice, bob)
    said(alice, bob)
    value, stamp, mac = report(rest, count=1)["cursor"].split(".")
    for changed in (f"{value[:-2]}AA.{stamp}.{mac}", f"{value}.{stamp}x.{mac}", f"{value}.{stamp}.{mac[:-1]}"):
        assert refusal(rest.get("/v2/messages", cursor=changed)) == (400, 899003)


def test_a_cursor_lives_120_seconds(rest, alice, bob, monkeypatch):
    said(alice, bob)
    said(alice, bob)
    cursor, now = report(rest, count=1)["cursor"], time.time()
    monkeypatch.setattr(time, "time", lambda: now + CURSOR_SECONDS - 1)
    assert rest.get("/v2/messages", cursor=cursor).status_code == 200
    monkeypatch.setattr(time, "time", lambda: now + CURSOR_SECONDS + 2)
    assert refusal(rest.get("/v2/messages", cursor=cursor)) == (400, 899003)


def test_a_message_that_goes_between_two_reads_leaves_the_others(rest, alice, bob):
    sent = [said(alice, bob) for _ in range(3)]
    cursor = report(rest, count=1)["cursor"]
    Message.objects.filter(pk=sent[1]).delete()
    assert ids(rest.get("/v2/messages", cursor=cursor).json()) == sent[2:]


def test_a_page_holds_a_thousand(rest, alice, bob):
    first = Message.objects.get(pk=said(alice, bob))
    fields = {field.attname: getattr(first, field.attname) for field in Message._meta.concrete_fields}
    copies = range(1, 1001)
    Message.objects.bulk_create(
        Message(**{**fields, "id": None, "seq": number + 1, "client_id": f"c{number}", "created_ms": ms(NOON) + number})
        for number in copies
    )
    for path in ("/v2/messages", "/v2/users/bobby/messages"):
        page, rest_of_it = pages(rest, path, count=1000)
        assert (page["total"], page["count"], rest_of_it["count"]) == (1001, 1000, 1)
        assert [message["msg_ctime"] - ms(NOON) for message in page["messages"]] == [*range(1000)]
        assert rest_of_it["messages"][0]["msg_ctime"] == ms(NOON) + 1000


# Whose messages


def test_a_users_messages_are_those_sent_and_received(rest, alice, bob, carol, club, lobby):
    sent = [said(alice, to) for to in (bob, club, lobby, alice)]
    received = [said(bob, alice), said(bob, club)]
    for speaker, to in ((bob, carol), (carol, bob), (bob, lobby)):
        said(speaker, to)
    assert sorted(ids(report(rest, "/v2/users/alice/messages"))) == sorted(sent + received)


def test_of_a_group_a_member_gets_what_was_said_while_they_were_in(rest, server, alice, bob, carol, club):
    before = said(alice, club)
    groups.change_members(club, add=[carol], by=server)
    during = said(alice, club)
    groups.change_members(club, remove=[carol], by=server)
    after = said(alice, club)
    assert ids(report(rest, "/v2/users/carol/messages")) == [during]
    assert ids(report(rest, "/v2/users/bobby/messages")) == [before, during, after]


@pytest.mark.parametrize("seed", range(6))
def test_a_users_messages_are_those_that_a_plain_count_finds(rest, server, alice, bob, carol, seed):
    """Who comes and goes at random gets what was said since they came last."""
    dice, club = random.Random(seed), groups.create_group("Club", owner=alice, by=server)
    inside, heard, sent = {alice}, {bob: [], carol: []}, {bob: [], carol: []}
    for _ in range(40):
        who, what = dice.choice([bob, carol]), dice.choice(["come or go", "speak", "hear", "hear", "pair"])
        if what == "come or go":
            groups.change_members(club, **{"remove" if who in inside else "add": [who]}, by=server)
            inside ^= {who}
            heard[who] = [one for one in heard[who] if one[0] == "pair" or who not in inside]
        elif what == "speak":
            message = said(who, club, by_server=True)
            sent[who].append(message)
            for other in {bob, carol} & inside - {who}:
                heard[other].append(("group", message))
        elif what == "hear":
            message = said(alice, club)
            for other in {bob, carol} & inside:
                heard[other].append(("group", message))
        else:
            heard[who].append(("pair", said(alice, who)))
    for who in (bob, carol):
        expected = sorted([*sent[who], *(message for _, message in heard[who])])
        assert ids(report(rest, f"/v2/users/{who.username}/messages")) == expected


def test_what_a_user_cleared_was_received(rest, alice, bob):
    sent = said(alice, bob)
    Participant.objects.filter(user=bob).update(clear_seq=1)
    assert ids(report(rest, "/v2/users/bobby/messages")) == [sent]


def test_what_is_held_or_removed_was_not_received(rest, alice, bob):
    held, removed = said(alice, bob), said(alice, bob)
    Message.objects.filter(pk=held).update(state=Message.State.HELD)
    Message.objects.filter(pk=removed).update(state=Message.State.REMOVED)
    assert ids(report(rest, "/v2/users/bobby/messages")) == []
    assert ids(report(rest, "/v2/users/alice/messages")) == ids(report(rest)) == [held, removed]


def test_an_admin_who_is_in_no_group_sent_there(rest, carol, club):
    sent = said(carol, club, by_server=True)
    assert ids(report(rest, "/v2/users/carol/messages")) == [sent]


def test_between_two_applications_a_message_is_the_senders(rest, sister, alice, twin):
    out, back = said(alice, twin), said(twin, alice)
    sisters = Rest(sister)
    assert (ids(report(rest)), ids(report(sisters))) == ([out], [back])
    for door in (rest, sisters):
        found = report(door, "/v2/users/alice/messages")
        assert ids(found) == [out, back]
        assert [message["msg_level"] for message in found["messages"]] == [1, 1]
    (message,) = report(rest)["messages"]
    assert (message["from_appkey"], message["target_appkey"]) == (alice.application.appkey, sister.appkey)


def test_a_group_is_reported_with_members_of_other_applications(rest, server, sister, twin, alice, club):
    groups.change_members(club, add=[twin], by=server)
    own, theirs = said(alice, club), said(twin, club)
    found = report(rest, f"/v2/groups/{club.pk}/messages")
    assert ids(found) == [own, theirs]
    assert [message["msg_level"] for message in found["messages"]] == [0, 1]
    assert ids(report(rest)) == [own]
    assert ids(report(Rest(sister))) == [theirs]
    assert ids(report(Rest(sister), "/v2/users/alice/messages")) == [own, theirs]


def test_what_is_gone_is_still_reported(rest, server, alice, club, lobby):
    sent = said(alice, club), said(alice, lobby)
    groups.dissolve(club, by=server)
    rooms.delete_room(lobby, by=server)
    assert ids(report(rest, f"/v2/groups/{club.pk}/messages")) == [sent[0]]
    assert ids(report(rest, f"/v2/chatrooms/{lobby.pk}/messages")) == [sent[1]]


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/v2/users/nobody/messages", (403, 899002)),
        ("/v2/users/eve22/messages", (403, 899002)),
        ("/v1/users/eve22/messages", (403, 899002)),
        ("/v2/groups/999999/messages", (403, 899006)),
        ("/v2/groups/0/messages", (403, 899006)),
        ("/v2/groups/99999999999999999999/messages", (403, 899006)),
        ("/v2/groups/club/messages", (400, 899003)),
        ("/v2/groups/-1/messages", (400, 899003)),
        ("/v2/chatrooms/999999/messages", (403, 899081)),
        ("/v2/chatrooms/lobby/messages", (400, 899003)),
    ],
)
def test_what_does_not_exist(rest, eve, path, answer):
    assert refusal(rest.get(path, count=1, start=0, **DAY)) == answer


def test_another_applications_groups_and_rooms_do_not_exist(other_application, eve, alice, club, lobby):
    said(alice, club)
    said(alice, lobby)
    others = Rest(other_application)
    assert refusal(others.get(f"/v2/groups/{club.pk}/messages", count=1, **DAY)) == (403, 899006)
    assert refusal(others.get(f"/v2/chatrooms/{lobby.pk}/messages", count=1, **DAY)) == (403, 899081)
    assert refusal(others.get("/v2/users/alice/messages", count=1, **DAY)) == (403, 899002)
    assert ids(report(others)) == []


def test_a_group_is_no_chat_room(rest, club, lobby):
    assert refusal(rest.get(f"/v2/groups/{lobby.pk}/messages", count=1, **DAY)) == (403, 899006)
    assert refusal(rest.get(f"/v2/chatrooms/{club.pk}/messages", count=1, **DAY)) == (403, 899081)


def test_slashes_do_not_matter(rest, alice, bob, club, lobby):
    sent = said(alice, bob)
    for path in ("/v2/messages/", "/v2//messages", "/v2/users/alice/messages/", "/v2//users/alice//messages"):
        assert ids(report(rest, path)) == [sent]
    for path in (f"/v2/groups/{club.pk}/messages/", f"/v2/chatrooms/{lobby.pk}/messages/"):
        assert report(rest, path)["total"] == 0


def test_who_is_not_the_applications_server_gets_nothing(rest, alice, bob):
    said(alice, bob)
    rest.headers = {}
    for path in ("/v2/messages", "/v2/users/alice/messages", "/v1/messages", "/v1/users/alice/messages"):
        assert refusal(rest.get(path, count=1, start=0, **DAY)) == (401, 899007)


def test_other_methods_are_refused(rest, alice):
    for path in ("/v2/messages", "/v2/users/alice/messages"):
        assert refusal(rest.post(path, {})) == (405, 899003)


# Version 1


def old(rest, path="/v1/messages", **query):
    answer = rest.get(path, **{"start": 0, "count": 100, **query})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_version_1_goes_by_numbers(rest, alice, bob):
    sent = [said(alice, bob, at=f"202{year}-03-10 12:00:00") for year in range(5)]
    for path in ("/v1/messages", "/v1//messages/", "/v1//users/alice/messages", "/v1/users/bobby/messages/"):
        first, second = old(rest, path, count=3), old(rest, path, start=3, count=3)
        assert (first["total"], first["start"], first["count"]) == (5, 0, 3)
        assert (second["total"], second["start"], second["count"]) == (5, 3, 2)
        assert ids(first) + ids(second) == sent
        assert old(rest, path, start=5) == {"total": 5, "start": 5, "count": 0, "messages": []}
    window = {"begin_time": "2020-03-10 00:00:00", "end_time": "2020-03-11 00:00:00"}
    assert first["messages"][:1] == report(rest, **window)["messages"]


def test_version_1_takes_any_window_or_none(rest, alice, bob):
    sent = [said(alice, bob, at=f"202{year}-03-10 12:00:00") for year in range(3)]
    assert ids(old(rest)) == sent
    assert ids(old(rest, begin_time="2021-03-10 12:00:00")) == sent[1:]
    assert ids(old(rest, end_time="2021-03-10 12:00:00")) == sent[:2]
    assert ids(old(rest, begin_time="2020-01-01 00:00:00", end_time="2022-12-31 00:00:00")) == sent
    assert ids(old(rest, begin_time="2022-01-01 00:00:00", end_time="2021-01-01 00:00:00")) == []


@pytest.mark.parametrize(
    "change",
    [
        {"start": None},
        {"count": None},
        {"start": "-1"},
        {"start": str(2**53)},
        {"count": "0"},
        {"count": "1001"},
        {"begin_time": "2020"},
        {"end_time": "x"},
    ],
    ids=str,
)
def test_a_bad_question_of_version_1_is_refused(rest, alice, change):
    query = {"start": "0", "count": "1", **change}
    for path in ("/v1/messages", "/v1/users/alice/messages"):
        answer = rest.get(path, **{name: value for name, value in query.items() if value is not None})
        assert refusal(answer) == (400, 899003)


# What it costs


def test_a_page_costs_the_same_however_long_it_is(
    rest, server, alice, bob, carol, club, lobby, django_assert_num_queries
):
    rest.get("/v2/messages", count=1, **DAY)  # knows the application from here on
    more = [groups.create_group(f"Group {number}", owner=alice, members=[bob], by=server) for number in range(5)]
    for to in (bob, club, lobby, carol, *more) * 3:
        said(alice, to)
    looks_up = {"/v2/messages": 0, "/v2/users/alice/messages": 1}
    for path in paths(club, lobby):
        parts, look_up = (2 if "users" in path else 1), looks_up.get(path, 1)
        for count in (1, 1000):
            with django_assert_num_queries(look_up + 2 * parts + 2):  # newest and total of each part, keys, rows
                answer = report(rest, path, count)
        cursor = report(rest, path, 1)["cursor"]
        with django_assert_num_queries(look_up + 2):
            rest.get(path, cursor=cursor)
        assert answer["total"] >= 3


def test_nothing_changes_by_reading(rest, alice, bob):
    said(alice, bob)
    before = [list(model.objects.values()) for model in (Conversation, Participant, Message)]
    report(rest, "/v2/users/bobby/messages")
    assert [list(model.objects.values()) for model in (Conversation, Participant, Message)] == before


def test_the_answer_is_plain_json(rest, alice, bob):
    said(alice, bob)
    answer = rest.get("/v2/messages", count=1, **DAY)
    assert answer["Content-Type"] == "application/json"
    assert orjson.loads(answer.content)["messages"]


@pytest.fixture
def server(application):
    return Actor.server(application)
