import time

from django.core.signals import request_finished
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


def slow(request):
    time.sleep(0.2)
    served.append(1)
    return HttpResponse("x" * 1_000_000)


served: list[int] = []
finished: list[int] = []
request_finished.connect(lambda **about: finished.append(1), weak=False)

urlpatterns = [
    path("slow", slow),
    path("served", lambda request: HttpResponse(str(len(served)))),
    path("finished", lambda request: HttpResponse(str(len(finished)))),
    path("livez", lambda request: HttpResponse("ok")),
    path("length", body_length),
    path("push", push),
]
