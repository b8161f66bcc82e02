from django.urls import path

from messaging.api import messages

urlpatterns = [path("v1/messages", messages.Messages.as_view())]
