"""The requests and pushes of groups, by noun."""

from groups.realtime import joining, pushes, quiet, requests, roles

__all__ = ["joining", "pushes", "quiet", "requests", "roles"]
