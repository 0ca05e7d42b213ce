"""The product with Dapr beside it: Valkey, the sidecars of api and worker with the real components, and the process of the event route.

    def test_it(dapr_stack):            # tests/e2e/conftest.py: phase 0, everything running
        dapr_stack.phase(3)             # in force within a second
        dapr_stack.worker_sidecar.kill()

Whatever runs can be killed, frozen (`stop`, `cont`) and started again: `valkey`, `backend_sidecar`, `worker_sidecar`, `events`, and the
programs of `Stack`.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dapr_bridge.local import daprd
from dapr_bridge.local.processes import free_ports
from dapr_bridge.pytest_dapr import Sidecar, Valkey
from tests.e2e.stack import Answer, Person, Program, Stack
from tools.processes import answers, gunicorn
from tools.sidecars import BACKEND, FRONTEND, WORKER, sidecar

APP_IDS = {"api": BACKEND, "worker": WORKER}
TOPIC = "todo-events"
GROUP = WORKER


class DaprStack(Stack):
    """A stack whose processes may use Dapr: all settings allow it, and every switch is off."""

    def __init__(self, folder: Path, *, daprd_binary: Path, valkey_binary: Path, **options: Any) -> None:
        self._binary, self._folder = daprd_binary, folder
        (folder / "valkey").mkdir()
        self.valkey = Valkey(valkey_binary, folder / "valkey")
        self.ports = {app_id: daprd.Ports(*free_ports(4)) for app_id in APP_IDS.values()}
        self._tokens: dict[str, tuple[str, str]] = {}
        (self.events_port,) = free_ports(1)
        super().__init__(folder, DAPR_ENABLED="true", **options)
        self.backend_sidecar = self.sidecar(BACKEND, self.ports[BACKEND], self.port)
        self.worker_sidecar = self.sidecar(WORKER, self.ports[WORKER], self.events_port)
        self.events = Program(
            "events",
            gunicorn(self.events_port, workers=2),
            self.env | self.variables("worker"),
            folder,
            ready=answers(self.events_port, "/readyz"),
        )

    def variables(self, role: str) -> dict[str, str]:
        """The role, and what a process needs to know of its sidecar, as `make run` tells it."""
        app_id = APP_IDS[role]
        ports, (api_token, app_token) = self.ports[app_id], self.tokens(app_id)
        return {
            **super().variables(role),
            "DAPR_HTTP_PORT": str(ports.http),
            "DAPR_GRPC_PORT": str(ports.grpc),
            "DAPR_METRICS_PORT": str(ports.metrics),
            "DAPR_API_TOKEN": api_token,
            "APP_API_TOKEN": app_token,
            "DAPR_SIDECARS": ",".join(f"{name}={each.http}" for name, each in self.ports.items()),
        }

    def tokens(self, app_id: str) -> tuple[str, str]:
        """The token that the sidecar asks of its callers, and the one that it shows to its app."""
        return self._tokens.setdefault(app_id, (secrets.token_urlsafe(32), secrets.token_urlsafe(32)))

    def sidecar(self, app_id: str, ports: daprd.Ports, app_port: int | None) -> Sidecar:
        """A sidecar of this stack, not started."""
        api_token, app_token = self.tokens(app_id)
        folder = self._folder / app_id
        folder.mkdir()
        variables = {**self.valkey.variables, "DAPR_NAMES_DB": str(self._folder / "names.db")}
        variables["DAPR_OTLP_ADDRESS"] = urlsplit(self.env.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")).netloc
        spec = sidecar(app_id, ports, app_port)
        return Sidecar(self._binary, spec, api_token=api_token, app_token=app_token, folder=folder, env=variables)

    @contextmanager
    def caller(self) -> Iterator["Caller"]:
        """Somebody behind the sidecar of the web app, which finds the API by its app-id."""
        ports = daprd.Ports(*free_ports(4))
        with self.sidecar(FRONTEND, ports, None) as own:
            own.start()
            caller = Caller(own, "caller@example.com")
            eventually(lambda: caller.ask("GET", "/livez").status == 200)
            yield caller

    def start(self) -> None:
        """Start everything; return once the worker's sidecar has its subscription."""
        self.valkey.start()
        super().start()
        self.events.start()
        for each in (self.backend_sidecar, self.worker_sidecar):
            each.start()
        eventually(self.is_subscribed)

    def stop(self) -> None:
        """Kill everything."""
        for each in (self.worker_sidecar, self.backend_sidecar):
            each.kill()
        if self.events.process:
            self.events.kill()
        super().stop()
        self.valkey.kill()

    def phase(self, number: int) -> None:
        """Let the first so many blocks be on and no others, as their rows say it; in force within a second."""
        from dapr_bridge.switches import BLOCKS  # needs settings, which there are none yet when this module is loaded

        self.switch(**{block: "on" if place < number else "off" for place, block in enumerate(BLOCKS)})

    def switch(self, **stages: str) -> None:
        """Write the rows of some blocks, without asking whether it is a legal move."""
        for block, stage in stages.items():
            self.query(
                "INSERT INTO dapr_bridge_blockswitch (block, stage, percent, generation) VALUES (%s, %s, 100, 0)"
                " ON CONFLICT (block) DO UPDATE SET stage = excluded.stage RETURNING block",
                block,
                stage,
            )

    def is_subscribed(self) -> bool:
        """Whether the broker has the worker's group, which a subscription makes."""
        return self.valkey.ask("XPENDING", TOPIC, GROUP).startswith("*")

    def published(self) -> int:
        """Events that were published so far."""
        return self.valkey.published(TOPIC)

    def pending(self) -> int:
        """Entries of the stream that a sidecar has taken and not yet acknowledged."""
        return self.valkey.pending(TOPIC, GROUP)

    def keys_of_state(self) -> int:
        """Values in the state store."""
        return self.valkey.number("return #redis.call('KEYS', KEYS[1])", f"{BACKEND}||*")


class Caller(Person):
    """Uses the API through the sidecar of the web app, like the gateway while invocation is on."""

    def __init__(self, own: Sidecar, email: str) -> None:
        super().__init__(own.http_port, email)
        self.sidecar = own

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One invocation."""
        invoked = f"/v1.0/invoke/{BACKEND}/method{path}"
        return super().ask(method, invoked, body, dapr_api_token=self.sidecar.api_token, **headers)


def eventually(condition: Callable[[], Any], within: float = 20) -> Any:
    """The first true answer of the condition; fails the test when there is none in time."""
    deadline = time.monotonic() + within
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"still false after {within} s"
        time.sleep(0.05)
    return answer
