"""A collector of spans for tests: takes OTLP/HTTP as OpenTelemetry's exporters and daprd's send it, and keeps what it decoded."""

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Seen:
    """One span that arrived."""

    service: str
    scope: str  # the library that made it
    name: str
    kind: int  # 1 internal, 2 server, 3 client, 4 producer, 5 consumer
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    attributes: dict[str, Any]
    events: int
    text: str = field(repr=False)  # all of it


class Otlp:
    """The running collector."""

    def __init__(self) -> None:
        self.spans: list[Seen] = []
        self.batches = 0
        self.status = 200
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.batches += 1
                if collector.status == 200:
                    collector._take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
                self.send_response(collector.status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.address}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def _take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _values(resource.resource.attributes).get("service.name", "")
            for scope in resource.scope_spans:
                self.spans += [_seen(service, scope.scope.name, span) for span in scope.spans]

    def trace(self, trace_id: str) -> list[Seen]:
        """The spans of one trace so far."""
        return [span for span in self.spans if span.trace_id == trace_id]

    def wait_for_batches(self, number: int, within: float = 20) -> None:
        """Return once so many requests have come, whatever they were answered."""
        deadline = time.monotonic() + within
        while self.batches < number:
            assert time.monotonic() < deadline, f"{self.batches} batches"
            time.sleep(0.01)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def collecting() -> Iterator[Otlp]:
    """A collector that is closed at the end."""
    collector = Otlp()
    try:
        yield collector
    finally:
        collector.close()


def _seen(service: str, scope: str, span: Any) -> Seen:
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    return Seen(service, scope, span.name, span.kind, *ids, span.status.code == 2, _values(span.attributes), len(span.events), str(span))


def _values(attributes: Any) -> dict[str, Any]:
    return {item.key: getattr(item.value, item.value.WhichOneof("value") or "string_value") for item in attributes}
