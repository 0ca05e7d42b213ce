"""Which renderer answers: ours, for nearly everybody."""

from collections.abc import Iterable
from typing import Any, cast

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class ContentNegotiation(DefaultContentNegotiation):
    """DRF's, which takes a request apart to find out what is plain where it asks for anything or for JSON."""

    def select_renderer(self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: Any = None) -> tuple[BaseRenderer, str]:
        """The renderer and its media type. Raises NotAcceptable."""
        first = next(iter(renderers))
        if not format_suffix and request.META.get("HTTP_ACCEPT", "*/*") in ("*/*", first.media_type):
            return first, first.media_type
        return cast(tuple[BaseRenderer, str], super().select_renderer(request, renderers, format_suffix))
