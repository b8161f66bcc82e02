"""The operations of messaging, by noun: sending, reading, sync, participants, media, words."""
