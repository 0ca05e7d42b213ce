"""The API described: the OpenAPI document for programs and a page for people, with nothing loaded from elsewhere."""

from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from todos.api.conditional import Answer, read_uncached
from todos.api.renderers import JSONRenderer, to_json
from todos.api.views.base import View
from todos.errors import NotFound

# Swagger UI asks for nothing inline; its icons are data URLs. The page's own policy, since the site's is stricter about images.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_OURS = files("todos.api") / "docs"
_SWAGGER_UI = files("drf_spectacular_sidecar") / "static" / "drf_spectacular_sidecar" / "swagger-ui-dist"
_ASSETS = {
    "start.js": (_OURS, "text/javascript; charset=utf-8"),
    "swagger-ui-bundle.js": (_SWAGGER_UI, "text/javascript; charset=utf-8"),
    "swagger-ui.css": (_SWAGGER_UI, "text/css; charset=utf-8"),
}


class _WhateverIsAccepted(BaseContentNegotiation):
    """Pages, styles and scripts come as what they are; browsers ask for each in their own way."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        return JSONRenderer(), JSONRenderer.media_type


class _OpenView(View):
    authentication_classes = ()
    permission_classes = ()


class SchemaView(_OpenView):
    """The OpenAPI document."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """The OpenAPI 3.1 document of this API, as JSON."""
        return read_uncached(request, Answer(openapi()))


class DocsView(_OpenView):
    """The document for people."""

    content_negotiation_class = _WhateverIsAccepted

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """The page that shows the document."""
        page = HttpResponse((_OURS / "index.html").read_bytes(), content_type="text/html; charset=utf-8")
        page["Content-Security-Policy"] = _POLICY
        return page


class DocsAssetView(_OpenView):
    """What the page is made of. Served from here and not as static files, so that it comes by every way that the API comes by."""

    content_negotiation_class = _WhateverIsAccepted

    @extend_schema(exclude=True)
    def get(self, request: Request, name: str) -> HttpResponse:
        """A style or a script."""
        if name not in _ASSETS:
            raise NotFound
        body, tag, content_type = _asset(name)
        fresh = request.headers.get("If-None-Match") == tag
        headers = {"ETag": tag, "Cache-Control": "public, max-age=3600"}
        return HttpResponse(b"" if fresh else body, status=304 if fresh else 200, content_type=content_type, headers=headers)


@cache
def openapi() -> bytes:
    """The document as JSON, made once per process: it depends on the code alone."""
    return to_json(SchemaGenerator().get_schema(request=None, public=True))  # type: ignore[no-untyped-call]


@cache
def _asset(name: str) -> tuple[bytes, str, str]:
    """Body, ETag and type."""
    folder, content_type = _ASSETS[name]
    body = (folder / name).read_bytes()
    return body, f'"{sha256(body).hexdigest()[:32]}"', content_type
