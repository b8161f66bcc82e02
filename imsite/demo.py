"""The demo: an application, an operator, four users and what they said so far. Made through the services alone."""

from __future__ import annotations

import io
import json
import math
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from PIL import Image, ImageDraw, ImageFilter

from accounts import services as accounts
from accounts.actors import Actor
from accounts.errors import Conflict
from accounts.models import Application, User
from accounts.passwords import md5_hex
from groups import services as groups
from messaging import targets
from messaging.services import media, reading, sending

PEOPLE = {"alice": "Alice", "bobby": "Bob", "carol": "Carol 卡罗", "daming": "大明"}
CLUB = "Saturday hike 周六徒步"

# Who says what to whom: to a user by name, or to the club. None stands for the picture.
TALK: list[tuple[str, str, str | None]] = [
    ("alice", "bobby", "Morning! Did the new server survive the night?"),
    ("bobby", "alice", "It did. One process, one file, and nothing woke me up."),
    ("alice", "bobby", "Then let us move the support team over today."),
    ("bobby", "alice", "Their backend keeps the same REST calls, only the host changes."),
    ("alice", "bobby", "And the web page?"),
    ("bobby", "alice", "Same events as before. I left the tab open all night, it caught up by itself."),
    ("alice", "bobby", "太好了 — I will tell Carol."),
    ("carol", "club", "Who is in for Saturday? 周六谁去爬山？"),
    ("daming", "club", "我去！几点出发？"),
    ("alice", "club", "Count me in. Eight at the north gate?"),
    ("carol", "club", "Eight is fine. Bring a rain jacket, just in case."),
    ("bobby", "club", "I can take three people in the car."),
    ("daming", "club", "我坐你的车，谢谢。"),
    ("carol", "club", "This is the ridge that I mean:"),
    ("carol", "club", None),
    ("alice", "club", "Oh, that light! When was that?"),
    ("carol", "club", "Last October, a quarter past five."),
    ("daming", "club", "太美了，我带相机。"),
    ("bobby", "club", "Then it is settled. I will post the route tonight."),
    ("carol", "alice", "Alice, do you still have the small tripod?"),
    ("bobby", "alice", "Support is online, all four of them. Have a look at the console!"),
]
READ_BY = {"bobby": ("alice",), "alice": ("club",)}  # who has read which conversation to its end


def saved() -> Path:
    """Where the credentials are kept, readable by the owner of the data folder alone."""
    return settings.DATA_DIR / "demo.json"


def find() -> dict[str, Any] | None:
    """The credentials of the demo, where it was made and its application is still there."""
    try:
        known = json.loads(saved().read_text())
        appkey = known["application"]["appkey"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return known if Application.objects.filter(appkey=appkey).exists() else None


def make() -> dict[str, Any]:
    """Make it, all or nothing, and keep its credentials."""
    with transaction.atomic():
        application, secret = accounts.create_application("Demo", owner="Demo", by=None)
        operator, operator_password = _make_operator()
        passwords = {name: secrets.token_hex(4) for name in PEOPLE}
        people = _register(application, passwords)
        club = groups.create_group(
            CLUB,
            owner=people["carol"],
            members=list(people.values()),
            desc="Out of town, every second week",
            by=Actor.server(application),
        )
        _talk(people, str(club.pk))
        made = {
            "application": {"name": application.name, "appkey": application.appkey, "master_secret": secret},
            "operator": {"username": operator, "password": operator_password},
            "users": [{"username": name, "password": password} for name, password in passwords.items()],
            "group": {"gid": club.pk, "name": club.name},
        }
        # Inside: when it cannot be kept, there is no demo whose passwords nobody knows.
        _save(made)
    return made


def _make_operator() -> tuple[str, str]:
    for name in _names("operator"):
        try:
            operator, password = accounts.create_operator(name, by=None)
        except Conflict:
            continue
        return operator.username, password
    raise AssertionError("names do not end")


def _names(first: str) -> Iterator[str]:
    yield first
    number = 2
    while True:
        yield f"{first}{number}"
        number += 1


def _register(application: Application, passwords: dict[str, str]) -> dict[str, User]:
    profiles = [
        {"username": name, "password": md5_hex(password), "nickname": PEOPLE[name]}
        for name, password in passwords.items()
    ]
    people: dict[str, User] = {}
    for result in accounts.register(application, profiles, by=Actor.server(application)):
        if not isinstance(result, User):
            raise result
        people[result.username] = result
    return people


def _talk(people: dict[str, User], gid: str) -> None:
    for name, to, text in TALK:
        sender = people[name]
        by = Actor.of(sender)
        kind, target_id = ("group", gid) if to == "club" else ("single", to)
        target = targets.resolve(sender.application, kind, target_id, by=by, sender=sender)
        draft = sending.Draft(type="text", body={"text": text}) if text is not None else _picture(sender)
        sending.insert(target, draft, by=by)
    for name, conversations in READ_BY.items():
        user = people[name]
        for to in conversations:
            place = (
                reading.place_in_group(user, int(gid)) if to == "club" else reading.find_place_with(user, people[to])
            )
            assert place is not None
            reading.mark_read(place, by=Actor.of(user))


def _picture(sender: User) -> sending.Draft:
    stored = media.add_media("image", ContentFile(ridge(), "ridge.jpg"), by=Actor.of(sender))
    return sending.Draft(type="image", body=media.body_of(stored))


def _save(made: dict[str, Any]) -> None:
    path = saved()
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(made, file, ensure_ascii=False, indent=2)
        file.write("\n")
    fresh.replace(path)


def ridge(width: int = 1200, height: int = 800) -> bytes:
    """A JPEG of hills in the evening, drawn here so that the demo needs no file."""
    picture = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(picture)
    for line in range(height):
        draw.line([(0, line), (width, line)], fill=_mix((58, 71, 130), (255, 190, 130), (line / height) ** 0.8))
    _draw_sun(picture, width * 0.68, height * 0.52)
    chains = 5
    for chain in range(chains):
        crest = [(x, _crest(x / width, chain, height)) for x in range(0, width + 8, 8)]
        shade = _mix((176, 128, 140), (27, 38, 66), chain / (chains - 1))
        draw.polygon([(0, height), *crest, (width, height)], fill=shade)
    file = io.BytesIO()
    picture.filter(ImageFilter.SMOOTH).save(file, "JPEG", quality=88)
    return file.getvalue()


def _draw_sun(picture: Image.Image, x: float, y: float) -> None:
    glow = Image.new("L", picture.size, 0)
    ImageDraw.Draw(glow).ellipse([x - 190, y - 190, x + 190, y + 190], fill=150)
    picture.paste((255, 236, 190), mask=glow.filter(ImageFilter.GaussianBlur(80)))
    ImageDraw.Draw(picture).ellipse([x - 58, y - 58, x + 58, y + 58], fill=(255, 244, 214))


def _crest(x: float, chain: int, height: int) -> float:
    """How high a chain of hills stands at `x`: waves of falling length, the nearer chain lower on the picture."""
    waves = sum(math.sin(x * (2.1 + 1.7 * chain) * 2**n + chain * 2.3 + n * 1.1) / 1.9**n for n in range(5))
    return height * (0.56 + 0.095 * chain) - waves * height * (0.055 - 0.004 * chain)


def _mix(first: tuple[int, int, int], second: tuple[int, int, int], part: float) -> tuple[int, int, int]:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(first, second, strict=True))
    return red, green, blue
