"""Statements that PostgreSQL parses and plans once per connection, because they are sent all the time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.utils import CursorWrapper


@contextmanager
def executed(sql: str, *params: Any) -> Iterator[CursorWrapper]:
    """The cursor with the statement's result.

    By psycopg's own cursor: Django's puts the values into the text, so that every statement would be a new one to the server. Django's
    wrapper is around it, so that it is counted, logged and its errors are translated like any other.
    """
    connection = connections[DEFAULT_DB_ALIAS]  # once, for each look through Django's proxy is a detour
    connection.ensure_connection()
    wrapped = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    preparing: Any = psycopg.Cursor(connection.connection)
    with wrapped(preparing) as cursor:
        cursor.execute(sql, params)
        yield cursor


def execute(sql: str, *params: Any) -> None:
    """As `executed`, for a statement without a result."""
    with executed(sql, *params):
        pass
