"""Runs the relay and the chores until TERM or INT."""

import signal
from types import FrameType
from typing import Any

import structlog
from django.core.management.base import BaseCommand

from dapr_bridge import reports
from dapr_bridge.chores import Chores
from dapr_bridge.couriers import SwitchedCourier
from dapr_bridge.flights import Flights
from dapr_bridge.relay import Relay

logger = structlog.get_logger(__name__)

PATIENCE_SECONDS = 15.0  # for the events in hand; an orchestrator's grace period must be longer


class Command(BaseCommand):
    help = "Carry outbox events to their consumers, and run the chores. Stop it with TERM: the events in hand are finished first."

    def handle(self, *args: Any, **options: Any) -> None:
        flights = Flights()
        relay = Relay(SwitchedCourier(flights), flights)
        chores = Chores(relay.stopping)

        def stop(signum: int, frame: FrameType | None) -> None:
            relay.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        logger.info("relay.started")
        chores.thread.start()
        reports.start(relays=True)
        finished = relay.run(patience=PATIENCE_SECONDS)
        chores.thread.join(PATIENCE_SECONDS)
        # What is cut off here rolls back, and the event or chore comes again: that is no error.
        logger.info("relay.stopped", events_finished=finished, chores_finished=not chores.thread.is_alive())
