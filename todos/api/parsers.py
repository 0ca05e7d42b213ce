"""How bytes become values: strictly, since what one parser forgives another reads differently."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.http import HttpRequest
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 has it: UTF-8, no NaN, no lone surrogates, and no NUL, which PostgreSQL cannot store."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes] | HttpRequest, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        # Django's `body` checks the size before it reads, which the stream itself does not.
        body = stream.body if isinstance(stream, HttpRequest) else stream.read()
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not valid JSON: {error}.") from error
        if rb"\u0000" in body and _has_nul(value):
            raise ParseError("The body has a NUL character (\\u0000), which no text may have.")
        return value


class MergePatchParser(StrictJSONParser):
    """A JSON Merge Patch (RFC 7396): what is named changes, null clears, what is not named stays."""

    media_type = "application/merge-patch+json"


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(_has_nul(item) for item in value)
