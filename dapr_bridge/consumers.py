"""The way out: `dispatch` runs the reactions to one event, each with its receipt in one transaction.

It is the only place where handlers run, whichever way an event came, and it trusts nobody: the row is read again under its
lock, and only a head that is neither parked nor finished is dispatched.
"""

import enum
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import Error, connections, transaction
from django.utils.module_loading import import_string

from dapr_bridge import metrics, trace, tracing
from dapr_bridge.conf import ConsumerConf, conf
from dapr_bridge.faults import is_conflict, is_lost_connection
from dapr_bridge.models import database
from dapr_bridge.prepared import executed

logger = structlog.get_logger(__name__)

CONFLICT_RETRIES = 3  # deadlocks and serialization failures repeated at once; after that the next lease tries again
ERROR_CHARACTERS = 2000
BUILT_IN: Mapping[str, ConsumerConf] = {"dapr_bridge.canary": {"handler": "dapr_bridge.canary.arrive"}}

# One statement does what each reaction needs beside its effect: lock the row, check that it is an unparked, unfinished head,
# choose the first consumer still without receipt that this process has, insert the receipt, and end the row if no other
# receipt is missing. It runs before the effect and commits with it. An earlier row of the subject cannot appear after the
# snapshot, because positions rise in commit order there; so waiting for the lock cannot make the check too lenient. A receipt
# that came in while waiting is not in the snapshot either; then nothing is inserted and the next round sees it.
# How open rows are written about, and why: see `leases`.
_TAKE = """
WITH event AS MATERIALIZED (
    SELECT o.*, ARRAY(SELECT r.consumer FROM dapr_bridge_receipt r WHERE r.event_id = o.id) AS confirmed
      FROM dapr_bridge_outbox o
     WHERE o.id = %(id)s AND COALESCE(o.delivered_at, o.discarded_at, o.parked_at) IS NULL
       AND o.position = (SELECT head.position FROM dapr_bridge_outbox head
                          WHERE head.delivered_at IS NULL AND head.discarded_at IS NULL AND head.subject >= o.subject
                          ORDER BY head.subject, head.position LIMIT 1)
       FOR NO KEY UPDATE
), need AS MATERIALIZED (
    SELECT id, position, ARRAY(SELECT name FROM unnest(due) AS name WHERE name <> ALL (confirmed)) AS outstanding FROM event
), receipt AS (
    INSERT INTO dapr_bridge_receipt (event_id, consumer)
    SELECT need.id, name FROM need, unnest(need.outstanding) WITH ORDINALITY AS due (name, rank)
     WHERE name = ANY(%(able)s::text[]) ORDER BY rank LIMIT 1
    ON CONFLICT DO NOTHING
    RETURNING consumer
), finished AS (
    UPDATE dapr_bridge_outbox o SET delivered_at = statement_timestamp()
      FROM need WHERE o.position = need.position AND need.outstanding <@ ARRAY(SELECT consumer FROM receipt)
    RETURNING o.position
)
SELECT event.id, event.position, event.type, event.subject, event.data, event.created_at, event.attempts,
       event.traceparent, event.tracestate,
       (SELECT outstanding FROM need), (SELECT consumer FROM receipt), EXISTS (SELECT FROM finished)
  FROM event
"""

_RECORD_FAILURE = """
UPDATE dapr_bridge_outbox o
   SET failures = o.failures + 1, last_error = %(error)s,
       parked_at = CASE WHEN o.failures + 1 >= %(limit)s AND o.created_at <= statement_timestamp() - make_interval(secs => %(age)s)
                        THEN statement_timestamp() END
 WHERE o.id = %(id)s AND COALESCE(o.delivered_at, o.discarded_at, o.parked_at) IS NULL
RETURNING o.failures, o.parked_at IS NOT NULL
"""


@dataclass(frozen=True)
class Event:
    """What a handler receives. `attempt` counts the times the event was carried, from 1; `data` is the handler's own copy."""

    id: UUID
    position: int
    type: str
    subject: str
    data: dict[str, Any]
    created_at: datetime
    attempt: int


class Outcome(enum.Enum):
    """What became of an event that was carried."""

    SENT = "sent"  # not dispatched but published: `couriers`
    DELIVERED = "delivered"  # every due consumer has its receipt, and the row has ended
    FAILED = "failed"  # at least one handler raised; recorded, and retried or parked
    LEFT = "left"  # nothing counted against it: not a head, ended, parked, a consumer missing here, the database gone


@dataclass(frozen=True)
class _Taken:
    """One row of `_TAKE`."""

    event: Event
    trace: tuple[str, str]
    outstanding: list[str]  # due consumers that had no receipt in the statement's snapshot
    consumer: str | None  # whose receipt was inserted
    finished: bool


def dispatch(event_id: UUID) -> Outcome:
    """Let each due consumer that has no receipt yet react to the event; never raises for what a handler or the database does.

    Each consumer has its own transaction: lock and check, receipt, effect, commit. One that fails does not keep the others from
    theirs. The last one also ends the row. Call it outside any transaction, with any id, as often as you like.
    """
    able = list(known())
    unfinished, conflicts = Outcome.LEFT, 0
    while True:
        reaction = _Reaction(event_id)
        try:
            taken = reaction.run(able)
        except Exception as error:
            if is_conflict(error) and conflicts < CONFLICT_RETRIES:
                conflicts += 1
                continue
            if not reaction.is_to_blame_for(error):
                return unfinished
            _record_failure(event_id, reaction.consumer, error)
            unfinished = Outcome.FAILED
            able.remove(reaction.consumer)
        else:
            if taken is None:
                return unfinished
            if taken.consumer:
                metrics.count(metrics.RECEIPTS, taken.consumer)
            if taken.finished:
                return Outcome.DELIVERED
            if not set(taken.outstanding).intersection(able):
                _report_missing(taken)
                return unfinished


class _Reaction:
    """One consumer's transaction, which knows afterwards whose it was: errors are caught around it, because a deferred
    foreign key fails at COMMIT."""

    def __init__(self, event_id: UUID) -> None:
        self._event_id = event_id
        self.consumer = ""

    def run(self, able: list[str]) -> _Taken | None:
        """Commit the next consumer's receipt and effect, or nothing; None when the event may not be dispatched."""
        with transaction.atomic(using=database(), durable=True):
            taken = _take(self._event_id, able)
            if taken is not None and taken.consumer:
                self.consumer = taken.consumer
                with trace.resumed(*taken.trace), tracing.span(f"process {taken.consumer}", "consumer", _told(taken)):
                    handler_of(taken.consumer)(taken.event)
            return taken

    def is_to_blame_for(self, error: Exception) -> bool:
        """Whether the handler raised. What the database did to the transaction is logged and left to the next lease."""
        lost = is_lost_connection(error)
        if lost:
            connections[database()].close()
        if self.consumer and not lost and not is_conflict(error):
            return True
        if not self.consumer and not isinstance(error, Error):
            raise error
        logger.warning("dispatch.interrupted", event_id=str(self._event_id), consumer=self.consumer, error=type(error).__name__)
        return False


def known() -> Mapping[str, ConsumerConf]:
    """The consumers of this process by name: those of the setting, and the bridge's own."""
    return {**conf.CONSUMERS, **BUILT_IN}


def handler_of(consumer: str) -> Callable[[Event], object]:
    """The callable behind a consumer's name."""
    handler: Callable[[Event], object] = import_string(known()[consumer]["handler"])
    return handler


def _take(event_id: UUID, able: list[str]) -> _Taken | None:
    with executed(_TAKE, {"id": event_id, "able": able}) as cursor:
        row = cursor.fetchone()
    if row is None:
        return None
    id, position, type, subject, data, created_at, attempts, traceparent, tracestate, *rest = row
    event = Event(id, position, type, subject, json.loads(data), created_at, max(attempts, 1))
    return _Taken(event, (traceparent, tracestate), *rest)


def _told(taken: _Taken) -> tracing.Attributes:
    return {**tracing.of_event(taken.event.id, taken.event.type), "messaging.consumer.group.name": taken.consumer or ""}


def _record_failure(event_id: UUID, consumer: str, error: Exception) -> None:
    """Count a handler's exception, and park the event after enough of them."""
    text = f"{consumer}: {type(error).__name__}: {error}".replace("\0", "")[:ERROR_CHARACTERS]
    parameters: dict[str, Any] = {"id": event_id, "error": text, "limit": conf.PARK_AFTER_FAILURES, "age": conf.PARK_MIN_AGE_SECONDS}
    try:
        with connections[database()].cursor() as cursor:
            cursor.execute(_RECORD_FAILURE, parameters)
            row = cursor.fetchone()
    except Error as lost:
        connections[database()].close()
        logger.warning("dispatch.failure_not_recorded", event_id=str(event_id), consumer=consumer, error=type(lost).__name__)
        return
    if row is not None:
        failures, parked = row
        log = logger.error if parked else logger.warning
        event = "dispatch.parked" if parked else "dispatch.failed"
        log(event, event_id=str(event_id), consumer=consumer, error=type(error).__name__, failures=failures)


def _report_missing(taken: _Taken) -> None:
    missing = [name for name in taken.outstanding if name not in known()]
    if missing:
        logger.warning("dispatch.consumer_missing", event_id=str(taken.event.id), missing=missing)
