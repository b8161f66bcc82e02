"""Answers of the REST API about users, as docs/openapi.json shows them. Nothing here runs in a request."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.rules import GENDERS
from accounts.serializers import ProfileShape
from imsite.rest.fields import BirthdayText, ObjectField, TimeText


class User(serializers.Serializer[Any]):
    """A user. Members of the profile that are not set are left out."""

    username = serializers.CharField()
    nickname = serializers.CharField(required=False)
    avatar = serializers.CharField(required=False)
    birthday = BirthdayText(required=False)
    gender = serializers.IntegerField(min_value=min(GENDERS), max_value=max(GENDERS))
    signature = serializers.CharField(required=False)
    region = serializers.CharField(required=False)
    address = serializers.CharField(required=False)
    extras = ObjectField(required=False)
    ctime = TimeText()
    mtime = TimeText()


class UserAcross(User):
    """A user of this or another application of the same owner."""

    appkey = serializers.CharField()


class Friend(UserAcross):
    """A friend, and what is noted about them."""

    note_name = serializers.CharField(allow_blank=True)
    others = serializers.CharField(allow_blank=True)


class Refusal(serializers.Serializer[Any]):
    code = serializers.IntegerField()
    message = serializers.CharField()


class Registered(ProfileShape):
    """A user that was registered, with the members of the profile as they were sent; or `error`, why it was not."""

    username = serializers.CharField(allow_blank=True)
    error = Refusal(required=False)


class Presence(serializers.Serializer[Any]):
    login = serializers.BooleanField()
    online = serializers.BooleanField()


class Device(Presence):
    platform = serializers.ChoiceField(choices=["a", "i", "j", "w"])


class Devices(serializers.Serializer[Any]):
    """A user and where they have signed in."""

    username = serializers.CharField()
    devices = Device(many=True)


class DevicesIfAny(Devices):
    """As Devices; of a user that does not exist `statuscode` is 1, and `statusmsg` says so."""

    statuscode = serializers.ChoiceField(choices=[0, 1])
    statusmsg = serializers.CharField(required=False)


class Switched(serializers.Serializer[Any]):
    """0 off, 1 on."""

    status = serializers.ChoiceField(choices=[0, 1])
