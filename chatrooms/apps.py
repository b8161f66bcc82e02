from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChatRoomsConfig(AppConfig):
    name = "chatrooms"
    verbose_name = _("Chat rooms")
    default_auto_field = "django.db.models.BigAutoField"
