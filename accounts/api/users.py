"""REST: users and admins. Source: REST API, registration and admins; users."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rules, schema, services
from accounts.errors import ImError, Invalid, NoSuchUser, TooManyUsers, UserExists
from accounts.models import User, UserQuerySet
from accounts.passwords import md5_hex
from accounts.serializers import (
    Disabling,
    NewPassword,
    Registration,
    RestProfile,
    Username,
    device_json,
    echo,
    user_json,
)
from imsite.core.fields import is_storable
from imsite.rest.describe import ArrayOf, PageOf, described
from imsite.rest.errors import error_body, first_fault
from imsite.rest.paging import paged
from imsite.rest.views import ImView

PAGE_MAX = 500
STATES_MAX = 500  # usernames in one question for their states

Profile = dict[str, Any]


class UsersView(ImView):
    """Looks up users of the application alone, and reads registrations."""

    @property
    def users(self) -> UserQuerySet:
        return User.objects.of(self.actor.application)

    def find(self, username: str) -> User:
        """The user, NoSuchUser (899002)."""
        user = self.users.find(username)
        user.application = self.actor.application
        return user

    def page(self, request: Request, users: UserQuerySet) -> Response:
        users = users.order_by("id").select_related("application")
        return Response(paged(request, users, "users", user_json, most=PAGE_MAX))


class Users(UsersView):
    """/v1/users"""

    @described(
        "Register users",
        body=ArrayOf(Registration, least=1, most=rules.REGISTRATION_MAX),
        answers={201: ArrayOf(schema.Registered), 400: ArrayOf(schema.Registered), 403: ArrayOf(schema.Registered)},
        codes=[UserExists, TooManyUsers],
    )
    def post(self, request: Request) -> Response:
        """Register 1 to 500 users. The answer is an array in the order of the request; each item is the user, or
        `{username, error}` for one that was refused.

        201 when at least one was registered. When none was: 403 if a name is taken, 400 if all are invalid. A body
        that is no array of objects is 400/899003, more than 500 users are 403/899013.

        Source: REST API, register users.
        """
        items = self.read_items()
        read = [read_registration(item) for item in items]
        profiles = [one for one in read if not isinstance(one, ImError)]
        made = iter(services.register(self.actor.application, profiles, by=self.actor))
        results = [one if isinstance(one, ImError) else next(made) for one in read]
        answer = [_registered(*one) for one in zip(items, read, results, strict=True)]
        return Response(answer, status=_status(results))

    @described("List users", answers={200: PageOf("users", schema.User, PAGE_MAX)})
    def get(self, request: Request) -> Response:
        """One page of the application's users, at most 500, in `users`. Source: REST API, user list."""
        return self.page(request, self.users)

    @described(
        "Delete users in a batch",
        body=ArrayOf(Username(), least=1, most=rules.DELETION_MAX),
        answers={204: None},
        codes=[NoSuchUser],
    )
    def delete(self, request: Request) -> Response:
        """Delete 1 to 100 users, named in an array, all or none; 204. Source: REST API, delete users in batch."""
        names = self.read_names(most=rules.DELETION_MAX)
        services.delete_users(self.users.select_related("application").named(names), by=self.actor)
        return Response(status=204)

    def read_items(self) -> list[dict[str, Any]]:
        self.require_body(list)
        if not self.body or not all(isinstance(item, dict) for item in self.body):
            raise Invalid("the body must be an array of 1 to 500 objects")
        if len(self.body) > rules.REGISTRATION_MAX:
            raise TooManyUsers
        return list(self.body)


class Admins(UsersView):
    """/v1/admins"""

    @described("Register an admin", body=Registration, answers={201: None}, codes=[UserExists])
    def post(self, request: Request) -> Response:
        """Register one admin, an object or an array of one; 201 without a body. Source: REST API, register admins."""
        item = self.body[0] if isinstance(self.body, list) and len(self.body) == 1 else self.body
        if not isinstance(item, dict):
            raise Invalid("the body must be one JSON object")
        profile = read_registration(item)
        if isinstance(profile, ImError):
            raise profile
        services.register_admin(self.actor.application, profile, by=self.actor)
        return Response(status=201)

    @described("List admins", answers={200: PageOf("users", schema.User, PAGE_MAX)})
    def get(self, request: Request) -> Response:
        """One page of the application's admins, at most 500, in `users`. Source: REST API, admin list."""
        return self.page(request, self.users.filter(is_admin=True))


class OneUser(UsersView):
    """/v1/users/{username}"""

    @described("Show a user", answers={200: schema.User}, codes=[NoSuchUser])
    def get(self, request: Request, username: str) -> Response:
        """The user's profile. Source: REST API, user information."""
        return Response(user_json(self.find(username)))

    @described("Change a user", body=RestProfile, answers={204: None}, codes=[NoSuchUser])
    def put(self, request: Request, username: str) -> Response:
        """Change the members of the profile that the body names, the others stay; 204.

        Source: REST API, update user.
        """
        user = self.find(username)
        services.update_profile(user, self.read(RestProfile), by=self.actor)
        return Response(status=204)

    @described("Delete a user", answers={204: None}, codes=[NoSuchUser])
    def delete(self, request: Request, username: str) -> Response:
        """Delete the user; 204. Source: REST API, delete user."""
        services.delete_user(self.find(username), by=self.actor)
        return Response(status=204)


class UserPassword(UsersView):
    """/v1/users/{username}/password"""

    @described("Set a password", body=NewPassword, answers={204: None}, codes=[NoSuchUser])
    def put(self, request: Request, username: str) -> Response:
        """Set a new password; 204. Source: REST API, change password."""
        user, change = self.find(username), self.read(NewPassword)
        services.set_password(user, md5_hex(change["new_password"]), by=self.actor)
        return Response(status=204)


class UserForbidden(UsersView):
    """/v1/users/{username}/forbidden"""

    @described("Disable or enable a user", query=Disabling, answers={204: None}, codes=[NoSuchUser])
    def put(self, request: Request, username: str) -> Response:
        """Disable the user, who then cannot sign in (`?disable=true`), or enable them again (`?disable=false`); 204.

        Source: REST API, disable user.
        """
        user = self.find(username)
        change = services.disable_user if self.read_query(Disabling)["disable"] else services.enable_user
        change(user, by=self.actor)
        return Response(status=204)


class UserState(UsersView):
    """/v1/users/{username}/userstat"""

    @described("Show whether a user is online", answers={200: schema.Presence}, codes=[NoSuchUser])
    def get(self, request: Request, username: str) -> Response:
        """`login`: whether the user is signed in somewhere; `online`: whether the user is connected now.

        Source: REST API, user status.
        """
        user = self.find(username)
        return Response(
            {"login": user.devices.filter(logged_in=True).exists(), "online": user.sessions.live().exists()}
        )


class UserStates(OneUser):
    """/v1/users/userstat; for other methods than POST, a user of that name"""

    undescribed = frozenset({"get", "put", "delete"})

    @described(
        "Show on which devices users are online",
        body=ArrayOf(Username(), least=1, most=STATES_MAX),
        answers={200: ArrayOf(schema.Devices)},
        codes=[NoSuchUser],
    )
    def post(self, request: Request, username: str) -> Response:
        """For each user named in an array, in its order: the devices they signed in on, and whether each is online. One
        unknown user refuses the whole request with 899002.

        Source: REST API, user status.
        """
        names = self.read_names(most=STATES_MAX)
        states = {user.username: state_of(user) for user in self.users.with_states().named(names)}
        return Response([states[name] for name in names])


class UserStatesIfAny(UsersView):
    """/v2/users/statuser"""

    @described(
        "Show on which devices users are online, unknown users included",
        body=ArrayOf(Username(), least=1, most=STATES_MAX),
        answers={200: ArrayOf(schema.DevicesIfAny)},
    )
    def post(self, request: Request) -> Response:
        """For each user named in an array, in its order: the devices they signed in on, and whether each is online. An
        unknown user does not refuse the request: that item has `statuscode` 1 and `statusmsg` `no_exist`, all others
        `statuscode` 0.

        Source: REST API, user status.
        """
        names = self.read_names(most=STATES_MAX)
        known = self.users.with_states().filter(username__in=[name for name in names if is_storable(name)])
        states = {user.username: {**state_of(user), "statuscode": 0} for user in known}
        return Response([states.get(name) or _unknown(name) for name in names])


def _unknown(name: str) -> dict[str, Any]:
    return {"username": name, "devices": [], "statuscode": 1, "statusmsg": "no_exist"}


def state_of(user: User) -> dict[str, Any]:
    online = {session.device_class for session in user.sessions.all()}
    devices = [device_json(device, device.device_class in online) for device in user.devices.all()]
    return {"username": user.username, "devices": devices}


def read_registration(item: dict[str, Any]) -> Profile | ImError:
    """The profile in one item of a registration, its password as md5; or why there is none."""
    try:
        profile = Registration().run_validation(item)
    except ValidationError as error:
        return Invalid(first_fault(error.detail))
    return {**profile, "password": md5_hex(profile["password"])}


def _registered(item: dict[str, Any], profile: Profile | ImError, result: User | ImError) -> dict[str, Any]:
    if isinstance(result, ImError):
        name = item.get("username")
        return {"username": name if isinstance(name, str) else "", **error_body(result.code, str(result))}
    assert not isinstance(profile, ImError)  # else there were no user
    return echo(item, profile)


def _status(results: list[User | ImError]) -> int:
    if any(isinstance(result, User) for result in results):
        return 201
    return 403 if any(isinstance(result, UserExists) for result in results) else 400
