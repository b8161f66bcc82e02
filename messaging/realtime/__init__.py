"""The requests and pushes of messaging, by noun."""

from messaging.realtime import conversations, pushes, sends, sync

__all__ = ["conversations", "pushes", "sends", "sync"]
