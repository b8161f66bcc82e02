"""The requests and pushes of messaging, by noun."""

from messaging.realtime import conversations, media, pushes, retracting, sends, sync

__all__ = ["conversations", "media", "pushes", "retracting", "sends", "sync"]
