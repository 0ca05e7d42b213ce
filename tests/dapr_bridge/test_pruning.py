"""Pruning: old ended rows and their receipts go together, open rows never."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dapr_bridge import pruning
from dapr_bridge.consumers import dispatch
from dapr_bridge.models import OutboxEvent, Receipt
from dapr_bridge.pruning import prune
from tests.dapr_bridge.conftest import enqueue

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_ended_more_than_seven_days_ago_goes_and_everything_else_stays() -> None:
    old = timezone.now() - timedelta(days=7, minutes=1)
    young = timezone.now() - timedelta(days=6, hours=23)
    ids = {name: enqueue(name) for name in ("delivered", "discarded", "young", "pending", "parked")}
    for name in ("delivered", "young"):
        dispatch(ids[name])
    OutboxEvent.objects.update(created_at=old)
    OutboxEvent.objects.filter(subject="delivered").update(delivered_at=old)
    OutboxEvent.objects.filter(subject="young").update(delivered_at=young)
    OutboxEvent.objects.filter(subject="discarded").update(discarded_at=old)
    OutboxEvent.objects.filter(subject="parked").update(parked_at=old)
    assert prune() == 2
    assert set(OutboxEvent.objects.values_list("subject", flat=True)) == {"young", "pending", "parked"}
    assert set(Receipt.objects.values_list("event_id", flat=True)) == {ids["young"]}


def test_rows_go_in_batches_with_a_transaction_each() -> None:
    for number in range(5):
        dispatch(enqueue(f"order/{number}"))
    with CaptureQueriesContext(connection) as queries:
        assert prune(keep_seconds=0, batch=2) == 5
    assert len(queries) == 3
    assert not Receipt.objects.exists()


def test_the_command_prunes_by_days() -> None:
    dispatch(enqueue())
    out = StringIO()
    call_command("prune_events", stdout=out)
    call_command("prune_events", days=0, stdout=out)
    assert out.getvalue().splitlines() == ["0 events pruned.", "1 events pruned."]
    with pytest.raises(CommandError, match="0 or more"):
        call_command("prune_events", days=-1)


def test_pruning_finds_old_rows_by_their_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dapr_bridge_outbox (id, topic, type, subject, data, traceparent, tracestate, due, delivered_at)"
            " SELECT gen_random_uuid(), 'events', 't', 'order/1', '{}', '', '', '{ledger}', now() FROM generate_series(1, 20000)"
        )
        cursor.execute("ANALYZE dapr_bridge_outbox")
        cursor.execute(f"EXPLAIN {pruning._PRUNE}", {"keep": 3600, "batch": 1000})
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "dapr_bridge_outbox_ended" in plan
