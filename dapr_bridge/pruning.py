"""Deletes what is over: ended outbox rows and their receipts, together, in small batches."""

from django.db import connections

from dapr_bridge.conf import conf
from dapr_bridge.models import database

BATCH = 1000

# A row and its receipts go in one statement: a receipt that outlives its row is litter, a row that outlives its receipts
# would look undone.
_PRUNE = """
WITH old AS (
    SELECT position, id FROM dapr_bridge_outbox
     WHERE NOT (delivered_at IS NULL AND discarded_at IS NULL)
       AND COALESCE(delivered_at, discarded_at) < statement_timestamp() - make_interval(secs => %(keep)s)
     ORDER BY COALESCE(delivered_at, discarded_at)
     LIMIT %(batch)s
       FOR UPDATE SKIP LOCKED
), receipts AS (
    DELETE FROM dapr_bridge_receipt r USING old WHERE r.event_id = old.id
)
DELETE FROM dapr_bridge_outbox o USING old WHERE o.position = old.position
"""


def prune(*, keep_seconds: float | None = None, batch: int = BATCH) -> int:
    """Delete the rows that were delivered or discarded longer ago than `keep_seconds` (`KEEP_SECONDS` when None), each batch in
    a transaction of its own; returns how many outbox rows went."""
    keep = conf.KEEP_SECONDS if keep_seconds is None else keep_seconds
    total: int = 0
    with connections[database()].cursor() as cursor:
        while True:
            cursor.execute(_PRUNE, {"keep": keep, "batch": batch})
            total += cursor.rowcount
            if cursor.rowcount < batch:
                return total
