"""What the API is told of a request by the gateway, directly and through real sidecars: only what the gateway itself answers for."""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dapr_bridge.pytest_dapr import DaprRuntime
from tests.e2e.dapr_stack import eventually
from tests.e2e.stack import ROOT, Program
from tests.local_run import free_port
from tools import build_web
from tools.processes import answers

pytestmark = [pytest.mark.e2e, pytest.mark.dapr]

LIES = {
    "Forwarded": "for=6.6.6.6",
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Real-IP": "6.6.6.6",
    "X-Client-Address": "6.6.6.6;t=1;sig=00",
    "X-Gateway-Secret": "guess",
    "X-Gateway-Peer": "6.6.6.6",
    "X-Request-Id": "mine",
    "Traceparent": "00-11111111111111111111111111111111-2222222222222222-01",
    "Tracestate": "mine=1",
    "Baggage": "mine=1",
    "Dapr-App-Id": "todo-worker",
    "Dapr-Api-Token": "guess",
    "Dapr-Caller-App-Id": "admin",
}
OF_THE_BROWSER = {"Cookie": "sessionid=x", "If-None-Match": '"3"', "Accept": "application/json", "X-Csrftoken": "y"}
# What daprd adds on the way. The API reads none of it but the token of its own sidecar and the trace.
OF_DAPR = ("dapr-", "x-forwarded-", "forwarded", "accept-encoding", "user-agent", "grpc-trace-bin", "tracestate")
OF_TRACING = {"traceparent", "tracestate", "grpc-trace-bin", "baggage"}


class Api:
    """Stands where the API stands, and remembers what it was told."""

    def __init__(self) -> None:
        self.invocation = False
        self.told: list[dict[str, str]] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = b"{}"
                if self.path == "/internal/switches":
                    body = json.dumps({"invocation": api.invocation, "phase": 2 if api.invocation else 1}).encode()
                elif self.path != "/livez":
                    api.told.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(200)
                for name, value in {"X-Request-Id": "from-the-api", "Dapr-Secret": "x", "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def get(port: int, path: str, headers: dict[str, str]) -> tuple[dict[str, str], Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return {name.lower(): value for name, value in answer.getheaders()}, json.loads(answer.read())
    finally:
        connection.close()


def test_the_api_is_told_the_same_both_ways_and_nothing_that_a_client_made_up(dapr_runtime: DaprRuntime, tmp_path: Path) -> None:
    api, port = Api(), free_port()
    names = {"DAPR_NAMES_DB": str(tmp_path / "names.db")}
    with (
        dapr_runtime.sidecar("todo-frontend", env=names) as caller,
        dapr_runtime.sidecar("todo-backend", env=names, app_port=api.port) as callee,
    ):
        command = [str(build_web.build(print).binary), str(ROOT / "frontend" / "scripts" / "start.mjs")]
        env = {"API_URL": f"http://127.0.0.1:{api.port}", "GATEWAY_SECRET": "shared", "WEB_PORT": str(port)}
        env |= {"DAPR_INVOCATION_ENABLED": "true", "DAPR_HTTP_PORT": str(caller.http_port), "DAPR_API_TOKEN": caller.api_token}
        gateway = Program("gateway", command, env, tmp_path, ready=answers(port, "/readyz"))
        try:
            gateway.start()
            heard = [get(port, "/api/v1/todos", LIES | OF_THE_BROWSER)]
            api.invocation = True
            eventually(lambda: get(port, "/gateway", {})[1]["route"] == "sidecar")
            heard.append(get(port, "/api/v1/todos", LIES | OF_THE_BROWSER))
        finally:
            gateway.kill()
            api.close()
    direct, carried = api.told
    assert set(direct) - set(carried) <= {"connection"}
    assert not [name for name in set(carried) - set(direct) if not name.startswith(OF_DAPR)]
    assert carried["dapr-api-token"] == callee.app_token
    for told in (direct, carried):
        assert {name: told[name.lower()] for name in OF_THE_BROWSER} == OF_THE_BROWSER
        assert not [name for name, lie in LIES.items() if told.get(name.lower()) == lie]
        assert "6.6.6.6" not in json.dumps(told)
        assert "evil" not in json.dumps(told)
        assert told["x-client-address"].startswith("127.0.0.1;t=")
        assert told["traceparent"].startswith("00-")
    assert direct["x-request-id"] != carried["x-request-id"]
    for headers, _ in heard:
        assert headers["x-request-id"] == "from-the-api"
        assert not [name for name in headers if name.startswith("dapr-") or name in OF_TRACING | {"server"}]
