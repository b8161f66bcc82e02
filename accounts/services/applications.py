"""Tenants and console staff."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import identity, rules
from accounts.actors import Actor
from accounts.application_settings import ApplicationSettings
from accounts.errors import BadValue, Conflict, NotAllowed
from accounts.models import Application, Operator, Organisation, Role
from imsite.core import ids

NAME_MAX = 128  # characters
PASSWORD_BYTES = 12  # of randomness in a password that we make


@transaction.atomic
def create_application(
    name: str,
    *,
    owner: str = "",
    appkey: str | None = None,
    secret: str | None = None,
    origins: Sequence[str] = (),
    by: Operator | None = None,
) -> tuple[Application, str]:
    """Make a tenant; the application and its master secret, which is shown this once.

    `appkey` and `secret` may be brought along: 24 letters and digits each. `owner` names the organisation; without
    one the application gets its own, since those of one organisation may reach each other's users.
    BadValue (899003), Conflict where the appkey is taken.
    """
    appkey = rules.require_key("appkey", appkey) if appkey is not None else ids.new_key()
    secret = rules.require_key("master secret", secret) if secret is not None else ids.new_key()
    name = _require_name("name", name)
    patterns = [rules.require_origin_pattern(origin) for origin in origins]
    if Application.objects.filter(appkey=appkey).exists():
        raise Conflict(f"the appkey {appkey} is taken")
    organisation = _organisation(owner) if owner.strip() else _new_organisation(name, appkey)
    try:
        with transaction.atomic():
            application = Application.objects.create(
                appkey=appkey, owner=organisation, name=name, master_secret=secret, origins=patterns
            )
    except IntegrityError:
        raise Conflict(f"the appkey {appkey} is taken") from None
    transaction.on_commit(lambda: identity.forget(application.appkey))  # its origins are new to preflights
    return application, secret


@transaction.atomic
def change_application(application: Application, changes: Mapping[str, Any], *, by: Operator | None) -> None:
    """Change any of name, owner, time_zone, origins, chat_page and settings (whole or in part); BadValue (899003)."""
    stored = Application.objects.select_for_update(no_key=True).get(pk=application.pk)
    values = {name: _CHECKS[name](value) for name, value in changes.items() if name in _CHECKS}
    if "settings" in values:
        values["settings"] = {**stored.settings, **values["settings"]}
    for target in (stored, application):
        for name, value in values.items():
            setattr(target, name, value)
    application.__dict__.pop("_own_limits", None)
    stored.save(update_fields=list(values))
    transaction.on_commit(lambda: identity.forget(application.appkey))


def switch_registration(application: Application, on: bool, *, by: Actor) -> None:
    """Let clients register users themselves, or not any more; the REST API always may."""
    fresh = Application.objects.get(pk=application.pk)  # the caller's may be shared by all requests of this process
    change_application(fresh, {"settings": {"registration": on}}, by=by.operator)


@transaction.atomic
def rotate_secret(application: Application, *, by: Operator | None) -> str:
    """Make a new master secret, shown this once. The one before it works until the next rotation."""
    stored = Application.objects.select_for_update(no_key=True).get(pk=application.pk)
    stored.previous_secret, stored.master_secret = stored.master_secret, ids.new_key()
    stored.save(update_fields=["master_secret", "previous_secret"])
    transaction.on_commit(lambda: identity.forget(stored.appkey))
    return stored.master_secret


def create_operator(
    username: str,
    *,
    email: str = "",
    password: str | None = None,
    superuser: bool = True,
    by: Operator | None = None,
) -> tuple[Operator, str]:
    """Make a person who may sign in to the console, with a random password unless one is given; both are returned.

    BadValue where name, address or password are not acceptable, Conflict where the name is taken.
    """
    operator = Operator(username=username, email=email, is_staff=True, is_superuser=superuser)
    chosen = password if password is not None else secrets.token_urlsafe(PASSWORD_BYTES)
    try:
        if password is not None:
            validate_password(password, operator)
        operator.set_password(chosen)
        operator.clean_fields()
    except ValidationError as error:
        raise BadValue(" ".join(error.messages)) from None
    if Operator.objects.filter(username=username).exists():
        raise Conflict(f"the operator {username} exists")
    try:
        with transaction.atomic():
            operator.save()
    except IntegrityError:
        raise Conflict(f"the operator {username} exists") from None
    return operator, chosen


def save_operator(operator: Operator, *, by: Operator) -> None:
    """Store an operator as the console's form left it."""
    operator.is_staff = True
    operator.save()


def delete_operator(operator: Operator, *, by: Operator) -> None:
    """Take somebody's access to the console away; NotAllowed for oneself."""
    if operator.pk == by.pk:
        raise NotAllowed("nobody can delete their own account")
    operator.delete()


def save_role(role: Role, *, by: Operator) -> None:
    """Store a role as the console's form left it."""
    role.save()


def delete_role(role: Role, *, by: Operator) -> None:
    """Delete a role; its operators lose what it permitted."""
    role.delete()


def save_organisation(organisation: Organisation, *, by: Operator) -> None:
    """Store a new organisation, or a new name; BadValue, Conflict where the name is taken."""
    organisation.name = _require_name("name", organisation.name)
    if Organisation.objects.filter(name=organisation.name).exclude(pk=organisation.pk).exists():
        raise Conflict(f"the organisation {organisation.name} exists")
    organisation.save()


def _organisation(name: str) -> Organisation:
    return Organisation.objects.get_or_create(name=_require_name("owner", name))[0]


def _new_organisation(name: str, appkey: str) -> Organisation:
    taken = Organisation.objects.filter(name=name).exists()
    return Organisation.objects.create(name=f"{name[: NAME_MAX - 27]} ({appkey})" if taken else name)


def _require_name(what: str, name: str) -> str:
    name = name.strip()
    if not name or len(name) > NAME_MAX or not name.isprintable():
        raise BadValue(f"{what} takes 1 to {NAME_MAX} characters")
    return name


def _require_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise BadValue(f"there is no time zone {name[:64]}") from None
    return name


def _require_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    known = {field.name: field for field in fields(ApplicationSettings)}
    for name, value in values.items():
        if name not in known or type(value) is not type(known[name].default):
            raise BadValue(f"there is no such setting: {name}={value!r}")
        choices = known[name].metadata["choices"]
        if choices and value not in choices:
            raise BadValue(f"{name} must be one of {', '.join(choices)}")
        if type(value) is int and value < 0:
            raise BadValue(f"{name} must not be below 0")
    return dict(values)


_CHECKS: dict[str, Any] = {
    "name": lambda value: _require_name("name", value),
    "owner": lambda value: value,
    "time_zone": _require_zone,
    "origins": lambda values: [rules.require_origin_pattern(value) for value in values],
    "chat_page": bool,
    "settings": _require_settings,
}
