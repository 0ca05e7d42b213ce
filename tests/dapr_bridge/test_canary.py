"""The canary: an event with a consumer of its own, which ends by its receipt or is withdrawn."""

import pytest
from django.db import transaction

from dapr_bridge import canary, consumers, leases
from dapr_bridge.consumers import Outcome
from dapr_bridge.models import OutboxEvent
from tests.dapr_bridge.conftest import enqueue

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_canary_is_for_its_own_consumer_alone_and_arrives_with_its_receipt() -> None:
    id = canary.send()
    assert OutboxEvent.objects.get().due == [canary.CONSUMER]
    assert not canary.arrived(id)
    assert consumers.dispatch(id) is Outcome.DELIVERED
    assert canary.arrived(id)
    assert not canary.withdraw(id)


def test_a_withdrawn_canary_is_tried_no_more_and_never_arrives() -> None:
    id = canary.send()
    assert canary.withdraw(id)
    assert consumers.dispatch(id) is Outcome.LEFT
    assert list(leases.claim(limit=9).leases) == []
    assert not canary.arrived(id)
    assert not canary.withdraw(id)


def test_only_a_canary_can_be_withdrawn() -> None:
    id = enqueue()
    assert not canary.withdraw(id)
    assert OutboxEvent.objects.open().filter(id=id).exists()


def test_nobody_sends_a_canary_inside_a_transaction_and_then_waits_for_it() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        canary.send()
