"""Answers of the REST API about messages, media and words, as docs/openapi.json shows them. Nothing here runs in a request."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from imsite.rest.fields import IdField, TimeText


class Word(serializers.Serializer[Any]):
    """A sensitive word, and since when it is one."""

    name = serializers.CharField()
    itime = TimeText()


class Switch(serializers.Serializer[Any]):
    """1 on, 0 off."""

    status = serializers.IntegerField(min_value=0, max_value=1)


class Sent(serializers.Serializer[Any]):
    """A message that was stored."""

    msg_id = IdField()
    msg_ctime = serializers.IntegerField(min_value=0)


class Stored(serializers.Serializer[Any]):
    """A file that was stored; what it consists of are the bytes that were kept."""

    media_id = serializers.CharField()
    media_crc32 = serializers.IntegerField(min_value=0, max_value=2**32 - 1)
    hash = serializers.CharField()
    fsize = serializers.IntegerField(min_value=0)
    width = serializers.IntegerField(min_value=1, required=False)
    height = serializers.IntegerField(min_value=1, required=False)
    format = serializers.CharField(required=False, allow_blank=True)
    fname = serializers.CharField(required=False, allow_blank=True)


class Address(serializers.Serializer[Any]):
    url = serializers.URLField()
