"""The ways an event can travel from the relay to its consumers."""

from typing import Protocol
from uuid import UUID

from dapr_bridge.consumers import Outcome, dispatch


class Courier(Protocol):
    def carry(self, event_id: UUID, *, attempt: int) -> Outcome:
        """Bring a leased event to its consumers; `attempt` is 1 for its first lease.

        DELIVERED lets the relay go on along the subject. Anything else leaves the event to the end of its lease.
        """


class InProcessCourier:
    """Runs the consumers right here."""

    def carry(self, event_id: UUID, *, attempt: int) -> Outcome:
        return dispatch(event_id)
