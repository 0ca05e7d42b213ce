"""The same with a real daprd and a real Valkey: what the fake claims."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import caches
from pytest_django import Settings

from dapr_bridge import sidecar
from dapr_bridge.fake_sidecar import pointed_at, switched
from dapr_bridge.pytest_dapr import DaprRuntime, Sidecar, Valkey
from dapr_bridge.sidecar import EtagMismatch, SidecarError, Value
from tests.dapr_bridge.documented_cache import DocumentedCache, cache  # noqa: F401 -- a fixture

pytestmark = pytest.mark.dapr

RESOURCES = Path(__file__).parents[2] / "components"
STORE = "statestore"


@pytest.fixture(scope="module")
def daprd(dapr_runtime: DaprRuntime) -> Iterator[Sidecar]:
    """The sidecar of an app that has the state store."""
    configuration = RESOURCES.parent / "configurations" / "todo-backend.yaml"
    with dapr_runtime.sidecar("todo-backend", resources=RESOURCES, config=configuration) as started:
        yield started


@pytest.fixture
def real(daprd: Sidecar, valkey_server: Valkey) -> Iterator[Sidecar]:
    """The bridge uses it, and its store is empty."""
    valkey_server.flushall()
    with pointed_at(http_port=daprd.http_port, grpc_port=daprd.grpc_port, API_TOKEN=daprd.api_token, PROBE_SECONDS=0.25):
        yield daprd


class TestTheCacheAsDocumented(DocumentedCache):
    @pytest.fixture(autouse=True)
    def _store(self, real: Sidecar, settings: Settings) -> Iterator[None]:
        settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"REQUEST_BUDGET_SECONDS": 5.0}
        with switched("state"):
            yield


def test_what_is_stored_comes_back_byte_for_byte(real: Sidecar) -> None:
    sidecar.save_states(STORE, {"a": b"\x00\xff", "b": b"2"}, 60, 2)
    assert sidecar.get_state(STORE, "a", 2) == Value(b"\x00\xff", "1")
    assert sidecar.get_states(STORE, ["a", "b", "c"], 2) == {"a": Value(b"\x00\xff", "1"), "b": Value(b"2", "1")}
    sidecar.delete_states(STORE, ["a"], 2)
    assert sidecar.get_state(STORE, "a", 2) == Value(b"", "")


def test_only_the_holder_of_the_etag_replaces(real: Sidecar) -> None:
    sidecar.save_states(STORE, {"a": b"1"}, 60, 2)
    with pytest.raises(EtagMismatch):
        sidecar.replace_state(STORE, "a", b"2", "7", 60, 2)
    sidecar.replace_state(STORE, "a", b"2", "1", 60, 2)
    assert sidecar.get_state(STORE, "a", 2) == Value(b"2", "2")


def test_no_key_is_without_an_end_of_life(real: Sidecar, valkey_server: Valkey) -> None:
    with switched("state"):
        caches["responses"].set_many({"a": 1, "b": 2}, 60)
        caches["responses"].add("c", 1, 60)
        caches["responses"].incr("a")
    count = "local n=0 for _,k in ipairs(redis.call('KEYS','*')) do if redis.call('TTL',k)<0 then n=n+1 end end return n"
    assert valkey_server.ask("EVAL", count, "0") == ":0"
    assert valkey_server.ask("DBSIZE") == ":3"


def test_metadata_names_the_component_and_its_type(real: Sidecar) -> None:
    said = sidecar.metadata(timeout=2)
    assert (said.app_id, said.components[STORE]) == ("todo-backend", "state.redis")
    assert sidecar.is_healthy(timeout=2)


def test_a_wrong_token_is_refused(real: Sidecar) -> None:
    with pointed_at(http_port=real.http_port, grpc_port=real.grpc_port, API_TOKEN="wrong"):
        with pytest.raises(SidecarError):
            sidecar.get_state(STORE, "a", 2)
        with pytest.raises(SidecarError, match="the API token is wrong"):
            sidecar.metadata(timeout=2)
