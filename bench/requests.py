"""The requests that are measured, as they go over the wire."""

import json
import uuid
from collections.abc import Callable, Mapping
from itertools import count

from bench.compare import http
from bench.data import Subject

Request = Callable[[int, int], bytes]
NONE: Mapping[str, str] = {}


def get(subject: Subject, path: str, headers: Mapping[str, str] = NONE) -> Request:
    """A read by this subject."""
    message = http("GET", path, {"Cookie": subject.cookie, **headers})
    return lambda connection, number: message


def post(subjects: list[Subject], path: str, headers: Mapping[str, str] = NONE, *, key: bool = False) -> Request:
    """A create; each connection writes as a subject of its own, as far as there are that many. `key`: with an Idempotency-Key."""
    numbers = count()

    def request(connection: int, number: int) -> bytes:
        subject = subjects[connection % len(subjects)]
        sent = {"Cookie": subject.cookie, "X-CSRFToken": subject.csrf, **headers, **({"Idempotency-Key": str(uuid.uuid4())} if key else {})}
        body = json.dumps({"title": f"bench {next(numbers)}", "notes": "as discussed", "priority": 1, "due_on": "2026-05-01"}).encode()
        return http("POST", path, sent, body)

    return request
