"""Upload tokens and addresses of files over the socket. Source: Web SDK, Media."""

from __future__ import annotations

from typing import Any

from imsite.core.errors import Invalid, WrongType
from imsite.realtime.dispatch import on
from imsite.realtime.session import Session
from messaging import media_links
from messaging.models import Media
from messaging.services import media


def read_query(data: dict[str, Any]) -> dict[str, Any]:
    """`media_id`; pages ask with "" for users that have no avatar."""
    media_id = data.get("media_id")
    if not media_id:
        raise Invalid("media_id is missing")
    if not isinstance(media_id, str):
        raise WrongType("media_id must be text")
    return {"media_id": media_id}


@on("get_upload_token", remember=False)
def get_upload_token(session: Session, data: dict[str, Any]) -> dict[str, Any]:
    """Answer: uptoken, for uploads of this user within 15 minutes. Source: Web SDK, Media, automatic before an upload."""
    return {"uptoken": media.new_upload_token(session.actor.user)}


@on("get_resource", read_query, remember=False)
def get_resource(session: Session, data: dict[str, Any]) -> dict[str, Any]:
    """Answer: url, absolute, readable without headers until it expires; of uploads of the owner's other applications too.

    880005 where there is no such file.

    Source: Web SDK, Media, getResource.
    """
    found = Media.objects.shown_to(session.application).find(data["media_id"])
    return {"url": media_links.link(found, session.base_url)}
