"""Paths of the REST API about users, in the order of the vendor's document."""

from django.urls import path

from accounts import api

urlpatterns = [
    path("v1/users", api.Users.as_view()),
    path("v1/admins", api.Admins.as_view()),
    path("v1/users/userstat", api.UserStates.as_view(), {"username": "userstat"}),
    path("v1/users/<str:username>", api.OneUser.as_view()),
    path("v1/users/<str:username>/password", api.UserPassword.as_view()),
    path("v1/users/<str:username>/userstat", api.UserState.as_view()),
    path("v1/users/<str:username>/forbidden", api.UserForbidden.as_view()),
]
