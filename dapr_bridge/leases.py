"""Which events a relay may carry, and until when: claim heads, renew, look for receipts, advance along subjects, release.

All times are the database's, so clocks that disagree cannot hand one event to two relays. A lease only spares double work;
that an event is a head and takes effect once is checked again by `consumers.dispatch`, under the row's lock.
"""

import enum
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connections

from dapr_bridge import consumers
from dapr_bridge.conf import conf
from dapr_bridge.models import database
from dapr_bridge.prepared import executed

VISITS_PER_CLAIM = 1000  # heads one claim looks at; bounds it when very many subjects wait for a retry

_LEASE = "statement_timestamp() + make_interval(secs => least(%(longest)s, %(lease)s * power(2, least(o.attempts, 20))))"
_RENEWED = "statement_timestamp() + make_interval(secs => least(%(longest)s, %(lease)s * power(2, least(o.attempts - 1, 20))))"

# PostgreSQL's statistics about a queue are wrong most of the time, so no statement may depend on them to find its plan.
# The partial index of open rows is wanted for finding heads and for nothing else. It is used only where a condition says
# `delivered_at IS NULL AND discarded_at IS NULL`; COALESCE says the same of a row found by its key without offering it. And a
# head is looked for with `>` or `>=` in the order (subject, position): `=` would make the primary key a candidate for that
# order too, and it walks through delivered rows.
_MAY_BE_CARRIED = "COALESCE(o.delivered_at, o.discarded_at, o.parked_at) IS NULL AND o.next_attempt_at <= statement_timestamp()"

# Whether another event of the subject was waiting behind the leased one: if not, nothing is asked after its delivery.
_FOLLOWED = """COALESCE((SELECT f.subject FROM dapr_bridge_outbox f
          WHERE f.delivered_at IS NULL AND f.discarded_at IS NULL AND (f.subject, f.position) > (o.subject, o.position)
          ORDER BY f.subject, f.position LIMIT 1) = o.subject, false)"""

_LEASED = f"o.id, o.position, o.subject, o.attempts, {_FOLLOWED} AS followed, o.topic, o.type, o.traceparent, o.tracestate"

# Whether this process has a consumer that the event still waits for, or the event waits for none: otherwise a process of the
# release before would keep the event of a new consumer from the process that has it, lease after lease.
_HAS_WORK_HERE = """(n.due <@ %(able)s::varchar[] OR EXISTS (
                      SELECT FROM unnest(n.due) AS name
                       WHERE name = ANY(%(able)s::varchar[])
                         AND NOT EXISTS (SELECT FROM dapr_bridge_receipt r WHERE r.event_id = n.id AND r.consumer = name)))"""

# A loose index scan: one probe of the partial index per subject, however many rows the subject has. The recursion counts
# what it found and stops by itself. The conditions are repeated on the locked rows because the scan's snapshot may be older
# than the lock (READ COMMITTED evaluates them again on the newest version of the row).
_CLAIM = f"""
WITH RECURSIVE head (position, subject, due, found, visits) AS (
    SELECT NULL::bigint, %(after)s::text COLLATE "C", false, 0, 0
  UNION ALL
    SELECT o.position, o.subject, o.due, head.found + o.due::int, head.visits + 1
      FROM head, LATERAL (
           SELECT n.position, n.subject,
                  n.parked_at IS NULL AND n.next_attempt_at <= statement_timestamp() AND {_HAS_WORK_HERE} AS due
             FROM dapr_bridge_outbox n
            WHERE n.delivered_at IS NULL AND n.discarded_at IS NULL AND n.subject > head.subject
            ORDER BY n.subject, n.position
            LIMIT 1) o
     WHERE head.found < %(limit)s AND head.visits < %(visits)s
), locked AS (
    SELECT o.position
      FROM dapr_bridge_outbox o
     WHERE o.position = ANY(ARRAY(SELECT position FROM head WHERE due)) AND {_MAY_BE_CARRIED}
       FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE dapr_bridge_outbox o SET next_attempt_at = {_LEASE}, attempts = o.attempts + 1
      FROM locked
     WHERE o.position = locked.position
    RETURNING {_LEASED}
), last AS (
    SELECT subject, found < %(limit)s AND visits < %(visits)s AS exhausted FROM head ORDER BY visits DESC LIMIT 1
)
SELECT last.subject, last.exhausted, claimed.*
  FROM last LEFT JOIN claimed ON true
"""  # noqa: S608 -- only constants of this module

_ADVANCE = f"""
WITH following AS (
    SELECT o.position
      FROM dapr_bridge_outbox o
     WHERE o.position = ANY(ARRAY(
           SELECT n.position
             FROM unnest(%(subjects)s::text[], %(positions)s::bigint[]) AS ended (subject, position), LATERAL (
                  SELECT n.position, n.subject FROM dapr_bridge_outbox n
                   WHERE n.delivered_at IS NULL AND n.discarded_at IS NULL
                     AND (n.subject, n.position) > (ended.subject, ended.position)
                   ORDER BY n.subject, n.position LIMIT 1) n
            WHERE n.subject = ended.subject)) AND {_MAY_BE_CARRIED}
       FOR UPDATE SKIP LOCKED
)
UPDATE dapr_bridge_outbox o SET next_attempt_at = {_LEASE}, attempts = o.attempts + 1
  FROM following
 WHERE o.position = following.position
RETURNING {_LEASED}
"""  # noqa: S608 -- only constants of this module

# A lease that has passed on has another number of attempts.
_SETTLE = """
SELECT o.position,
       CASE WHEN o.attempts <> held.attempts THEN 'lost'
            WHEN o.delivered_at IS NOT NULL THEN 'arrived'
            WHEN COALESCE(o.discarded_at, o.parked_at) IS NOT NULL OR o.failures > 0 THEN 'ended'
            WHEN o.next_attempt_at <= statement_timestamp() THEN 'lost'
            ELSE 'on its way' END
  FROM unnest(%(positions)s::bigint[], %(attempts)s::int[]) AS held (position, attempts)
  JOIN dapr_bridge_outbox o ON o.position = held.position
 WHERE o.position = ANY(%(positions)s::bigint[])
"""

_RENEW = f"""
UPDATE dapr_bridge_outbox o SET next_attempt_at = {_RENEWED}
 WHERE o.position = %(position)s AND o.attempts = %(attempts)s
   AND COALESCE(o.delivered_at, o.discarded_at, o.parked_at) IS NULL
"""  # noqa: S608 -- only constants of this module

_RELEASE = """
UPDATE dapr_bridge_outbox o SET next_attempt_at = statement_timestamp()
  FROM unnest(%(positions)s::bigint[], %(attempts)s::int[]) AS held (position, attempts)
 WHERE o.position = held.position AND o.attempts = held.attempts AND COALESCE(o.delivered_at, o.discarded_at) IS NULL
"""


@dataclass(frozen=True)
class Lease:
    """The right to carry one event. `taken_at` is this process's monotonic clock, read before the database was asked."""

    id: UUID
    position: int
    subject: str
    attempt: int
    followed: bool  # whether later events of the subject were waiting
    topic: str
    type: str
    traceparent: str
    tracestate: str
    taken_at: float
    refused: bool = False  # the sidecar was asked to publish it, and did not

    @property
    def is_fresh(self) -> bool:
        """Whether so little of the lease is gone (a quarter of the shortest) that renewing it would only cost a commit."""
        return time.monotonic() - self.taken_at < conf.LEASE_SECONDS / 4


@dataclass(frozen=True)
class Claimed:
    """What one claim brought: the leases, and where the next claim goes on so that late subjects get their turn too."""

    leases: Sequence[Lease]
    after: str  # the last subject looked at; "" when the scan came to the end, so the next one starts over


def claim(*, limit: int, after: str = "") -> Claimed:
    """Lease up to `limit` heads that are due, one per subject, from the subject behind `after` on."""
    taken_at = time.monotonic()
    rows = _fetch(_CLAIM, limit=limit, after=after, visits=VISITS_PER_CLAIM, able=list(consumers.known()))
    leases = [_lease(row[2:], taken_at) for row in rows if row[2] is not None]
    subject, exhausted = rows[0][:2]
    return Claimed(leases, "" if exhausted else subject)


def advance(delivered: Sequence[Lease]) -> list[Lease]:
    """Lease the events that follow delivered ones in their subjects, where there are any and they are due."""
    taken_at = time.monotonic()
    ended = {"subjects": [lease.subject for lease in delivered], "positions": [lease.position for lease in delivered]}
    return [_lease(row, taken_at) for row in _fetch(_ADVANCE, **ended)]


class Fate(enum.Enum):
    """What has become of an event that was sent."""

    ON_ITS_WAY = "on its way"
    ARRIVED = "arrived"  # delivered, under the lease it was sent with
    ENDED = "ended"  # a consumer failed, or an operator ended it
    LOST = "lost"  # the lease is over, and nobody has reacted


def settle(sent: Sequence[Lease]) -> list[tuple[Lease, Fate]]:
    """What has become of events that were sent; those whose rows are pruned already are left out."""
    by_position = {lease.position: lease for lease in sent}
    with executed(_SETTLE, {"positions": _array(by_position), "attempts": _array(lease.attempt for lease in sent)}) as cursor:
        return [(by_position[position], Fate(fate)) for position, fate in cursor.fetchall()]


def renew(lease: Lease) -> bool:
    """Start the lease anew just before its event is carried; False when it has passed to another relay or the event ended."""
    with executed(_RENEW, _durations() | {"position": lease.position, "attempts": lease.attempt}) as cursor:
        return bool(cursor.rowcount == 1)


def release(leases: Sequence[Lease]) -> None:
    """Give leases back unused, so that another relay need not wait for their end."""
    with connections[database()].cursor() as cursor:
        cursor.execute(_RELEASE, {"positions": [lease.position for lease in leases], "attempts": [lease.attempt for lease in leases]})


def _lease(row: Sequence[Any], taken_at: float) -> Lease:
    """One row of `_LEASED`."""
    id, position, subject, attempt, followed, topic, type, traceparent, tracestate = row
    return Lease(id, position, subject, attempt, followed, topic, type, traceparent, tracestate, taken_at)


def _fetch(sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with executed(sql, _durations() | parameters) as cursor:
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _array(numbers: Iterable[int]) -> str:
    """As PostgreSQL writes it: psycopg looks at each element for its type, which takes longer than the statement does."""
    return f"{{{','.join(map(str, numbers))}}}"


def _durations() -> dict[str, Any]:
    return {"lease": conf.LEASE_SECONDS, "longest": conf.LEASE_MAX_SECONDS}
