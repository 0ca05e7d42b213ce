"""The routes of the worker, which serves no people: probes, and what its sidecar asks for."""

from django.urls import URLPattern, URLResolver, include, path

from todo_project import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("", include("dapr_bridge.urls")),
]
