"""Answers of the REST API about groups, as docs/openapi.json shows them. Nothing here runs in a request."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts import schema as accounts
from groups.models import Group as GroupModel
from groups.models import Membership
from imsite.rest.fields import IdField, TimeText


class Group(serializers.Serializer[Any]):
    """A group. The vendor writes `MaxMemberCount`."""

    gid = IdField()
    name = serializers.CharField(allow_blank=True)
    desc = serializers.CharField(allow_blank=True)
    appkey = serializers.CharField()
    avatar = serializers.CharField(allow_blank=True)
    flag = serializers.IntegerField(min_value=min(GroupModel.Type.values), max_value=max(GroupModel.Type.values))
    owner_username = serializers.CharField()
    MaxMemberCount = serializers.IntegerField(min_value=1)
    ctime = TimeText()
    mtime = TimeText()


class MadeGroup(Group):
    """A new group, with its members as they were named."""

    members_username = serializers.ListField(child=serializers.CharField())


class GroupMember(accounts.User):
    """A user, with the role in the group."""

    flag = serializers.IntegerField(min_value=min(Membership.Role.values), max_value=max(Membership.Role.values))


class GroupAcross(Group):
    """A group in the list that holds those of several applications; the vendor writes the size so there."""

    max_member_count = serializers.IntegerField(min_value=1)


class GroupMemberAcross(GroupMember):
    """A member, with the application that they are of."""

    appkey = serializers.CharField()
