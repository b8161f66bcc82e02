from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GroupsConfig(AppConfig):
    name = "groups"
    verbose_name = _("Groups")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from groups import services
        from groups.targets import GroupTargets
        from imsite.core import hooks
        from messaging import targets

        targets.register("group", GroupTargets())
        hooks.users_leaving.add(services.lock_all_groups)
        hooks.user_deleted.add(services.leave_all_groups)
