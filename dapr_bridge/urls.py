"""Routes by the names that daprd and Prometheus ask for: include them at the root, `path("", include("dapr_bridge.urls"))`."""

from django.urls import path

from dapr_bridge import events_http, metrics_http

app_name = "dapr_bridge"
urlpatterns = [
    path("dapr/config", events_http.config),
    path("dapr/subscribe", events_http.subscribe, name="subscribe"),
    path("dapr/events/<str:topic>", events_http.event, name="event"),
    path("metrics", metrics_http.scrape),
]
