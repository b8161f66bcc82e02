"""The console's pages about what is said: conversations, messages and uploads to look at, sensitive words to keep."""

from messaging.admin.conversations import ConversationAdmin
from messaging.admin.messages import MessageAdmin
from messaging.admin.uploads import MediaAdmin
from messaging.admin.words import SensitiveWordAdmin

__all__ = ["ConversationAdmin", "MediaAdmin", "MessageAdmin", "SensitiveWordAdmin"]
