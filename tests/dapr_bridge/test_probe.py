"""Outages of a real sidecar and its store: how they are noticed, that users do not wait for them, and who finds out that they are over."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.cache import caches
from django.test import RequestFactory

from dapr_bridge import probe, scope, sidecar
from dapr_bridge.breaker import breaker
from dapr_bridge.fake_sidecar import FakeSidecar, pointed_at, switched
from dapr_bridge.probe import watched
from dapr_bridge.pytest_dapr import DaprRuntime, Sidecar, Valkey
from tests.dapr_bridge.conftest import eventually

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def daprd(dapr_runtime: DaprRuntime) -> Iterator[Sidecar]:
    """The sidecar of an app that has the state store, and no broker."""
    configuration = ROOT / "configurations" / "todo-backend.yaml"
    with dapr_runtime.sidecar("todo-backend", resources=ROOT / "components", config=configuration) as started:
        yield started


@pytest.fixture
def real(daprd: Sidecar, valkey_server: Valkey) -> Iterator[Sidecar]:
    """The bridge uses it, probes it, and has just read from it; state is on, and was empty."""
    valkey_server.flushall()
    with (
        pointed_at(http_port=daprd.http_port, grpc_port=daprd.grpc_port, API_TOKEN=daprd.api_token, PROBE_SECONDS=0.25),
        switched("state"),
    ):
        eventually(lambda: caches["responses"].get_or_set("a", 1) and "a" in caches["responses"])
        yield daprd


@pytest.fixture
def probed(fake: FakeSidecar) -> Iterator[FakeSidecar]:
    """The shipped fake, which is probed."""
    from django.conf import settings

    ours = settings.DAPR_BRIDGE
    with pointed_at(http_port=ours["SIDECAR_HTTP_PORT"], grpc_port=ours["SIDECAR_GRPC_PORT"], PROBE_SECONDS=0.25):
        yield fake


victims = pytest.mark.parametrize("victim", ["daprd", "valkey"])
REQUEST = RequestFactory().get("/")


def request() -> float:
    """One request reads and stores; the seconds it took."""
    begun = time.monotonic()
    with scope.opened(REQUEST):
        caches["responses"].get("a")
        caches["responses"].set("a", 2)
    return time.monotonic() - begun


def requests(until: Callable[[], bool], *, seconds: float = 10) -> list[float]:
    """Requests, one every 10 ms, until something is so; how long each took."""
    took, deadline = [], time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "still not so"
        took.append(request())
        time.sleep(0.01)
    return took


@pytest.mark.dapr
@victims
def test_what_is_frozen_costs_one_request_its_budget_and_then_nothing(real: Sidecar, valkey_server: Valkey, victim: str) -> None:
    frozen = real if victim == "daprd" else valkey_server
    frozen.stop()
    try:
        took = [request() for _ in range(20)]
    finally:
        frozen.cont()
    assert max(took) < 0.15
    assert sorted(took)[10] < 0.01
    requests(lambda: not breaker("state").is_open, seconds=2)


@pytest.mark.dapr
@victims
def test_an_outage_is_found_out_without_any_request(real: Sidecar, valkey_server: Valkey, victim: str) -> None:
    frozen = real if victim == "daprd" else valkey_server
    frozen.stop()
    try:
        eventually(lambda: breaker("state").is_open, seconds=1.5)
        assert request() < 0.02
    finally:
        frozen.cont()
    eventually(lambda: not breaker("state").is_open, seconds=2)
    assert caches["responses"].get_or_set("b", 1) == 1


@pytest.mark.dapr
@victims
def test_what_was_killed_is_used_again_within_two_seconds_of_its_return(real: Sidecar, valkey_server: Valkey, victim: str) -> None:
    killed = real if victim == "daprd" else valkey_server
    killed.kill()
    try:
        took = requests(lambda: breaker("state").is_open)
        took += [request() for _ in range(50)]
        assert max(took) < 0.15
    finally:
        killed.start()
    requests(lambda: not breaker("state").is_open and caches["responses"].get("a") == 2, seconds=2)


@pytest.mark.dapr
def test_a_sidecar_without_the_broker_opens_its_breaker(real: Sidecar) -> None:
    watched("pubsub")
    eventually(lambda: breaker("pubsub").is_open, seconds=3)
    assert not breaker("state").is_open


def test_only_a_published_event_closes_the_breaker_of_events(probed: FakeSidecar) -> None:
    for _ in range(3):
        watched("pubsub").failed()
    time.sleep(0.6)  # two probes that find everything well
    assert breaker("pubsub").is_open
    eventually(lambda: watched("pubsub").admits_trial(), seconds=2)
    watched("pubsub").call(lambda: sidecar.publish("pubsub", "events", b"{}", 1))
    assert not breaker("pubsub").is_open


def test_no_trial_is_made_while_the_sidecar_is_known_to_be_away() -> None:
    with pointed_at(http_port=1, grpc_port=1, PROBE_SECONDS=0.25):
        eventually(lambda: watched("pubsub").is_open, seconds=3)
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            assert not watched("pubsub").admits_trial()
            time.sleep(0.05)


def test_nothing_is_probed_but_what_is_in_use_and_nobody_asks_afterwards(probed: FakeSidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "UNUSED_SECONDS", 0.5)
    time.sleep(0.5)
    assert probed.calls == []
    watched("state")
    eventually(lambda: probed.calls, seconds=2)
    time.sleep(0.6)
    probed.calls.clear()
    time.sleep(0.6)
    assert probed.calls == []
    watched("state")
    eventually(lambda: probed.calls, seconds=2)


def test_of_two_processes_one_probes_at_a_time(probed: FakeSidecar) -> None:
    state = breaker("state")
    assert not state.admits_probe(0.2)
    time.sleep(0.25)
    assert [state.admits_probe(0.2) for _ in range(3)] == [True, False, False]


def test_connections_that_nobody_uses_are_closed(probed: FakeSidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidecar, "UNUSED_SECONDS", 0.5)
    sidecar.get_state("statestore", "a", 1)
    sidecar.publish("pubsub", "events", b"{}", 1)
    assert sidecar._client is not None
    eventually(lambda: sidecar._client is None, seconds=5)
