from django.urls import path

from messaging.api import downloads, media, messages, reports, statistics, words

urlpatterns = [
    path("v1/messages", messages.Messages.as_view()),
    path("v1/messages/<str:username>/<str:msgid>/retract", messages.Retraction.as_view()),
    path("v2/messages", reports.ApplicationReport.as_view()),
    path("v1/users/<str:username>/messages", reports.OldUserReport.as_view()),
    path("v2/users/<str:username>/messages", reports.UserReport.as_view()),
    path("v2/statistic/users", statistics.UserStatistic.as_view()),
    path("v2/statistic/messages", statistics.MessageStatistic.as_view()),
    path("v1/resource", media.Resource.as_view()),
    path("v1/sensitiveword", words.SensitiveWords.as_view()),
    path("v1/sensitiveword/status", words.FilterStatus.as_view()),
    path("resource", media.UploadFromPage.as_view()),
    path("media/<str:token>/<str:name>", downloads.download),
]
