"""Somebody with the SDK in a page of another site: what they call, and what their listeners hear."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Browser

from tests.backing import wait_until
from tests.browser.site import PASSWORD, Site
from tests.wire_client import signature

LISTENERS = [
    "onDisconnect", "onConnection", "onMsgReceive", "onSyncConversation", "onUserInfUpdate", "onEventNotification",
    "onSyncEvent", "onMsgReceiptChange", "onSyncMsgReceipt", "onMutiUnreadMsgUpdate", "onTransMsgRec", "onRoomMsg",
]  # fmt: skip
NUMBERS = itertools.count(1)

START = """({address, listeners}) => {
  window.jim = new JMessage({ address });
  window.heard = [];
  for (const name of listeners) jim[name]((data) => heard.push({ name, data: data ?? null }));
  window.pic = (bytes, name = "photo.png", type = "image/png") => {
    const form = new FormData();
    form.append(name, new File([new Uint8Array(bytes)], name, { type }));
    return form;
  };
  window.settled = async (call) => {
    try {
      return { data: (await call) ?? null };
    } catch (error) {
      return { code: error.code, name: error.name, message: error.message };
    }
  };
}"""
PRIVATE = """Object.defineProperty(window, "indexedDB", {
  get() { throw new DOMException("not here", "SecurityError"); },
});"""
CALL = "([name, args]) => settled(jim[name](...args))"
UPLOAD = """([name, args, field, bytes, file, type]) => {
  window.shares = [];
  return settled(jim[name]({ ...args, [field]: pic(bytes, file, type) }, { onProgress: (share) => shares.push(share) }));
}"""


class Blank(BaseHTTPRequestHandler):
    """Any address is an empty page."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>Elsewhere</title><link rel='icon' href='data:,'>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def elsewhere() -> Iterator[str]:
    """The address of a site that is not the product's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Refused(AssertionError):
    def __init__(self, method: str, answer: dict[str, Any]):
        super().__init__(f"{method}: {answer}")
        self.code = answer.get("code")


class SdkPage:
    """`alice.getGroups()`, `alice.sendSingleMsg(target_username="bobby", content="hi")`: the SDK's methods, by name."""

    def __init__(
        self,
        browser: Browser,
        site: Site,
        origin: str,
        *,
        form: str = "classic",
        address: str | None = None,
        private: bool = False,
    ):
        self.site = site
        self.address = address or site.url
        self.context = browser.new_context()
        self.page = self.context.new_page()
        self.trouble: list[str] = []
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        if private:
            self.page.add_init_script(PRIVATE)
        self.page.goto(origin)
        if form == "classic":
            self.page.add_script_tag(url=f"{site.url}/static/sdk/jmessage.classic.js")
        else:
            source = f"import {{ JMessage }} from '{site.url}/sdk/jmessage.js'; window.JMessage = JMessage;"
            self.page.add_script_tag(content=source, type="module")
            self.page.wait_for_function("() => window.JMessage")
        self.page.evaluate(START, {"address": self.address, "listeners": LISTENERS})

    def close(self) -> None:
        self.context.close()

    def payload(self, **more: Any) -> dict[str, Any]:
        """What a company's own server gives its page."""
        timestamp, random_str = int(time.time() * 1000), f"random{next(NUMBERS)}"
        signed = signature(self.site.appkey, self.site.secret, timestamp, random_str)
        return {
            "appkey": self.site.appkey,
            "timestamp": timestamp,
            "random_str": random_str,
            "signature": signed,
            **more,
        }

    def sign_in(self, username: str, flag: int = 0) -> "SdkPage":
        self.init(**self.payload(flag=flag))
        answer = self.login(username=username, password=PASSWORD)
        assert answer["username"] == username
        return self

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)

        def call(**args: Any) -> Any:
            answer = self.page.evaluate(CALL, [method, [args] if args else []])
            if "data" not in answer:
                raise Refused(method, answer)
            return answer["data"]

        return call

    def refused(self, method: str, **args: Any) -> int:
        """The code of a refusal."""
        try:
            answer = getattr(self, method)(**args)
        except Refused as refusal:
            return refusal.code
        raise AssertionError(f"{method} was not refused: {answer}")

    def upload(self, method: str, field: str, content: bytes, name: str, kind: str, **args: Any) -> Any:
        answer = self.page.evaluate(UPLOAD, [method, args, field, list(content), name, kind])
        if "data" not in answer:
            raise Refused(method, answer)
        assert self.page.evaluate("shares").pop() == 1
        return answer["data"]

    def hear(self, listener: str, matches: Callable[[Any], bool] = lambda data: True) -> Any:
        """The next thing that this listener heard and that fits; it is taken from the list."""
        found: list[Any] = []

        def came() -> bool:
            heard = self.page.evaluate("heard")
            for place, one in enumerate(heard):
                if one["name"] == listener and matches(one["data"]):
                    self.page.evaluate("place => void heard.splice(place, 1)", place)
                    found.append(one["data"])
                    return True
            return False

        wait_until(came, f"{listener} hears it; heard: {self.page.evaluate('heard')}"[:2000])
        return found[0]

    def hear_event(self, kind: int, **members: Any) -> Any:
        return self.hear(
            "onEventNotification",
            lambda event: (
                event["event_type"] == kind and all(event.get(key) == value for key, value in members.items())
            ),
        )

    def hear_message(self) -> Any:
        (message,) = self.hear("onMsgReceive")["messages"]
        return message

    def heard(self, listener: str) -> list[Any]:
        return [one["data"] for one in self.page.evaluate("heard") if one["name"] == listener]
