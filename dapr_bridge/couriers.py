"""The ways an event can travel from the relay to its consumers: in process, or through the sidecar and the broker."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Protocol

import structlog

from dapr_bridge import canary, sidecar, switches, tally, trace, tracing
from dapr_bridge.conf import conf
from dapr_bridge.consumers import Outcome, dispatch
from dapr_bridge.flights import Flights
from dapr_bridge.leases import Lease
from dapr_bridge.probe import watched
from dapr_bridge.sidecar import SidecarError

logger = structlog.get_logger(__name__)

SOURCE = "dapr_bridge"


class Courier(Protocol):
    def send_together(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """Send all at once what goes so; the others are returned, to be carried one by one."""

    def carry(self, lease: Lease) -> Outcome:
        """Bring a leased event to its consumers.

        DELIVERED lets the relay go on along the subject, SENT lets it look for the receipt. Anything else leaves the event to
        the end of its lease.
        """


class InProcessCourier:
    """Runs the consumers right here."""

    def send_together(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        return leases

    def carry(self, lease: Lease) -> Outcome:
        return dispatch(lease.id)


class DaprCourier:
    """Publishes, and runs the consumers here when that cannot be done or has not helped.

    A broker that refuses costs an event PUBLISH_SECONDS at most, one that loses it costs a lease.
    """

    def __init__(self, flights: Flights) -> None:
        self._flights = flights

    def send_together(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """Publish in one request what has room in the air, while nothing speaks against the way."""
        events = {str(lease.id): envelope(lease) for lease in islice(filter(_goes_in_company, leases), self._flights.room)}
        events = {id: event for id, event in events.items() if len(event) <= conf.EVENT_MAX_BYTES}
        if not events or self._flights.in_doubt or (way := watched("pubsub")).is_open:
            return leases
        try:
            refused = way.call(lambda: sidecar.publish_together(conf.PUBSUB, conf.TOPIC, events, conf.PUBLISH_SECONDS))
        except SidecarError as error:
            logger.warning("events.publish_failed", events=len(events), error=str(error))
            refused = set(events)
        staying: list[Lease] = []
        for lease in leases:
            id = str(lease.id)
            if id in events and id not in refused:
                tally.count("events_published")
                self._flights.add(lease)
            else:
                staying.append(replace(lease, refused=id in refused))
        return staying

    def carry(self, lease: Lease) -> Outcome:
        if lease.attempt == 1 and not lease.refused and self._flights.admits() and self.send(lease):
            return Outcome.SENT
        tally.count("events_direct")
        return dispatch(lease.id)

    def send(self, lease: Lease) -> bool:
        """Publish the event and await its receipt; False when the sidecar refused, or is not worth asking."""
        way = watched("pubsub")
        if way.is_open and not way.admits_trial():
            return False
        told = {**tracing.of_event(lease.id, lease.type), "messaging.destination.name": lease.topic}
        try:
            with trace.resumed(lease.traceparent, lease.tracestate), tracing.span(f"send {lease.topic}", "producer", told):
                cloud_event = envelope(lease)
                if len(cloud_event) > conf.EVENT_MAX_BYTES:
                    return False
                way.call(lambda: sidecar.publish(conf.PUBSUB, lease.topic, cloud_event, conf.PUBLISH_SECONDS))
        except SidecarError as error:
            logger.warning("events.publish_failed", event_id=str(lease.id), error=str(error))
            return False
        tally.count("events_published")
        self._flights.add(lease)
        return True


class SwitchedCourier:
    """Asks the switches about every event: through Dapr while `pubsub` is on, in process otherwise; canaries only through Dapr."""

    def __init__(self, flights: Flights) -> None:
        self._in_process, self._dapr = InProcessCourier(), DaprCourier(flights)

    def send_together(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        return self._dapr.send_together(leases) if switches.current().is_on("pubsub") else leases

    def carry(self, lease: Lease) -> Outcome:
        if lease.type == canary.TYPE:
            return self._carry_canary(lease)
        courier: Courier = self._dapr if switches.current().is_on("pubsub") else self._in_process
        return courier.carry(lease)

    def _carry_canary(self, lease: Lease) -> Outcome:
        if lease.attempt > canary.MOST_ATTEMPTS:
            canary.withdraw(lease.id)
        elif switches.is_allowed("pubsub") and self._dapr.send(lease):
            return Outcome.SENT
        return Outcome.LEFT


def _goes_in_company(lease: Lease) -> bool:
    """Not what is traced: the sidecar has one trace for all of a request."""
    is_usual = lease.topic == conf.TOPIC and lease.type != canary.TYPE
    return is_usual and lease.attempt == 1 and not tracing.follows(lease.traceparent)


def envelope(lease: Lease) -> bytes:
    """The CloudEvent of an outbox row, without its data.

    Whoever is woken by it reads the row, so data would never be used; and this way nothing personal lies in the broker, no
    event is too large for it, and a forger has nothing to alter.
    """
    fields = {"specversion": "1.0", "id": str(lease.id), "source": SOURCE, "type": lease.type, "subject": lease.subject}
    traceparent, tracestate = trace.current() if trace.ids()[0] else (lease.traceparent, lease.tracestate)
    if traceparent:
        fields["traceparent"] = traceparent
    if tracestate:
        fields["tracestate"] = tracestate
    return json.dumps(fields).encode()
