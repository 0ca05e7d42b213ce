"""The only module that talks to daprd. Nothing of `dapr` or `grpc` is imported, and nothing is opened, before the first call.

The generated stubs of the `dapr` package are used on a channel of our own: its client waits for the sidecar's health when it
is made, has no deadline, and cannot cap the time that gRPC waits before it tries a lost sidecar again.
"""

import json
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from dapr_bridge import observed, scope, trace
from dapr_bridge.conf import api_token, conf
from dapr_bridge.host import address
from dapr_bridge.keepalive import Answer, Failed, KeepAlive
from dapr_bridge.periodic import Periodic

HEALTH_SECONDS = 0.5
CLOUD_EVENT = "application/cloudevents+json"
UNUSED_SECONDS = 10.0  # after which connections are closed: the app that no longer uses Dapr has none, whatever it did before
LARGEST_ANSWER = 16 * 1024 * 1024  # bytes; gRPC's own limit is 4 MiB, and daprd's is a setting of its own

# Without a cap gRPC tries a sidecar that was away for half a minute again only every 20 s and more.
_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.enable_retries", 0),  # retries belong to the relay
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),  # or a new channel would wait out the backoff of the one before
    ("grpc.max_receive_message_length", LARGEST_ANSWER),
    ("grpc.primary_user_agent", "django-dapr-bridge"),
)
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class SidecarError(Exception):
    """A call that did not succeed; `timed_out` when its time was up, so that whoever waited has waited in full."""

    def __init__(self, what: str, *, timed_out: bool = False) -> None:
        super().__init__(what)
        self.timed_out = timed_out

    @property
    def outcome(self) -> str:
        """What metrics call it."""
        return "timeout" if self.timed_out else "error"


class EtagMismatch(SidecarError):
    """The value was changed by somebody else meanwhile: the store answered, and said no."""

    outcome = "conflict"


@dataclass(frozen=True)
class Value:
    """What the store has under a key: `etag` is empty, and `data` too, when there is nothing."""

    data: bytes
    etag: str


@dataclass(frozen=True)
class Metadata:
    """What a sidecar says of itself."""

    app_id: str
    version: str
    components: Mapping[str, str]  # name -> type
    subscriptions: Sequence[tuple[str, str]]  # pubsub, topic


class _Client:
    """One channel, for all threads of the process."""

    def __init__(self) -> None:
        from dapr_bridge import stubs

        self.api, self.common, self.grpc = stubs.api_v1, stubs.common_v1, stubs.grpc
        self.channel = stubs.grpc.insecure_channel(address(), options=_OPTIONS)
        self.stub = stubs.api_service_v1.DaprStub(self.channel)  # type: ignore[no-untyped-call]
        self.http = _http()
        self.used_at = time.monotonic()

    def call(self, method: str, request: Any, timeout: float) -> Any:
        self.used_at = time.monotonic()
        with observed.call(method):
            try:
                return getattr(self.stub, method)(request, timeout=timeout, metadata=_headers())
            except self.grpc.RpcError as error:
                raise self._translated(method, error) from error
            except ValueError as error:  # gRPC's answer on a channel that `close` has just closed
                raise SidecarError(f"{method}: the connection was closed") from error

    def get(self, path: str, timeout: float) -> Answer:
        """For what is asked most, which HTTP answers with half the CPU that gRPC takes: docs/decisions/0020."""
        self.used_at = time.monotonic()
        return _get(self.http, path, timeout)

    def post(self, path: str, content_type: str, body: bytes, timeout: float) -> Answer:
        """As `get`, of what may be repeated."""
        self.used_at = time.monotonic()
        with _as_sidecar_error(f"POST {path}"):
            return self.http.post(path, {**dict(_headers()), "Content-Type": content_type}, body, timeout)

    def close(self) -> None:
        self.channel.close()
        self.http.close()

    def _translated(self, method: str, error: Any) -> SidecarError:
        code = error.code()
        if code is self.grpc.StatusCode.ABORTED:
            return EtagMismatch(f"{method}: {code.name}")
        return SidecarError(f"{method}: {code.name}: {error.details()}", timed_out=code is self.grpc.StatusCode.DEADLINE_EXCEEDED)


_lock = threading.Lock()
_client: _Client | None = None


def _connected() -> _Client:
    global _client
    client = _client
    if client is None:
        with _lock:
            client = _client = _client or _Client()
        _closing.start()
    return client


def _after_fork() -> None:
    """A channel does not survive a fork, and may not even be closed there: the child makes its own."""
    global _client, _lock
    _client, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


def close(*, unused_for: float = 0.0) -> None:
    """Close the connection, if there is one and it has not been used for so many seconds. The next call opens another."""
    global _client
    with _lock:
        client = _client
        if client is not None and time.monotonic() - client.used_at >= unused_for:
            _client = None
            client.close()


_closing = Periodic("dapr-closing", UNUSED_SECONDS / 4, lambda: close(unused_for=UNUSED_SECONDS))


def get_state(store: str, key: str, timeout: float) -> Value:
    """What the store has under the key. All calls here raise SidecarError, and nothing else, at the latest after `timeout` seconds."""
    with observed.call("GetState"):
        answer = _connected().get(_path("state", store, key), timeout)
        if answer.status == 204:
            return Value(b"", "")
        if answer.status != 200:
            raise SidecarError(f"get state: HTTP {answer.status}: {_reason(answer)}")
        return Value(answer.body, answer.headers.get("etag", ""))


def get_states(store: str, keys: Sequence[str], timeout: float) -> dict[str, Value]:
    """What the store has under each of the keys; a key it has nothing under, or could not read, is not in the answer."""
    client = _connected()
    request = client.api.GetBulkStateRequest(store_name=store, keys=keys, parallelism=min(len(keys), 16))
    answer = client.call("GetBulkState", request, timeout)
    return {item.key: Value(item.data, item.etag) for item in answer.items if item.etag and not item.error}


def save_states(store: str, values: Mapping[str, bytes], ttl: int | None, timeout: float) -> None:
    """Put the values under their keys, one by one and not as a whole. `ttl` is in seconds; None: they stay until deleted."""
    client = _connected()
    items = [client.common.StateItem(key=key, value=value, metadata=_lives(ttl)) for key, value in values.items()]
    client.call("SaveState", client.api.SaveStateRequest(store_name=store, states=items), timeout)


NOTHING_HAS_IT = "4294967296"  # as an etag: `state.redis` writes then only where nothing is; other stores may never write


def replace_state(store: str, key: str, value: bytes, etag: str, ttl: int | None, timeout: float) -> None:
    """Put the value under the key if it still has this etag; EtagMismatch otherwise. `ttl` as in `save_states`."""
    client = _connected()
    item = client.common.StateItem(key=key, value=value, etag=client.common.Etag(value=etag), metadata=_lives(ttl))
    client.call("SaveState", client.api.SaveStateRequest(store_name=store, states=[item]), timeout)


def delete_states(store: str, keys: Sequence[str], timeout: float) -> None:
    """Delete what is under the keys, where anything is."""
    client = _connected()
    items = [client.common.StateItem(key=key) for key in keys]
    client.call("DeleteBulkState", client.api.DeleteBulkStateRequest(store_name=store, states=items), timeout)


def publish(pubsub: str, topic: str, cloud_event: bytes, timeout: float) -> None:
    """Hand a complete CloudEvent in JSON to the broker. That it returns does not mean that anybody received it."""
    with observed.call("PublishEvent"):
        answer = _connected().post(_path("publish", pubsub, topic), CLOUD_EVENT, cloud_event, timeout)
        if answer.status != 204:
            raise SidecarError(f"publish: HTTP {answer.status}: {_reason(answer)}")


def publish_together(pubsub: str, topic: str, cloud_events: Mapping[str, bytes], timeout: float) -> set[str]:
    """As `publish`, of several, each under an id of its own: the ids of those that the broker did not take."""
    entry = f'{{"entryId":%s,"contentType":"{CLOUD_EVENT}","event":%s}}'
    body = f"[{','.join(entry % (json.dumps(id), event.decode()) for id, event in cloud_events.items())}]"
    with observed.call("BulkPublishEvent"):
        answer = _connected().post(_path("publish/bulk", pubsub, topic), "application/json", body.encode(), timeout)
        refused = _refused(answer)
        if refused is None or len(refused) == len(cloud_events):
            raise SidecarError(f"publish: HTTP {answer.status}: {_reason(answer)}")
        return refused


def _refused(answer: Answer) -> set[str] | None:
    """The entries that are named as failed; None when there is nothing to go by, so that all of them are."""
    if answer.status == 204:
        return set()
    try:
        return {failed["entryId"] for failed in json.loads(answer.body)["failedEntries"]} or None
    except (ValueError, KeyError, TypeError):
        return None


def is_healthy(path: str = "/v1.0/healthz/outbound", *, timeout: float = HEALTH_SECONDS) -> bool:
    """Whether the sidecar has loaded its components and serves its API. `/v1.0/healthz` asks for its app and other sidecars too."""
    try:
        return _get_once(path, timeout).status == 204
    except SidecarError:
        return False


def metadata(*, timeout: float = HEALTH_SECONDS) -> Metadata:
    """What the sidecar says of itself, over a connection that is closed again. Raises SidecarError."""
    answer = _get_once("/v1.0/metadata", timeout)
    if answer.status != 200:
        raise SidecarError(f"metadata: HTTP {answer.status}: {_reason(answer)}")
    try:
        said = json.loads(answer.body)
        components = {item["name"]: item["type"] for item in said.get("components") or []}
        subscriptions = [(item["pubsubname"], item["topic"]) for item in said.get("subscriptions") or []]
        return Metadata(said["id"], said.get("runtimeVersion", ""), components, subscriptions)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SidecarError("metadata: an answer that no Dapr gives; is something else on this port?") from error


def _path(api: str, component: str, name: str) -> str:
    return f"/v1.0/{api}/{quote(component, safe='')}/{quote(name, safe='')}"


def _http() -> KeepAlive:
    return KeepAlive(conf.SIDECAR_HOST, int(conf.SIDECAR_HTTP_PORT or os.environ.get("DAPR_HTTP_PORT", "3500")), largest=LARGEST_ANSWER)


def _get_once(path: str, timeout: float) -> Answer:
    connections = _http()
    try:
        return _get(connections, path, timeout)
    finally:
        connections.close()


def _get(connections: KeepAlive, path: str, timeout: float) -> Answer:
    with _as_sidecar_error(f"GET {path}"):
        return connections.get(path, dict(_headers()), timeout)


@contextmanager
def _as_sidecar_error(what: str) -> Iterator[None]:
    try:
        yield
    except Failed as failed:
        raise SidecarError(f"{what}: {failed}", timed_out=failed.timed_out) from failed


def _reason(answer: Answer) -> str:
    if answer.status == 401:
        return "the API token is wrong"
    try:
        said = json.loads(answer.body)
        return f"the sidecar refused: {said.get('message') or said['failedEntries'][0]['error']}"
    except (ValueError, LookupError, TypeError, AttributeError):
        return "the sidecar refused"


def _lives(ttl: int | None) -> dict[str, str]:
    """Always said: a store that is told nothing keeps the old end of life, or has a default of its own."""
    return {"ttlInSeconds": str(-1 if ttl is None else ttl)}


def _headers() -> list[tuple[str, str]]:
    """The sidecar's token, and the trace this call belongs to: daprd goes on only with what it is given."""
    token = api_token()
    traceparent = trace.current()[0] or scope.current().traceparent
    headers = [("dapr-api-token", token)] if token else []
    if _TRACEPARENT.fullmatch(traceparent):
        headers.append(("traceparent", traceparent))
    return headers
