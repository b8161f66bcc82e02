"""Operations on tenants, operators, accounts and sessions."""

from accounts.services.applications import (
    change_application,
    create_application,
    create_operator,
    delete_operator,
    rotate_secret,
    save_operator,
    save_organisation,
)
from accounts.services.sessions import LoggedIn, close_open_sessions, end_session, log_in, require_live
from accounts.services.users import (
    change_password,
    delete_user,
    delete_users,
    disable_user,
    enable_user,
    grant_admin,
    register,
    register_admin,
    revoke_admin,
    set_password,
    sign_up,
    update_profile,
)

__all__ = [
    "LoggedIn",
    "change_application",
    "change_password",
    "close_open_sessions",
    "create_application",
    "create_operator",
    "delete_operator",
    "delete_user",
    "delete_users",
    "disable_user",
    "enable_user",
    "end_session",
    "grant_admin",
    "log_in",
    "register",
    "register_admin",
    "require_live",
    "revoke_admin",
    "rotate_secret",
    "save_operator",
    "save_organisation",
    "set_password",
    "sign_up",
    "update_profile",
]
