"""Shapes of the REST API's message requests."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from imsite.rest.fields import Described, FlagField, NumberField, TextField
from messaging import shapes
from messaging.models import Media

NOTIFICATION_BYTES = 3072
JSON_TYPES = {str: "string", int: "integer", shapes.NUMBER: "number"}


class IdText(Described, serializers.CharField):
    """A username or an id; ids come as numbers too."""

    def described_as(self) -> dict[str, Any]:
        return {"type": ["string", "integer"], "maxLength": self.max_length}

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, bool) or not isinstance(data, (str, int)):
            self.fail("invalid")
        return str(data)


class MessageType(Described, serializers.CharField):
    def described_as(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*shapes.REST_BODIES]}


class UnsetFlag(FlagField):
    """A flag that one client has as a text, empty where it was not set."""

    def to_internal_value(self, data: Any) -> bool:
        return data != "" and super().to_internal_value(data)


class Notification(serializers.Serializer[Any]):
    """The vendor names no limit; both together go with every copy of the message."""

    title = TextField(max_bytes=NOTIFICATION_BYTES, required=False)
    alert = TextField(max_bytes=NOTIFICATION_BYTES, required=False)


class Body(Described, serializers.DictField):
    """`msg_body`: checked by its type afterwards, see messaging.shapes."""

    def described_as(self) -> dict[str, Any]:
        kinds = [body_schema(name, members) for name, members in shapes.REST_BODIES.items()]
        return {"type": "object", "x-max-bytes": settings.REST_BODY_BYTES, "anyOf": kinds}


def body_schema(name: str, members: dict[str, Any]) -> dict[str, Any]:
    """JSON Schema of one type's body, named as `msg_type` is."""
    properties = {member: {"type": JSON_TYPES[kind]} for member, kind in members.items()}
    own = {"extras": {"type": "object", "additionalProperties": True}} if members else {}
    return {
        "title": name,
        "type": "object",
        "properties": properties | own,
        "required": [*members],
        "additionalProperties": True,
    }


class MessageRequest(serializers.Serializer[Any]):
    """POST /v1/messages. `msg_body` is checked by its type afterwards."""

    version = NumberField()
    target_type = serializers.ChoiceField(choices=["single", "group", "chatroom"])
    target_id = IdText(max_length=128)
    from_type = serializers.ChoiceField(choices=["admin", "user"])
    from_id = IdText(max_length=128)
    msg_type = MessageType()
    msg_body = Body()
    target_appkey = TextField(max_bytes=64, required=False)
    from_name = TextField(max_bytes=250, required=False)
    target_name = TextField(max_bytes=250, required=False)
    no_offline = UnsetFlag(default=False)
    no_notification = FlagField(default=False)
    notification = Notification(required=False)

    def validate_version(self, value: int) -> int:
        if value != 1:
            raise serializers.ValidationError("must be 1")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A null in a body of the vendor's is a member that was not set; one in an application's own means what it means there."""
        if attrs["msg_type"] != "custom":
            attrs["msg_body"] = {name: value for name, value in attrs["msg_body"].items() if value is not None}
        return attrs


class UploadQuery(serializers.Serializer[Any]):
    """The query of an upload."""

    type = serializers.ChoiceField(choices=Media.Kind.values)


class MediaQuery(serializers.Serializer[Any]):
    mediaId = TextField(min_bytes=1, max_bytes=250)
