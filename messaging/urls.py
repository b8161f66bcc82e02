from django.urls import path

from messaging.api import media, messages, words

urlpatterns = [
    path("v1/messages", messages.Messages.as_view()),
    path("v1/messages/<str:username>/<str:msgid>/retract", messages.Retraction.as_view()),
    path("v1/resource", media.Resource.as_view()),
    path("v1/sensitiveword", words.SensitiveWords.as_view()),
    path("v1/sensitiveword/status", words.FilterStatus.as_view()),
    path("resource", media.UploadFromPage.as_view()),
    path("media/<str:token>/<str:name>", media.download),
]
