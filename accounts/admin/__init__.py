"""The console's pages about tenants, staff, accounts, devices and sessions."""

from accounts.admin.applications import ApplicationAdmin, OrganisationAdmin
from accounts.admin.operators import OperatorAdmin, RoleAdmin
from accounts.admin.sessions import DeviceAdmin, SessionAdmin
from accounts.admin.users import UserAdmin

__all__ = [
    "ApplicationAdmin",
    "DeviceAdmin",
    "OperatorAdmin",
    "OrganisationAdmin",
    "RoleAdmin",
    "SessionAdmin",
    "UserAdmin",
]
