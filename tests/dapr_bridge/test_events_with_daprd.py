"""Events of a project through a real daprd and a real Valkey: relay, sidecar, broker, sidecar, event route, receipts."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from dapr_bridge import canary, reports, sidecar, switches
from dapr_bridge.couriers import SwitchedCourier
from dapr_bridge.fake_sidecar import pointed_at, switched
from dapr_bridge.flights import Flights
from dapr_bridge.models import OutboxEvent, Receipt
from dapr_bridge.pytest_dapr import DaprRuntime, Sidecar, Valkey
from dapr_bridge.relay import Relay
from tests.dapr_bridge.conftest import effects, enqueue, eventually

pytestmark = [pytest.mark.dapr, pytest.mark.django_db(transaction=True)]

RESOURCES = Path(__file__).parents[2] / "components"
TOPIC, TOKEN = "todo-events", "t" * 32


@pytest.fixture
def worker(live_server: LiveServer, dapr_runtime: DaprRuntime, settings: Settings) -> Iterator[Sidecar]:
    """The sidecar of this process, which serves the event route; it has its subscription."""
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {
        "TOPIC": TOPIC,
        "SUBSCRIBES": True,
        "APP_TOKENS": [TOKEN],
        "LEASE_SECONDS": 2.0,
        "LEASE_MAX_SECONDS": 8.0,
        "PUBLISH_SECONDS": 0.5,
    }
    configuration = RESOURCES.parent / "configurations" / "todo-worker.yaml"
    port, env = live_server.thread.port, {"APP_API_TOKEN": TOKEN}
    with (
        dapr_runtime.sidecar("todo-worker", app_port=port, subscribes=True, resources=RESOURCES, config=configuration, env=env) as started,
        pointed_at(http_port=started.http_port, grpc_port=started.grpc_port, API_TOKEN=started.api_token),
    ):
        eventually(lambda: ("pubsub", TOPIC) in sidecar.metadata().subscriptions)
        yield started
    reports.stop()  # which the requests of the event route have started
    switches.stop()


@pytest.fixture
def relay(worker: Sidecar) -> Iterator[None]:
    """A relay in this process, as `relay_events` runs one."""
    flights = Flights()
    running = Relay(SwitchedCourier(flights), flights)

    def run() -> None:
        running.run(patience=5)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    running.stop()
    thread.join()


@pytest.mark.usefixtures("relay")
def test_events_arrive_through_the_broker_in_order_and_once(valkey_server: Valkey) -> None:
    before = valkey_server.published(TOPIC)
    with switched("pubsub"):
        for number in range(20):
            enqueue(f"order/{number % 4}", number=number)
        eventually(lambda: not OutboxEvent.objects.open().exists())
    assert valkey_server.published(TOPIC) - before == 20
    for subject in range(4):
        assert effects("ledger", f"order/{subject}") == effects("audit", f"order/{subject}") == list(range(subject, 20, 4))
    assert Receipt.objects.count() == 40
    eventually(lambda: valkey_server.pending(TOPIC, "todo-worker") == 0)


@pytest.mark.usefixtures("relay")
def test_a_canary_arrives_while_the_switch_is_off_and_not_without_the_sidecar(worker: Sidecar, valkey_server: Valkey) -> None:
    before = valkey_server.published(TOPIC)
    with switched():
        first = canary.send()
        eventually(lambda: canary.arrived(first))
        assert valkey_server.published(TOPIC) - before == 1
        worker.kill()
        second = canary.send()
        time.sleep(1)
        assert not canary.arrived(second)
        assert canary.withdraw(second)


@pytest.mark.usefixtures("relay")
def test_without_the_sidecar_events_are_carried_in_process(worker: Sidecar) -> None:
    worker.kill()
    with switched("pubsub"):
        for number in range(5):
            enqueue(number=number)
        eventually(lambda: effects("audit") == [0, 1, 2, 3, 4], seconds=10)
