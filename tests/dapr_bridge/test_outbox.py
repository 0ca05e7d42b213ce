"""`enqueue`: in the caller's transaction, with the consumers of that moment."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from dapr_bridge import outbox
from dapr_bridge.models import OutboxEvent
from tests.dapr_bridge.conftest import enqueue


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused_with_the_remedy() -> None:
    with pytest.raises(outbox.OutsideTransaction, match="Wrap the change and the call in one atomic block"):
        outbox.enqueue(type="order.placed.v1", subject="order/1", data={})
    assert not OutboxEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_rollback_takes_the_event_along() -> None:
    with transaction.atomic():
        outbox.enqueue(type="order.placed.v1", subject="order/1", data={})
        transaction.set_rollback(True)
    assert not OutboxEvent.objects.exists()


@pytest.mark.django_db
def test_an_event_costs_its_writer_one_statement() -> None:
    with CaptureQueriesContext(connection) as queries:
        outbox.enqueue(type="order.placed.v1", subject="order/1", data={"number": 1})
    assert [query["sql"].split()[0] for query in queries] == ["INSERT"]


@pytest.mark.django_db
def test_an_event_is_stored_with_a_time_ordered_id_and_its_consumers() -> None:
    enqueue(number=1, buyer=uuid.UUID(int=5))
    event = OutboxEvent.objects.get()
    assert (event.topic, event.type, event.subject) == ("events", "order.placed.v1", "order/1")
    assert event.data == {"number": 1, "buyer": str(uuid.UUID(int=5))}
    assert event.id.version == 7
    assert event.due == ["ledger", "audit"]
    assert (event.state, event.attempts, event.failures) == ("pending", 0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("type", "names"),
    [("order.placed.v1", ["all", "orders", "left-out"]), ("parcel.sent.v1", ["all", "sent", "left-out"]), ("Order.x", ["all", "left-out"])],
)
def test_consumers_are_chosen_by_patterns_of_types(type: str, names: list[str]) -> None:
    handler = "tests.dapr_bridge.project.shop.handlers.book"
    consumers = {
        "all": {"handler": handler, "types": ["*"]},
        "orders": {"handler": handler, "types": ["order.*"]},
        "sent": {"handler": handler, "types": ["nothing", "*.sent.v1"]},
        "left-out": {"handler": handler},
    }
    with override_settings(DAPR_BRIDGE={"CONSUMERS": consumers}):
        assert outbox.consumers_of(type) == names


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"type": ""}, {"subject": ""}])
def test_an_event_without_a_name_or_a_subject_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="needs a type and a subject"):
        outbox.enqueue(**{"type": "a", "subject": "b", "data": {}} | wrong)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_row_cannot_end_twice() -> None:
    enqueue()
    with pytest.raises(IntegrityError, match="one_end"), transaction.atomic():
        OutboxEvent.objects.update(delivered_at="2026-01-01T00:00Z", discarded_at="2026-01-01T00:00Z")
