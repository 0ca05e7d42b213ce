"""Statements that are planned once: counted and translated like any other, and planned anew before their plans are old."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from dapr_bridge import prepared
from dapr_bridge.models import OutboxEvent
from tests.dapr_bridge.conftest import enqueue

pytestmark = pytest.mark.django_db(transaction=True)

FIND = "SELECT position FROM dapr_bridge_outbox WHERE id = %(id)s::uuid"


@pytest.fixture(autouse=True)
def _prepares() -> Iterator[None]:
    """As `prepare_threshold` in DATABASES."""
    connection.close()
    connection.ensure_connection()
    connection.connection.prepare_threshold = 1
    yield
    connection.close()


def found(id: Any) -> list[tuple[int]]:
    with prepared.executed(FIND, {"id": str(id)}) as cursor:
        rows: list[tuple[int]] = cursor.fetchall()
        return rows


def names() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE statement LIKE 'SELECT position%'")
        return [name for (name,) in cursor.fetchall()]


def plan() -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN EXECUTE {names()[0]}('{uuid4()}')")
        return " ".join(line for (line,) in cursor.fetchall())


def test_a_statement_is_prepared_at_its_second_use_and_counted_each_time() -> None:
    id = enqueue(number=1)
    position = OutboxEvent.objects.get().position
    with CaptureQueriesContext(connection) as queries:
        for _ in range(3):
            assert found(id) == [(position,)]
    assert (len(queries), len(names())) == (3, 1)


def test_nothing_is_prepared_where_the_setting_does_not_say_so() -> None:
    connection.connection.prepare_threshold = None
    for _ in range(3):
        found(uuid4())
    assert names() == []


def test_an_error_is_one_of_djangos() -> None:
    with pytest.raises(DataError):
        found("no uuid")


def test_a_plan_made_while_the_table_was_small_does_not_serve_a_large_one(monkeypatch: pytest.MonkeyPatch) -> None:
    enqueue(number=1)
    with connection.cursor() as cursor, psycopg.connect(connection.connection.info.dsn, autocommit=True, password="") as other:
        other.execute("VACUUM ANALYZE dapr_bridge_outbox")  # a table that was never vacuumed is taken for a larger one
        for _ in range(10):
            found(uuid4())
        assert "Seq Scan" in plan()
        cursor.execute(
            "INSERT INTO dapr_bridge_outbox (id, topic, type, subject, data, due, traceparent, tracestate)"
            " SELECT gen_random_uuid(), 'events', 'order.placed.v1', 'order/' || n, '{}', '{}', '', '' FROM generate_series(1, 5000) n"
        )
    monkeypatch.setattr(prepared, "KEEP_PLANS_SECONDS", 0.0)
    found(uuid4())
    assert "Index" in plan()
