"""Transparent commands by socket. Source: Web SDK, transparent transmission."""

from __future__ import annotations

from typing import Any

from imsite.core.errors import Invalid, WrongType
from imsite.realtime.dispatch import on
from imsite.realtime.session import Session
from messaging import shapes
from messaging.realtime.sends import NO_GROUP, NO_USER
from messaging.services import commands
from messaging.targets import resolve


def read_single(data: dict[str, Any]) -> dict[str, Any]:
    name, appkey = shapes.text(data, "target_username"), shapes.text(data, "target_appkey", "")
    return {"target_username": name, "target_appkey": appkey, "cmd": _command(data)}


def read_group(data: dict[str, Any]) -> dict[str, Any]:
    return {"gid": shapes.number(data, "gid"), "cmd": _command(data)}


def read_platform(data: dict[str, Any]) -> dict[str, Any]:
    return {"platform": shapes.text(data, "platform"), "cmd": _command(data)}


def _command(data: dict[str, Any]) -> str:
    """Text, as the application gave it: a number is none."""
    if data.get("cmd") is None:
        raise Invalid("cmd is missing")
    if not isinstance(data["cmd"], str):
        raise WrongType("cmd must be text")
    return data["cmd"]


@on("trans_msg_single", read_single, codes=NO_USER)
def trans_msg_single(session: Session, data: dict[str, Any]) -> None:
    """Hand a command to a user who is online (trans_msg_rec, type 3). Answer: code 0 alone.

    880203 no such user, 880207 blocked, 881602 not online, 881604 too long.
    Source: Web SDK, transparent transmission, transSingleMsg.
    """
    actor = session.actor
    named = data["target_username"], data["target_appkey"]
    target = resolve(actor.application, "single", named[0], by=actor, sender=actor.user, appkey=named[1])
    commands.command(target, data["cmd"], by=actor)


@on("trans_msg_group", read_group, codes=NO_GROUP)
def trans_msg_group(session: Session, data: dict[str, Any]) -> None:
    """Hand a command to a group's members who are online (trans_msg_rec, type 4). Answer: code 0 alone.

    880204 no such group, 880205 not in it, 880212 silenced, 881604 too long.
    Source: Web SDK, transparent transmission, transGroupMsg.
    """
    actor = session.actor
    target = resolve(actor.application, "group", str(data["gid"]), by=actor, sender=actor.user)
    commands.command(target, data["cmd"], by=actor)


@on("trans_msg_platform", read_platform)
def trans_msg_platform(session: Session, data: dict[str, Any]) -> None:
    """Hand a command to the user's own other sessions (trans_msg_rec, type 5). Answer: code 0 alone.

    platform: all, android, ios, pc; ours: web. 880003 another platform, 881602 none is online, 881604 too long.
    Source: Web SDK, transparent transmission, transPlatMsg.
    """
    commands.command_platform(data["platform"], data["cmd"], by=session.actor)
