"""The admin and the routes of the sidecar, for their tests."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def livez(request: HttpRequest) -> HttpResponse:
    """What the sidecar's app health check asks."""
    return HttpResponse("alive")


urlpatterns = [path("livez", livez), path("admin/", admin.site.urls), path("", include("dapr_bridge.urls"))]
