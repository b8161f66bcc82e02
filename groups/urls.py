"""The paths of groups, in the order of the vendor's document."""

from django.urls import path

from groups import api
from groups.api import reports

urlpatterns = [
    path("v1/groups", api.Groups.as_view()),
    path("v1/groups/<str:gid>", api.OneGroup.as_view()),
    path("v1/groups/<str:gid>/members", api.GroupMembers.as_view()),
    path("v2/groups/<str:gid>/addMembers", api.AddedMembers.as_view()),
    path("v2/groups/<str:gid>/delMembers", api.RemovedMembers.as_view()),
    path("v1/users/<str:username>/groups", api.GroupsOfUser.as_view()),
    path("v1/users/<str:username>/groupsShield", api.GroupsShield.as_view()),
    path("v1/users/<str:username>/nodisturb", api.UserNoDisturb.as_view()),
    path("v1/groups/messages/<str:gid>/silence", api.Silence.as_view()),
    path("groups/messages/<str:gid>/silence", api.Silence.as_view()),
    path("v1/groups/owner/<str:gid>", api.Owner.as_view()),
    path("groups/owner/<str:gid>", api.Owner.as_view()),
    path("v1/cross/groups/<str:gid>/members", api.CrossGroupMembers.as_view()),
    path("v1/cross/users/<str:username>/groups", api.CrossGroupsOfUser.as_view()),
    path("v1/cross/users/<str:username>/nodisturb", api.CrossUserNoDisturb.as_view()),
    path("v2/groups/<str:gid>/messages", reports.GroupReport.as_view()),
    path("v2/statistic/groups", reports.GroupStatistic.as_view()),
]
