"""The way in: `enqueue` writes an event into the transaction of whoever caused it."""

import json
from fnmatch import fnmatchcase
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections, transaction
from uuid_utils.compat import uuid7

from dapr_bridge import trace, tracing
from dapr_bridge.conf import conf
from dapr_bridge.models import database

# Written by hand: it belongs to every write of the product, and building it with the ORM costs more than the database does.
_INSERT = """
INSERT INTO dapr_bridge_outbox (id, topic, type, subject, data, due, traceparent, tracestate)
VALUES (%s, %s, %s, %s, %s::jsonb, %s, %s, %s)
"""


class OutsideTransaction(RuntimeError):
    """enqueue() was called outside transaction.atomic(): the event could survive a change that failed, or be lost with
    one that did not. Wrap the change and the call in one atomic block."""

    def __init__(self) -> None:
        super().__init__(" ".join((self.__doc__ or "").split()))


def enqueue(*, type: str, subject: str, data: dict[str, Any]) -> None:
    """Add one event to the outbox: it becomes visible to the relay with the caller's commit, and vanishes with a rollback.

    `type` names the fact (`todo.completed.v1`), `subject` what it happened to (`todo/<uuid>`): events of one subject reach
    each consumer in the order in which they were committed, given that writers of a subject lock it first. `data` is a JSON
    object; dates, times and UUIDs in it become strings. Its consumers are those that `CONSUMERS` names now.

    Raises `OutsideTransaction` outside an atomic block and `ValueError` for an empty type or subject.
    """
    if not type or not subject:
        raise ValueError("An event needs a type and a subject: pass both as non-empty strings.")
    write(type=type, subject=subject, data=data, due=consumers_of(type))


def write(*, type: str, subject: str, data: dict[str, Any], due: list[str]) -> UUID:
    """As `enqueue`, for the consumers `due` and no others; the id of the event."""
    alias, id = database(), uuid7()
    if not transaction.get_connection(alias).in_atomic_block:
        raise OutsideTransaction
    with tracing.span(f"create {type}", "producer", tracing.of_event(id, type)), connections[alias].cursor() as cursor:
        cursor.execute(_INSERT, [id, conf.TOPIC, type, subject, json.dumps(data, cls=DjangoJSONEncoder), due, *trace.current()])
    return id


def consumers_of(type: str) -> list[str]:
    """Names of the consumers whose patterns match the event type, in the order of the setting."""
    return [
        name for name, consumer in conf.CONSUMERS.items() if any(fnmatchcase(type, pattern) for pattern in consumer.get("types", ["*"]))
    ]
