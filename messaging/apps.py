from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete
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
        post_delete.connect(file_goes_too, sender="messaging.Media")
        hooks.user_logged_in.add(participants.topics_of)


def file_goes_too(instance: Any, **kwargs: Any) -> None:
    """However a row of an upload is deleted, with its application too, its file and thumbnails go with it."""
    from messaging.services import media

    media.remove_file(instance)
