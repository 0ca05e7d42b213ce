"""What each process tells the others about itself, every two seconds: its sidecar, its breakers, and the switches it goes by.

Only a process itself can see its sidecar, which listens on the loopback address; so the doctor reads what all of them wrote.
"""

import json
import os
import socket
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import Error, connections
from django.db.models import QuerySet
from django.db.models.functions import Now

from dapr_bridge import probe, sidecar, switches, tally
from dapr_bridge.breaker import breaker
from dapr_bridge.conf import conf
from dapr_bridge.models import ProcessReport, database
from dapr_bridge.periodic import Periodic
from dapr_bridge.sidecar import SidecarError
from dapr_bridge.switches import BLOCKS, Snapshot

logger = structlog.get_logger(__name__)

EVERY_SECONDS = 2.0
LOOK_SECONDS = 0.2  # how soon a moved switch is reported
RENEWAL_SECONDS = 5.0  # an interval, and what it takes to look at a sidecar of which nothing answers
FRESH = timedelta(seconds=8)  # a process that has not reported for so long has ended, or cannot reach the database
KEPT = timedelta(hours=1)

_TEST_TTL = 10  # seconds that a value of the self-test lives, should it not be deleted
_WRITE = """
INSERT INTO dapr_bridge_processreport (id, role, host, pid, seen_at, report) VALUES (%s, %s, %s, %s, statement_timestamp(), %s::jsonb)
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, report = excluded.report
"""


RELAY, EVENTS, REQUESTS = "relay", "events", "requests"  # what a process is there for: EVENTS serves the event route


def start(*, relays: bool = False) -> None:
    """Let this process report until it ends; does nothing where `DAPR_ENABLED` is not set, and next to nothing the second time."""
    if getattr(settings, "DAPR_ENABLED", False):
        if relays:
            _reporter.work = RELAY
        _reporter.thread.start()


def stop() -> None:
    """End the thread, and forget what it saw. For tests."""
    _reporter.thread.stop()
    _reporter._begin_anew()


def recent() -> QuerySet[ProcessReport]:
    """The reports of the processes that run now."""
    return ProcessReport.objects.using(database()).filter(seen_at__gt=Now() - FRESH).order_by("role", "host", "pid")


def renewed() -> list[ProcessReport]:
    """The recent reports, once every process has looked at its sidecar anew; as it was of those that did not in time."""
    before = {process.id: process.report["looks"] for process in recent()}
    deadline = time.monotonic() + RENEWAL_SECONDS
    while True:
        now = list(recent())
        if all(process.report["looks"] != before.get(process.id) for process in now) or time.monotonic() > deadline:
            return now
        time.sleep(0.1)


def forget_ended() -> int:
    """Delete what processes that ended long ago reported; a chore."""
    deleted, _ = ProcessReport.objects.using(database()).filter(seen_at__lt=Now() - KEPT).delete()
    return deleted


class _Reporter:
    """Knows what this process reported last, to report again when it is old or the switches have moved."""

    def __init__(self) -> None:
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)
        self.thread = Periodic("dapr-report", LOOK_SECONDS, self.report_if_due, at_end=lambda: connections[database()].close())

    def _begin_anew(self) -> None:
        self._id = uuid4()
        self.work = ""
        self._looks = 0
        self._reported: dict[str, str] = {}
        self._due = 0.0
        self._sidecar: dict[str, Any] = {}

    def report_if_due(self) -> None:
        stages = stages_of(switches.current())
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + EVERY_SECONDS
            self._sidecar = look_at_sidecar()
            self._looks += 1
        elif stages == self._reported:
            return
        self._reported = stages
        work = self.work or (EVENTS if conf.SUBSCRIBES else REQUESTS)
        report = {"work": work, "sidecar": self._sidecar, "looks": self._looks, "stages": stages}
        breakers = {name: breaker(name).is_open for name in probe.in_use()}
        self._write({**report, "breakers": breakers, "counts": tally.counts()})

    def _write(self, report: dict[str, Any]) -> None:
        try:
            with connections[database()].cursor() as cursor:
                cursor.execute(_WRITE, [self._id, conf.ROLE, socket.gethostname(), os.getpid(), json.dumps(report)])
        except Error as error:
            logger.info("report.not_written", error=type(error).__name__)
        finally:
            connections[database()].close()  # back into the pool, which is there for requests


_reporter = _Reporter()


def stages_of(snapshot: Snapshot) -> dict[str, str]:
    """The stage in force of every block, as reports have it."""
    return {block: snapshot.stage(block) for block in BLOCKS}


def look_at_sidecar() -> dict[str, Any]:
    """What this process's sidecar is like now: `problem` is empty when it can be used; `store` says how its state store did."""
    try:
        said = sidecar.metadata()
    except SidecarError as error:
        return {"problem": str(error)}
    problem = "" if sidecar.is_healthy() else "it has not loaded its components yet, or one of them failed"
    found: dict[str, Any] = {"problem": problem, "app_id": said.app_id, "version": said.version}
    found["app_unreachable"] = not sidecar.is_healthy("/v1.0/healthz")  # which waits for the app's port, too
    found |= {"components": dict(said.components), "subscriptions": [list(pair) for pair in said.subscriptions]}
    if conf.STATE_STORE in said.components and switches.current().is_on("sidecar"):
        found["store"] = test_store()
    return found


def test_store() -> str:
    """Write a value into the state store, read it back and delete it; what went wrong, empty when nothing did."""
    key, value = f"self-test-{uuid4()}", b'"ok"'
    try:
        sidecar.save_states(conf.STATE_STORE, {key: value}, _TEST_TTL, 1.0)
        read = sidecar.get_state(conf.STATE_STORE, key, 1.0).data
        sidecar.delete_states(conf.STATE_STORE, [key], 1.0)
    except SidecarError as error:
        return str(error)
    return "" if read == value else "what was written did not come back"
