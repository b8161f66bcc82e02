"""The requests and pushes of messaging, by noun."""

from messaging.realtime import conversations, media, pushes, sends, sync

__all__ = ["conversations", "media", "pushes", "sends", "sync"]
