"""The pictures of README. Collected only with IM_SCREENSHOTS=1 (`make screenshots`), see conftest.py."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.backing import wait_until
from tests.browser.site import Site, picture

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
DESKTOP = {"viewport": {"width": 1200, "height": 780}}
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A shop where people have been talking."""
    with Site(tmp_path_factory.mktemp("shots") / "data", "Harbour Tea") as running:
        running.admin("alice", "Alice Martin")
        running.register(bobby="Bobby Chen", carol="Carol Silva", wanglei="王磊", dave1="Dave Okafor")
        running.club = running.group("Tasting on Friday", "alice", "bobby", "carol", "wanglei")
        yield running


@pytest.fixture
def talk(site, person):
    """Alice and Bobby in the middle of it, Carol and 王磊 in the group; the pages of Alice and Carol."""
    alice, bobby, carol, lei = (person(name, **DESKTOP) for name in ("alice", "bobby", "carol", "wanglei"))
    alice.begin("bobby")
    alice.write("Morning! The new oolong has arrived.")
    alice.wait_sent("The new oolong has arrived.")
    bobby.open("Alice Martin")
    for text in ("Already? I thought it was stuck at the port until Thursday.", "How does it look?"):
        bobby.write(text)
        bobby.wait_sent(text)
    alice.wait_text("How does it look?")
    alice.write("Like this, seen from the ridge where it grows:")
    alice.wait_sent("Like this")
    alice.send_image("ridge.png", picture(900, 560))
    wait_until(lambda: bobby.loaded_images() == 1, "the picture")
    bobby.write("Beautiful. 这个颜色真好看！")
    bobby.wait_sent("Beautiful")
    carol.open("Tasting on Friday")
    carol.write("I can bring the small cups, there are twelve of them.")
    lei.open("Tasting on Friday")
    lei.wait_text("twelve")
    lei.write("太好了，我带水壶。")
    lei.write("See https://tea.example.org/oolong for the notes")
    lei.wait_sent("for the notes")
    carol.begin("alice")
    carol.write("Are we still on for lunch?")
    carol.wait_sent("lunch")
    alice.wait_text("Beautiful")
    expect(alice.row("Carol Silva")).to_be_visible()
    return alice, carol


def shoot(somebody, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    somebody.page.mouse.move(0, 0)
    somebody.page.screenshot(path=FOLDER / f"{name}.png")


def revisit(person, username: str, title: str, **options):
    somebody = person(username, **options)
    somebody.open(title)
    expect(somebody.page.locator(".message").first).to_be_visible()
    wait_until(lambda: somebody.loaded_images() == somebody.page.locator(".picture").count(), "all pictures")
    return somebody


def test_screenshots(talk, person, site, proxy):
    alice, carol = talk
    shoot(alice, "chat-pair")
    shoot(person(**DESKTOP), "chat-sign-in")

    carol.open("Tasting on Friday")
    carol.wait_text("for the notes")
    shoot(carol, "chat-group")

    dark = revisit(person, "alice", "Bobby Chen", color_scheme="dark", **DESKTOP)
    shoot(dark, "chat-dark")
    dark.page.locator(".picture").click()
    shoot(dark, "chat-image")

    phone = revisit(person, "bobby", "Alice Martin", **PHONE)
    shoot(phone, "chat-phone")
    phone.page.get_by_role("button", name="Back to the conversations").click()
    shoot(phone, "chat-phone-list")

    chinese = revisit(person, "wanglei", "Tasting on Friday", locale="zh-CN", **DESKTOP)
    shoot(chinese, "chat-zh")

    lost = revisit(person, "bobby", "Alice Martin", url=proxy.url, line_may_break=True, **DESKTOP)
    proxy.cut()
    lost.wait_offline()
    lost.write("I'll be there in ten minutes")
    expect(lost.page.locator(".message[data-state=queued]")).to_have_count(1)
    shoot(lost, "chat-offline")
