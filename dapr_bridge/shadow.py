"""The shadow stage of state: what the store would have answered is compared with what was answered, off the request's path."""

import json
import queue
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import Error, connections

from dapr_bridge import sealed, sidecar, tally
from dapr_bridge.models import ShadowMismatch, database
from dapr_bridge.periodic import Periodic
from dapr_bridge.sidecar import SidecarError

logger = structlog.get_logger(__name__)

PATIENCE_SECONDS = 2.0
WAITING = 200  # comparisons; those that come while so many wait are counted as skipped
KEPT = 200  # mismatches, the newest
PLACES = 20  # of one mismatch


@dataclass(frozen=True)
class _Comparison:
    store: str
    key: str
    fresh: bytes  # sealed
    ttl: int | None


_waiting: queue.Queue[_Comparison] = queue.Queue(WAITING)


def compare_later(store: str, key: str, fresh: bytes, ttl: int | None) -> None:
    """Have the thread look what is under the key, compare it with the fresh value, and store that. Returns at once."""
    _thread.start()
    try:
        _waiting.put_nowait(_Comparison(store, key, fresh, ttl))
    except queue.Full:
        tally.count("shadow_skipped")


def compare_waiting() -> None:
    """Make the comparisons that wait now."""
    try:
        while (comparison := _next()) is not None:
            _compare(comparison)
    finally:
        connections[database()].close()


def stop() -> None:
    """End the thread after the comparison in hand, without those that wait. For tests."""
    while _next() is not None:
        pass
    _thread.stop()


def _next() -> _Comparison | None:
    try:
        return _waiting.get_nowait()
    except queue.Empty:
        return None


_thread = Periodic("dapr-shadow", 0.1, compare_waiting)


def _compare(comparison: _Comparison) -> None:
    key = comparison.key
    try:
        stored = sidecar.get_state(comparison.store, key, PATIENCE_SECONDS)
        sidecar.save_states(comparison.store, {key: comparison.fresh}, comparison.ttl, PATIENCE_SECONDS)
    except SidecarError:
        tally.count("shadow_skipped")
        return
    try:
        before, fresh = sealed.unseal(key, stored.data).value, sealed.unseal(key, comparison.fresh).value
    except sealed.Malformed:
        return  # nothing there, or nothing that would have been answered
    tally.count("shadow_compared")
    if before != fresh:
        tally.count("shadow_mismatches")
        _keep(key, before, fresh)


def _keep(key: str, before: Any, fresh: Any) -> None:
    logger.warning("shadow.mismatch", key=key[:12])
    mismatches = ShadowMismatch.objects.using(database())
    try:
        mismatches.create(key=key, stored_length=_length(before), fresh_length=_length(fresh), places=places(before, fresh))
        oldest = mismatches.order_by("-id").values_list("id", flat=True)[KEPT - 1 : KEPT]
        if oldest:
            mismatches.filter(id__lt=oldest[0]).delete()
    except Error as error:
        logger.warning("shadow.mismatch_not_kept", error=type(error).__name__)


def places(before: Any, fresh: Any) -> list[str]:
    """Where two values differ, at most so many places: paths into JSON, else lines. What differs there is not told."""
    found = _differences(_readable(before), _readable(fresh), "")
    return [place for place, _ in zip(found, range(PLACES), strict=False)]


def _differences(before: Any, fresh: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(fresh, dict):
        for name in {**before, **fresh}:
            yield from _differences(before.get(name), fresh.get(name), f"{path}/{name}")
        if before == fresh and list(before) != list(fresh):
            yield f"{path} (order of names)"
    elif isinstance(before, list) and isinstance(fresh, list):
        if len(before) != len(fresh):
            yield f"{path} (length)"
        for number, (one, other) in enumerate(zip(before, fresh, strict=False)):
            yield from _differences(one, other, f"{path}/{number}")
    elif before != fresh or type(before) is not type(fresh):
        yield path or "/"


def _readable(value: Any) -> Any:
    """Bytes as lines, each of which may be JSON."""
    if not isinstance(value, bytes):
        return value
    lines: list[Any] = []
    for line in value.split(b"\n"):
        try:
            lines.append(json.loads(line))
        except ValueError:
            lines.append(line)
    return lines if len(lines) > 1 else lines[0]


def _length(value: Any) -> int:
    return len(value if isinstance(value, bytes) else json.dumps(value))
