"""Every step and process of a local run, in the order of start; they are stopped in the reverse order. To add one, add an entry."""

import http.client
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools import postgres
from tools.sidecars import BACKEND, WORKER, Dapr
from tools.supervisor import Process, Step
from tools.web import Web

PYTHON = sys.executable


@dataclass(frozen=True)
class Ports:
    """The loopback ports of a run."""

    api: int
    events: int  # the worker's event route
    web: int | None  # None: without the web app


def plan(*, ports: Ports, data: Path | None, demo: bool, dapr: Dapr | None, web: Web | None) -> list[Process | Step]:
    """What runs; `data` is the folder of the embedded database (None: DATABASE_URL names another), `demo` makes the demo account.

    Sidecars stand before their apps, so that they stop after them.
    """
    manage = [PYTHON, "manage.py"]
    of_api, of_worker = ({}, {}) if dapr is None else (dapr.of_app[BACKEND], dapr.of_app[WORKER])
    entries: list[Process | Step] = [
        Step("migrations", [*manage, "migrate", "--no-input"]),
        Process(
            "api",
            gunicorn(ports.api),
            env={"ROLE": "api", "GRACEFUL_TIMEOUT": "2", **of_api},
            ready=answers(ports.api, "/readyz"),
            stop_within=2.5,
        ),
        Process(
            "events",
            gunicorn(ports.events, workers=1),
            env={"ROLE": "worker", "GRACEFUL_TIMEOUT": "1", **of_worker},
            ready=answers(ports.events, "/readyz"),
            stop_within=1.5,
        ),
        Process("relay", [*manage, "relay_events"], env={"ROLE": "worker", **of_worker}, stop_within=1.5),
    ]
    if demo:
        entries.insert(2, Step("demo account", [*manage, "create_demo"], shown=True))
    sidecars, search = ([], []) if dapr is None else (dapr.processes, [dapr.search])
    frontend = [] if web is None else [web.server, web.preparation]
    return [*(database(data) if data else []), *sidecars, *entries, *frontend, *search]


def database(data: Path) -> list[Process | Step]:
    """The embedded PostgreSQL."""
    installation = postgres.find(data)
    return [
        Step(f"PostgreSQL {installation.major} files", lambda: postgres.prepare(data, installation)),
        Process(
            "postgresql",
            postgres.command(data, installation),
            ready=lambda: postgres.is_ready(postgres.url(data, "postgres")),
            stop_signal=signal.SIGINT,  # PostgreSQL's "fast" stop: it ends open sessions instead of waiting for them
            stop_within=2,
        ),
        Step("database", lambda: postgres.create_database(postgres.url(data, "postgres"))),
    ]


def gunicorn(port: int, *, workers: int | None = None) -> list[str]:
    """A gunicorn on the loopback address; gunicorn.conf.py holds the rest."""
    return [PYTHON, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", *(["--workers", str(workers)] if workers else [])]


def answers(port: int, path: str) -> Callable[[], bool]:
    """A probe: true once `path` on this loopback port gives 200."""

    def probe() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe
