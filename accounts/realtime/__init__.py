"""The requests and pushes of accounts, by noun."""

from accounts.realtime import lists, relations, sessions

__all__ = ["lists", "relations", "sessions"]
