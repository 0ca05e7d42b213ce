"""Response headers that Django does not set itself, the same for every answer unless the view says otherwise."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

# Powers of the browser that nothing here uses, so that nothing injected can use them either.
PERMISSIONS_POLICY = ", ".join(
    f"{power}=()"
    for power in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
)
_SELF = "; ".join(f"{kind}-src 'self'" for kind in ("script", "style", "img", "font", "connect"))
CONTENT_SECURITY_POLICY = f"default-src 'none'; {_SELF}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


class SecurityHeaders:
    """Adds Content-Security-Policy, Permissions-Policy and Cross-Origin-Resource-Policy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response
