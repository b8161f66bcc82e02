"""Chromium, a server, and the people in front of the pages."""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.browser.proxy import Proxy
from tests.browser.site import Site

# Pictures are no test: without being asked for they are neither taken nor counted as left out.
collect_ignore = [] if os.environ.get("IM_SCREENSHOTS") == "1" else ["test_screenshots.py"]

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def browser(chromium_path):
    """For one module: while it is there an event loop runs in this thread, and other tests want their own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def proxy(site: Site) -> Iterator[Proxy]:
    with Proxy(site.live.port) as line:
        yield line


@pytest.fixture
def person(browser, site: Site) -> Iterator[Callable]:
    """person("alice") is somebody signed in, person() somebody before the form. At the end nobody's console complains."""
    from tests.browser.person import Person

    people: list[Person] = []

    def come(username: str | None = None, *, url: str = site.url, **options: object) -> Person:
        somebody = Person(browser, url, **options)
        people.append(somebody)
        if username:
            somebody.sign_in(username)
        return somebody

    yield come
    for somebody in people:
        somebody.close()
    assert [line for somebody in people for line in somebody.trouble] == []
