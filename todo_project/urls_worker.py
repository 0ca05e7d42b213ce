"""The routes of the worker, which serves no people: probes."""

from django.urls import URLPattern, path

from todo_project import health

urlpatterns: list[URLPattern] = [
    path("livez", health.livez),
    path("readyz", health.readyz),
]
