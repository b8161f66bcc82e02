"""REST: switches of the application. Source: REST API, configuration."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import schema, services
from accounts.models import Application
from accounts.serializers import Switching
from imsite.rest.describe import described
from imsite.rest.views import ImView


class RegistrationStatus(ImView):
    """/v1/sdkregister/status, and without its version"""

    @described("Let clients register users, or not", query=Switching, answers={204: None})
    def put(self, request: Request) -> Response:
        """Let clients register users themselves (`?status=1`), or no longer (`?status=0`); 204. The REST API always
        may.

        Source: REST API, set SDK registration switch.
        """
        services.switch_registration(self.actor.application, self.read_query(Switching)["status"] == 1, by=self.actor)
        return Response(status=204)

    @described("Show whether clients may register users", answers={200: schema.Switched})
    def get(self, request: Request) -> Response:
        """`status`: 1 where clients may register users themselves, 0 where not.

        Source: REST API, get SDK registration switch.
        """
        # As it is now: another process may have changed it since this one read the application.
        application = Application.objects.get(pk=self.actor.application.pk)
        return Response({"status": int(application.limits.registration)})
