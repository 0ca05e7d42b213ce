"""Idempotency-Key: a write sent twice has one effect and one answer (draft-ietf-httpapi-idempotency-key-header)."""

import hashlib
from collections.abc import Callable
from typing import Any, cast

import orjson
from django.db import IntegrityError, connection
from django.http import HttpResponse
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from todos.api.problems import problem
from todos.models import IdempotencyRecord, User
from todos.transactions import write

HEADER = "Idempotency-Key"
MAX_LENGTH = 255
_KEPT_HEADERS = ("Content-Type", "ETag", "Location", "Cache-Control", "Vary")
_LOOK_UP = """
SELECT pg_try_advisory_xact_lock(hashtextextended(%(lock)s, 0)), stored.fingerprint, stored.status, stored.headers::text, stored.body
  FROM (SELECT 1) AS always LEFT JOIN todos_idempotencyrecord AS stored ON stored.owner_id = %(owner)s AND stored.key = %(key)s
"""


def perform(request: Request, change: Callable[[], HttpResponse], *, body_digest: bytes | None = None) -> HttpResponse:
    """Carry out a write in one transaction; with an Idempotency-Key, at most once, and the same answer every time.

    Same key, same request: the stored answer. Same key, another request: 422. The first still at work: 409. An error
    has no effect and is not stored, so the key may be used again. `body_digest` stands for a body that was not read into memory.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return write(change)()
    if not key.strip() or len(key) > MAX_LENGTH or not key.isprintable():
        raise ValidationError({HEADER: f"The key must have 1 to {MAX_LENGTH} printable characters."})
    fingerprint = _fingerprint(request, body_digest)
    try:
        return write(_once)(request, key, fingerprint, change)
    except IntegrityError as error:
        if "idempotency_key_is_unique_per_owner" not in str(error):
            raise
        return write(_once)(request, key, fingerprint, change)  # the first finished while we looked: now its answer is there


def _once(request: Request, key: str, fingerprint: str, change: Callable[[], HttpResponse]) -> HttpResponse:
    owner = cast(User, request.user)
    with connection.cursor() as cursor:
        cursor.execute(_LOOK_UP, {"lock": f"{owner.pk}:{key}", "owner": owner.pk, "key": key})
        free, *stored = cursor.fetchone()
    if stored[0] is not None:
        return _replay(stored, fingerprint)
    if not free:
        return problem(
            409, "A request with this Idempotency-Key is being carried out. Try again in a moment.", headers={"Retry-After": "1"}
        )
    response = change()
    if response.status_code < 400:
        headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
        IdempotencyRecord.objects.create(
            owner=owner, key=key, fingerprint=fingerprint, status=response.status_code, headers=headers, body=response.content
        )
    return response


def _replay(stored: list[Any], fingerprint: str) -> HttpResponse:
    was, status, headers, body = stored
    if was != fingerprint:
        return problem(422, "This Idempotency-Key was used for another request. Use a new one.")
    response = HttpResponse(bytes(body), status=status)
    del response["Content-Type"]
    for name, value in orjson.loads(headers).items():
        response[name] = value
    return response


def _fingerprint(request: Request, body_digest: bytes | None) -> str:
    parts = (request.method or "", request.get_full_path(), request.headers.get("If-Match", ""))
    return hashlib.sha256("\0".join(parts).encode() + b"\0" + (body_digest or request._request.body)).hexdigest()
