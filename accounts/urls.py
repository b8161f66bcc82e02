"""Paths of the REST API about users, in the order of the vendor's document."""

from django.urls import path

from accounts.api import across, relations, settings, users

urlpatterns = [
    path("v1/users", users.Users.as_view()),
    path("v1/admins", users.Admins.as_view()),
    path("v1/users/userstat", users.UserStates.as_view(), {"username": "userstat"}),
    path("v2/users/statuser", users.UserStatesIfAny.as_view()),
    path("v1/users/<str:username>", users.OneUser.as_view()),
    path("v1/users/<str:username>/password", users.UserPassword.as_view()),
    path("v1/users/<str:username>/userstat", users.UserState.as_view()),
    path("v1/users/<str:username>/blacklist", relations.Blacklist.as_view()),
    path("v1/users/<str:username>/forbidden", users.UserForbidden.as_view()),
    path("v1/users/<str:username>/friends", relations.Friends.as_view()),
    path("v1/cross/users/<str:username>/blacklist", across.CrossBlacklist.as_view()),
    path("v1/cross/users/<str:username>/friends", across.CrossFriends.as_view()),
    path("v1/sdkregister/status", settings.RegistrationStatus.as_view()),
    path("sdkregister/status", settings.RegistrationStatus.as_view()),
]
