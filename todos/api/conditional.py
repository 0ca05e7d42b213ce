"""ETags: which there are, what a client may ask with them, and the 304 and 412 that follow (RFC 9110, section 13)."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.http import HttpResponse, QueryDict
from django.utils.cache import get_conditional_response
from django.utils.http import parse_etags, quote_etag
from rest_framework.request import Request

from todos.api.problems import PreconditionRequired
from todos.api.renderers import to_json

CACHED_SECONDS = 600
JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """What a read gives back: its body, its own `etag` where it has one, and where the next page begins when there is one."""

    body: bytes
    etag: str = ""
    next_cursor: str = ""


def weak_etag(content: bytes) -> str:
    """A weak tag that stands for this content."""
    return f'W/"{sha256(content).hexdigest()[:32]}"'


def version_etag(version: int) -> str:
    """The strong tag of one object."""
    return f'"{version}"'


def read(request: Request, canonical: str, build: Callable[[], Answer]) -> HttpResponse:
    """Answer a safe request: 304 when the client has it, else from the cache, else built.

    `canonical` says in one normal form what was asked beyond the path. The cache key is made of everything the answer
    depends on, the user's revision token among it, so a cached answer is never older than the token that was just read.
    """
    key = _key(request, canonical)
    weak = f'W/"{key[:32]}"' if key else ""
    if weak and weak in parse_etags(request.META.get("HTTP_IF_NONE_MATCH", "")):
        return _bare(_finish(HttpResponse(status=304), weak))
    answer = _unpack(caches["responses"].get(key)) if key else None
    if answer is None:
        answer = build()
        if key and not connection.in_atomic_block:  # inside, the answer may show what is never committed
            caches["responses"].set(key, _pack(answer), CACHED_SECONDS)
    return respond(request, answer, answer.etag or weak)


def read_uncached(request: Request, answer: Answer) -> HttpResponse:
    """Answer a safe request whose data no revision token covers; the tag is made of the answer itself, unless it brings one."""
    return respond(request, answer, answer.etag or weak_etag(answer.body))


def respond(request: Request, answer: Answer, etag: str) -> HttpResponse:
    """The answer, or 304 when the client's If-None-Match names its tag."""
    response = HttpResponse(answer.body, content_type=JSON)
    if answer.next_cursor:
        response["Link"] = _next_page(request, answer.next_cursor)
    found = get_conditional_response(request._request, etag=etag or None, response=_finish(response, etag)) or response
    return _bare(found) if found.status_code == 304 else found


def json_response(value: Any, *, status: int = 200, version: int | None = None, location: str = "") -> HttpResponse:
    """A JSON answer to a write, with the strong tag of the object it shows."""
    response = HttpResponse(to_json(value), status=status, content_type=JSON)
    if location:
        response["Location"] = location
    return _finish(response, version_etag(version) if version is not None else "")


def row_response(document: Any, version: int, *, status: int = 200, location: str = "") -> HttpResponse:
    """One object as the answer to a write."""
    return json_response(document, status=status, version=version, location=location)


def expected_versions(request: Request) -> frozenset[int] | None:
    """The versions that If-Match names (RFC 9110, section 13.1.1); None when the write is unconditional (no header, or `*`).

    Tags that name no version of ours, weak ones among them, match nothing. Raises PreconditionRequired where the settings demand a header.
    """
    header = request.headers.get("If-Match")
    if header is None:
        if getattr(settings, "TODOS_REQUIRE_IF_MATCH", False):
            raise PreconditionRequired
        return None
    if header.strip() == "*":
        return None
    numbers = {tag: tag.strip('"') for tag in parse_etags(header)}
    return frozenset(
        int(number)
        for tag, number in numbers.items()
        if quote_etag(number) == tag and number.isascii() and number.isdigit() and len(number) < 10
    )


def _key(request: Request, canonical: str) -> str:
    """Empty when the user has no revision: then there is neither cache nor tag."""
    revision = getattr(request.user, "revision", None)
    if revision is None:
        return ""
    parts = (
        settings.VERSION,
        cast(UUID, request.user.pk).hex,
        revision.token.hex,
        request.path,
        canonical,
        request.META.get("HTTP_ACCEPT_LANGUAGE", ""),
        JSON,
    )
    message = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hmac.new(settings.SECRET_KEY.encode(), message.encode(), sha256).hexdigest()


def _next_page(request: Request, cursor: str) -> str:
    """A relative Link (RFC 8288) in the words of this request, which a cached answer to the same question in others does not know."""
    return f'<{request.path}?{_with_cursor(request.META.get("QUERY_STRING", ""), cursor)}>; rel="next"'


@lru_cache(maxsize=1024)
def _with_cursor(query_string: str, cursor: str) -> str:
    query = QueryDict(query_string.encode("latin-1"), mutable=True)
    query["cursor"] = cursor
    return query.urlencode()


def _bare(response: HttpResponse) -> HttpResponse:
    """Without the type of a body that is not there."""
    del response["Content-Type"]
    return response


def _finish(response: HttpResponse, etag: str) -> HttpResponse:
    if etag:
        response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Authorization, Cookie"
    return response


def _pack(answer: Answer) -> bytes:
    return b"\n".join((answer.etag.encode(), answer.next_cursor.encode(), answer.body))


def _unpack(value: object) -> Answer | None:
    if not isinstance(value, bytes) or value.count(b"\n") < 2:
        return None
    etag, next_cursor, body = value.split(b"\n", 2)
    return Answer(body, etag.decode(), next_cursor.decode())
