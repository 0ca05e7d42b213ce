"""Gives every request its scope: the switches it began with are those it ends with. With `observability` on, it is observed."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from dapr_bridge import observed, reports, scope


class RequestScope:
    """Stands first in MIDDLEWARE, so that all the others are in its span. Does nothing where `DAPR_ENABLED` is not set."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not getattr(settings, "DAPR_ENABLED", False):
            return self.get_response(request)
        reports.start()
        with scope.opened(request) as opened:
            if opened.switches.is_on("observability"):
                return observed.request(request, self.get_response, opened.switches)
            return self.get_response(request)
