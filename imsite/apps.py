from django.apps import AppConfig


class ImsiteConfig(AppConfig):
    """The wiring above the slices: pages, commands that touch every slice."""

    name = "imsite"
    verbose_name = "imsite"
