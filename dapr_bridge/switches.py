"""Which Dapr blocks are on, as this process knows it: read in the background, so that asking costs no query.

A block is on when its setting allows it (the ceiling, an environment's kill switch), its row says so, and the sidecar, which
every block needs, is on as well.
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import psycopg
import structlog
from django.conf import settings
from django.db import DatabaseError, connections

from dapr_bridge.models import BlockSwitch, database
from dapr_bridge.periodic import Periodic

logger = structlog.get_logger(__name__)

CEILINGS = {
    "sidecar": "DAPR_ENABLED",
    "invocation": "DAPR_INVOCATION_ENABLED",
    "pubsub": "DAPR_PUBSUB_ENABLED",
    "state": "DAPR_STATE_ENABLED",
    "observability": "DAPR_OBSERVABILITY_ENABLED",
}
BLOCKS = tuple(CEILINGS)  # in the order of the phases: phase n has the first n on

OFF, SHADOW, ON = BlockSwitch.Stage.OFF, BlockSwitch.Stage.SHADOW, BlockSwitch.Stage.ON

REFRESH_SECONDS = 0.25  # with the query itself well under the half second a snapshot may be old
CONNECT_SECONDS = 2

_READ = "SELECT block, stage, percent, generation FROM dapr_bridge_blockswitch"


def is_allowed(block: str) -> bool:
    """Whether the settings let the block be switched on at all: its own ceiling, and the one of the sidecar."""
    return bool(getattr(settings, CEILINGS["sidecar"], False) and getattr(settings, CEILINGS[block], False))


@dataclass(frozen=True)
class Switch:
    """One row: what an operator asked for."""

    stage: str = OFF
    percent: int = 100
    generation: int = 0

    def __str__(self) -> str:
        users = "" if self.percent == 100 or self.stage == OFF else f" {self.percent} %"
        return f"{self.stage}{users}"


@dataclass(frozen=True)
class Snapshot:
    """All switches at one moment."""

    rows: Mapping[str, Switch] = field(default_factory=dict)

    def row(self, block: str) -> Switch:
        """What was asked for, whether or not the settings allow it."""
        return self.rows.get(block, _NEVER_MOVED)

    def stage(self, block: str) -> str:
        """What is to be done: "off", "shadow" or "on"."""
        if not is_allowed(block) or self.row("sidecar").stage != ON:
            return OFF
        return self.row(block).stage

    def is_on(self, block: str) -> bool:
        """Whether the block is to be used."""
        return self.stage(block) == ON


_NEVER_MOVED = Switch()
_ALL_OFF = Snapshot()


class _Reader:
    """Reads the rows on a connection of its own: one of the pool's would be missing for a request, or not to be had under load."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection[Any] | None = None

    def read(self) -> Snapshot:
        if self._connection is None or self._connection.closed:
            parameters: dict[str, Any] = {**connections[database()].get_connection_params(), "connect_timeout": CONNECT_SECONDS}
            parameters.pop("cursor_factory", None)
            parameters.pop("context", None)
            self._connection = psycopg.connect(**parameters, autocommit=True)
        rows = self._connection.execute(_READ).fetchall()
        return Snapshot({block: Switch(stage, percent, generation) for block, stage, percent, generation in rows})

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _prepare(snapshot: Snapshot) -> None:
    """Do now, in the background, what the first request that needs it could not wait for."""
    if any(snapshot.stage(block) != OFF for block in ("pubsub", "state")):
        import_module("dapr_bridge.stubs")
    import_module("dapr_bridge.exporter").follow(on=snapshot.is_on("observability"))


class _Known:
    """The last snapshot that was read, and the thread that replaces it."""

    def __init__(self) -> None:
        self.snapshot = _ALL_OFF
        self.pinned: Snapshot | None = None
        self._failing = False
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)
        self.thread = Periodic("dapr-switches", REFRESH_SECONDS, self.follow, at_end=lambda: self._reader.close())

    def _begin_anew(self) -> None:
        self._reader = _Reader()  # a fork's parent keeps its connection, and psycopg does not close it from the child
        self._lock = threading.Lock()

    def follow(self) -> None:
        """Refresh, and write down what this process goes by from now on."""
        before = self.snapshot
        self.refresh()
        if self.snapshot != before:
            logger.info("switches.in_force", **{block: self.snapshot.stage(block) for block in BLOCKS})

    def refresh(self) -> None:
        try:
            with self._lock:
                snapshot = self._reader.read()
                _prepare(snapshot)
                self.snapshot = snapshot
        except (psycopg.Error, DatabaseError) as error:
            self._reader.close()
            if not self._failing:
                logger.warning("switches.unreadable", error=type(error).__name__, remedy="the last known switches stay in force")
            self._failing = True
        else:
            self._failing = False


_known = _Known()


def current() -> Snapshot:
    """The switches as of at most half a second ago; all off until they were read for the first time. Never asks the database.

    When it cannot be read, what was last known stays. Requests use `scope.current().switches`, which stays the same throughout.
    """
    if not getattr(settings, CEILINGS["sidecar"], False):
        return _ALL_OFF
    if _known.pinned is not None:
        return _known.pinned
    _known.thread.start()
    return _known.snapshot


def refresh() -> Snapshot:
    """Read the rows now, for whoever has just moved one; what could not be read stays as it was."""
    _known.refresh()
    return _known.snapshot


def prepare() -> None:
    """Read the rows before the first request, import what they need, and go on reading in the background.

    For the hook of a server whose process is about to serve. Does nothing where `DAPR_ENABLED` is not set.
    """
    if getattr(settings, CEILINGS["sidecar"], False):
        refresh()
        current()


def pin(snapshot: Snapshot | None) -> None:
    """Let `current` answer this, whatever the rows say, until it is called with None. For tests."""
    _known.pinned = snapshot


def stop() -> None:
    """End the thread and its connection, and forget what was read. For tests, whose databases come and go."""
    _known.thread.stop()
    _known._reader.close()
    _known.snapshot = _ALL_OFF
