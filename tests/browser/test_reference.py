"""The REST reference in a browser: filter, copying, a phone, the dark."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.sqlite_only]


@pytest.fixture
def page(browser, site):
    """The page in a window of its own; at the end its console has not complained."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto(f"{site.url}/docs/rest")
    yield page
    context.close()
    assert trouble == []


def visible(page) -> int:
    return page.locator(".operation:visible").count()


def test_the_filter_leaves_what_matches(page):
    whole = visible(page)
    page.keyboard.press("/")
    page.keyboard.type("855004")
    assert visible(page) == 1
    assert page.locator(".operation:visible").get_attribute("id") == "post_v1_messages_username_msgid_retract"
    assert page.locator(".contents li[data-entry]:visible").count() == 1
    page.get_by_role("searchbox").fill("no such thing")
    page.get_by_text("No operation matches.").wait_for()
    page.get_by_role("searchbox").fill("")
    assert visible(page) == whole > 60


def test_a_link_into_what_is_hidden_shows_it(page):
    page.get_by_role("searchbox").fill("chat room")
    page.evaluate("location.hash = 'post_v1_groups'")
    page.locator("#post_v1_groups").wait_for(state="visible")
    assert page.get_by_role("searchbox").input_value() == ""


def test_a_command_is_copied(page, site):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#get_v1_users_username").get_by_role("button", name="Copy").click()
    page.locator("#get_v1_users_username").get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"curl -u APPKEY:SECRET \\\n  '{site.url}/v1/users/alice'"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_phone_shows_all_without_scrolling_sideways(page, site, scheme, language):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site.url}/docs/rest?language={language}")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert not page.locator(".contents ul").first.is_visible()
    page.locator(".contents summary").click()
    assert page.locator(".contents ul").first.is_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_cut_off(page, site, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{site.url}/docs/rest?language=zh-hans")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    wider = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText)"
    assert page.locator(".table, .example pre").evaluate_all(wider) == []
    broken = "(all) => all.filter((one) => one.getClientRects().length > 1).map((one) => one.innerText)"
    assert page.locator(".table td:first-child code").evaluate_all(broken) == []


def test_titles_line_up_behind_their_methods(page):
    starts = "(all) => [...new Set(all.map((one) => Math.round(one.getBoundingClientRect().right)))]"
    assert len(page.locator(".contents .method").evaluate_all(starts)) == 1


def test_it_is_read_without_scripts(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/docs/rest#post_v1_users")
    assert page.locator("#post_v1_users").is_visible()
    assert not page.get_by_role("searchbox").is_visible()
    context.close()


def test_the_sign_in_form_links_to_it(person):
    link = person().page.get_by_role("link", name="REST reference")
    assert link.get_attribute("href") == "/docs/rest"
