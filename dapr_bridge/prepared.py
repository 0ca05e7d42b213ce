"""Statements that are sent for every event: PostgreSQL parses and plans them once per connection, and anew every few seconds."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import connections
from django.db.backends.utils import CursorWrapper

from dapr_bridge.models import database

# A plan that was made while the outbox was small reads it from end to end. PostgreSQL would keep it until the statistics are made
# anew, which is a minute after a backlog began to grow.
KEEP_PLANS_SECONDS = 5.0

_planned_at: WeakKeyDictionary[psycopg.Connection[Any], float] = WeakKeyDictionary()


@contextmanager
def executed(sql: str, parameters: Mapping[str, Any]) -> Iterator[CursorWrapper]:
    """The cursor with the statement's result. Cast placeholders whose type the server could not tell.

    By psycopg's own cursor: Django's puts the values into the text, so that every statement would be a new one to the server. Django's
    wrapper is around it, so that it is counted, traced, and its errors are translated like any other. With `prepare_threshold` 1 in
    the OPTIONS of DATABASES it is prepared at its second use on a connection, without it never.
    """
    connection = connections[database()]
    connection.ensure_connection()
    with connection.wrap_database_errors:
        _forget_old_plans(connection.connection)
    wrapped = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    preparing: Any = psycopg.Cursor(connection.connection)
    with wrapped(preparing) as cursor:
        cursor.execute(sql, parameters)
        yield cursor


def _forget_old_plans(connection: psycopg.Connection[Any]) -> None:
    now = time.monotonic()
    if now - _planned_at.setdefault(connection, now) >= KEEP_PLANS_SECONDS and connection.prepare_threshold is not None:
        connection.execute("DISCARD PLANS")
        _planned_at[connection] = now
