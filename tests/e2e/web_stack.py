"""The product with its web app: the stack of `dapr_stack`, two gateways before the API, and the sidecar of one of them.

`gateway` may use its sidecar, as the switches say; `direct` is another one on the same API that must not, whatever they say.
"""

import http.client
import json
import secrets
from pathlib import Path
from typing import Any

from dapr_bridge.local import daprd
from dapr_bridge.local.processes import free_ports
from tests.e2e.dapr_stack import DaprStack, eventually
from tests.e2e.stack import Program
from tools import build_web
from tools.processes import answers
from tools.sidecars import FRONTEND


class WebStack(DaprStack):
    """A stack with a web app in front of it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.gateway_port, self.direct_port = free_ports(2)
        origins = ",".join(f"http://127.0.0.1:{port}" for port in (self.gateway_port, self.direct_port))
        secret = secrets.token_urlsafe(32)
        super().__init__(folder, GATEWAY_SECRET=secret, PUBLIC_ORIGINS=origins, **options)
        self.frontend_ports = daprd.Ports(*free_ports(4))
        self.frontend_sidecar = self.sidecar(FRONTEND, self.frontend_ports, None)
        start = [str(build_web.build(print).binary), str(build_web.WEB / "scripts" / "start.mjs")]
        common = self.env | {"API_URL": f"http://127.0.0.1:{self.port}", "GATEWAY_SECRET": secret}
        dapr = {
            "DAPR_INVOCATION_ENABLED": "true",
            "DAPR_HTTP_PORT": str(self.frontend_ports.http),
            "DAPR_API_TOKEN": self.tokens(FRONTEND)[0],
        }
        self.gateway = Program(
            "gateway", start, common | dapr | {"WEB_PORT": str(self.gateway_port)}, folder, ready=answers(self.gateway_port, "/readyz")
        )
        self.direct = Program(
            "direct", start, common | {"WEB_PORT": str(self.direct_port)}, folder, ready=answers(self.direct_port, "/readyz")
        )

    def start(self) -> None:
        """Start everything."""
        super().start()
        self.frontend_sidecar.start()
        self.gateway.start()
        self.direct.start()

    def stop(self) -> None:
        """Kill everything."""
        for program in (self.direct, self.gateway):
            if program.process:
                program.kill()
        self.frontend_sidecar.kill()
        super().stop()

    def route(self) -> str:
        """How the gateway says that requests travel: "sidecar" or "direct"."""
        status, body = fetch(self.gateway_port, "/gateway")
        assert status == 200
        return str(json.loads(body)["route"])

    def until_route(self, wanted: str, within: float = 20) -> None:
        """Wait until requests take this way."""
        eventually(lambda: self.route() == wanted, within=within)

    def invocations(self) -> int:
        """Requests that the frontend's sidecar has carried so far, the gateway's own probe among them."""
        _, body = fetch(self.frontend_ports.metrics, "/metrics")
        lines = [line for line in body.splitlines() if line.startswith("dapr_runtime_service_invocation_req_sent_total{")]
        return sum(int(float(line.rpartition(" ")[2])) for line in lines)


def fetch(port: int, path: str) -> tuple[int, str]:
    """Status and body of one GET."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
