"""An event that only shows that events arrive. It travels through Dapr alone, whatever the switches say and never in process,
so its receipt proves the whole way: relay, sidecar, broker, sidecar, event route, PostgreSQL.
"""

from uuid import UUID, uuid4

from django.db import transaction
from django.db.models.functions import Now

from dapr_bridge import outbox
from dapr_bridge.consumers import Event
from dapr_bridge.models import OutboxEvent, database

TYPE = "dapr_bridge.canary.v1"
CONSUMER = "dapr_bridge.canary"  # known to every process: `consumers.BUILT_IN`
MOST_ATTEMPTS = 6  # leases: half a minute. Then the relay withdraws what its sender has forgotten


def send() -> UUID:
    """Commit a canary; its id. A relay publishes it within a poll, and again at the end of each lease until it arrives.

    Raises `RuntimeError` inside a transaction: nobody would see it before that ended.
    """
    with transaction.atomic(using=database(), durable=True):
        return outbox.write(type=TYPE, subject=f"dapr_bridge/canary/{uuid4()}", data={}, due=[CONSUMER])


def arrived(id: UUID) -> bool:
    """Whether the canary's receipt is committed."""
    return OutboxEvent.objects.delivered().filter(id=id).exists()


def withdraw(id: UUID) -> bool:
    """Discard a canary that did not come in time, so that nothing tries it again; False when it had arrived after all, or ended."""
    return OutboxEvent.objects.open().filter(id=id, type=TYPE).update(discarded_at=Now()) == 1


def arrive(event: Event) -> None:
    """The consumer: its receipt is all that is wanted."""
