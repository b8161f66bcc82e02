"""import_jmessage from files: what comes in, what is told of the rest, and that a second run goes on."""

import pytest

from accounts.models import Block, Friendship, User
from accounts.passwords import md5_hex, verify
from chatrooms.models import ChatRoom
from groups.models import Group, Membership
from imsite.core.models import StoredEvent
from imsite.importing.journal import Journal
from imsite.importing.models import ImportedItem
from messaging.models import FOREVER_MS, Participant, SensitiveWord

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = [{"username": name, "password": "secret"} for name in ("anna", "bert", "cleo", "dora")]


def user(name):
    return User.objects.get(username=name, deleted_at=None)


# Users


def test_users_with_all_that_is_known_of_them(run, write, application):
    write(
        "users.csv",
        "username,password_md5,password,nickname,birthday,gender,extras,is_admin,disabled,ctime,mtime\n"
        f'anna,{md5_hex("secret").upper()},,安娜,1990-02-28,2,"{{""level"": 7}}",true,0,'
        "2017-11-17 08:57:54,2018-01-01 00:00:00\n"
        "bert,,plain text,,,,,,1,,\n"
        "cleo,,,,,,,,,,\n",
    )
    ran = run()
    assert (ran.status, ran.counts) == (0, {"users": (3, 0, 0)})
    anna, bert, cleo = user("anna"), user("bert"), user("cleo")
    assert verify(anna, md5_hex("secret"))
    assert (anna.nickname, str(anna.birthday), anna.gender, anna.extras) == ("安娜", "1990-02-28", 2, {"level": 7})
    assert (anna.is_admin, anna.disabled) == (True, False)
    assert anna.created_at.isoformat() == "2017-11-17T00:57:54+00:00"  # the application is in Shanghai
    assert anna.updated_at.isoformat() == "2017-12-31T16:00:00+00:00"
    assert verify(bert, md5_hex("plain text"))
    assert bert.disabled
    assert cleo.password == ""
    assert not verify(cleo, md5_hex(""))
    assert not StoredEvent.objects.exists()


def test_passwords_are_made_and_listed_where_asked(run, write):
    write("users.json", [{"username": "anna"}, {"username": "bert", "password": "mine"}])
    ran = run("--passwords", "random")
    assert ran.passwords.keys() == {"anna"}
    assert verify(user("anna"), md5_hex(ran.passwords["anna"]))
    assert verify(user("bert"), md5_hex("mine"))
    assert (ran.summary["how"], ran.summary["dry_run"]) == ("complete", False)


def test_bad_users_are_told_with_their_lines_and_lose_nothing_else(run, write, alice):
    write(
        "users.csv",
        b"username,nickname,password_md5\n"
        b"anna,A,\n"
        b"alice,taken,\n"
        b"x,short,\n"
        b"bert,\xff\xfe,\n"
        b"cleo\n"
        b"dora,line,not an md5\n"
        b"\n"
        b"anna,again,\n"
        b'"emil","' + "名".encode() * 22 + b'",\n'
        b'fritz,"two\nlines",\n'
        b"gerd,G,\n",
    )
    ran = run()
    assert ran.status == 3
    assert sorted(where for _, _, where in ran.told) == [f"users.csv:{line}" for line in (10, 11, 3, 4, 5, 6, 7, 9)]
    assert {key for _, key, _ in ran.told} == {"", "alice", "x", "dora", "anna", "emil", "fritz"}
    assert {row["why"] for row in ran.failures} >= {"the line is not UTF-8", "user exist: alice"}
    names = set(User.objects.of(alice.application).values_list("username", flat=True))
    assert {"anna", "gerd"} <= names
    assert not {"x", "bert", "cleo", "dora", "emil", "fritz"} & names
    assert ran.counts == {"users": (2, 0, 8)}
    assert "8 could not be imported" in ran.said


def test_a_file_without_the_columns_it_needs(run, write):
    write("users.csv", "name,password\nanna,secret\n")
    ran = run()
    assert (ran.status, ran.told) == (3, [("users", "", "users.csv:1")])
    assert "username" in ran.failures[0]["why"]


# Friends, blacklists


def test_friends_and_blacklists(run, write):
    write("users.json", PEOPLE)
    write(
        "friends.csv",
        "username,friend,note_name,others\nanna,bert,B.,from school\nbert,anna,,\nanna,cleo,克,\n",
    )
    write("blacklist.csv", "username,blocked\nanna,dora\n")
    ran = run()
    assert (ran.status, ran.counts) == (0, {"users": (4, 0, 0), "friends": (2, 0, 0), "blacklists": (1, 0, 0)})
    rows = Friendship.objects.values_list("owner__username", "friend__username", "note_name", "others")
    assert set(rows) == {
        ("anna", "bert", "B.", "from school"),
        ("bert", "anna", "", ""),
        ("anna", "cleo", "克", ""),
        ("cleo", "anna", "", ""),
    }
    assert list(Block.objects.values_list("owner__username", "target__username")) == [("anna", "dora")]


def test_a_list_is_imported_without_those_who_are_not_there(run, write):
    write("users.json", [*PEOPLE, {"username": "root", "is_admin": True}])
    write(
        "friends.jsonl",
        '{"username": "anna", "friends": ["bert", "zoe1", "anna", {"username": "cleo", "note_name": "'
        + "x" * 65
        + '"}]}\n{"username": "nobody", "friends": ["anna"]}\n{"username": "bert", "friends": "anna"}\nnot json\n',
    )
    write("blacklist.json", [{"username": "anna", "blacklist": ["root", "bert"]}])
    ran = run()
    assert ran.counts == {
        "users": (5, 0, 0),
        "friends": (1, 0, 3),
        "friends: parts": (0, 0, 3),
        "blacklists": (1, 0, 0),
        "blacklists: parts": (0, 0, 1),
    }
    assert ("friends", "", "friends.jsonl:4") in ran.told
    assert ("friends", "nobody", "friends.jsonl:2") in ran.told
    assert Friendship.objects.count() == 2
    assert Block.objects.get().target.username == "bert"
    # It is gone through again, and what is there stays.
    write("users.json", [*PEOPLE, {"username": "zoe1"}])
    again = run()
    assert again.counts["friends: parts"] == (0, 0, 2)
    assert Friendship.objects.filter(owner__username="anna").count() == 2


# Groups and rooms


def test_groups_with_owner_keepers_and_the_silent(run, write):
    write("users.json", PEOPLE)
    write("groups.csv", "gid,name,owner_username,desc,avatar,flag\n10000001,Hiking 徒步,anna,out,media,2\n")
    write("group_members.csv", "gid,username,flag,silence\n10000001,anna,1,\n10000001,bert,2,\n10000001,cleo,0,true\n")
    ran = run()
    assert ran.status == 0, ran.failures
    group = Group.objects.get()
    assert group.pk == 10000001
    assert ran.ids == {("groups", "10000001"): 10000001}
    assert (group.name, group.desc, group.avatar, group.type) == ("Hiking 徒步", "out", "media", Group.Type.PUBLIC)
    roles = dict(group.memberships.values_list("user__username", "role"))
    assert roles == {"anna": Membership.Role.OWNER, "bert": Membership.Role.KEEPER, "cleo": Membership.Role.MEMBER}
    assert Participant.objects.get(user__username="cleo").silenced_until_ms == FOREVER_MS


def test_rooms_with_bans(run, write):
    write("users.json", PEOPLE)
    write("chatrooms.json", [{"id": 7, "name": "Lobby", "owner_username": "anna", "description": None}])
    write("chatroom_members.csv", "id,username,flag\n7,bert,1\n7,cleo,0\n")
    ran = run()
    assert ran.status == 0, ran.failures
    room = ChatRoom.objects.get()
    assert ran.ids == {("chatrooms", "7"): room.pk}
    assert {row.user.username: row.banned for row in room.memberships.in_order()} == {
        "anna": False,
        "bert": True,
        "cleo": False,
    }


def test_unknown_members_are_left_out_and_bad_groups_not_begun(run, write, application):
    write("users.json", PEOPLE)
    write(
        "groups.json",
        [
            {"gid": 1, "name": "Fine", "owner_username": "anna", "members": ["bert", "nobody", 5, {"flag": 0}]},
            {"gid": 2, "name": "", "owner_username": "anna"},
            {"gid": 3, "name": "No owner", "owner_username": "nobody"},
            {"gid": 1, "name": "Twice", "owner_username": "anna"},
            {"gid": "x", "name": "No id", "owner_username": "anna"},
            {"gid": 4, "name": "Members?", "owner_username": "anna", "members": "bert"},
            {"gid": 5, "name": "名" * 22, "owner_username": "anna"},
            ["gid"],
        ],
    )
    write("group_members.csv", "gid,username\n9,anna\n1\n")
    ran = run()
    assert list(Group.objects.values_list("name", flat=True)) == ["Fine"]
    assert set(Group.objects.get().memberships.values_list("user__username", flat=True)) == {"anna", "bert"}
    assert ran.counts["groups"] == (1, 0, 9)
    assert ran.counts["groups: parts"] == (0, 0, 3)
    assert ("groups", "", "group_members.csv:2") in ran.told
    assert ("groups", "", "group_members.csv:3") in ran.told
    assert ("groups", "3", "groups.json:1") in ran.told


def test_a_group_whose_second_half_fails_is_not_there(run, write, monkeypatch):
    """What breaks in the middle leaves nothing behind, and the others come in."""
    from groups import services
    from groups.errors import TooManyKeepers

    def refuse(*args, **kwargs):
        raise TooManyKeepers

    monkeypatch.setattr(services, "add_keepers", refuse)
    write("users.json", PEOPLE)
    write(
        "groups.json",
        [
            {"gid": 1, "name": "Kept", "owner_username": "anna", "members": [{"username": "bert", "flag": 2}]},
            {"gid": 2, "name": "Plain", "owner_username": "anna"},
        ],
    )
    ran = run()
    assert list(Group.objects.values_list("name", flat=True)) == ["Plain"]
    assert ran.told == [("groups", "1", "groups.json:1")]
    assert list(ImportedItem.objects.filter(kind="groups").values_list("key", flat=True)) == ["2"]


def test_a_group_that_is_too_large(run, write, application):
    from accounts.models import Application

    Application.objects.filter(pk=application.pk).update(settings={"group_capacity": 2, "room_capacity": 2})
    write("users.json", PEOPLE)
    everyone = [person["username"] for person in PEOPLE]
    write("groups.json", [{"gid": 1, "name": "All", "owner_username": "anna", "members": everyone}])
    write("chatrooms.json", [{"id": 1, "name": "All", "owner_username": "anna", "members": everyone}])
    for arguments in (["--dry-run"], []):
        ran = run(*arguments)
        assert ran.counts["groups"] == ran.counts["chatrooms"] == (0, 0, 1)
    assert not Group.objects.exists()
    assert not ChatRoom.objects.exists()


def test_an_id_that_is_taken_becomes_another(run, write, application):
    """Two applications that both had a group 77 move in; rooms and groups share their numbers."""
    write("users.json", PEOPLE)
    write("groups.json", [{"gid": 77, "name": "Club", "owner_username": "anna"}])
    write(
        "chatrooms.json",
        [
            {"id": 77, "name": "Lobby", "owner_username": "anna"},
            {"id": "0", "name": "Nought", "owner_username": "anna"},
        ],
    )
    ran = run()
    assert ran.status == 0, ran.failures
    lobby, nought = ChatRoom.objects.get(name="Lobby").pk, ChatRoom.objects.get(name="Nought").pk
    assert ran.ids == {("groups", "77"): 77, ("chatrooms", "77"): lobby, ("chatrooms", "0"): nought}
    assert min(lobby, nought) > 77


def test_nobody_comes_into_too_many_groups(run, write, application):
    from accounts.models import Application

    Application.objects.filter(pk=application.pk).update(settings={"groups_per_user": 2})
    write("users.json", PEOPLE)
    circles = [{"gid": gid, "name": "Club", "owner_username": "anna", "members": ["bert"]} for gid in (1, 2, 3)]
    write("groups.json", [*circles, {"gid": 4, "name": "Other", "owner_username": "cleo"}])
    dry, real = run("--dry-run"), run()
    assert dry.counts == real.counts
    assert dry.told == real.told == [("groups", "3", "groups.json:1")]


def test_names_that_no_database_takes(run, write):
    """A NUL, and half of a surrogate pair, which JSON can write."""
    write("users.json", PEOPLE)
    for name in ("users.jsonl", "friends.jsonl", "blacklist.jsonl", "groups.jsonl", "chatrooms.jsonl", "words.jsonl"):
        write(
            name,
            "".join(
                '{"username": "#", "friends": ["#"], "blacklist": ["#"], "gid": "#", "id": "#", "name": "#",'
                ' "owner_username": "#"}\n{"username": "anna", "friends": ["#"], "blacklist": ["#"], "gid": 1, "id": 1,'
                ' "name": "Club", "owner_username": "anna", "members": ["#"]}\n'.replace("#", broken)
                for broken in ("a\\u0000b", "\\ud800")
            ),
        )
    for arguments in (["--dry-run"], []):
        ran = run(*arguments)
        assert ran.status == 3
        assert ran.counts["friends"] == ran.counts["blacklists"] == (2, 0, 2)
        assert ran.counts["groups"] == (1, 0, 3)
        assert ran.counts["words"] == (1, 0, 2)
    assert Group.objects.get().memberships.count() == 1


# Words


def test_words(run, write, application):
    write("words.json", ["法轮", "fuck", "FUCK", "fuck", "  ", "x" * 65, 5, {"name": "spam", "itime": "2017"}])
    ran = run()
    assert set(SensitiveWord.objects.values_list("word", flat=True)) == {"法轮", "fuck", "FUCK", "spam"}
    assert ran.counts == {"words": (4, 0, 3)}
    assert run().counts == {"words": (0, 4, 3)}


# Runs


def test_a_second_run_does_nothing_again(run, write):
    write("users.json", PEOPLE)
    write("friends.json", [{"username": "anna", "friends": ["bert"]}, {"username": "bert", "friends": []}])
    write("blacklist.json", [{"username": "anna", "blacklist": ["cleo"]}])
    write("groups.json", [{"gid": 1, "name": "Club", "owner_username": "anna"}])
    write("chatrooms.json", [{"id": 1, "name": "Lobby", "owner_username": "anna"}])
    first = run()
    second = run()
    assert (first.status, second.status) == (0, 0)
    assert second.counts == {
        "users": (0, 4, 0),
        "friends": (0, 2, 0),
        "blacklists": (0, 1, 0),
        "groups": (0, 1, 0),
        "chatrooms": (0, 1, 0),
    }
    assert second.ids == first.ids
    assert Group.objects.count() == ChatRoom.objects.count() == 1


def test_files_of_another_name_are_another_source(run, write):
    write("users.json", PEOPLE)
    write("groups.json", [{"gid": 1, "name": "Club", "owner_username": "anna"}])
    run()
    other = run("--source", "second", "--only", "groups")
    assert other.counts == {"groups": (1, 0, 0)}
    assert Group.objects.count() == 2


def test_a_dry_run_tells_the_same_and_changes_nothing(run, write, alice):
    root = {"username": "root", "is_admin": True}
    write("users.json", [*PEOPLE, {"username": "alice"}, {"username": "x"}, root])
    write("friends.json", [{"username": "anna", "friends": ["bert", "nobody"]}, {"username": "nobody", "friends": []}])
    write("blacklist.json", [{"username": "bert", "blacklist": ["anna", "root"]}])
    write(
        "groups.json",
        [
            {"gid": 1, "name": "Club", "owner_username": "anna", "members": ["bert", "nobody"]},
            {"gid": 2, "name": "Lost", "owner_username": "nobody"},
        ],
    )
    write("chatrooms.json", [{"id": 1, "name": "Lobby", "owner_username": "anna", "members": ["alice"]}])
    write("words.json", ["spam", " "])
    before = User.objects.count()
    dry = run("--dry-run")
    assert (dry.status, dry.ids, dry.summary["dry_run"]) == (3, {}, True)
    assert "would be done" in dry.printed
    for model in (Group, ChatRoom, Friendship, Block, SensitiveWord, ImportedItem, StoredEvent):
        assert not model.objects.exists(), model
    assert User.objects.count() == before
    real = run()
    assert dry.counts == real.counts
    assert dry.failures == real.failures


def test_an_interrupted_run_goes_on(run, write, monkeypatch):
    """Cut in the middle of the groups, as Ctrl-C or the end of the process would."""
    write("users.json", PEOPLE)
    write("groups.json", [{"gid": number, "name": f"g{number}", "owner_username": "anna"} for number in range(1, 6)])
    note, noted = Journal.note, []

    def cut(self, kind, made):
        if kind == "groups":
            noted.append(made)
            if len(noted) == 3:
                raise KeyboardInterrupt
        note(self, kind, made)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "note", cut)
        stopped = run()
    assert (stopped.status, stopped.summary["how"]) == (130, "cut")
    assert Group.objects.count() == 2
    ran = run()
    assert (ran.status, ran.counts) == (0, {"users": (0, 4, 0), "groups": (3, 2, 0)})
    assert sorted(Group.objects.values_list("name", flat=True)) == [f"g{number}" for number in range(1, 6)]
    assert len(ran.ids) == 5


@pytest.mark.parametrize(
    ("arguments", "source", "said"),
    [
        ([], [], "Name files or folders"),
        ([], ["--host", "localhost"], "Name files or folders"),
        ([], ["/nowhere"], "there is no such file or folder"),
        ([], ["/"], "no file of a known name"),
        ([], ["--host", "ftp://x", "--appkey", "a", "--secret", "b"], "is no host"),
        (["--only", "users,people"], None, "not people"),
        (["--parallel", "0"], ["--host", "localhost", "--appkey", "a", "--secret", "b"], "--parallel"),
    ],
)
def test_what_it_is_told_must_make_sense(run, write, application, arguments, source, said):
    write("users.json", PEOPLE)
    ran = run(*arguments, source=source)
    assert ran.status == 1
    assert said in ran.said
    assert not User.objects.exists()


def test_an_application_that_is_not_there(write, tmp_path):
    from django.core.management import call_command
    from django.core.management.base import CommandError

    write("users.json", PEOPLE)
    with pytest.raises(CommandError):
        call_command("import_jmessage", str(write.folder), "--into", "x" * 24)


def test_many_users_cost_few_queries(run, write, django_assert_max_num_queries):
    write("users.json", [{"username": f"user{number:04}"} for number in range(1000)])
    with django_assert_max_num_queries(40):
        assert run("--only", "users").counts == {"users": (1000, 0, 0)}
