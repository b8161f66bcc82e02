"""GET /v2/statistic/users, groups and messages."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Session, User
from chatrooms import services as rooms
from groups import services as groups
from groups.models import Group
from imsite.core import clock
from imsite.core.spans import spans_from
from messaging.models import Message
from messaging.services import statistics
from tests import isolation
from tests.cast import register
from tests.door import Rest, refusal
from tests.said import said

pytestmark = pytest.mark.django_db

USERS, GROUPS, MESSAGES = "/v2/statistic/users", "/v2/statistic/groups", "/v2/statistic/messages"
ZERO = {"txt_msg": 0, "image_msg": 0, "voice_msg": 0, "other_msg": 0}


@pytest.fixture
def rest(application):
    return Rest(application)


@pytest.fixture
def server(application):
    return Actor.server(application)


@pytest.fixture
def sister(application):
    """Another application of the same owner."""
    return accounts.create_application("Sister", owner=application.owner.name, by=None)[0]


def moment(text, zone="Asia/Shanghai"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def existed(rows, **columns):
    """The rows came and went then."""
    rows.update(**{name: moment(text) for name, text in columns.items()})


def users_from(application, *names, since="2026-03-01 00:00:00", until=None):
    made = register(application, *names)
    rows = User.objects.filter(pk__in=[user.pk for user in made.values()])
    existed(rows, created_at=since, **({"deleted_at": until} if until else {}))
    return made


def connected(user, since, until):
    """A session from then to then."""
    Session.objects.create(
        user=user, sid="s", device_class="web", platform="j", login_at=moment(since), seen_at=moment(until),
        ended_at=moment(until), ended_why=Session.Ended.LOGGED_OUT,
    )  # fmt: skip


def asked(rest, path, start="2026-03-10", duration=1, time_unit="DAY"):
    answer = rest.get(path, time_unit=time_unit, start=start, duration=duration)
    assert answer.status_code == 200, answer.content
    return answer.json()


def column(answer, name):
    return [row[name] for row in answer]


# Users


def test_a_day_of_users_has_exactly_the_documented_members(rest, application):
    people = users_from(application, "anna1", "bert1", since="2026-03-09 10:00:00")
    users_from(application, "carl1", since="2026-03-10 10:00:00")
    said(people["anna1"], people["bert1"])
    said(people["anna1"], people["bert1"])
    connected(people["bert1"], "2026-03-10 01:00:00", "2026-03-10 02:00:00")
    assert asked(rest, USERS, duration=2) == [
        {"date": "2026-03-10", "active_users": 2, "total_users": 3, "send_msg_users": 1, "new_users": 1},
        {"date": "2026-03-11", "active_users": 0, "total_users": 3, "send_msg_users": 0, "new_users": 0},
    ]


def test_users_count_from_their_registration_to_their_deletion(rest, application):
    users_from(application, "anna1", since="2026-03-01 00:00:00")
    users_from(application, "bert1", since="2026-03-10 00:00:00", until="2026-03-12 12:00:00")
    users_from(application, "carl1", since="2026-03-11 23:59:59.999", until="2026-03-11 23:59:59.999")
    users_from(application, "dora1", since="2026-03-12 00:00:00", until="2026-03-13 00:00:00")
    answer = asked(rest, USERS, "2026-03-09", 5)
    assert column(answer, "new_users") == [0, 1, 1, 1, 0]
    assert column(answer, "total_users") == [1, 2, 2, 2, 1]


def test_who_was_deleted_over_rest_counts_until_then(rest, application):
    today = clock.now().astimezone(ZoneInfo("Asia/Shanghai"))
    users_from(application, "anna1", "bert1", since=f"{today - timedelta(days=3):%Y-%m-%d} 12:00:00")
    assert rest.delete("/v1/users/anna1").status_code == 204
    # A user of the same name is another one.
    assert rest.post("/v1/users", [{"username": "anna1", "password": "secret"}]).status_code == 201
    answer = asked(rest, USERS, f"{today - timedelta(days=3):%Y-%m-%d}", 4)
    assert (column(answer, "total_users"), column(answer, "new_users")) == ([2, 2, 2, 2], [2, 0, 0, 1])


def test_active_is_who_was_connected_or_sent(rest, application):
    people = users_from(application, "anna1", "bert1", "carl1", "dora1")
    connected(people["anna1"], "2026-03-09 23:00:00", "2026-03-11 01:00:00")  # over two midnights
    connected(people["anna1"], "2026-03-11 05:00:00", "2026-03-11 06:00:00")
    connected(people["bert1"], "2026-03-10 00:00:00", "2026-03-10 00:00:00")
    said(people["bert1"], people["anna1"], at="2026-03-11 23:59:59.999")
    said(people["carl1"], people["anna1"], at="2026-03-12 00:00:00", by_server=True)
    answer = asked(rest, USERS, "2026-03-08", 6)
    assert column(answer, "active_users") == [0, 1, 2, 2, 1, 0]
    assert column(answer, "send_msg_users") == [0, 0, 0, 1, 1, 0]


def test_days_are_those_of_the_applications_zone(rest, application):
    people = users_from(application, "anna1", "bert1")
    said(people["anna1"], people["bert1"], at="2026-03-10 00:30:00")  # in Shanghai; in New York still the 9th
    assert column(asked(rest, USERS, "2026-03-09", 2), "send_msg_users") == [0, 1]
    accounts.change_application(application, {"time_zone": "America/New_York"}, by=None)
    isolation.forget()
    assert column(asked(rest, USERS, "2026-03-09", 2), "send_msg_users") == [1, 0]


def test_the_longest_day_of_the_year_is_one_day(rest, application):
    accounts.change_application(application, {"time_zone": "America/New_York"}, by=None)
    isolation.forget()
    people = users_from(application, "anna1", "bert1")
    for at in ("2026-11-01 04:00:00", "2026-11-01 06:30:00", "2026-11-02 04:59:59"):
        said(people["anna1"], people["bert1"], at=clock.to_ms(moment(at, "UTC")))
    answer = asked(rest, MESSAGES, "2026-10-31", 3)
    assert column(answer["send_msg_stat"], "single_send_msg") == [0, 3, 0]


def test_another_applications_users_do_not_count(rest, application, sister):
    people = users_from(application, "anna1") | users_from(sister, "eric1")
    connected(people["eric1"], "2026-03-10 01:00:00", "2026-03-10 02:00:00")
    said(people["eric1"], people["anna1"])
    (day,) = asked(rest, USERS)
    assert day == {"date": "2026-03-10", "active_users": 0, "total_users": 1, "send_msg_users": 0, "new_users": 0}
    (theirs,) = asked(Rest(sister), USERS)
    assert (theirs["active_users"], theirs["send_msg_users"], theirs["total_users"]) == (1, 1, 1)


def test_an_empty_application_and_an_unknown_past_are_zeros(rest):
    for start in ("1990-01-01", "2999-01-01"):
        days = asked(rest, USERS, start, 60)
        assert len(days) == 60
        assert {value for day in days for name, value in day.items() if name != "date"} == {0}
        assert days[0]["date"] == start
    assert asked(rest, USERS, duration=0) == []


def test_active_users_are_those_that_a_plain_count_finds(application):
    people = [*users_from(application, *(f"user{number}" for number in range(6))).values()]
    for number, user in enumerate(people):
        connected(user, f"2026-03-0{number + 1} 20:00:00", f"2026-03-0{number + 2} {10 + number}:00:00")
        said(user, people[0], at=f"2026-03-0{9 - number} 15:00:00")
    spans = spans_from("DAY", "2026-03-01", 10, "Asia/Shanghai")
    plain = []
    for span in spans:
        active = {
            session.user_id
            for session in Session.objects.all()
            if session.login_at < span.until and session.seen_at >= span.since
        }
        active |= {one.sender_id for one in Message.objects.all() if span.since_ms <= one.created_ms < span.until_ms}
        plain.append(len(active))
    assert statistics.count_users(application, spans).active == plain
    assert max(plain) > 2


# Groups


def test_a_day_of_groups_has_exactly_the_documented_members(rest, server, alice, bob):
    club, other = (groups.create_group(name, owner=alice, members=[bob], by=server) for name in ("Club", "Other"))
    existed(Group.objects.filter(pk=club.pk), created_at="2026-03-09 00:00:00")
    existed(Group.objects.filter(pk=other.pk), created_at="2026-03-10 23:59:59", dissolved_at="2026-03-11 12:00:00")
    said(alice, club)
    said(bob, club)
    assert asked(rest, GROUPS, "2026-03-09", 3) == [
        {"date": "2026-03-09", "active_group": 0, "total_group": 1, "new_group": 1},
        {"date": "2026-03-10", "active_group": 1, "total_group": 2, "new_group": 1},
        {"date": "2026-03-11", "active_group": 0, "total_group": 1, "new_group": 0},
    ]


def test_a_group_is_active_when_somebody_of_another_application_speaks(rest, server, sister, alice):
    twin = register(sister, "alice")["alice"]
    club = groups.create_group("Club", owner=alice, by=server)
    groups.change_members(club, add=[twin], by=server)
    said(twin, club)
    assert column(asked(rest, GROUPS), "active_group") == [1]
    assert column(asked(Rest(sister), GROUPS), "active_group") == [0]


def test_rooms_and_pairs_are_no_groups(rest, server, alice, bob):
    said(alice, bob)
    said(alice, rooms.create_room("Lobby", owner=alice, by=server))
    (day,) = asked(rest, GROUPS)
    assert day == {"date": "2026-03-10", "active_group": 0, "total_group": 0, "new_group": 0}
    assert asked(rest, GROUPS, duration=0) == []


# Messages


@pytest.fixture
def talk(server, alice, bob):
    """One message to a group and one to a user in each of three hours, of every type; and to a room."""
    club = groups.create_group("Club", owner=alice, members=[bob], by=server)
    lobby = rooms.create_room("Lobby", owner=alice, by=server)
    types = ("text", "image", "voice", "custom", "file", "location")
    for number, type in enumerate(types):
        said(alice, club, at=f"2026-03-10 {10 + number}:00:00", type=type, body={"text": "x"})
        said(alice, lobby, at=f"2026-03-10 {10 + number}:00:00")
    said(bob, alice, at="2026-03-10 11:59:59.999")
    retracted = said(bob, alice, at="2026-03-11 00:00:00")
    Message.objects.filter(pk=retracted).update(state=Message.State.RETRACTED)
    return club


def test_messages_by_the_hour(rest, talk):
    assert asked(rest, MESSAGES, "2026-03-10 10", 3, "HOUR") == {
        "send_msg_stat": [
            {"time": "2026-03-10 10", "group_send_msg": 1, "single_send_msg": 0},
            {"time": "2026-03-10 11", "group_send_msg": 1, "single_send_msg": 1},
            {"time": "2026-03-10 12", "group_send_msg": 1, "single_send_msg": 0},
        ],
        "group_msg_stat": {"txt_msg": 1, "image_msg": 1, "voice_msg": 1, "other_msg": 0},
        "single_msg_stat": {**ZERO, "txt_msg": 1},
    }


def test_messages_by_the_day(rest, talk):
    answer = asked(rest, MESSAGES, "2026-03-09", 3)
    assert answer == {
        "send_msg_stat": [
            {"time": "2026-03-09", "group_send_msg": 0, "single_send_msg": 0},
            {"time": "2026-03-10", "group_send_msg": 6, "single_send_msg": 1},
            {"time": "2026-03-11", "group_send_msg": 0, "single_send_msg": 1},
        ],
        "group_msg_stat": {"txt_msg": 1, "image_msg": 1, "voice_msg": 1, "other_msg": 3},
        "single_msg_stat": {**ZERO, "txt_msg": 2},
    }


def test_messages_by_the_month(rest, talk):
    answer = asked(rest, MESSAGES, "2026-02", 2, "MONTH")
    assert answer["send_msg_stat"] == [
        {"time": "2026-02", "group_send_msg": 0, "single_send_msg": 0},
        {"time": "2026-03", "group_send_msg": 6, "single_send_msg": 2},
    ]


def test_no_messages_are_zeros(rest, application):
    for unit, start, duration in (("HOUR", "1999-01-01 00", 24), ("DAY", "1999-01-01", 60), ("MONTH", "1999-01", 2)):
        answer = asked(rest, MESSAGES, start, duration, unit)
        assert len(answer["send_msg_stat"]) == duration
        assert answer["group_msg_stat"] == answer["single_msg_stat"] == ZERO
        empty = asked(rest, MESSAGES, start, 0, unit)
        assert empty == {"send_msg_stat": [], "group_msg_stat": ZERO, "single_msg_stat": ZERO}


def test_messages_are_counted_for_the_senders_application(rest, sister, alice):
    twin = register(sister, "alice")["alice"]
    said(twin, alice)
    assert asked(rest, MESSAGES)["single_msg_stat"] == ZERO
    assert asked(Rest(sister), MESSAGES)["single_msg_stat"] == {**ZERO, "txt_msg": 1}


# What is asked


@pytest.mark.parametrize(
    "change",
    [
        {"time_unit": "HOUR"},
        {"time_unit": "MONTH"},
        {"time_unit": "day"},
        {"time_unit": "MOTH"},
        {"time_unit": None},
        {"start": None},
        {"start": ""},
        {"start": "2026-02-30"},
        {"start": "10.03.2026"},
        {"start": "2026-03"},
        {"start": "0001-01-01"},
        {"start": "9999-12-31"},
        {"duration": None},
        {"duration": "-1"},
        {"duration": "61"},
        {"duration": "1.5"},
        {"duration": "ten"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", [USERS, GROUPS])
def test_a_bad_question_is_refused(rest, path, change):
    query = {"time_unit": "DAY", "start": "2026-03-10", "duration": "60", **change}
    answer = rest.get(path, **{name: value for name, value in query.items() if value is not None})
    assert refusal(answer) == (400, 899003)


@pytest.mark.parametrize(
    ("unit", "start", "duration"),
    [
        ("HOUR", "2026-03-10 10", 25),
        ("DAY", "2026-03-10", 61),
        ("MONTH", "2026-03", 3),
        ("HOUR", "2026-03-10", 1),
        ("DAY", "2026-03", 1),
        ("MONTH", "2026", 1),
        ("WEEK", "2026-03-10", 1),
        ("DAY", "2026-03-10", ""),
    ],
)
def test_a_bad_question_for_messages_is_refused(rest, unit, start, duration):
    assert refusal(rest.get(MESSAGES, time_unit=unit, start=start, duration=duration)) == (400, 899003)


def test_a_start_may_have_a_time_behind_it(rest):
    """As one client's own tests ask."""
    for path in (USERS, GROUPS):
        assert asked(rest, path, "2017-11-20 00:00:00")[0]["date"] == "2017-11-20"
    assert asked(rest, MESSAGES, "2017-11-20 00:00:00")["send_msg_stat"][0]["time"] == "2017-11-20"


@pytest.mark.parametrize("blank", ["%20", "+"])
def test_a_blank_comes_either_way(rest, blank):
    answer = rest.get(f"{MESSAGES}?time_unit=HOUR&start=2017-11-20{blank}09&duration=1")
    assert answer.json()["send_msg_stat"][0]["time"] == "2017-11-20 09"


@pytest.mark.parametrize(
    "written", ["/v2/statistic/{}", "/v2/statistic/{}/", "/v2//statistic/{}", "//v2///statistic//{}//"]
)
@pytest.mark.parametrize("name", ["users", "groups", "messages"])
def test_slashes_do_not_matter(rest, written, name):
    answer = rest.client.get(
        "/", {"time_unit": "DAY", "start": "2026-03-10", "duration": 1}, PATH_INFO=written.format(name),
        headers=rest.headers,
    )  # fmt: skip
    assert answer.status_code == 200


def test_who_is_not_the_applications_server_gets_nothing(rest):
    rest.headers = {}
    for path in (USERS, GROUPS, MESSAGES):
        assert refusal(rest.get(path, time_unit="DAY", start="2026-03-10", duration=1)) == (401, 899007)


# What it costs


@pytest.mark.parametrize(("path", "queries"), [(USERS, 4), (GROUPS, 3), (MESSAGES, 1)])
def test_the_number_of_queries_is_fixed(rest, talk, path, queries, django_assert_num_queries):
    asked(rest, path)  # knows the application from here on
    for duration in (1, 60):
        with django_assert_num_queries(queries):
            asked(rest, path, duration=duration)
    with django_assert_num_queries(0):
        asked(rest, path, duration=0)


def test_users_are_counted_in_the_database(application):
    users_from(application, *(f"user{number:04}" for number in range(20)))
    spans = spans_from("DAY", "2026-03-01", 60, "Asia/Shanghai")
    fetched = []

    def watch(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        fetched.append(sql)
        return result

    with connection.execute_wrapper(watch):
        counts = statistics.count_users(application, spans)
    assert counts.existing.total == [20] * 60
    assert all("COUNT(" in sql for sql in fetched)
