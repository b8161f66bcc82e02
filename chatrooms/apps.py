from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChatRoomsConfig(AppConfig):
    name = "chatrooms"
    verbose_name = _("Chat rooms")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from chatrooms import services
        from chatrooms.targets import RoomTargets
        from imsite.core import hooks
        from messaging import targets

        targets.register("chatroom", RoomTargets())
        hooks.user_logged_in.add(services.topics_of)
        hooks.session_ended.add(services.leave_when_gone)
        hooks.user_deleted.add(services.forget_user)
