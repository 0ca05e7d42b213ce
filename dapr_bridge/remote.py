"""Settings that live in Dapr's secret stores and configuration stores: read at start, followed while the process runs.

For settings.py, so nothing here asks Django for its settings: the sidecar is the one of DAPR_HTTP_PORT and DAPR_API_TOKEN.

    SECRET_KEY = remote.secret("vault", "django")["SECRET_KEY"]
    LIMITS = remote.configuration("settings", ["limit"])                        # settings.py
    remote.follow("settings", ["limit"], lambda values: LIMITS.update(values))  # once, in a process that serves
"""

import http.client
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import structlog

from dapr_bridge.periodic import Periodic

logger = structlog.get_logger(__name__)

START_SECONDS = 10.0  # that a process waits at its start for a sidecar which starts beside it
CALL_SECONDS = 1.0
FOLLOW_SECONDS = 1.0


class NotToBeHad(Exception):
    """The sidecar, or the store behind it, did not give what was asked for; the text says why and what to do."""


def secret(store: str, name: str, *, within: float = START_SECONDS) -> dict[str, str]:
    """The fields of one secret (Dapr: secrets API). Waits up to `within` seconds for the sidecar. Raises NotToBeHad."""
    found: dict[str, str] = _patiently(f"/v1.0/secrets/{quote(store, safe='')}/{quote(name, safe='')}", within)
    return found


def configuration(store: str, keys: Sequence[str], *, within: float = START_SECONDS) -> dict[str, str]:
    """The values of those keys that the store has (Dapr: configuration API). Waits as `secret` does. Raises NotToBeHad."""
    path = f"/v1.0/configuration/{quote(store, safe='')}?{urlencode([('key', key) for key in keys])}"
    return {key: item["value"] for key, item in _patiently(path, within).items()}


def follow(store: str, keys: Sequence[str], changed: Callable[[Mapping[str, str]], object], *, every: float = FOLLOW_SECONDS) -> Periodic:
    """Call `changed` with all values in a thread of this process, first as they are now, then whenever one of them is another.

    It asks every so many seconds: Dapr's own subscription ends unseen with its connection. While nothing answers, what was
    last told stays; what `changed` raises is logged, and told again with the next change. Returns the thread, already started.
    """
    known: list[dict[str, str]] = []

    def look() -> None:
        try:
            values = configuration(store, keys, within=0)
        except NotToBeHad as missing:
            logger.info("remote.not_to_be_had", store=store, reason=str(missing))
            return
        if known != [values]:
            known[:] = [values]
            changed(dict(values))

    thread = Periodic(f"dapr-follow-{store}", every, look)
    thread.start()
    return thread


def _patiently(path: str, within: float) -> dict[str, Any]:
    """Ask until there is an answer or the time is up. A refusal is final: waiting would not change it."""
    deadline = time.monotonic() + within
    while True:
        try:
            status, body = _ask(path)
        except (OSError, http.client.HTTPException) as error:
            if time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            raise NotToBeHad(f"The sidecar does not answer ({error}): start it, or correct DAPR_HTTP_PORT.") from error
        if status == 200:
            found: dict[str, Any] = json.loads(body)
            return found
        raise NotToBeHad(f"{path.partition('?')[0]}: HTTP {status}: {_reason(status, body)}")


def _ask(path: str) -> tuple[int, bytes]:
    token = os.environ.get("DAPR_API_TOKEN", "")
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("DAPR_HTTP_PORT", "3500")), timeout=CALL_SECONDS)
    try:
        connection.request("GET", path, headers={"dapr-api-token": token} if token else {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _reason(status: int, body: bytes) -> str:
    if status == 401:
        return "the API token is wrong: correct DAPR_API_TOKEN."
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return "the sidecar's API list does not allow it, or there is no such store."
