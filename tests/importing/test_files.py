"""Files as people write them: what is read, and which line is told to be broken."""

import pytest

from imsite.core.errors import Invalid
from imsite.importing.entries import KINDS, Entry
from imsite.importing.files import FileSource


def read(kind, *paths):
    rows = list(FileSource(list(paths)).read(kind, ()))
    return [(row.where, row.values) for row in rows if isinstance(row, Entry)], [
        (row.where, row.why) for row in rows if not isinstance(row, Entry)
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("users.csv", b'\xef\xbb\xbfusername,nickname\r\nanna,"A,\nB"\r\nbert,\r\n'),
        (
            "users.json",
            '\ufeff [\n {"username": "anna", "nickname": "A,\\nB"} ,\n{"username": "bert", "nickname": null}\n]\n',
        ),
        ("users.jsonl", '{"username": "anna", "nickname": "A,\\nB"}\n\n{"username": "bert"}'),
    ],
)
def test_one_form_is_as_good_as_the_other(write, name, content):
    entries, faults = read("users", write(name, content))
    assert [values for _, values in entries] == [{"username": "anna", "nickname": "A,\nB"}, {"username": "bert"}]
    assert faults == []


def test_entries_know_their_lines(write):
    path = write("users.csv", 'username,nickname\nanna,"two\nlines"\nbert,\n')
    assert [where for where, _ in read("users", path)[0]] == ["users.csv:2", "users.csv:4"]
    path = write("users.json", '[\n{"username":\n"anna"},\n{"username": "bert"}]')
    assert [where for where, _ in read("users", path)[0]] == ["users.json:2", "users.json:4"]


@pytest.mark.parametrize(
    ("name", "content", "kept", "lines"),
    [
        ("users.csv", b"username\nanna\n\xc3\x28\nbert\n", ["anna", "bert"], [3]),
        ("users.csv", b"username\nanna\nbert,1\n\ncleo\n", ["anna", "cleo"], [3]),
        ("users.csv", b'username\nanna\n"be"rt\ncleo\n', ["anna", "cleo"], [3]),
        ("users.csv", b'username\nanna\n"bert\ncleo\n', ["anna"], [3]),
        ("users.csv", b"name\nanna\n", [], [1]),
        ("users.csv", b"", [], [1]),
        ("users.json", b'[{"username": "anna"},\n{"username": "\xff"},\n{"username": "bert"}]', ["anna", "bert"], [2]),
        ("users.json", b'[{"username": "anna"},\n7,\n{"username": "bert"}]', ["anna", "bert"], [2]),
        ("users.json", b'[{"username": "anna"},\n{"username": \n!},\n{"username": "bert"}]', ["anna"], [3]),
        ("users.json", b'[{"username": "anna"},\n{"username": NaN}]', ["anna"], [2]),
        ("users.json", b'[{"username": "anna"}', ["anna"], [1]),
        ("users.json", b'{"username": "anna"}', [], [1]),
        ("users.json", b"", [], [1]),
        ("users.json", b"[" + b"[" * 100_000, [], [1]),
        (
            "users.jsonl",
            b'{"username": "anna"}\n{"username"\n\xff\n{"username": "bert"}\n[]',
            ["anna", "bert"],
            [2, 3, 5],
        ),
    ],
)
def test_what_is_broken_is_told_with_its_line_and_the_rest_is_read(write, name, content, kept, lines):
    entries, faults = read("users", write(name, content))
    assert [values["username"] for _, values in entries] == kept
    assert [where for where, _ in faults] == [f"{name}:{line}" for line in lines]
    assert all(why for _, why in faults)


def test_rows_of_one_list_come_together(write):
    path = write("friends.csv", "username,friend,note_name\nanna,bert,B\ncleo,anna,\nanna,cleo,\n")
    entries, faults = read("friends", path)
    assert faults == []
    assert entries == [
        (
            "friends.csv:2",
            {
                "username": "anna",
                "friends": [
                    {"username": "bert", "friend": "bert", "note_name": "B", "where": "friends.csv:2"},
                    {"username": "cleo", "friend": "cleo", "where": "friends.csv:4"},
                ],
            },
        ),
        (
            "friends.csv:3",
            {"username": "cleo", "friends": [{"username": "anna", "friend": "anna", "where": "friends.csv:3"}]},
        ),
    ]


def test_a_row_without_what_it_needs(write):
    write("blacklist.csv", "username,blocked\nanna,\n,bert\n")
    entries, faults = read("blacklists", write.folder)
    assert (entries, [where for where, _ in faults]) == ([], ["blacklist.csv:2", "blacklist.csv:3"])


def test_members_of_a_file_of_their_own_join_those_of_the_group(write):
    write("groups.json", [{"gid": 1, "name": "Club", "owner_username": "anna", "members": ["bert"]}])
    write("group_members.csv", "gid,username\n1,cleo\n2,dora\n")
    entries, faults = read("groups", write.folder)
    assert entries[0][1]["members"] == ["bert", {"gid": "1", "username": "cleo", "where": "group_members.csv:2"}]
    assert [where for where, _ in faults] == ["group_members.csv:3"]


def test_single_files_folders_and_what_is_neither(write, tmp_path):
    users = write("users.csv", "username\nanna\n")
    write("notes.txt", "not ours")
    words = tmp_path / "words.json"
    words.write_text('["spam"]')
    source = FileSource([write.folder, words])
    assert {kind: source.count(kind) for kind in KINDS if source.count(kind)} == {"users": 1, "words": 1}
    for wrong in (write.folder / "notes.txt", tmp_path / "nowhere", tmp_path / "nowhere" / "users.csv"):
        with pytest.raises(Invalid):
            FileSource([users, wrong])
