"""Somebody at a browser: what they do and what they see, in the page's own words."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from tests.backing import wait_until
from tests.browser.site import PASSWORD

PATIENCE_MS = 15_000
LINE_TROUBLE = re.compile(r"ERR_CONNECTION_|ERR_EMPTY_RESPONSE|ERR_SOCKET|WebSocket connection|Failed to load resource")


class Person:
    """One browser context with the chat page open.

    Everything that the console said and every foreign host that was asked is kept in `trouble`; what a cut line makes
    the browser itself write is left out where `line_may_break`.
    """

    def __init__(self, browser: Browser, url: str, *, line_may_break: bool = False, path: str = "/", **context: object):
        self.context: BrowserContext = browser.new_context(**{"locale": "en-GB", "timezone_id": "UTC", **context})
        self.context.set_default_timeout(PATIENCE_MS)
        self.url = url
        self.line_may_break = line_may_break
        self.trouble: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.trouble.append(f"page error: {error}"))
        self.page.on("request", self._asked)
        self.heard: list[str] = []  # frames of the server
        self.page.on("websocket", lambda line: line.on("framereceived", lambda frame: self.heard.append(str(frame))))
        self.page.goto(url + path)

    def close(self) -> None:
        self.context.close()

    # Doing

    def sign_in(self, username: str, password: str = PASSWORD) -> None:
        self.fill_sign_in(username, password)
        expect(self.part("me")).to_be_visible()
        self.wait_online()

    def fill_sign_in(self, username: str, password: str = PASSWORD) -> None:
        self.page.locator("input[name=username][autocomplete=username]").fill(username)
        self.page.locator("input[name=password]").fill(password)
        self.page.locator("chat-sign-in [data-part=submit]").click()

    def start(self, username: str) -> None:
        self.page.locator("#start-username").fill(username)
        self.page.locator("#start-username").press("Enter")

    def begin(self, username: str) -> None:
        """Start the conversation with a user who exists, and be ready to write."""
        self.start(username)
        expect(self.field).to_be_visible()

    def open(self, title: str) -> None:
        self.row(title).click()
        expect(self.page.locator(".thread__title")).to_have_text(title)

    def write(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")

    def send_image(self, name: str, content: bytes, kind: str = "image/png") -> None:
        file = {"name": name, "mimeType": kind, "buffer": content}
        self.page.locator("chat-composer input[type=file]").set_input_files(file)

    # Seeing

    def part(self, name: str) -> Locator:
        return self.page.locator(f"[data-part={name}]").first

    @property
    def field(self) -> Locator:
        return self.page.locator("chat-composer textarea")

    def row(self, title: str) -> Locator:
        return self.page.locator("chat-sidebar .row").filter(has=self.page.get_by_text(title, exact=True))

    @property
    def messages(self) -> Locator:
        return self.page.locator(".message")

    @property
    def texts(self) -> list[str]:
        return self.page.locator(".message__text").all_text_contents()

    def message(self, text: str) -> Locator:
        return self.messages.filter(has_text=text)

    def wait_text(self, text: str) -> None:
        expect(self.message(text)).to_have_count(1)

    def wait_sent(self, text: str) -> None:
        expect(self.page.locator(".message[data-state=sent]").filter(has_text=text)).to_have_count(1)

    def wait_online(self) -> None:
        expect(self.page.locator("chat-connection")).to_have_attribute("data-state", "online", timeout=40_000)

    def wait_answer(self, event: str) -> None:
        """The server has answered such a request, now or before."""
        answer = f'42["{event}",'
        wait_until(lambda: self.page.evaluate("0") or any(frame.startswith(answer) for frame in self.heard), event)

    def wait_offline(self) -> None:
        expect(self.page.locator("chat-connection")).to_have_attribute("data-state", "waiting")

    def expect_unread(self, title: str, count: str) -> None:
        """The number on a row; "" is none."""
        badge = self.row(title).locator("[data-part=unread]")
        if count:
            expect(badge).to_have_text(count)
        else:
            expect(badge).to_be_hidden()

    def loaded_images(self) -> int:
        """Pictures in messages that the browser has really drawn."""
        return self.page.evaluate(
            "() => [...document.querySelectorAll('.picture__image')].filter((i) => i.complete && i.naturalWidth).length"
        )

    # What should not be

    def _said(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if self.line_may_break and LINE_TROUBLE.search(message.text):
            return
        self.trouble.append(f"console {message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        wanted, own = urlsplit(request.url), urlsplit(self.url)
        if wanted.scheme not in ("blob", "data") and wanted.netloc != own.netloc:
            self.trouble.append(f"a request to another host: {request.url}")
