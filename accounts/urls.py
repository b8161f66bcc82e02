"""Paths of the REST API about users, in the order of the vendor's document."""

from django.urls import path

from accounts.api import users

urlpatterns = [
    path("v1/users", users.Users.as_view()),
    path("v1/admins", users.Admins.as_view()),
    path("v1/users/userstat", users.UserStates.as_view(), {"username": "userstat"}),
    path("v1/users/<str:username>", users.OneUser.as_view()),
    path("v1/users/<str:username>/password", users.UserPassword.as_view()),
    path("v1/users/<str:username>/userstat", users.UserState.as_view()),
    path("v1/users/<str:username>/forbidden", users.UserForbidden.as_view()),
]
