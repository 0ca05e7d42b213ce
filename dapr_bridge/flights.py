"""Events that were published and whose receipts are awaited: how many there may be, and whether such events arrive at all.

Nobody tells the relay that an event arrived: the broker has forgotten it by then, and the receipt is a row that another process
commits. So the rows of all events in flight are looked at together, every few milliseconds.
"""

import threading
import time
from collections.abc import Sequence

import structlog

from dapr_bridge import leases
from dapr_bridge.conf import conf
from dapr_bridge.leases import Fate, Lease

logger = structlog.get_logger(__name__)

FIRST_DOUBT_SECONDS = 1.0  # from a loss to the first trial: whatever took events along may be over by then
DOUBT_SECONDS = 5.0  # and from a trial that was lost, too, to the next


class Flights:
    """The events that one relay has in flight, for all its threads."""

    def __init__(self) -> None:
        self._sent: dict[int, Lease] = {}
        self._changed = threading.Condition()
        self._in_doubt = False
        self._doubted_at = self._next_trial = 0.0

    def __len__(self) -> int:
        return len(self._sent)

    @property
    def are_awaited(self) -> bool:
        """Whether something waits for one of them to arrive: an event of the same subject, or any, since there is no room."""
        return not self.room or any(lease.followed for lease in list(self._sent.values()))

    @property
    def room(self) -> int:
        """How many more there may be now."""
        return max(0, conf.IN_FLIGHT - len(self._sent))

    @property
    def in_doubt(self) -> bool:
        """Whether events were lost, and none has arrived since."""
        return self._in_doubt

    def add(self, lease: Lease) -> None:
        """One more was published."""
        with self._changed:
            self._sent[lease.position] = lease

    def wait_for_room(self, seconds: float) -> bool:
        """Whether fewer than IN_FLIGHT are in the air, now or within so many seconds: more would only wait in the broker, and
        their leases would end there."""
        with self._changed:
            return self._changed.wait_for(lambda: self.room > 0, seconds)

    def admits(self) -> bool:
        """Whether to publish. After a loss everything goes directly, save one event now and then that tries the way."""
        with self._changed:
            if not self._in_doubt:
                return True
            if time.monotonic() < self._next_trial:
                return False
            self._next_trial = time.monotonic() + DOUBT_SECONDS
            return True

    def settle(self) -> list[Lease]:
        """Look for receipts; the leases of the events that follow the delivered ones in their subjects."""
        sent = list(self._sent.values())
        if not sent:
            return []
        fates = leases.settle(sent)
        on_their_way = {lease.position for lease, fate in fates if fate is Fate.ON_ITS_WAY}
        with self._changed:
            for lease in sent:
                if lease.position not in on_their_way:
                    del self._sent[lease.position]
            self._learn(fates)
            self._changed.notify_all()
        followed = [lease for lease, fate in fates if fate is Fate.ARRIVED and lease.followed]
        return leases.advance(followed) if followed else []

    def _learn(self, fates: Sequence[tuple[Lease, Fate]]) -> None:
        now = time.monotonic()
        lost = [lease for lease, fate in fates if fate is Fate.LOST]
        if lost and not self._in_doubt:
            logger.warning("events.lost", events=len(lost), remedy="carried in process; ask manage.py dapr_doctor why")
            self._in_doubt, self._doubted_at, self._next_trial = True, now, now + FIRST_DOUBT_SECONDS
        elif any(lease.taken_at > self._doubted_at for lease in lost):
            self._next_trial = now + DOUBT_SECONDS
        elif not lost and self._in_doubt and any(fate is Fate.ARRIVED for _, fate in fates):
            self._in_doubt = False
            logger.info("events.arrive_again")
