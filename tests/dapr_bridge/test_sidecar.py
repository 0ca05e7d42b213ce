"""Calls to a sidecar: what arrives there, how long they may take, and that nothing but SidecarError comes out."""

import json
import os
import socket
import threading
import time
from collections.abc import Callable

import pytest
from django.test import RequestFactory

from dapr_bridge import scope, sidecar
from dapr_bridge.fake_sidecar import FakeSidecar, pointed_at
from dapr_bridge.sidecar import EtagMismatch, SidecarError, Value

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

calls = pytest.mark.parametrize(
    "call",
    [
        lambda timeout: sidecar.get_state("statestore", "a", timeout),
        lambda timeout: sidecar.get_states("statestore", ["a", "b"], timeout),
        lambda timeout: sidecar.save_states("statestore", {"a": b"1"}, 60, timeout),
        lambda timeout: sidecar.replace_state("statestore", "a", b"1", "1", 60, timeout),
        lambda timeout: sidecar.delete_states("statestore", ["a"], timeout),
        lambda timeout: sidecar.publish("pubsub", "events", b"{}", timeout),
        lambda timeout: sidecar.publish_together("pubsub", "events", {"a": b"{}", "b": b"{}"}, timeout),
    ],
    ids=["get", "get many", "save", "replace", "delete", "publish", "publish many"],
)
Call = Callable[[float], object]


def test_a_value_is_given_back_until_it_is_deleted(fake: FakeSidecar) -> None:
    sidecar.save_states("statestore", {"a": b"\x00\xff", "b": b"2"}, 60, 1)
    assert sidecar.get_state("statestore", "a", 1) == Value(b"\x00\xff", "1")
    assert sidecar.get_states("statestore", ["a", "b", "c"], 1) == {"a": Value(b"\x00\xff", "1"), "b": Value(b"2", "1")}
    sidecar.delete_states("statestore", ["a"], 1)
    assert sidecar.get_state("statestore", "a", 1) == Value(b"", "")


def test_a_value_is_replaced_only_under_its_etag(fake: FakeSidecar) -> None:
    sidecar.save_states("statestore", {"a": b"1"}, 60, 1)
    with pytest.raises(EtagMismatch):
        sidecar.replace_state("statestore", "a", b"2", "7", 60, 1)
    sidecar.replace_state("statestore", "a", b"2", "1", 60, 1)
    assert fake.entries["a"].data == b"2"


def test_of_several_events_those_that_the_broker_did_not_take_are_named(fake: FakeSidecar) -> None:
    events = {id: json.dumps({"id": id}).encode() for id in ("a", 'b"', "c")}
    assert sidecar.publish_together("pubsub", "events", events, 1) == set()
    assert [(one.content_type, one.event["id"]) for one in fake.published] == [("application/cloudevents+json", id) for id in events]
    fake.refused = {'b"'}
    assert sidecar.publish_together("pubsub", "events", events, 1) == {'b"'}
    fake.refused = set(events)
    with pytest.raises(SidecarError, match="HTTP 500: the sidecar refused: as the test wished"):
        sidecar.publish_together("pubsub", "events", events, 1)
    fake.refused, fake.failure = set(), "UNAVAILABLE"
    with pytest.raises(SidecarError, match="HTTP 500"):
        sidecar.publish_together("pubsub", "events", events, 1)
    assert len(fake.published) == 5


@calls
def test_a_sidecar_that_is_not_there_fails_at_once(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with pointed_at(http_port=port, grpc_port=port):
        begun = time.monotonic()
        with pytest.raises(SidecarError) as caught:
            call(5)
        assert not caught.value.timed_out
        assert time.monotonic() - begun < 2


@calls
def test_a_sidecar_that_does_not_answer_costs_the_timeout_and_no_more(fake: FakeSidecar, call: Call) -> None:
    sidecar.get_state("statestore", "connect", 5)
    fake.delay = 0.5
    begun = time.monotonic()
    with pytest.raises(SidecarError) as caught:
        call(0.05)
    assert caught.value.timed_out
    assert time.monotonic() - begun < 0.4


def test_a_listener_that_says_nothing_costs_the_timeout_and_no_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with pointed_at(http_port=port, grpc_port=port):
            begun = time.monotonic()
            with pytest.raises(SidecarError) as caught:
                sidecar.get_state("statestore", "a", 0.05)
            assert caught.value.timed_out
            assert not sidecar.is_healthy(timeout=0.05)
            with pytest.raises(SidecarError):
                sidecar.metadata(timeout=0.05)
            assert time.monotonic() - begun < 1


@calls
@pytest.mark.parametrize("failure", ["INTERNAL", "UNAVAILABLE", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED"])
def test_every_refusal_is_a_sidecar_error(fake: FakeSidecar, call: Call, failure: str) -> None:
    fake.failure = failure
    with pytest.raises(SidecarError, match=f"{failure}|HTTP 500") as caught:
        call(5)
    assert not caught.value.timed_out


def test_the_token_is_shown_to_the_sidecar() -> None:
    with FakeSidecar(token="s3cret").running():
        sidecar.get_state("statestore", "a", 1)
        assert sidecar.metadata().app_id == "fake"


def test_a_wrong_token_is_an_error_that_says_so() -> None:
    fake = FakeSidecar(token="s3cret")
    with fake.running():
        fake.token = "changed meanwhile"
        with pytest.raises(SidecarError, match="the API token is wrong"):
            sidecar.get_state("statestore", "a", 1)
        with pytest.raises(SidecarError, match="the API token is wrong"):
            sidecar.publish("pubsub", "events", b"{}", 1)
        with pytest.raises(SidecarError, match="UNAUTHENTICATED"):
            sidecar.delete_states("statestore", ["a"], 1)
        with pytest.raises(SidecarError, match="the API token is wrong"):
            sidecar.metadata()
        assert sidecar.is_healthy()


@pytest.mark.parametrize(("sent", "arrives"), [(TRACE, TRACE), ("", None), ("00-nonsense", None), (f"{TRACE}\tx", None)])
def test_the_trace_of_the_request_goes_along_unless_it_is_none(
    fake: FakeSidecar, dapr_allowed: None, sent: str, arrives: str | None
) -> None:
    with scope.opened(RequestFactory().get("/", headers={"traceparent": sent})):
        sidecar.get_state("statestore", "a", 1)
    assert fake.headers.get("traceparent") == arrives


def test_health_and_metadata_are_told_without_a_lasting_connection(fake: FakeSidecar) -> None:
    fake.subscriptions = [("pubsub", "events")]
    assert sidecar.is_healthy()
    said = sidecar.metadata()
    assert said == sidecar.Metadata("fake", "1.18.2", {"statestore": "state.redis", "pubsub": "pubsub.redis"}, [("pubsub", "events")])
    fake.healthy = False
    assert not sidecar.is_healthy()
    assert sidecar._client is None


def test_a_server_that_is_no_sidecar_is_told_apart() -> None:
    fake = FakeSidecar(components={})
    with fake.running():
        fake.components = ["not", "a", "mapping"]  # type: ignore[assignment]
        with pytest.raises(SidecarError):
            sidecar.metadata()


def test_a_connection_is_closed_when_unused_and_opened_when_needed(fake: FakeSidecar) -> None:
    sidecar.get_state("statestore", "a", 1)
    sidecar.close(unused_for=60)
    assert sidecar._client is not None
    sidecar.close()
    assert sidecar._client is None
    assert sidecar.get_state("statestore", "a", 1) == Value(b"", "")


def test_closing_under_running_calls_ends_them_with_a_sidecar_error(fake: FakeSidecar) -> None:
    fake.delay = 0.05
    surprises: list[BaseException] = []

    def ask() -> None:
        for _ in range(20):
            try:
                sidecar.get_state("statestore", "a", 1)
            except SidecarError:
                pass
            except BaseException as error:
                surprises.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        sidecar.close()
        time.sleep(0.01)
    assert surprises == []


def test_a_restarted_sidecar_is_found_again_within_two_seconds() -> None:
    fake = FakeSidecar()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    import grpc

    from dapr_bridge.fake_sidecar import _servicer

    def serve() -> grpc.Server:
        from concurrent.futures import ThreadPoolExecutor

        from dapr.proto import api_service_v1

        server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
        api_service_v1.add_DaprServicer_to_server(_servicer(fake), server)  # type: ignore[no-untyped-call]
        server.add_insecure_port(f"127.0.0.1:{port}")
        server.start()
        return server

    with pointed_at(http_port=port, grpc_port=port):
        server = serve()
        sidecar.delete_states("statestore", ["a"], 2)
        server.stop(None).wait()
        down = time.monotonic()
        while time.monotonic() - down < 5:
            with pytest.raises(SidecarError):
                sidecar.delete_states("statestore", ["a"], 0.2)
            time.sleep(0.1)
        server = serve()
        back = time.monotonic()
        while True:
            try:
                sidecar.delete_states("statestore", ["a"], 0.2)
                break
            except SidecarError:
                assert time.monotonic() - back < 2
                time.sleep(0.05)
        server.stop(None).wait()


def test_a_child_of_a_fork_has_a_channel_of_its_own(fake: FakeSidecar) -> None:
    sidecar.get_state("statestore", "a", 1)
    if (child := os.fork()) == 0:
        os._exit(0 if sidecar._client is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert sidecar.get_state("statestore", "a", 1) == Value(b"", "")
