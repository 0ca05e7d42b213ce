"""The background thread of the relay: calls what `CHORES` names at its interval, in one relay at a time."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.module_loading import import_string

from dapr_bridge.conf import conf
from dapr_bridge.models import database

logger = structlog.get_logger(__name__)

BUILT_IN = {"dapr_bridge.pruning.prune": 600.0, "dapr_bridge.reports.forget_ended": 600.0}

# A session lock held for life, not for one run: otherwise two relays would take turns and run every chore twice as often.
# It answers true again to the session that holds it, and PostgreSQL gives it up when that session ends, however it ends.
_ELECT = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"


@dataclass
class Chore:
    path: str
    interval: float
    due: float  # on this process's monotonic clock


class Chores:
    """Runs the chores one after another until `stopping` is set; a chore in hand is finished."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._chores = [Chore(path, interval, time.monotonic()) for path, interval in {**BUILT_IN, **conf.CHORES}.items()]
        self.thread = threading.Thread(target=self._run, name="chores", daemon=True)

    def _run(self) -> None:
        # The lock has a connection of its own: a chore may close the thread's usual one, and the lock would go with it.
        lock = connections.create_connection(database())
        while not self._stopping.is_set():
            chore = min(self._chores, key=lambda chore: chore.due)
            if self._stopping.wait(max(0.0, chore.due - time.monotonic())):
                break
            self._do(chore, lock)
            chore.due = time.monotonic() + chore.interval
        lock.close()
        connections[database()].close()

    def _do(self, chore: Chore, lock: BaseDatabaseWrapper) -> None:
        """Run the chore if this relay is the one that does; nothing that happens inside ends the thread."""
        if not _is_ours(chore, lock):
            return
        try:
            function: Callable[[], object] = import_string(chore.path)
            function()
        except Exception as error:
            logger.warning("chore.failed", chore=chore.path, error=type(error).__name__, exc_info=not isinstance(error, Error))
            connections[database()].close()


def _is_ours(chore: Chore, lock: BaseDatabaseWrapper) -> bool:
    try:
        with lock.cursor() as cursor:
            cursor.execute(_ELECT, [f"dapr_bridge.chores:{chore.path}"])
            return bool(cursor.fetchone()[0])
    except Error as error:
        logger.warning("chores.database_unavailable", chore=chore.path, error=type(error).__name__)
        lock.close()
        return False
