"""The requests and pushes of accounts, by noun."""

from accounts.realtime import relations, sessions

__all__ = ["relations", "sessions"]
