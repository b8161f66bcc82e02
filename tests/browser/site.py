"""A running server with an application of its own, driven through REST as a company's backend would."""

import io
from pathlib import Path

import requests
from PIL import Image, ImageDraw

from tests.live import Live

PASSWORD = "secret"
REST_SECONDS = 20
BATCH = 500


class Site:
    """`with Site(folder) as site`: site.url, site.register("alice"), site.say("alice", "bobby", "hi")."""

    def __init__(self, folder: Path, name: str = "Shop"):
        self.live = Live(folder)
        self.name = name
        self.http = requests.Session()
        self.http.trust_env = False  # no proxy stands between a test and its own server

    def __enter__(self) -> "Site":
        try:
            self.live.start()
            self._furnish()
        except BaseException:
            self.live.stop()
            raise
        return self

    def _furnish(self) -> None:
        made = self.live.manage("create_application", self.name, "--json")
        self.appkey, self.secret = made["appkey"], made["master_secret"]
        self.http.auth = (self.appkey, self.secret)
        self.admin("backend", "Backend")

    def __exit__(self, *problem: object) -> None:
        self.http.close()
        self.live.stop()

    @property
    def url(self) -> str:
        return self.live.url

    def rest(self, method: str, path: str, body: object = None):
        """The answer's JSON; anything but success is a failure of the test."""
        answer = self.http.request(method, self.url + path, json=body, timeout=REST_SECONDS)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def register(self, *usernames: str, **nicknames: str) -> None:
        """Users with the password `secret`; keywords are username=nickname."""
        users = [{"username": name, "password": PASSWORD} for name in usernames]
        users += [
            {"username": name, "password": PASSWORD, "nickname": nickname} for name, nickname in nicknames.items()
        ]
        for made in self.rest("POST", "/v1/users/", users):
            assert "error" not in made, made

    def admin(self, username: str, nickname: str) -> None:
        """A user in whose name the backend may send."""
        self.rest("POST", "/v1/admins", {"username": username, "password": PASSWORD, "nickname": nickname})

    def say(self, sender: str, target: str | int, text: str) -> int:
        """A text by REST in an admin's name, to a username or a gid; its msg_id."""
        message = {
            "version": 1,
            "target_type": "group" if isinstance(target, int) else "single",
            "target_id": str(target),
            "from_type": "admin",
            "from_id": sender,
            "msg_type": "text",
            "msg_body": {"text": text},
        }
        return self.rest("POST", "/v1/messages", message)["msg_id"]

    def group(self, name: str, owner: str, *members: str) -> int:
        body = {"owner_username": owner, "name": name, "members_username": list(members), "desc": ""}
        return self.rest("POST", "/v1/groups/", body)["gid"]


def picture(width: int = 640, height: int = 420, *, shade: str = "#0f766e") -> bytes:
    """A PNG that looks like something."""
    image = Image.new("RGB", (width, height), "#f4e8d0")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, int(height * 0.62), width, height), fill=shade)
    draw.ellipse(
        (int(width * 0.62), int(height * 0.15), int(width * 0.82), int(height * 0.15) + int(width * 0.2)),
        fill="#e9a03b",
    )
    draw.polygon(
        [(0, int(height * 0.62)), (int(width * 0.3), int(height * 0.25)), (int(width * 0.6), int(height * 0.62))],
        fill="#7b8d9a",
    )
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
