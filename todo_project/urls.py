"""Every route of the project in one list."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from todo_project import health, internal

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("todos.api.urls")),  # first, being asked most
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("internal/switches", internal.switches),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("", include("dapr_bridge.urls")),
]

handler400 = "todo_project.errors.bad_request"
handler403 = "todo_project.errors.forbidden"
handler404 = "todo_project.errors.not_found"
handler500 = "todo_project.errors.server_error"
