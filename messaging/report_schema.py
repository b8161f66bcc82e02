"""Reports and statistics as docs/openapi.json shows them. Nothing here runs in a request."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from imsite.rest.fields import LARGEST_ID, ObjectField
from messaging.services.reports import PAGE_MOST


class Number(serializers.IntegerField):
    """How many, an id, or a time."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=LARGEST_ID, **kwargs)


class Text(serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_blank=True, **kwargs)


class ReportedMessage(serializers.Serializer[Any]):
    """A message as it was delivered. `create_time` in seconds, `msg_ctime` in milliseconds since 1970."""

    target_type = serializers.ChoiceField(choices=["single", "group", "chatroom"])
    msg_type = serializers.CharField()
    target_id = serializers.CharField()
    target_name = Text()
    from_id = serializers.CharField()
    from_name = Text()
    from_type = serializers.ChoiceField(choices=["admin", "user"])
    from_platform = Text()
    from_appkey = serializers.CharField()
    target_appkey = serializers.CharField()
    msg_body = ObjectField()
    create_time = Number()
    version = serializers.IntegerField()
    msgid = Number()
    msg_level = serializers.ChoiceField(choices=[0, 1])
    msg_ctime = Number()
    set_from_name = serializers.IntegerField(required=False)


class Report(serializers.Serializer[Any]):
    """`total` messages in the window, `count` in this page; `cursor` asks for the next page, and is not there after the last."""

    total = Number()
    count = serializers.IntegerField(min_value=0, max_value=PAGE_MOST)
    cursor = serializers.CharField(required=False)
    messages = ReportedMessage(many=True)


class OldReport(serializers.Serializer[Any]):
    total = Number()
    start = Number()
    count = serializers.IntegerField(min_value=0, max_value=PAGE_MOST)
    messages = ReportedMessage(many=True)


class UserDay(serializers.Serializer[Any]):
    date = serializers.CharField()
    active_users = Number()
    total_users = Number()
    send_msg_users = Number()
    new_users = Number()


class GroupDay(serializers.Serializer[Any]):
    date = serializers.CharField()
    active_group = Number()
    total_group = Number()
    new_group = Number()


class SentMessages(serializers.Serializer[Any]):
    time = serializers.CharField()
    group_send_msg = Number()
    single_send_msg = Number()


class MessageTypes(serializers.Serializer[Any]):
    txt_msg = Number()
    image_msg = Number()
    voice_msg = Number()
    other_msg = Number()


class MessageNumbers(serializers.Serializer[Any]):
    """How many messages were sent in each span of time, and of which types in all of them together."""

    send_msg_stat = SentMessages(many=True)
    group_msg_stat = MessageTypes()
    single_msg_stat = MessageTypes()
