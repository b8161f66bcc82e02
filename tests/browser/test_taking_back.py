"""A message that is taken back while people look at it, and while they do not."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.sqlite_only]

GONE = "This message was taken back."


@pytest.fixture(scope="module", autouse=True)
def people(site):
    site.admin("alice", "Alice")
    site.register(bobby="Bobby")


def take_back(site, sender, msg_id):
    site.rest("POST", f"/v1/messages/{sender}/{msg_id}/retract")


def test_it_goes_from_all_pages_at_once(person, site):
    alice, bobby = person("alice"), person("bobby")
    secret = site.say("alice", "bobby", "the code is 4711")
    site.say("alice", "bobby", "sorry, wrong window")
    bobby.expect_unread("Alice", "2")
    bobby.open("Alice")
    bobby.wait_text("the code is 4711")
    alice.open("Bobby")
    alice.wait_text("the code is 4711")
    take_back(site, "alice", secret)
    for somebody in (alice, bobby):
        somebody.wait_text(GONE)
        somebody.wait_text("sorry, wrong window")
        expect(somebody.page.get_by_text("4711")).to_have_count(0)


def test_it_is_not_there_for_who_comes_later_nor_counted(person, site):
    secret = site.say("backend", "bobby", "the code is 0815")
    take_back(site, "backend", secret)
    bobby = person("bobby")
    expect(bobby.row("Backend")).to_contain_text(GONE)
    bobby.expect_unread("Backend", "")
    bobby.open("Backend")
    bobby.wait_text(GONE)
    expect(bobby.page.get_by_text("0815")).to_have_count(0)
