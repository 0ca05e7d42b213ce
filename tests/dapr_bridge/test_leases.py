"""Leases: heads only, exclusive, fenced, and as cheap behind a great backlog as without one."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings

from dapr_bridge import consumers, leases
from dapr_bridge.models import OutboxEvent
from tests.dapr_bridge.conftest import enqueue

pytestmark = pytest.mark.django_db(transaction=True)


def claim_ids(**options: Any) -> list[Any]:
    return [lease.id for lease in leases.claim(**{"limit": 100} | options).leases]


def test_a_claim_takes_the_head_of_each_subject_and_nothing_behind_it() -> None:
    first, _, other = enqueue("a"), enqueue("a"), enqueue("b")
    assert claim_ids() == [first, other]
    assert claim_ids() == []


def test_a_claimed_event_is_free_again_when_its_lease_ends() -> None:
    event_id = enqueue()
    assert claim_ids() == [event_id]
    time.sleep(settings.DAPR_BRIDGE["LEASE_SECONDS"] + 0.05)
    assert claim_ids() == [event_id]


def test_leases_double_up_to_the_longest() -> None:
    enqueue()
    lengths = []
    for _ in range(4):
        leases.claim(limit=1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM next_attempt_at - statement_timestamp())::float FROM dapr_bridge_outbox")
            lengths.append(cursor.fetchone()[0])
        OutboxEvent.objects.update(next_attempt_at="2026-01-01T00:00Z")
    assert lengths == pytest.approx([0.4, 0.8, 1.6, 1.6], abs=0.1)


def test_a_parked_head_holds_its_subject_and_no_other() -> None:
    parked, _, other = enqueue("a"), enqueue("a"), enqueue("b")
    OutboxEvent.objects.filter(id=parked).update(parked_at="2026-01-01T00:00Z")
    assert claim_ids() == [other]


def test_an_event_that_waits_for_consumers_of_other_processes_only_is_left_to_them() -> None:
    event_id = enqueue()
    ledger = {"ledger": settings.DAPR_BRIDGE["CONSUMERS"]["ledger"]}
    with override_settings(DAPR_BRIDGE={"CONSUMERS": ledger, "LEASE_SECONDS": 0.001, "LEASE_MAX_SECONDS": 0.001}):
        assert claim_ids() == [event_id]
        consumers.dispatch(event_id)
        assert claim_ids() == []
    time.sleep(0.01)
    assert claim_ids() == [event_id]


def test_a_row_locked_by_someone_else_is_passed_over() -> None:
    busy, free = enqueue("a"), enqueue("b")
    other = connection.copy()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT FROM dapr_bridge_outbox WHERE id = %s FOR NO KEY UPDATE", [busy])
            with other.cursor() as elsewhere:
                elsewhere.execute(
                    leases._CLAIM, {"limit": 9, "after": "", "visits": 9, "lease": 1.0, "longest": 1.0, "able": ["ledger", "audit"]}
                )
                assert [row[2] for row in elsewhere.fetchall()] == [free]
    finally:
        other.close()


def test_a_lease_that_passed_to_another_relay_cannot_be_renewed() -> None:
    enqueue()
    [lost] = leases.claim(limit=1).leases
    OutboxEvent.objects.update(next_attempt_at="2026-01-01T00:00Z")
    [held] = leases.claim(limit=1).leases
    assert (leases.renew(lost), leases.renew(held)) == (False, True)


def test_a_released_lease_is_free_at_once_unless_it_has_passed_on() -> None:
    event_id = enqueue()
    [lost] = leases.claim(limit=1).leases
    OutboxEvent.objects.update(next_attempt_at="2026-01-01T00:00Z")
    [held] = leases.claim(limit=1).leases
    leases.release([lost])
    assert claim_ids() == []
    leases.release([held])
    assert claim_ids() == [event_id]


def test_advance_leases_the_next_event_of_the_subject_only() -> None:
    first, second, _ = enqueue("a"), enqueue("a"), enqueue("b")
    lease = leases.claim(limit=1).leases[0]
    assert (lease.id, lease.followed) == (first, True)
    consumers.dispatch(first)
    [following] = leases.advance([lease])
    assert (following.id, following.followed) == (second, False)
    assert leases.advance([following]) == []


def test_claims_go_round_so_that_late_subjects_get_their_turn() -> None:
    for name in "abc":
        enqueue(name)
    first = leases.claim(limit=2)
    assert [lease.subject for lease in first.leases] == ["a", "b"]
    OutboxEvent.objects.update(next_attempt_at="2026-01-01T00:00Z")
    second = leases.claim(limit=2, after=first.after)
    assert [lease.subject for lease in second.leases] == ["c"]
    assert second.after == ""


def test_a_claim_looks_at_a_bounded_number_of_heads_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "VISITS_PER_CLAIM", 3)
    for name in "abcde":
        enqueue(name)
    OutboxEvent.objects.exclude(subject="e").update(next_attempt_at="2099-01-01T00:00Z")
    first = leases.claim(limit=9)
    assert (list(first.leases), first.after) == ([], "c")
    assert [lease.subject for lease in leases.claim(limit=9, after=first.after).leases] == ["e"]


def fill(subjects: int, each: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dapr_bridge_outbox (id, topic, type, subject, data, traceparent, tracestate, due)"
            " SELECT gen_random_uuid(), 'events', 't', 'order/' || s, '{}', '', '', '{ledger}'"
            " FROM generate_series(1, %s) s, generate_series(1, %s)",
            [subjects, each],
        )


def pages(sql: str, **parameters: Any) -> int:
    """How many pages of tables and indexes a statement touches: its cost, without the noise of a clock."""
    durations = {"lease": 2.0, "longest": 8.0}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", durations | parameters)
        plan = cursor.fetchone()[0][0]["Plan"]
        transaction.set_rollback(True)
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


@pytest.fixture
def frozen_statistics() -> Iterator[None]:
    """PostgreSQL knows of the outbox what the test lets it know, and no more."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE dapr_bridge_outbox SET (autovacuum_enabled = false)")
        yield
        cursor.execute("ALTER TABLE dapr_bridge_outbox RESET (autovacuum_enabled)")


def deliver_all() -> None:
    OutboxEvent.objects.update(delivered_at="2026-01-01T00:00Z")


def assert_each_step_is_cheap(*, subjects: int) -> None:
    head = OutboxEvent.objects.open().order_by("position")[0]
    assert pages(leases._CLAIM, limit=100, after="", visits=1000, able=["ledger"]) <= 40 * min(subjects, 100) + 40
    assert pages(leases._ADVANCE, subjects=[head.subject], positions=[head.position]) <= 40
    assert pages(consumers._TAKE, id=head.id, able=["ledger"]) <= 40


@pytest.mark.usefixtures("frozen_statistics")
@pytest.mark.parametrize("statistics", ["fresh", "of a drained queue"])
@pytest.mark.parametrize(("subjects", "each"), [(1, 100_000), (100_000, 1)], ids=["one subject", "many subjects"])
def test_a_backlog_of_100000_events_does_not_make_a_step_dearer(subjects: int, each: int, statistics: str) -> None:
    """Also when PostgreSQL believes that no row is open: that is what it saw whenever it looked at a healthy queue."""
    with connection.cursor() as cursor:
        fill(2_000, 1)
        deliver_all()
        cursor.execute("VACUUM ANALYZE dapr_bridge_outbox")
        fill(subjects, each)
        if statistics == "fresh":
            cursor.execute("ANALYZE dapr_bridge_outbox")
    assert_each_step_is_cheap(subjects=subjects)


@pytest.mark.usefixtures("frozen_statistics")
@pytest.mark.parametrize("statistics", ["fresh", "of a backlog"])
def test_delivered_history_does_not_make_a_step_dearer(statistics: str) -> None:
    """Also when PostgreSQL believes that every row is open, so that the first one it meets must be one."""
    fill(1, 50_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE dapr_bridge_outbox")
        deliver_all()
        fill(1, 1_000)
        cursor.execute("VACUUM dapr_bridge_outbox")
        if statistics == "fresh":
            cursor.execute("ANALYZE dapr_bridge_outbox")
    assert_each_step_is_cheap(subjects=1)
