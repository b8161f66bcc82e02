"""The requests and pushes of groups, by noun."""

from groups.realtime import pushes, quiet, requests, roles

__all__ = ["pushes", "quiet", "requests", "roles"]
