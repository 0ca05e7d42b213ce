"""`dispatch`: once per consumer, heads only, failures recorded, circumstances not."""

import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings
from structlog.testing import capture_logs

from dapr_bridge.consumers import Outcome, dispatch
from dapr_bridge.models import OutboxEvent, Receipt
from tests.dapr_bridge.conftest import effects, enqueue, eventually
from tests.dapr_bridge.project.shop.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)


def bridge(**changes: Any) -> override_settings:
    return override_settings(DAPR_BRIDGE={**settings.DAPR_BRIDGE, **changes})


def receipts(event_id: uuid.UUID) -> list[str]:
    return sorted(Receipt.objects.filter(event_id=event_id).values_list("consumer", flat=True))


def test_each_due_consumer_takes_effect_with_its_receipt_and_the_row_ends() -> None:
    event_id = enqueue(number=7)
    assert dispatch(event_id) is Outcome.DELIVERED
    assert receipts(event_id) == ["audit", "ledger"]
    assert effects("ledger") == effects("audit") == [7]
    assert OutboxEvent.objects.get().state == "delivered"


def test_an_event_that_arrives_again_has_no_effect() -> None:
    event_id = enqueue(number=7)
    outcomes = [dispatch(event_id), dispatch(event_id)]
    assert outcomes == [Outcome.DELIVERED, Outcome.LEFT]
    assert effects("ledger") == effects("audit") == [7]


def test_an_event_that_arrives_many_times_at_once_has_one_effect() -> None:
    event_id = enqueue(number=7, sleep=0.05)
    barrier = threading.Barrier(6)
    outcomes: list[Outcome] = []

    def arrive() -> None:
        connection.ensure_connection()
        barrier.wait()
        outcomes.append(dispatch(event_id))
        connection.close()

    threads = [threading.Thread(target=arrive) for _ in range(6)]
    with capture_logs() as logs:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert logs == []
    assert Outcome.DELIVERED in outcomes
    assert set(outcomes) <= {Outcome.DELIVERED, Outcome.LEFT}
    assert effects("ledger") == effects("audit") == [7]
    assert OutboxEvent.objects.get().failures == 0


def test_an_unknown_id_has_no_effect() -> None:
    assert dispatch(uuid.uuid4()) is Outcome.LEFT


def test_only_the_head_of_a_subject_is_dispatched() -> None:
    first, second = enqueue(number=1), enqueue(number=2)
    other = enqueue("order/0", number=3)
    assert dispatch(second) is Outcome.LEFT
    assert dispatch(other) is Outcome.DELIVERED
    assert [dispatch(first), dispatch(second)] == [Outcome.DELIVERED, Outcome.DELIVERED]
    assert effects("ledger") == [1, 2]


def test_an_event_that_nobody_is_due_for_ends_at_once() -> None:
    with bridge(CONSUMERS={}):
        event_id = enqueue()
        assert dispatch(event_id) is Outcome.DELIVERED


def test_a_failing_consumer_leaves_no_trace_and_does_not_keep_the_others_from_theirs() -> None:
    event_id = enqueue(number=1, fails="ledger")
    assert dispatch(event_id) is Outcome.FAILED
    assert receipts(event_id) == ["audit"]
    assert (effects("ledger"), effects("audit")) == ([], [1])
    event = OutboxEvent.objects.get()
    assert (event.failures, event.last_error, event.state) == (1, "ledger: ValueError: out of stock", "pending")


def test_a_constraint_that_fails_at_commit_is_recorded_as_a_failure() -> None:
    event_id = enqueue(number=1, dangling="audit")
    assert dispatch(event_id) is Outcome.FAILED
    assert receipts(event_id) == ["ledger"]
    event = OutboxEvent.objects.get()
    assert event.failures == 1
    assert event.delivered_at is None
    assert event.last_error.startswith("audit: IntegrityError")


def test_an_event_is_parked_after_enough_failures_and_then_left_alone() -> None:
    event_id = enqueue(number=1, fails="ledger")
    following = enqueue(number=2)
    outcomes = [dispatch(event_id) for _ in range(4)]
    assert outcomes == [Outcome.FAILED] * 3 + [Outcome.LEFT]
    assert OutboxEvent.objects.get(id=event_id).state == "parked"
    assert dispatch(following) is Outcome.LEFT


def test_a_young_event_is_not_parked_however_often_it_fails() -> None:
    event_id = enqueue(number=1, fails="ledger")
    with bridge(PARK_MIN_AGE_SECONDS=3600.0):
        for _ in range(6):
            dispatch(event_id)
    assert (OutboxEvent.objects.get().failures, OutboxEvent.objects.get().state) == (6, "pending")


def test_a_connection_killed_in_a_handler_is_no_failure(tmp_path: Path) -> None:
    event_id = enqueue(number=1, disconnects="audit", mark=str(tmp_path / "mark"))
    assert dispatch(event_id) is Outcome.LEFT
    assert (effects("ledger"), effects("audit")) == ([1], [])
    assert dispatch(event_id) is Outcome.DELIVERED
    assert (effects("ledger"), effects("audit")) == ([1], [1])
    assert OutboxEvent.objects.get().failures == 0


def test_a_deadlock_is_repeated_at_once_even_when_the_handler_wraps_it(tmp_path: Path) -> None:
    event_id = enqueue(number=1, conflicts="ledger", mark=str(tmp_path / "mark"))
    assert dispatch(event_id) is Outcome.DELIVERED
    assert effects("ledger") == [1]
    assert OutboxEvent.objects.get().failures == 0


def test_a_process_without_a_due_consumer_leaves_the_row_undone_and_counts_no_failure() -> None:
    event_id = enqueue(number=1)
    with bridge(CONSUMERS={"ledger": settings.DAPR_BRIDGE["CONSUMERS"]["ledger"]}):
        assert [dispatch(event_id), dispatch(event_id)] == [Outcome.LEFT, Outcome.LEFT]
        assert receipts(event_id) == ["ledger"]
    assert (OutboxEvent.objects.get().failures, OutboxEvent.objects.get().state) == (0, "pending")
    assert dispatch(event_id) is Outcome.DELIVERED
    assert effects("ledger") == effects("audit") == [1]


def test_a_handler_receives_the_event_as_plain_values() -> None:
    event_id = enqueue("order/9", says="ledger", number=4)
    OutboxEvent.objects.update(attempts=5)
    dispatch(event_id)
    assert OutboxEvent.objects.get().last_error == "ledger: RuntimeError: attempt 5"
    assert Entry.objects.get(consumer="audit").event_id == event_id


def test_dispatch_inside_a_transaction_is_refused() -> None:
    event_id = enqueue()
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        dispatch(event_id)


def test_a_receipt_that_comes_in_while_waiting_for_the_row_is_seen() -> None:
    event_id = enqueue(number=1)
    outcomes: list[Outcome] = []

    def arrive() -> None:
        outcomes.append(dispatch(event_id))
        connection.close()

    late = threading.Thread(target=arrive)
    with capture_logs() as logs:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT FROM dapr_bridge_outbox WHERE id = %s FOR NO KEY UPDATE", [event_id])
            late.start()
            eventually(_somebody_waits_for_a_lock)
            Receipt.objects.create(event_id=event_id, consumer="ledger")
        late.join()
    assert (outcomes, logs) == ([Outcome.DELIVERED], [])
    assert (effects("ledger"), effects("audit")) == ([], [1])


def _somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees the same activity for as long as it lasts
        cursor.execute("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')")
        return bool(cursor.fetchone()[0])
