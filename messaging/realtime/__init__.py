"""The requests and pushes of messaging, by noun."""

from messaging.realtime import commands, conversations, media, pushes, receipts, retracting, sends, sync

__all__ = ["commands", "conversations", "media", "pushes", "receipts", "retracting", "sends", "sync"]
