"""The product with Dapr beside it, for the bench: Valkey, three sidecars, and processes whose phase is moved by the switches' rows."""

import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.dapr import found
from bench.servers import LASTING, PROCESSES, ROOT, Server
from dapr_bridge.local import daprd, valkey
from dapr_bridge.pytest_dapr import DaprRuntime, Sidecar, Valkey

IN_FORCE_SECONDS = 1.2  # a moved switch is known to every process within one


@dataclass(frozen=True)
class Beside:
    """What runs: `api` may use Dapr; `direct` keeps the same answers in Redis by Django's own cache; `gateway` is where callers enter."""

    api: Server
    direct: Server
    gateway: Sidecar
    through_gateway: "Through"


class Through:
    """A server reached by way of another port; its CPU is still its own."""

    def __init__(self, server: Server, port: int) -> None:
        self._server, self.port = server, port

    def cpu_seconds(self) -> float:
        """The server's, without that of what stands before it."""
        return self._server.cpu_seconds()


def move(phase: int) -> None:
    """Let the first so many blocks be on, and wait until every process knows."""
    from dapr_bridge.models import BlockSwitch
    from dapr_bridge.switches import BLOCKS

    for place, block in enumerate(BLOCKS):
        BlockSwitch.objects.update_or_create(block=block, defaults={"stage": "on" if place < phase else "off"})
    time.sleep(IN_FORCE_SECONDS)


@contextmanager
def started(first_port: int) -> Iterator[Beside]:
    """Everything, in phase 0."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        redis = _redis(folder / "valkey")
        stack.callback(redis.kill)
        runtime = _runtime(folder / "dapr", redis)
        stack.callback(runtime.end)
        environment = {
            "DAPR_ENABLED": "true",
            "DAPR_BREAKER_FOLDER": str(folder),
            "REDIS_URL": redis.url,
            "GATEWAY_SECRET": secrets.token_hex(),
        }

        def serve(name: str, argv: list[str], port: int, **variables: str) -> Server:
            server = Server(name, [sys.executable, *argv], port, {**environment, **variables})
            stack.callback(server.process.wait)
            stack.callback(server.process.terminate)
            return server

        def gunicorn(port: int, processes: int = PROCESSES) -> list[str]:
            return ["-m", "gunicorn", "--workers", str(processes), *LASTING, "--bind", f"127.0.0.1:{port}"]

        backend = runtime.sidecar("todo-backend", app_port=first_port)
        worker = runtime.sidecar("todo-worker", app_port=first_port + 1, subscribes=True, wait=False)
        gateway = runtime.sidecar("todo-frontend")
        api = serve("todo with Dapr", gunicorn(first_port), first_port, ROLE="api", **_sidecar(backend))
        serve("event route", gunicorn(first_port + 1, 1), first_port + 1, ROLE="worker", **_sidecar(worker))
        serve("relay", ["manage.py", "relay_events"], 0, ROLE="worker", **_sidecar(worker))
        settings = {"DJANGO_SETTINGS_MODULE": "bench.peers.direct_redis", "ROLE": "api"}
        direct = serve("todo with Redis", gunicorn(first_port + 2), first_port + 2, **settings)
        for server in (api, direct):
            server.wait("/livez")
        time.sleep(3)  # the worker's sidecar waits for its app
        yield Beside(api, direct, gateway, Through(api, gateway.http_port))


def _redis(folder: Path) -> Valkey:
    folder.mkdir()
    server = Valkey(found(valkey.find(os.environ.get("VALKEY_SERVER", "")), "Valkey"), folder)
    server.start()
    return server


def _runtime(folder: Path, redis: Valkey) -> DaprRuntime:
    folder.mkdir()
    binary = found(daprd.find(os.environ.get("DAPRD", "")), "daprd")
    configurations = str(ROOT / "configurations" / "{app_id}.yaml")
    return DaprRuntime(binary, folder, resources=ROOT / "components", config=configurations, env=redis.variables)


def _sidecar(one: Sidecar) -> dict[str, str]:
    ports = {"DAPR_HTTP_PORT": str(one.http_port), "DAPR_GRPC_PORT": str(one.grpc_port), "DAPR_METRICS_PORT": str(one.metrics_port)}
    return {**ports, "DAPR_API_TOKEN": one.api_token, "APP_API_TOKEN": one.app_token, "PATH": os.environ["PATH"]}
