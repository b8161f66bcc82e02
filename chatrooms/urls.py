"""The paths of chat rooms, in the order of the vendor's document."""

from django.urls import path

from chatrooms import api, api_reports

urlpatterns = [
    path("v1/cross/chatroom/<str:room>/members", api.CrossRoomMembers.as_view()),
    path("cross/chatroom/<str:room>/members", api.CrossRoomMembers.as_view()),  # as the vendor's page prints it
    path("v1/chatroom", api.Rooms.as_view()),
    path("v1/chatroom/batch", api.RoomBatch.as_view()),
    path("v1/users/<str:username>/chatroom", api.RoomsOfUser.as_view()),
    path("v1/chatroom/<str:room>", api.OneRoom.as_view()),
    path("v1/chatroom/<str:room>/forbidden/<str:username>", api.RoomBan.as_view()),
    path("v1/chatroom/<str:room>/members", api.RoomMembers.as_view()),
    path("v2/chatrooms/<str:room>/messages", api_reports.RoomReport.as_view()),
]
