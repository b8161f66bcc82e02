"""The main job: two people talk in two browsers, one loses the line in between, and a backend has its word."""

import pytest
from playwright.sync_api import expect

from tests.backing import wait_until
from tests.browser.site import picture

pytestmark = [pytest.mark.browser, pytest.mark.sqlite_only]


@pytest.fixture(scope="module", autouse=True)
def people(site):
    site.admin("alice", "Alice")  # so that the backend may speak in her name
    site.register(bobby="Bobby", carol="Carol", dave1="Dave", erika="Erika", frank="Frank")


def test_two_people_talk_and_one_loses_the_line(person, site, proxy):
    alice = person("alice")
    bobby = person("bobby", url=proxy.url, line_may_break=True)

    alice.begin("bobby")
    alice.write("Good morning, Bobby")
    bobby.open("Alice")
    bobby.wait_text("Good morning, Bobby")
    bobby.write("早上好！🙂")
    alice.wait_text("早上好！🙂")

    alice.send_image("hill.png", picture())
    wait_until(lambda: bobby.loaded_images() == 1, "Alice's picture at Bobby's")
    bobby.send_image("sea.png", picture(shade="#1d6a9c"))
    wait_until(lambda: alice.loaded_images() == 2, "Bobby's picture at Alice's")

    proxy.cut()
    bobby.wait_offline()
    bobby.write("Can you hear me?")
    bobby.write("Hello?")
    for number in range(1, 6):
        alice.write(f"You missed this ({number})")
        alice.wait_sent(f"You missed this ({number})")
    site.say("backend", "bobby", "The office is closed today")
    site.say("alice", "bobby", "Said by the backend in Alice's name")
    alice.wait_text("Said by the backend in Alice's name")
    expect(bobby.page.locator("chat-connection")).to_be_visible()
    assert bobby.page.locator(".message[data-state=queued]").count() == 2
    assert "You missed this (1)" not in bobby.texts

    proxy.mend()
    bobby.wait_online()
    bobby.wait_sent("Can you hear me?")
    bobby.wait_sent("Hello?")
    alice.wait_text("Hello?")
    bobby.wait_text("Said by the backend in Alice's name")
    expected = [
        "Good morning, Bobby",
        "早上好！🙂",
        *(f"You missed this ({number})" for number in range(1, 6)),
        "Said by the backend in Alice's name",
        "Can you hear me?",
        "Hello?",
    ]
    assert bobby.texts == expected
    assert alice.texts == expected
    assert bobby.messages.count() == alice.messages.count() == len(expected) + 2
    expect(bobby.row("Backend")).to_contain_text("The office is closed today")
    bobby.expect_unread("Backend", "1")

    bobby.write("Now I can")
    alice.wait_text("Now I can")
    bobby.page.reload()
    bobby.wait_online()
    bobby.open("Alice")
    bobby.wait_text("Now I can")
    assert bobby.texts == [*expected, "Now I can"]


def test_an_answer_lost_with_the_line_makes_no_second_message(person, proxy):
    """The line is cut the moment a message leaves: it may have arrived or not, and stands once in the end."""
    carol = person("carol", url=proxy.url, line_may_break=True)
    dave = person("dave1")
    carol.begin("dave1")
    said = []
    for round_number in range(4):
        for number in range(3):
            said.append(f"round {round_number}, line {number}")
            carol.write(said[-1])
        proxy.cut()
        carol.wait_offline()
        proxy.mend()
        carol.part("now").click()
        carol.wait_online()
        carol.wait_sent(said[-1])
    dave.open("Carol")
    dave.wait_text(said[-1])
    assert carol.texts == said
    assert dave.texts == said
    dave.page.reload()
    dave.wait_online()
    dave.open("Carol")
    dave.wait_text(said[-1])
    assert dave.texts == said


def test_a_picture_survives_the_line(person, proxy):
    erika = person("erika", url=proxy.url, line_may_break=True)
    frank = person("frank")
    erika.begin("frank")
    proxy.cut()
    erika.wait_offline()
    erika.send_image("hill.png", picture())
    expect(erika.page.locator(".message[data-state=queued] .picture")).to_have_count(1)
    proxy.mend()
    expect(erika.page.locator(".message[data-state=sent] .picture")).to_have_count(1, timeout=40_000)
    frank.open("Erika")
    wait_until(lambda: frank.loaded_images() == 1, "the picture at Frank's")
    assert frank.messages.count() == erika.messages.count() == 1
