"""Which way an event takes, what is put into its envelope, and what happens where the way through Dapr fails."""

import json
import time
from collections.abc import Sequence

import pytest
from pytest_django import Settings

from dapr_bridge import canary, flights, leases, tally
from dapr_bridge.breaker import breaker
from dapr_bridge.consumers import Outcome, dispatch
from dapr_bridge.couriers import DaprCourier, SwitchedCourier, envelope
from dapr_bridge.fake_sidecar import FakeSidecar, switched
from dapr_bridge.flights import Flights
from dapr_bridge.leases import Lease
from dapr_bridge.models import OutboxEvent
from tests.dapr_bridge.conftest import effects, enqueue

pytestmark = pytest.mark.django_db(transaction=True)


def claimed() -> Lease:
    [lease] = leases.claim(limit=1).leases
    return lease


def end_leases() -> None:
    OutboxEvent.objects.open().update(next_attempt_at="2026-01-01T00:00Z")


def events() -> tuple[int, int]:
    counts = tally.counts()
    return counts.get("events_published", 0), counts.get("events_direct", 0)


def test_the_switch_decides_about_every_event_anew(fake: FakeSidecar) -> None:
    courier = SwitchedCourier(Flights())
    outcomes = []
    for number, stage in enumerate(["off", "on", "off", "on"]):
        enqueue(f"order/{number}", number=number)
        with switched(pubsub=stage):
            outcomes.append(courier.carry(claimed()))
    assert outcomes == [Outcome.DELIVERED, Outcome.SENT, Outcome.DELIVERED, Outcome.SENT]
    assert len(fake.published) == 2


def test_the_envelope_names_the_row_and_holds_nothing_of_its_data(fake: FakeSidecar, settings: Settings) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"TOPIC": "todays", "PUBSUB": "courier"}
    id = enqueue("order/7", number=1, secret="Ada Lovelace")
    OutboxEvent.objects.update(traceparent=f"00-{'a' * 32}-{'b' * 16}-01", tracestate="vendor=1")
    lease = claimed()
    assert DaprCourier(Flights()).carry(lease) is Outcome.SENT
    [published] = fake.published
    assert (published.pubsub, published.topic, published.content_type) == ("courier", "todays", "application/cloudevents+json")
    assert published.event == {
        "specversion": "1.0",
        "id": str(id),
        "source": "dapr_bridge",
        "type": "order.placed.v1",
        "subject": "order/7",
        "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
        "tracestate": "vendor=1",
    }
    assert "Ada" not in envelope(lease).decode()


def test_an_event_without_a_trace_has_none_in_its_envelope(fake: FakeSidecar) -> None:
    enqueue(number=1)
    assert {"traceparent", "tracestate"}.isdisjoint(json.loads(envelope(claimed())))


def test_an_event_whose_lease_ended_is_carried_in_process(fake: FakeSidecar) -> None:
    enqueue(number=1)
    courier = DaprCourier(Flights())
    published, direct = events()
    assert courier.carry(claimed()) is Outcome.SENT
    end_leases()
    assert courier.carry(claimed()) is Outcome.DELIVERED
    assert (len(fake.published), effects("ledger")) == (1, [1])
    assert events() == (published + 1, direct + 1)


def claimed_together(*subjects: str) -> Sequence[Lease]:
    for number, subject in enumerate(subjects):
        enqueue(subject, number=number)
    return leases.claim(limit=100).leases


def test_what_was_claimed_together_is_published_in_one_request(fake: FakeSidecar) -> None:
    in_flight, held = Flights(), claimed_together("order/1", "order/2", "order/3")
    published, direct = events()
    assert DaprCourier(in_flight).send_together(held) == []
    assert fake.calls == ["BulkPublishEvent"]
    assert [one.event for one in fake.published] == [json.loads(envelope(lease)) for lease in held]
    assert {(one.pubsub, one.topic) for one in fake.published} == {("pubsub", "events")}
    assert len(in_flight) == 3
    assert events() == (published + 3, direct)


def test_what_the_sidecar_refused_is_carried_in_process_without_asking_again(fake: FakeSidecar) -> None:
    held = claimed_together("order/1", "order/2", "order/3")
    fake.refused = {str(held[1].id)}
    courier = DaprCourier(Flights())
    [staying] = courier.send_together(held)
    assert (staying.id, courier.carry(staying)) == (held[1].id, Outcome.DELIVERED)
    assert fake.calls == ["BulkPublishEvent"]
    assert not breaker("pubsub").is_open


def test_a_sidecar_that_takes_none_costs_one_wait_for_all(fake: FakeSidecar, settings: Settings) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"PUBLISH_SECONDS": 0.2}
    fake.delay = 1.0
    courier = DaprCourier(Flights())
    begun = time.monotonic()
    staying = courier.send_together(claimed_together("order/1", "order/2", "order/3"))
    assert [courier.carry(lease) for lease in staying] == [Outcome.DELIVERED] * 3
    assert time.monotonic() - begun < 0.8
    later = claimed_together("order/4", "order/5")
    assert courier.send_together(later) == later
    assert fake.calls == ["BulkPublishEvent"]


def test_only_what_is_usual_and_has_room_goes_together(fake: FakeSidecar, settings: Settings) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"IN_FLIGHT": 2, "EVENT_MAX_BYTES": 1000}
    canary.send()
    enqueue("again")
    OutboxEvent.objects.filter(subject="again").update(attempts=1)
    enqueue("elsewhere")
    OutboxEvent.objects.filter(subject="elsewhere").update(topic="renamed")
    enqueue("large")
    OutboxEvent.objects.filter(subject="large").update(traceparent="x", tracestate="v=" + "1" * 1000)
    held = {lease.subject.partition("/")[0]: lease for lease in claimed_together("a", "b", "c")}
    usual, unusual = [held.pop(subject) for subject in "abc"], list(held.values())
    assert len(unusual) == 4
    courier = DaprCourier(Flights())
    assert courier.send_together(unusual) == unusual
    assert courier.send_together(usual) == usual[2:]
    assert len(fake.published) == 2


def test_nothing_goes_together_after_a_loss_or_while_the_switch_is_off(fake: FakeSidecar) -> None:
    in_flight, held = Flights(), claimed_together("order/1", "order/2")
    courier = SwitchedCourier(in_flight)
    with switched(pubsub="off"):
        assert courier.send_together(held) == held
    in_flight.add(held[0])
    end_leases()
    in_flight.settle()
    with switched("pubsub"):
        assert courier.send_together(held) == held
    assert fake.calls == []


def test_a_refused_publish_is_carried_in_process_at_once_and_three_open_the_breaker(fake: FakeSidecar) -> None:
    fake.failure = "UNAVAILABLE"
    courier = DaprCourier(Flights())
    for number in range(5):
        enqueue(f"order/{number}", number=number)
        assert courier.carry(claimed()) is Outcome.DELIVERED
    assert breaker("pubsub").is_open
    assert fake.calls.count("PublishEvent") == 3


def test_a_publish_that_is_not_answered_is_waited_for_once(fake: FakeSidecar, settings: Settings) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"PUBLISH_SECONDS": 0.2}
    fake.delay = 1.0
    courier = DaprCourier(Flights())
    begun = time.monotonic()
    for number in range(5):
        enqueue(f"order/{number}", number=number)
        assert courier.carry(claimed()) is Outcome.DELIVERED
    assert time.monotonic() - begun < 0.8
    assert breaker("pubsub").is_open


def test_one_event_a_second_tries_an_open_breaker_and_closes_it(fake: FakeSidecar) -> None:
    breaker("pubsub").failed(at_once=True)
    courier = DaprCourier(Flights())
    enqueue("order/1")
    assert courier.carry(claimed()) is Outcome.DELIVERED
    time.sleep(1.05)
    enqueue("order/2")
    assert courier.carry(claimed()) is Outcome.SENT
    assert not breaker("pubsub").is_open


def test_an_envelope_that_the_route_would_refuse_is_not_published(fake: FakeSidecar, settings: Settings) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"EVENT_MAX_BYTES": 1000}
    enqueue(number=1)
    OutboxEvent.objects.update(traceparent="x", tracestate="v=" + "1" * 1000)
    assert DaprCourier(Flights()).carry(claimed()) is Outcome.DELIVERED
    assert fake.published == []


def test_after_a_loss_events_go_directly_until_one_that_tries_the_way_arrives(fake: FakeSidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "FIRST_DOUBT_SECONDS", 0.3)
    in_flight = Flights()
    courier = DaprCourier(in_flight)
    enqueue("order/1")
    courier.carry(claimed())
    end_leases()
    assert (in_flight.settle(), len(in_flight)) == ([], 0)
    OutboxEvent.objects.all().delete()

    def ways() -> list[Outcome]:
        found = []
        for number in range(3):
            enqueue(f"order/{number}")
            found.append(courier.carry(claimed()))
        return found

    assert ways() == [Outcome.DELIVERED] * 3
    time.sleep(0.35)
    assert ways() == [Outcome.SENT, Outcome.DELIVERED, Outcome.DELIVERED]
    dispatch(OutboxEvent.objects.open().get().id)
    in_flight.settle()
    assert ways() == [Outcome.SENT] * 3


@pytest.mark.parametrize("stages", [{"sidecar": "off"}, {"pubsub": "off"}, {"pubsub": "on"}], ids=str)
def test_a_canary_goes_through_dapr_whatever_the_switch_says_and_never_in_process(fake: FakeSidecar, stages: dict[str, str]) -> None:
    id = canary.send()
    courier = SwitchedCourier(Flights())
    with switched(**stages):
        assert courier.carry(claimed()) is Outcome.SENT
        end_leases()
        assert courier.carry(claimed()) is Outcome.SENT
        fake.failure = "UNAVAILABLE"
        end_leases()
        assert courier.carry(claimed()) is Outcome.LEFT
    assert [event.event["id"] for event in fake.published] == [str(id)] * 2
    assert not canary.arrived(id)


def test_a_canary_stays_where_the_settings_do_not_allow_dapr(fake: FakeSidecar, settings: Settings) -> None:
    canary.send()
    settings.DAPR_ENABLED = False
    assert SwitchedCourier(Flights()).carry(claimed()) is Outcome.LEFT
    assert fake.published == []


def test_a_canary_that_nobody_withdraws_is_given_up(fake: FakeSidecar) -> None:
    id = canary.send()
    courier = SwitchedCourier(Flights())
    with switched("pubsub"):
        for _ in range(canary.MOST_ATTEMPTS + 1):
            end_leases()
            courier.carry(claimed())
    assert len(fake.published) == canary.MOST_ATTEMPTS
    assert OutboxEvent.objects.discarded().get().id == id
