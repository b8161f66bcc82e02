"""Answers of the REST API about chat rooms, as docs/openapi.json shows them. Nothing here runs in a request."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from imsite.rest.fields import IdField, TimeText


class MadeRoom(serializers.Serializer[Any]):
    chatroom_id = IdField()


class ChatRoom(serializers.Serializer[Any]):
    """A chat room."""

    id = IdField()
    owner_username = serializers.CharField()
    appkey = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    max_member_count = serializers.IntegerField(min_value=1)
    total_member_count = serializers.IntegerField(min_value=0)
    ctime = TimeText()


class RoomMember(serializers.Serializer[Any]):
    """Who is in a chat room. One of another application than the room's has its `appkey` too."""

    username = serializers.CharField()
    appkey = serializers.CharField(required=False)
    flag = serializers.IntegerField(min_value=0, max_value=1)
    room_ctime = TimeText()
    ctime = TimeText()
    mtime = TimeText()
