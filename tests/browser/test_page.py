"""What the page does besides talking: signing in and out, failing and trying again, long histories, languages, phones."""

import itertools
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.backing import wait_until
from tests.browser.site import PASSWORD, picture
from tests.wire_client import BlockingClient

pytestmark = [pytest.mark.browser, pytest.mark.sqlite_only]

PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
LONG = 120
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module", autouse=True)
def people(site):
    site.admin("alice", "Alice")
    site.register(bobby="Bobby", carol="Carol", dave1="Dave", erika="Erika", frank="Frank 王")


@pytest.fixture
def newcomer(site) -> Callable[[str], str]:
    """newcomer("ann") is the username, and the title, of somebody new who has talked to nobody yet."""

    def register(name: str) -> str:
        username = f"{name}-{next(NUMBERS)}"
        site.register(username)
        return username

    return register


# Signing in and out


def test_sign_in_tells_what_is_wrong(person):
    somebody = person()
    problem = somebody.page.locator("#sign-in-problem")
    somebody.fill_sign_in("", "")
    expect(problem).to_have_text("Enter your username and your password.")
    somebody.fill_sign_in("nobody", "whatever")
    expect(problem).to_have_text("There is no user with this name.")
    somebody.fill_sign_in("bobby", "wrong")
    expect(problem).to_have_text("The password is wrong.")
    expect(somebody.page.locator("#announcer")).to_have_text("The password is wrong.")
    expect(somebody.page.locator("input[name=password]")).to_have_value("")
    somebody.sign_in("bobby")


def test_sign_in_without_a_server(person, proxy):
    somebody = person(url=proxy.url, line_may_break=True)
    proxy.cut()
    somebody.fill_sign_in("bobby")
    expect(somebody.page.locator("#sign-in-problem")).to_contain_text("The server cannot be reached")
    proxy.mend()
    somebody.sign_in("bobby")


def test_a_reload_stays_signed_in_and_signing_out_does_not(person):
    bobby = person("bobby")
    bobby.page.reload()
    bobby.wait_online()
    stored = bobby.page.evaluate("() => JSON.stringify({...sessionStorage, ...localStorage})")
    assert PASSWORD not in stored
    bobby.part("sign-out").click()
    expect(bobby.page.locator("chat-sign-in")).to_be_visible()
    bobby.page.reload()
    expect(bobby.page.locator("chat-sign-in")).to_be_visible()


def test_a_second_sign_in_ends_the_first(person):
    first, second = person("bobby"), person("bobby")
    expect(first.page.locator("chat-sign-in")).to_be_visible()
    expect(first.page.locator("#sign-in-problem")).to_contain_text("you signed in somewhere else")
    second.wait_online()
    first.page.reload()
    expect(first.page.locator("chat-sign-in")).to_be_visible()


def test_a_changed_password_ends_the_session(person, site):
    site.register("grace")
    grace = person("grace")
    site.rest("PUT", "/v1/users/grace/password", {"new_password": "another"})
    expect(grace.page.locator("#sign-in-problem")).to_contain_text("Your password was changed")
    grace.sign_in("grace", "another")


def test_two_users_after_each_other_see_nothing_of_each_other(person):
    first = person("bobby")
    first.begin("carol")
    first.write("for Carol alone")
    first.wait_sent("for Carol alone")
    first.field.fill("half a thought")
    first.part("sign-out").click()
    first.sign_in("dave1")
    expect(first.page.locator(".thread__none")).to_be_visible()
    assert "Carol" not in first.page.locator(".app").inner_text()
    first.begin("erika")
    expect(first.field).to_have_value("")


# Starting


def test_starting_a_conversation(person):
    dave = person("dave1")
    problem = dave.page.locator("#start-problem")
    dave.start("nobody")
    expect(problem).to_have_text("There is no user named “nobody”.")
    dave.start("dave1")
    expect(problem).to_have_text("That is you.")
    dave.begin("frank")
    expect(dave.page.locator(".thread__title")).to_have_text("Frank 王")
    expect(problem).to_be_hidden()
    expect(dave.page.locator(".thread__scroll")).to_contain_text("No messages yet")
    expect(dave.field).to_be_focused()


def test_an_address_without_a_page(person):
    somebody = person(path="/c/nothing", line_may_break=True)
    expect(somebody.page.locator("h1")).to_have_text("There is no chat here")


# Writing


def test_keys_of_the_composer(person, newcomer):
    writer, reader = newcomer("erika"), newcomer("frank")
    erika, frank = person(writer), person(reader)
    erika.begin(reader)
    erika.field.press_sequentially("one")
    erika.field.press("Shift+Enter")
    erika.field.press_sequentially("two")
    erika.field.press("Enter")
    frank.open(writer)
    expect(frank.page.locator(".message__text").last).to_have_text("one\ntwo")
    erika.field.press("Enter")
    erika.field.fill("   \n ")
    erika.field.press("Enter")
    assert erika.messages.count() == 1


def test_enter_that_confirms_a_word_does_not_send(person, newcomer):
    """As an input method does it: composition through the browser's own interface, then the orders of other browsers."""
    erika = person(newcomer("erika"))
    erika.begin("frank")
    session = erika.context.new_cdp_session(erika.page)
    erika.field.focus()
    session.send("Input.imeSetComposition", {"text": "ni hao", "selectionStart": 6, "selectionEnd": 6})
    erika.page.keyboard.press("Enter")
    erika.field.evaluate(
        """(field) => {
          const key = (more) => field.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true, ...more}));
          key({isComposing: true});
          key({keyCode: 229});
        }"""
    )  # fmt: skip
    session.send("Input.insertText", {"text": "你好"})
    assert erika.messages.count() == 0
    assert "你好" in erika.field.input_value()


def test_text_is_never_markup_and_links_are_safe(person, newcomer):
    writer, reader = newcomer("erika"), newcomer("frank")
    erika, frank = person(writer), person(reader)
    erika.begin(reader)
    erika.write("<img src=x onerror=alert(1)> <b>bold</b> see https://example.com/a?b=1.")
    frank.open(writer)
    text = frank.page.locator(".message__text").last
    expect(text).to_have_text("<img src=x onerror=alert(1)> <b>bold</b> see https://example.com/a?b=1.")
    assert text.locator("img, b").count() == 0
    link = text.locator("a")
    expect(link).to_have_attribute("href", "https://example.com/a?b=1")
    expect(link).to_have_attribute("rel", re.compile("noopener"))


def test_a_long_message_is_refused_before_it_is_sent(person, newcomer):
    erika = person(newcomer("erika"))
    erika.begin("frank")
    erika.field.fill("长" * 2400)
    erika.field.press("Enter")
    expect(erika.page.locator("#composer-problem")).to_contain_text("too long")
    assert erika.messages.count() == 0
    assert len(erika.field.input_value()) == 2400
    erika.field.fill("short")
    expect(erika.page.locator("#composer-problem")).to_be_hidden()


def test_a_refused_message_says_why_and_can_be_sent_again_or_deleted(person, newcomer, site):
    site.rest("POST", "/v1/sensitiveword", ["forbidden"])
    site.rest("PUT", "/v1/sensitiveword/status?status=1")
    carol = person(newcomer("carol"))
    carol.begin("dave1")
    carol.write("a forbidden word")
    failed = carol.page.locator(".message[data-state=failed]")
    expect(failed).to_contain_text("Not sent. The message contains words that are not allowed here.")
    expect(carol.page.locator("#announcer")).to_contain_text("Not sent.")
    carol.write("another forbidden word")
    expect(failed).to_have_count(2)
    failed.last.get_by_role("button", name="Delete").click()
    expect(failed).to_have_count(1)

    site.rest("PUT", "/v1/sensitiveword/status?status=0")
    wait_until(lambda: _try_again(failed), "the message to be accepted")  # the filter is remembered for some seconds
    carol.wait_sent("a forbidden word")
    assert carol.texts == ["a forbidden word"]


def _try_again(failed) -> bool:
    """Whether nothing has failed any more; else once more."""
    if not failed.count():
        return True
    failed.get_by_role("button", name="Try again").click()
    failed.page.locator(".message:not([data-state=sending])").wait_for()
    return not failed.count()


def test_drafts_belong_to_their_conversation(person):
    carol = person("carol")
    carol.begin("dave1")
    carol.field.fill("for Dave")
    carol.begin("erika")
    expect(carol.field).to_have_value("")
    carol.open("Dave")
    expect(carol.field).to_have_value("for Dave")


# Pictures


def test_a_picture_has_its_place_before_it_is_loaded(person, newcomer):
    writer, reader = newcomer("erika"), newcomer("frank")
    erika, frank = person(writer), person(reader)
    erika.begin(reader)
    erika.write("Look at this")
    held = []
    frank.page.route("**/media/**", lambda route: held.append(route))
    frank.open(writer)
    erika.send_image("tall.png", picture(500, 1000))
    image = frank.page.locator(".picture__image").last
    expect(image).to_be_attached()
    wait_until(lambda: frank.page.evaluate("0") or held, "the request for the picture")  # evaluating serves the route
    before = image.bounding_box()
    for route in held:
        route.continue_()
    wait_until(lambda: frank.loaded_images() == 1, "the picture")
    assert image.bounding_box() == before
    assert (before["width"], before["height"]) == (160, 320)

    image.click()
    expect(frank.page.get_by_role("dialog")).to_be_visible()
    frank.page.keyboard.press("Escape")
    expect(frank.page.get_by_role("dialog")).to_be_hidden()


def test_files_that_are_no_pictures_or_too_large(person, newcomer):
    erika = person(newcomer("erika"))
    erika.begin("frank")
    problem = erika.page.locator("#composer-problem")
    erika.send_image("notes.txt", b"hello", "text/plain")
    expect(problem).to_contain_text("“notes.txt” is not an image")
    erika.send_image("broken.png", b"\x89PNG broken")
    expect(problem).to_contain_text("“broken.png” is not an image")
    erika.send_image("huge.png", b"\0" * (10 * 1024 * 1024 + 1))
    expect(problem).to_contain_text("“huge.png” is larger than 10 MB")
    assert erika.messages.count() == 0


def test_pasting_and_dropping_pictures(person, newcomer):
    erika = person(newcomer("erika"))
    erika.begin("carol")
    erika.page.evaluate(
        """async ([bytes]) => {
          const file = new File([new Uint8Array(bytes)], "pasted.png", {type: "image/png"});
          const transfer = () => { const data = new DataTransfer(); data.items.add(file); return data; };
          const field = document.querySelector("chat-composer textarea");
          field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer(), bubbles: true, cancelable: true}));
          const pane = document.querySelector(".thread__pane");
          pane.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer(), bubbles: true, cancelable: true}));
        }""",
        [list(picture(40, 30))],
    )
    expect(erika.page.locator(".message[data-state=sent] .picture")).to_have_count(2)


# Reading


def test_a_long_history_is_paged_and_stays_where_it_is_read(person, newcomer, site):
    name = newcomer("reader")
    for number in range(1, LONG + 1):
        site.say("alice", name, f"line {number:03}")
    reader = person(name)
    reader.expect_unread("Alice", "99+")
    reader.open("Alice")
    reader.wait_text(f"line {LONG:03}")
    scroll = reader.page.locator(".thread__scroll")
    expect(reader.message(f"line {LONG - 99:03}")).to_be_in_viewport()  # it begins with what is new, 100 at the most
    reader.page.locator(".pill").click()
    expect(reader.message(f"line {LONG:03}")).to_be_in_viewport()
    reader.expect_unread("Alice", "")
    reader.wait_answer("mark_read")

    reader.page.reload()
    reader.wait_online()
    reader.open("Alice")
    reader.wait_text(f"line {LONG:03}")
    expect(reader.message(f"line {LONG:03}")).to_be_in_viewport()
    assert reader.messages.count() == 30
    first = reader.message(f"line {LONG - 29:03}")
    scroll.evaluate("(box) => (box.scrollTop = 0)")
    expect(reader.messages).to_have_count(60)
    expect(first).to_be_in_viewport()  # what one reads does not move
    for count in (90, LONG):
        scroll.evaluate("(box) => (box.scrollTop = 0)")
        expect(reader.messages).to_have_count(count)
    assert reader.texts == [f"line {number:03}" for number in range(1, LONG + 1)]
    expect(reader.page.locator(".thread__top").first).to_have_text("This is the beginning of the conversation.")

    top = scroll.evaluate("(box) => (box.scrollTop = 200)")
    site.say("alice", name, "while you read above")
    expect(reader.page.locator(".pill")).to_contain_text("1 new message")
    assert scroll.evaluate("(box) => box.scrollTop") == top
    reader.expect_unread("Alice", "1")
    reader.page.locator(".pill").click()
    expect(reader.message("while you read above")).to_be_in_viewport()
    reader.expect_unread("Alice", "")


def test_a_line_stands_above_what_is_new(person, newcomer, site):
    name = newcomer("reader")
    for number in range(1, 41):
        site.say("alice", name, f"old {number:02}")
    reader = person(name)
    reader.open("Alice")
    reader.page.locator(".pill").click()
    reader.expect_unread("Alice", "")
    reader.begin("bobby")
    for number in range(1, 41):
        site.say("alice", name, f"new {number:02}")
    reader.expect_unread("Alice", "40")
    reader.open("Alice")
    expect(reader.page.locator(".separator--new")).to_be_in_viewport()
    expect(reader.page.locator(".separator--new + .message")).to_contain_text("new 01")
    expect(reader.message("new 40")).not_to_be_in_viewport()
    scroll = reader.page.locator(".thread__scroll")
    scroll.focus()
    scroll.press("End")
    reader.expect_unread("Alice", "")
    expect(reader.page.locator(".separator--new + .message")).to_contain_text("new 01")  # it stays while one reads


def test_unread_counts_follow_reading(person, newcomer, site):
    name = newcomer("carol")
    carol = person(name)
    site.say("alice", name, "first")
    carol.expect_unread("Alice", "1")
    expect(carol.page).to_have_title(re.compile(r"^\(1\) "))
    site.say("alice", name, "second")
    carol.expect_unread("Alice", "2")
    carol.open("Alice")
    carol.expect_unread("Alice", "")
    expect(carol.page).to_have_title("Shop")
    site.say("alice", name, "third")
    carol.wait_text("third")
    expect(carol.page.locator("#announcer")).to_have_text("Alice: third")
    carol.expect_unread("Alice", "")
    carol.wait_answer("mark_read")
    again = person(name)  # which ends the first page: what it has read is read
    expect(again.row("Alice")).to_be_visible()
    again.expect_unread("Alice", "")


def test_what_the_same_user_does_on_a_phone(person, newcomer, site):
    name = newcomer("carol")
    carol = person(name)
    with BlockingClient.connect(site.url) as phone:
        introduction = phone.c_init_body(site.appkey, site.secret, flag=0)
        phone.request("c_init", {**introduction, "fromPlatForm": "a"})
        phone.login(name, PASSWORD)
        site.say("alice", name, "a question")
        carol.expect_unread("Alice", "1")
        phone.request("unread_single_count", {"appkey": site.appkey, "username": "alice", "type": 3})
        carol.expect_unread("Alice", "")
        carol.open("Alice")
        phone.send_text("alice", "answered on the phone")
        carol.wait_text("answered on the phone")
        expect(carol.page.locator(".message--own")).to_have_text(re.compile("answered on the phone"))
        assert carol.texts == ["a question", "answered on the phone"]


def test_groups_show_who_speaks(person, site):
    club = site.group("Club", "bobby", "alice", "carol")
    bobby, carol = person("bobby"), person("carol")
    bobby.open("Club")
    expect(bobby.page.locator(".thread__subtitle")).to_contain_text("3 members: ")
    bobby.write("Welcome to the club")
    site.say("alice", club, "From the backend to all")
    carol.open("Club")
    said = carol.message("Welcome to the club")
    expect(said.locator("[data-part=author]")).to_have_text("Bobby")
    expect(carol.message("From the backend to all").locator("[data-part=author]")).to_have_text("Alice")
    expect(carol.row("Club")).to_contain_text("Alice: From the backend to all")
    site.rest("POST", f"/v1/groups/{club}/members", {"remove": ["carol"]})
    expect(carol.page.locator(".thread__gone")).to_be_visible()
    expect(carol.field).to_be_hidden()
    expect(bobby.page.locator(".thread__subtitle")).to_contain_text("2 members: ")
    site.rest("POST", f"/v1/groups/{club}/members", {"add": ["carol"]})
    expect(carol.field).to_be_visible()


# The connection


def test_the_bar_says_when_it_tries_again(person, proxy):
    dave = person("dave1", url=proxy.url, line_may_break=True)
    bar = dave.page.locator("chat-connection")
    expect(bar).to_be_hidden()
    proxy.cut()
    expect(bar).to_contain_text("No connection. Trying again in")
    expect(dave.page.locator("#announcer")).to_have_text("Connection lost. Messages will be sent when it is back.")
    proxy.mend()
    bar.get_by_role("button", name="Try now").click()
    dave.wait_online()
    expect(bar).to_be_hidden()
    expect(dave.page.locator("#announcer")).to_have_text("Connected again.")


# Languages, screens, keys


def test_chinese_by_the_readers_language_and_by_choice(person):
    chinese = person(locale="zh-CN")
    expect(chinese.page.locator("chat-sign-in [data-part=submit]")).to_have_text("登录")
    chinese.fill_sign_in("bobby", "wrong")
    expect(chinese.page.locator("#sign-in-problem")).to_have_text("密码错误。")
    chinese.sign_in("bobby")
    assert chinese.page.evaluate("document.documentElement.lang") == "zh-CN"
    chinese.begin("frank")
    expect(chinese.field).to_have_attribute("placeholder", "输入消息")
    chinese.write("你好，世界")
    chinese.wait_sent("你好，世界")
    expect(chinese.page.locator(".separator")).to_have_text("今天")
    chinese.page.locator("chat-sidebar select").select_option("en")
    expect(chinese.page.locator(".separator")).to_have_text("Today")
    chinese.page.reload()
    expect(chinese.field).to_be_hidden()
    expect(chinese.page.locator("#start-username")).to_have_attribute("placeholder", "Username to chat with")


def test_a_phone_shows_one_pane_with_a_way_back(person):
    phone = person("bobby", **PHONE)
    thread, rows = phone.page.locator(".thread__pane"), phone.page.locator(".sidebar__rows")
    expect(rows).to_be_visible()
    expect(thread).to_be_hidden()
    phone.begin("frank")
    expect(thread).to_be_visible()
    expect(rows).to_be_hidden()
    phone.write("from my phone")
    phone.wait_sent("from my phone")
    phone.page.get_by_role("button", name="Back to the conversations").click()
    expect(rows).to_be_visible()
    expect(thread).to_be_hidden()
    phone.open("Frank 王")
    phone.page.go_back()
    expect(rows).to_be_visible()
    wide = phone.page.evaluate("document.documentElement.scrollWidth")
    assert wide == 390


def test_everything_can_be_done_with_the_keyboard(person, newcomer, site):
    name = newcomer("erika")
    site.say("alice", name, "hello")
    erika = person()
    page = erika.page
    expect(page.locator("input[autocomplete=username]")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    erika.wait_online()
    expect(page.locator("#start-username")).to_be_focused()
    page.keyboard.type("dave1")
    page.keyboard.press("Enter")
    expect(erika.field).to_be_focused()
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    erika.wait_sent("by keyboard")
    page.keyboard.press("Escape")
    expect(erika.row("Dave")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".thread__title")).to_have_text("Alice")


def test_every_control_has_a_name(person):
    erika = person("erika")
    erika.begin("dave1")
    nameless = erika.page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, textarea, a")].filter((control) => {
          const labels = [...(control.labels ?? [])].map((label) => label.textContent).join("");
          return !(control.textContent + labels + (control.getAttribute("aria-label") ?? "")).trim();
        }).map((control) => control.outerHTML)"""
    )
    assert nameless == []
    for role in ("main", "navigation"):
        expect(erika.page.get_by_role(role)).to_be_visible()
    assert erika.page.locator("[aria-live], [role=status], [role=alert], [role=log]").count() == 1


# Last, because it takes the server away


def test_a_restart_of_the_server_is_survived(person, site):
    dave = person("dave1", line_may_break=True)
    dave.begin("frank")
    site.live.stop()
    dave.wait_offline()
    dave.write("written while the server was away")
    site.live.start()
    dave.wait_online()
    dave.wait_sent("written while the server was away")
