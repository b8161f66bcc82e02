from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = _("Messaging")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from imsite.core import hooks
        from messaging import targets
        from messaging.services import pairs, participants

        targets.register("single", pairs.SingleTargets())
        hooks.user_logged_in.add(participants.topics_of)
