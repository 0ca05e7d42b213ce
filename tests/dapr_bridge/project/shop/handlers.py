"""The shop's consumers. An event's data may ask one of them to misbehave at a named point."""

import os
import signal
import time
from pathlib import Path

from django.db import OperationalError, connection, transaction

from dapr_bridge.consumers import Event
from tests.dapr_bridge.project.shop.models import Entry


def book(event: Event) -> None:
    """React to every event."""
    _record("ledger", event)


def audit(event: Event) -> None:
    """React to the events of orders."""
    _record("audit", event)


def stocktake() -> None:
    """A chore: one entry per run, with the process that ran it as its number."""
    Entry.objects.create(consumer="stocktake", event_id="00000000-0000-0000-0000-000000000000", subject="stock", number=os.getpid())


def broken_chore() -> None:
    """A chore that always fails."""
    raise RuntimeError("no stock")


not_callable = "just text"


def _record(consumer: str, event: Event) -> None:
    order_id = -1 if event.data.get("dangling") == consumer else None
    Entry.objects.create(consumer=consumer, event_id=event.id, subject=event.subject, number=event.data.get("number", 0), order_id=order_id)
    if "sleep" in event.data:
        time.sleep(event.data["sleep"])
    if event.data.get("fails") == consumer:
        raise ValueError("out of stock")
    if event.data.get("says") == consumer:
        raise RuntimeError(f"attempt {event.attempt}")
    if event.data.get("kills") == consumer and _is_first_time(event):
        os.kill(os.getpid(), signal.SIGKILL)
    if event.data.get("disconnects") == consumer and _is_first_time(event):
        _terminate_own_backend()
    if event.data.get("conflicts") == consumer and _is_first_time(event):
        _raise_sqlstate("40P01")


def _is_first_time(event: Event) -> bool:
    """Whether the named point is reached for the first time; the file outlives the process and the transaction."""
    mark = Path(event.data["mark"])
    if mark.exists():
        return False
    mark.touch()
    return True


def _terminate_own_backend() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def _raise_sqlstate(state: str) -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{state}'; END $$")
    except OperationalError as error:
        raise LookupError("the shop wraps what its database says") from error
