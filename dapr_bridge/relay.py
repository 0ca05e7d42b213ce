"""The relay: claims heads, sends together what goes so, and leaves each other subject to one of a few threads until its backlog ends."""

import queue
import threading
import time
from collections.abc import Sequence

import structlog
from django.db import Error, connections

from dapr_bridge import leases, tracing
from dapr_bridge.conf import conf
from dapr_bridge.consumers import Outcome
from dapr_bridge.couriers import Courier
from dapr_bridge.flights import Flights
from dapr_bridge.leases import Lease
from dapr_bridge.models import database

logger = structlog.get_logger(__name__)

GATHER_SECONDS = 0.1  # between claims while there is work: they gather some subjects instead of one each
HURRY_SECONDS = 0.01  # the same while there is more to claim
LANDING_SECONDS = 0.03  # between two looks for receipts that something waits for
OUTAGE_PAUSE_SECONDS = 0.5
ROOM_POLL_SECONDS = 0.1  # how soon a thread that waits for room in the air notices that the relay stops
TURN_SECONDS = 0.2  # how long a subject may keep a thread while other subjects wait for one


def carry(lease: Lease, courier: Courier) -> Lease | None:
    """Carry one leased event; the lease of the next event of its subject when it was delivered and there is one."""
    if not lease.is_fresh and not leases.renew(lease):
        return None
    told = {**tracing.of_event(lease.id, lease.type), "dapr_bridge.attempt": lease.attempt}
    with tracing.entry(f"carry {lease.type}", "internal", told, traceparent=lease.traceparent, tracestate=lease.tracestate):
        outcome = courier.carry(lease)
    if outcome is not Outcome.DELIVERED or not lease.followed:
        return None
    return next(iter(leases.advance([lease])), None)


class Relay:
    """A running relay. `run` blocks until `stop` is called from another thread or a signal handler."""

    def __init__(self, courier: Courier, flights: Flights | None = None) -> None:
        self._courier = courier
        self._flights = Flights() if flights is None else flights
        self._flew_at = self._settled_at = float("-inf")
        self.stopping = threading.Event()
        self._waiting: queue.Queue[Lease | None] = queue.Queue()

    def stop(self) -> None:
        """Claim no more; the events in hand are finished."""
        self.stopping.set()

    def run(self, *, patience: float) -> bool:
        """Relay until stopped. Then wait up to `patience` seconds for the events in hand; False if one was not finished.

        An outage of the database is waited out. Leases that were not used are given back.
        """
        threads = [threading.Thread(target=self._carry_on, name=f"relay-{n}", daemon=True) for n in range(conf.RELAY_THREADS)]
        for thread in threads:
            thread.start()
        after = ""
        while not self.stopping.is_set():
            try:
                after, pause = self._look(after)
            except Error as error:
                logger.warning("relay.database_unavailable", error=type(error).__name__)
                connections[database()].close()
                pause = OUTAGE_PAUSE_SECONDS
            self.stopping.wait(pause)
        for _ in threads:
            self._waiting.put(None)
        deadline = time.monotonic() + patience
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._release_waiting()
        return not any(thread.is_alive() for thread in threads)

    def _look(self, after: str) -> tuple[str, float]:
        """Look for receipts, send what there is room for, and fill the queue before the threads have emptied it; where the next
        claim goes on, and when."""
        following = self._settled()
        self._pass_on(following)
        if following or self._flights:
            self._flew_at = time.monotonic()
        if self._waiting.qsize() >= conf.RELAY_THREADS:
            return after, HURRY_SECONDS
        if not (room := self._flights.room):
            return after, LANDING_SECONDS
        claimed = leases.claim(limit=min(conf.RELAY_BATCH, room), after=after)
        self._pass_on(claimed.leases)
        if self._flights.are_awaited:
            return claimed.after, LANDING_SECONDS
        if claimed.after:
            return claimed.after, HURRY_SECONDS
        has_landed = time.monotonic() - self._flew_at > conf.RELAY_IDLE_SECONDS  # between two flights of a subject none is in the air
        is_idle = has_landed and not (claimed.leases or after)
        return claimed.after, conf.RELAY_IDLE_SECONDS if is_idle else GATHER_SECONDS

    def _pass_on(self, fresh: Sequence[Lease]) -> None:
        """Send what goes together from here, and leave the rest to the threads; all of it, whatever goes wrong."""
        try:
            left = self._courier.send_together(fresh)
        except Exception as error:
            logger.warning("relay.not_sent_together", events=len(fresh), error=type(error).__name__, exc_info=True)
            left = fresh
        for lease in left:
            self._waiting.put(lease)

    def _settled(self) -> list[Lease]:
        """The leases of the events that follow delivered ones; it is asked less often while nothing waits for that."""
        now = time.monotonic()
        if now < self._settled_at + (LANDING_SECONDS if self._flights.are_awaited else GATHER_SECONDS):
            return []
        self._settled_at = now
        return self._flights.settle()

    def _carry_on(self) -> None:
        """A thread's life: carry subject after subject until the relay stops."""
        while not self.stopping.is_set() and (lease := self._waiting.get()) is not None:
            turn_ends = time.monotonic() + TURN_SECONDS
            following: Lease | None = lease
            while not self._flights.wait_for_room(ROOM_POLL_SECONDS) and not self.stopping.is_set():
                pass
            while following is not None and not self.stopping.is_set():
                following = self._carry_safely(following)
                if time.monotonic() > turn_ends and not self._waiting.empty():
                    break
            if following is not None:
                self._waiting.put(following)
        connections[database()].close()

    def _carry_safely(self, lease: Lease) -> Lease | None:
        """As `carry`; whatever goes wrong costs this event a lease, never the thread."""
        try:
            return carry(lease, self._courier)
        except Exception as error:
            connections[database()].close()
            logger.warning("relay.carry_failed", event_id=str(lease.id), error=type(error).__name__, exc_info=not isinstance(error, Error))
            return None

    def _release_waiting(self) -> None:
        held: list[Lease] = []
        while not self._waiting.empty():
            if (lease := self._waiting.get()) is not None:
                held.append(lease)
        try:
            leases.release(held)
        except Error as error:
            logger.warning("relay.leases_not_released", leases=len(held), error=type(error).__name__)
