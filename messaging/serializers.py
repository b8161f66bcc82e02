"""Shapes of the REST API's message requests."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from imsite.rest.fields import FlagField, NumberField, TextField


class IdText(serializers.CharField):
    """A username or an id; ids come as numbers too."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, bool) or not isinstance(data, (str, int)):
            self.fail("invalid")
        return str(data)


class Notification(serializers.Serializer[Any]):
    title = TextField(max_bytes=250, required=False)
    alert = TextField(max_bytes=250, required=False)


class MessageRequest(serializers.Serializer[Any]):
    """POST /v1/messages. `msg_body` is checked by its type afterwards."""

    version = NumberField()
    target_type = serializers.ChoiceField(choices=["single", "group", "chatroom"])
    target_id = IdText(max_length=128)
    from_type = serializers.ChoiceField(choices=["admin", "user"])
    from_id = IdText(max_length=128)
    msg_type = serializers.CharField()
    msg_body = serializers.DictField()
    target_appkey = TextField(max_bytes=64, required=False)
    from_name = TextField(max_bytes=250, required=False)
    target_name = TextField(max_bytes=250, required=False)
    no_offline = FlagField(default=False)
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
