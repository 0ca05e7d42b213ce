"""A way for delivered events past MIDDLEWARE, which is there for people: sessions, forms and pages cost as much as a delivery itself.

application = Deliveries(get_wsgi_application())    # wsgi.py
"""

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.urls import reverse
from django.utils.module_loading import import_string


class Deliveries:
    """WSGI middleware around Django's application: a POST to the event route that shows the app token goes to its view directly.

    The view, its answers, signals, connections and transactions are the same on both ways; so are the scope and the span. Whatever
    shows no token goes on as before, and is refused, and logged, like any other request.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._directly = Directly()
        self._is_from_the_sidecar = import_string("dapr_bridge.events_http.is_from_the_sidecar")
        self._route = reverse("dapr_bridge:event", kwargs={"topic": "-"})[:-1]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if (
            environ["REQUEST_METHOD"] == "POST"
            and environ.get("PATH_INFO", "").startswith(self._route)
            and self._is_from_the_sidecar(environ.get("HTTP_DAPR_API_TOKEN", ""))
        ):
            return self._directly(environ, start_response)
        return self._application(environ, start_response)


class Directly(WSGIHandler):
    """Django's handler with the scope of a request as its only middleware."""

    def load_middleware(self, is_async: bool = False) -> None:
        """In place of settings.MIDDLEWARE."""
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        scope = import_string("dapr_bridge.middleware.RequestScope")  # it needs the models, which wsgi.py has not set up when it imports us
        view = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]
        self._middleware_chain = convert_exception_to_response(scope(view))
