"""The examples of docs/import.md are files that come in as the page says."""

import re
from pathlib import Path

import pytest

from accounts.models import Block, Friendship, User
from accounts.passwords import verify
from chatrooms.models import ChatRoom
from groups.models import Group, Membership
from imsite.importing.files import STEMS
from imsite.importing.report import Report
from messaging.models import SensitiveWord

PAGE = Path(__file__).resolve().parents[2] / "docs" / "import.md"
EXAMPLES = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL))
SECRET_MD5 = "5ebe2294ecd0e0f08eab7690d2a6ee69"  # of "secret"


def test_every_kind_of_file_has_an_example():
    examples = {Path(name).stem for name in EXAMPLES}
    described = {
        name for line in re.findall(r"^### (.+)$", PAGE.read_text(), re.MULTILINE) for name in line.split(", ")
    }
    assert described == set(STEMS)
    assert examples == set(STEMS) - {"chatroom_members"}  # whose example has them inside


def test_every_file_of_the_report_is_named(tmp_path):
    report = Report(tmp_path / "report")
    report.passwords([("anna", "secret")])
    report.close({})
    assert {f"`{path.name}`" for path in (tmp_path / "report").iterdir()} == set(
        re.findall(r"^\| (`\S+\.\w+`) \|", PAGE.read_text(), re.MULTILINE)
    )


@pytest.mark.django_db(transaction=True)
def test_the_examples_come_in(run, write):
    for name, text in EXAMPLES.items():
        write(name, text)
    ran = run()
    assert [(row["kind"], row["where"]) for row in ran.failures] == [("blacklists", "blacklist.csv:2")]
    ming, cai = User.objects.get(username="xiaoming"), User.objects.get(username="caiyh")
    assert verify(ming, SECRET_MD5)
    assert (ming.nickname, ming.extras, ming.created_at.year, cai.password) == ("小明", {"level": 7}, 2017, "")
    assert User.objects.get(is_admin=True).username == "support"
    assert Friendship.objects.get(owner=ming, friend__username="xiaohong").note_name == "Hong"
    assert Friendship.objects.count() == 4
    assert Block.objects.get().owner.username == "xiaohong"
    group, room = Group.objects.get(), ChatRoom.objects.get()
    assert dict(group.memberships.values_list("user__username", "role")) == {
        "xiaoming": Membership.Role.OWNER,
        "xiaohong": Membership.Role.KEEPER,
        "caiyh": Membership.Role.MEMBER,
    }
    assert room.bans.get().user == cai
    assert ran.ids == {("groups", "10000001"): group.pk, ("chatrooms", "10000002"): room.pk}
    assert set(SensitiveWord.objects.values_list("word", flat=True)) == {"spam", "广告"}
