"""The demo as README shows it: alice's chat page, and the operator's console. IM_SCREENSHOTS=1 keeps the pictures."""

import os
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from imsite.demo import CLUB
from tests.backing import wait_until
from tests.browser.person import Person
from tests.live import ROOT, Live

pytestmark = pytest.mark.browser

SIZE = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with Live(tmp_path_factory.mktemp("demo") / "data") as live:
        live.manage("demo")
        yield live


@pytest.fixture
def keep(tmp_path):
    """Take a picture of a page: for README when asked to, else only to see that it can be taken."""
    folder = ROOT / "docs" / "screenshots" if os.environ.get("IM_SCREENSHOTS") == "1" else Path(tmp_path)

    def picture_of(page: Page, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        assert len(page.screenshot(path=folder / name, animations="disabled")) > 10_000

    return picture_of


def test_the_chat_page_shows_the_talk_and_the_picture(demo, browser, keep):
    made = demo.manage("demo", "--json")
    alice = Person(browser, demo.url, viewport=SIZE)
    alice.sign_in(made["users"][0]["username"], made["users"][0]["password"])
    alice.open(CLUB)
    expect(alice.page.get_by_text("This is the ridge that I mean:")).to_be_visible()
    expect(alice.page.get_by_text("太美了，我带相机。")).to_be_visible()
    wait_until(alice.loaded_images, "the picture")
    keep(alice.page, "chat.png")
    alice.close()
    assert alice.trouble == []


def test_the_console_shows_what_an_operator_looks_for(demo, browser, keep):
    made = demo.manage("demo", "--json")
    olga = browser.new_context(viewport=SIZE, locale="en-GB")
    page = olga.new_page()
    page.goto(f"{demo.url}/admin/")
    page.fill("input[name=username]", made["operator"]["username"])
    page.fill("input[name=password]", made["operator"]["password"])
    page.press("input[name=password]", "Enter")
    page.goto(f"{demo.url}/admin/accounts/user/")
    for user in made["users"]:
        expect(page.get_by_role("link", name=user["username"], exact=True)).to_be_visible()
    page.goto(f"{demo.url}/admin/messaging/message/")
    expect(page.get_by_text("太美了，我带相机。")).to_be_visible()
    keep(page, "console.png")
    olga.close()


def test_a_name_of_all_bytes_hides_no_column_of_a_list(demo, browser):
    made = demo.manage("demo", "--json")
    application = made["application"]
    user = {"username": "a" * 128, "password": "secret", "nickname": "n" * 64}
    auth = (application["appkey"], application["master_secret"])
    assert requests.post(f"{demo.url}/v1/users", json=[user], auth=auth, timeout=20).status_code == 201
    page = browser.new_context(viewport=SIZE, locale="en-GB").new_page()
    page.goto(f"{demo.url}/admin/accounts/user/?q={'a' * 128}")
    page.fill("input[name=username]", made["operator"]["username"])
    page.fill("input[name=password]", made["operator"]["password"])
    page.press("input[name=password]", "Enter")
    expect(page.get_by_role("link", name=user["username"], exact=True)).to_be_visible()
    assert page.evaluate("document.querySelector('#result_list').scrollWidth <= document.documentElement.clientWidth")
    page.context.close()
