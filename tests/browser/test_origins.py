"""Pages of other sites: what a browser lets them do with the server, and what the server refuses."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser.site import picture
from tests.wire_client import md5_hex, signature

pytestmark = [pytest.mark.browser, pytest.mark.sqlite_only]

HELPERS = """
function ask(socket, name, data) {
  const rid = Math.ceil(Math.random() * 1e9);
  return new Promise((resolve, reject) => {
    socket.addEventListener("close", () => reject(new Error("closed")));
    socket.addEventListener("message", ({ data: frame }) => {
      if (!frame.startsWith("42")) return;
      const [event, reply] = JSON.parse(frame.slice(2));
      if (event !== "ack" && reply.rid === rid) resolve(reply);
    });
    socket.send("42" + JSON.stringify([name, { ...data, rid }]));
  });
}
function connect(url) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace("http", "ws") + "/socket.io/?EIO=3&transport=websocket");
    socket.addEventListener("message", ({ data }) => data === "40" && resolve(socket));
    socket.addEventListener("error", () => reject(new Error("no socket")));
  });
}
async function upload(url, headers, bytes) {
  const form = new FormData();
  form.append("photo.png", new Blob([new Uint8Array(bytes)], { type: "image/png" }), "photo.png");
  try {
    const answer = await fetch(url + "/resource?type=image", { method: "POST", headers, body: form });
    return { status: answer.status, ...(await answer.json()) };
  } catch (error) {
    return { blocked: error.name };
  }
}
"""


class Page(BaseHTTPRequestHandler):
    """Any address is an empty page."""

    def do_GET(self):
        body = b"<!doctype html><title>Elsewhere</title><link rel='icon' href='data:,'>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def origins():
    """Two sites of their own, as addresses."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Page) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [f"http://127.0.0.1:{server.server_port}" for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def shop(site, origins):
    """The site's application with a list of origins, so that no application is open to all; alice is its user."""
    listed = site.live.manage("create_application", "Listed", "--origin", origins[0], "--json")
    narrow = f"from accounts.models import Application; Application.objects.update(origins=[{origins[0]!r}])"
    site.live.manage("shell", "-c", narrow)
    site.live.stop()
    site.live.start()
    answer = site.http.post(
        f"{site.url}/v1/users/",
        json=[{"username": "alice", "password": "secret"}],
        auth=(listed["appkey"], listed["master_secret"]),
        timeout=20,
    )
    assert answer.status_code == 201
    return listed


@pytest.fixture
def visit(browser):
    """visit(address): a page of that site, with the helpers."""
    contexts = []

    def come(address: str):
        contexts.append(browser.new_context())
        page = contexts[-1].new_page()
        page.goto(address)
        page.add_script_tag(content=HELPERS)
        return page

    yield come
    for context in contexts:
        context.close()


def init(shop, now: int) -> dict:
    signed = signature(shop["appkey"], shop["master_secret"], now, "abc")
    return {"appkey": shop["appkey"], "random_str": "abc", "timestamp": now, "signature": signed, "fromPlatForm": "j"}


def signed_in(page, site, shop) -> dict:
    """The headers with which the user of this page uploads."""
    script = """async ([url, init, login]) => {
        window.socket = await connect(url);
        const started = await ask(socket, "c_init", init);
        if (started.code) return { code: started.code };
        await ask(socket, "login", login);
        return ask(socket, "get_upload_token", {});
    }"""
    login = {"username": "alice", "password": md5_hex("secret")}
    reply = page.evaluate(script, [site.url, init(shop, page.evaluate("Date.now()")), login])
    if reply["code"]:
        return reply
    basic = page.evaluate("token => btoa(`alice:${token}`)", reply["uptoken"])
    return {"X-App-Key": shop["appkey"], "jm-channel": "w", "Authorization": f"Basic {basic}"}


def test_a_page_of_a_listed_origin_signs_in_uploads_and_reads(visit, site, shop, origins):
    page = visit(origins[0])
    headers = signed_in(page, site, shop)
    stored = page.evaluate("args => upload(...args)", [site.url, headers, list(picture())])
    assert (stored["status"], stored["width"], stored["height"]) == (200, 640, 420)
    script = """async (media_id) => {
        const { url } = await ask(socket, "get_resource", { media_id });
        const image = new Image();
        image.src = url;
        await image.decode();
        const part = await fetch(url, { headers: { Range: "bytes=0-9" } });
        return [image.naturalWidth, part.status, (await part.arrayBuffer()).byteLength];
    }"""
    assert page.evaluate(script, stored["media_id"]) == [640, 206, 10]


def test_a_refusal_of_an_upload_is_readable(visit, site, shop, origins):
    page = visit(origins[0])
    headers = {"X-App-Key": shop["appkey"], "jm-channel": "w", "Authorization": "Basic YWxpY2U6eA=="}
    answer = page.evaluate("args => upload(...args)", [site.url, headers, list(picture())])
    assert (answer["status"], answer["error"]["code"]) == (401, 898008)


def test_a_page_of_another_origin_gets_nowhere(visit, site, shop, origins):
    """Not even with a token that its user has from a page of a listed one."""
    headers = signed_in(visit(origins[0]), site, shop)
    page = visit(origins[1])
    assert signed_in(page, site, shop) == {"code": 882004}
    assert page.evaluate("args => upload(...args)", [site.url, headers, list(picture())]) == {"blocked": "TypeError"}


def test_modules_and_scripts_of_ours_load_in_pages_of_other_sites(visit, site, shop, origins):
    page = visit(origins[0])
    address = f"{site.url}{site.live.manage('shell', '-v0', '-c', STATIC_ADDRESS).strip().splitlines()[-1]}"
    assert page.evaluate("async (url) => typeof (await import(url)).md5", address) == "function"


STATIC_ADDRESS = "from django.templatetags.static import static; print(static('sdk/core/md5.js'))"
