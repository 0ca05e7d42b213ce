"""A sidecar for tests, in this process: Dapr's gRPC and HTTP API on real sockets, with a memory and with faults on demand."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote

from django.test import override_settings

from dapr_bridge import probe, sidecar, switches
from dapr_bridge.conf import conf
from dapr_bridge.switches import CEILINGS, Snapshot, Switch


@dataclass
class Entry:
    """A stored value. `version` is its etag, as Redis counts it."""

    data: bytes
    version: int = 1
    ends_at: float | None = None  # on the monotonic clock


@dataclass(frozen=True)
class Published:
    """One event that was handed to the broker."""

    pubsub: str
    topic: str
    content_type: str
    event: dict[str, Any]
    headers: Mapping[str, str]


@dataclass
class FakeSidecar:
    """What the fake has and how it behaves; change any of it while it runs. Its etags and ends of life are those of `state.redis`.

    It delivers nothing: a test takes what was published from `published` and posts it to its own route, or does not.
    """

    token: str = ""  # asked of its callers, unless empty
    healthy: bool = True
    delay: float = 0.0  # seconds before every answer about state and events
    failure: str = ""  # name of a gRPC status, such as "UNAVAILABLE": every such call ends with it, those over HTTP with 500
    components: dict[str, str] = field(default_factory=lambda: {conf.STATE_STORE: "state.redis", conf.PUBSUB: "pubsub.redis"})
    subscriptions: list[tuple[str, str]] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)  # ids of events that the broker does not take from among several
    published: list[Published] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)  # names of the methods, in order
    headers: Mapping[str, str] = field(default_factory=dict)  # of the last call

    @contextmanager
    def running(self) -> Iterator["FakeSidecar"]:
        """Serve on free ports and point the bridge at them; afterwards nothing of it is left."""
        import grpc
        from dapr.proto import api_service_v1

        self._changing = threading.Lock()
        server = grpc.server(futures.ThreadPoolExecutor(16))
        api_service_v1.add_DaprServicer_to_server(_servicer(self), server)  # type: ignore[no-untyped-call]
        grpc_port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        httpd = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        httpd.daemon_threads = True
        httpd.block_on_close = False  # kept connections outlive the test that made them by a moment
        thread = threading.Thread(target=httpd.serve_forever, args=[0.01], daemon=True)
        thread.start()
        try:
            with pointed_at(http_port=httpd.server_address[1], grpc_port=grpc_port, API_TOKEN=self.token):
                yield self
        finally:
            httpd.shutdown()
            httpd.server_close()
            thread.join()
            server.stop(None).wait()

    def find(self, key: str) -> Entry | None:
        """What is under the key, if its life has not ended."""
        entry = self.entries.get(key)
        return entry if entry and (entry.ends_at is None or entry.ends_at > time.monotonic()) else None

    def write(self, key: str, data: bytes, *, etag: str, ttl: str) -> bool:
        """Write as `state.redis` does; False when the etag is another."""
        with self._changing:
            entry = self.find(key)
            if entry and etag and etag != str(entry.version):
                return False
            ends_at = entry.ends_at if entry else None
            if ttl:
                ends_at = None if int(ttl) <= 0 else time.monotonic() + int(ttl)
            self.entries[key] = Entry(data, entry.version + 1 if entry else 1, ends_at)
            return True


@contextmanager
def pointed_at(*, http_port: int, grpc_port: int, **others: Any) -> Iterator[None]:
    """Let the bridge use the sidecar on these ports, with a breaker that has seen nothing yet."""
    from django.conf import settings

    sidecar.close()
    with TemporaryDirectory() as folder:
        ours = {"SIDECAR_HTTP_PORT": http_port, "SIDECAR_GRPC_PORT": grpc_port, "BREAKER_FOLDER": folder, **others}
        with override_settings(DAPR_BRIDGE={**getattr(settings, "DAPR_BRIDGE", {}), **ours}):
            try:
                yield
            finally:
                probe.stop()
                sidecar.close()


@contextmanager
def switched(*blocks: str, **stages: str) -> Iterator[None]:
    """Let these blocks be on, or at the stages given by name, in this process, whatever the database says."""
    rows = {block: Switch("on") for block in ("sidecar", *blocks)}
    rows |= {block: Switch(stage) for block, stage in stages.items()}
    with override_settings(**dict.fromkeys(CEILINGS.values(), True)):
        switches.pin(Snapshot(rows))
        try:
            yield
        finally:
            switches.pin(None)


def _servicer(fake: FakeSidecar) -> Any:
    """Dapr's gRPC service on the fake; made here because its base class may only be imported when Dapr is used."""
    import grpc
    from dapr.proto import api_service_v1, api_v1
    from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]

    class Servicer(api_service_v1.DaprServicer):
        def _begin(self, name: str, context: Any) -> None:
            fake.calls.append(name)
            fake.headers = dict(context.invocation_metadata())
            time.sleep(fake.delay)
            if fake.token and fake.headers.get("dapr-api-token") != fake.token:
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token is wrong")
            if fake.failure:
                context.abort(grpc.StatusCode[fake.failure], "as the test wished")

        def GetBulkState(self, request: Any, context: Any) -> Any:  # noqa: N802
            self._begin("GetBulkState", context)
            found = [(key, fake.find(key)) for key in request.keys]
            items = [
                api_v1.BulkStateItem(key=key, data=entry.data, etag=str(entry.version)) if entry else api_v1.BulkStateItem(key=key)
                for key, entry in found
            ]
            return api_v1.GetBulkStateResponse(items=items)

        def SaveState(self, request: Any, context: Any) -> Any:  # noqa: N802
            self._begin("SaveState", context)
            for item in request.states:
                if not fake.write(item.key, item.value, etag=item.etag.value, ttl=item.metadata.get("ttlInSeconds", "")):
                    context.abort(grpc.StatusCode.ABORTED, "possible etag mismatch")
            return Empty()

        def DeleteBulkState(self, request: Any, context: Any) -> Any:  # noqa: N802
            self._begin("DeleteBulkState", context)
            for item in request.states:
                fake.entries.pop(item.key, None)
            return Empty()

    return Servicer()


def _handler(fake: FakeSidecar) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if self.path.startswith("/v1.0/healthz"):
                self._answer(204 if fake.healthy else 500)
            elif fake.token and self.headers.get("dapr-api-token") != fake.token:
                self._answer(401)
            elif self.path == "/v1.0/metadata":
                self._answer(200, json.dumps(_metadata(fake)).encode())
            elif self.path.startswith("/v1.0/state/"):
                self._get_state(unquote(self.path.rpartition("/")[2]))
            else:
                self._answer(404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if fake.token and self.headers.get("dapr-api-token") != fake.token:
                self._answer(401)
            elif self.path.startswith("/v1.0/publish/"):
                pubsub, topic = map(unquote, self.path.split("/")[-2:])
                publish = self._publish_together if self.path.startswith("/v1.0/publish/bulk/") else self._publish
                publish(pubsub, topic, body)
            else:
                self._answer(404)

        def _get_state(self, key: str) -> None:
            if self._begin("GetState"):
                entry = fake.find(key)
                self._answer(200, entry.data, etag=str(entry.version)) if entry else self._answer(204)

        def _publish(self, pubsub: str, topic: str, body: bytes) -> None:
            if self._begin("PublishEvent"):
                fake.published.append(Published(pubsub, topic, self.headers["Content-Type"], json.loads(body), fake.headers))
                self._answer(204)

        def _publish_together(self, pubsub: str, topic: str, body: bytes) -> None:
            if self._begin("BulkPublishEvent"):
                entries = {entry["entryId"]: entry for entry in json.loads(body)}
                taken = [entry for id, entry in entries.items() if id not in fake.refused]
                fake.published += [Published(pubsub, topic, entry["contentType"], entry["event"], fake.headers) for entry in taken]
                failed = [{"entryId": id, "error": "as the test wished"} for id in entries if id in fake.refused]
                self._answer(500, json.dumps({"failedEntries": failed}).encode()) if failed else self._answer(204)

        def _begin(self, name: str) -> bool:
            """False when the call has been answered already: the test wished it to fail."""
            fake.calls.append(name)
            fake.headers = {name.lower(): value for name, value in self.headers.items()}
            time.sleep(fake.delay)
            if fake.failure:
                self._answer(500, json.dumps({"errorCode": fake.failure}).encode())
            return not fake.failure

        def _answer(self, status: int, body: bytes = b"", etag: str = "") -> None:
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            if etag:
                self.send_header("ETag", etag)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests are quiet."""

        def handle(self) -> None:
            with suppress(ConnectionError):  # a caller that did not wait
                super().handle()

    return Handler


def _metadata(fake: FakeSidecar) -> dict[str, Any]:
    return {
        "id": "fake",
        "runtimeVersion": "1.18.2",
        "components": [{"name": name, "type": type} for name, type in fake.components.items()],
        "subscriptions": [{"pubsubname": pubsub, "topic": topic} for pubsub, topic in fake.subscriptions],
    }
