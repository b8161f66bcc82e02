from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from imsite.core import bus
from imsite.realtime.socketio import event_frame


@csrf_exempt
def body_length(request):
    return JsonResponse({"length": len(request.body)})


@csrf_exempt
def push(request):
    bus.deliver(bus.Delivery((request.GET["topic"],), event_frame("pushed", {"n": int(request.GET["n"])})))
    return HttpResponse(status=204)


urlpatterns = [
    path("livez", lambda request: HttpResponse("ok")),
    path("length", body_length),
    path("push", push),
]
