"""The URL tables of the apps, under one roof."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("imsite.health")),
    path("", include("imsite.pages")),
    path("", include("imsite.openapi")),
    path("", include("imsite.reference")),
    path("", include("imsite.sdk")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),  # the console's choice of language
    path("", include("accounts.urls")),
    path("", include("messaging.urls")),
    path("", include("groups.urls")),
    path("", include("chatrooms.urls")),
]

handler400 = "imsite.rest.errors.bad_request"
handler404 = "imsite.rest.errors.not_found"
handler500 = "imsite.rest.errors.server_error"
