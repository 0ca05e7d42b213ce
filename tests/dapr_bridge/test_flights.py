"""Events in flight: what has become of them is read from their rows, and there are only so many."""

import threading
import time

import pytest
from pytest_django import Settings

from dapr_bridge import leases
from dapr_bridge.consumers import dispatch
from dapr_bridge.flights import Flights
from dapr_bridge.leases import Fate, Lease
from dapr_bridge.models import OutboxEvent
from tests.dapr_bridge.conftest import enqueue

pytestmark = pytest.mark.django_db(transaction=True)


def sent(in_flight: Flights, *subjects: str) -> list[Lease]:
    """Claim the heads of these subjects and let them take off."""
    found = [lease for lease in leases.claim(limit=100).leases if lease.subject in subjects]
    for lease in found:
        in_flight.add(lease)
    return found


def test_each_event_in_flight_has_its_own_fate() -> None:
    subjects = ("arrived", "failed", "parked", "lost", "overtaken", "on its way")
    for subject in subjects:
        enqueue(subject, **({"fails": "audit"} if subject == "failed" else {}))
    held = sent(Flights(), *subjects)
    by_subject = {lease.subject: lease for lease in held}
    for subject in ("arrived", "failed"):
        dispatch(by_subject[subject].id)
    OutboxEvent.objects.filter(subject="parked").update(parked_at="2026-01-01T00:00Z")
    OutboxEvent.objects.filter(subject__in=["lost", "overtaken"]).update(next_attempt_at="2026-01-01T00:00Z")
    OutboxEvent.objects.filter(subject="overtaken").update(attempts=2)
    dispatch(by_subject["overtaken"].id)
    assert {lease.subject: fate for lease, fate in leases.settle(held)} == {
        "arrived": Fate.ARRIVED,
        "failed": Fate.ENDED,
        "parked": Fate.ENDED,
        "lost": Fate.LOST,
        "overtaken": Fate.LOST,
        "on its way": Fate.ON_ITS_WAY,
    }


def test_the_next_event_of_a_subject_is_leased_once_the_one_before_is_receipted() -> None:
    in_flight = Flights()
    enqueue("a"), enqueue("b"), enqueue("b")
    second = OutboxEvent.objects.filter(subject="b").last()
    assert second
    held = sent(in_flight, "a", "b")
    assert in_flight.settle() == []
    for lease in held:
        dispatch(lease.id)
    assert [lease.id for lease in in_flight.settle()] == [second.id]
    assert len(in_flight) == 0


def test_it_is_known_whether_anything_waits_behind_what_flies() -> None:
    in_flight = Flights()
    enqueue("a"), enqueue("b"), enqueue("b")
    alone = sent(in_flight, "a")
    assert not in_flight.are_awaited
    OutboxEvent.objects.update(next_attempt_at="2026-01-01T00:00Z")
    followed = sent(in_flight, "b")
    assert in_flight.are_awaited
    for lease in [*alone, *followed]:
        dispatch(lease.id)
    in_flight.settle()
    assert not in_flight.are_awaited


def test_an_event_whose_row_is_pruned_already_is_no_longer_in_flight() -> None:
    in_flight = Flights()
    enqueue("a")
    sent(in_flight, "a")
    OutboxEvent.objects.all().delete()
    assert (in_flight.settle(), len(in_flight)) == ([], 0)


def test_there_is_room_when_one_has_landed(settings: Settings) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"IN_FLIGHT": 2}
    in_flight = Flights()
    enqueue("a"), enqueue("b")
    assert in_flight.wait_for_room(0)
    held = sent(in_flight, "a", "b")
    assert not in_flight.wait_for_room(0.01)
    dispatch(held[0].id)
    waited: list[float] = []

    def wait() -> None:
        begun = time.monotonic()
        assert in_flight.wait_for_room(5)
        waited.append(time.monotonic() - begun)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.1)
    in_flight.settle()
    thread.join()
    assert 0.05 < waited[0] < 1
