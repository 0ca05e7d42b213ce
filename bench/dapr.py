"""Dapr beside the worker while something is measured: Valkey, its sidecar, the process of the event route, and the switches on."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.servers import PROCESSES, Server
from dapr_bridge.local import daprd, valkey
from dapr_bridge.local.processes import free_ports
from dapr_bridge.models import BlockSwitch
from dapr_bridge.pytest_dapr import Sidecar, Valkey
from tools.processes import gunicorn
from tools.sidecars import WORKER, sidecar

TOPIC = "todo-events"


@dataclass(frozen=True)
class Worker:
    """What was started."""

    variables: Mapping[str, str]  # of the relay
    valkey: Valkey

    def published(self) -> int:
        """Events that went to the broker."""
        return self.valkey.published(TOPIC)


@contextmanager
def worker() -> Iterator[Worker]:
    """The worker in phase 3, without its relay."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        broker = stack.enter_context(Valkey(found(valkey.find(os.environ.get("VALKEY_SERVER", "")), "Valkey"), folder))
        broker.start()
        port, *ports = free_ports(5)
        spec = sidecar(WORKER, daprd.Ports(*ports), port)
        tokens = {"api_token": secrets.token_urlsafe(32), "app_token": secrets.token_urlsafe(32)}
        env = {**broker.variables, "DAPR_NAMES_DB": str(folder / "names.db"), "DAPR_OTLP_ADDRESS": ""}
        beside = stack.enter_context(
            Sidecar(found(daprd.find(os.environ.get("DAPRD", "")), "daprd"), spec, folder=folder, env=env, **tokens)
        )
        variables = {
            "ROLE": "worker",
            "DAPR_ENABLED": "true",
            "DAPR_HTTP_PORT": str(beside.http_port),
            "DAPR_GRPC_PORT": str(beside.grpc_port),
            "DAPR_API_TOKEN": beside.api_token,
            "APP_API_TOKEN": beside.app_token,
        }
        route = Server("event route", gunicorn(port, workers=PROCESSES), port, variables)
        stack.callback(route.process.wait)
        stack.callback(route.process.terminate)
        route.wait("/livez")
        beside.start()
        for block in ("sidecar", "pubsub"):
            BlockSwitch.objects.update_or_create(block=block, defaults={"stage": "on"})
        stack.callback(BlockSwitch.objects.all().delete)
        yield Worker(variables, broker)


def found(binary: Path | None, what: str) -> Path:
    """The program, which the bench cannot do without."""
    if binary is None:
        raise RuntimeError(f"no {what} is here: `make test` builds or finds it")
    return binary
