"""The admin and the routes of the sidecar, for their tests."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("", include("dapr_bridge.urls"))]
