"""The sidecars of a local run and the Valkey behind them: which there are, on which ports, with which secrets."""

import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dapr_bridge.local import daprd, valkey
from dapr_bridge.local.processes import free_ports
from tools.environment import ROOT, RUN, Refusal, kept_secret, lookup, lookup_port
from tools.supervisor import Process

BACKEND, WORKER, FRONTEND = "todo-backend", "todo-worker", "todo-frontend"
APPS = (BACKEND, WORKER, FRONTEND)  # the order of their ports
COMPONENTS = ROOT / "components"
CONFIGURATIONS = ROOT / "configurations"
BINARY = RUN / "daprd"  # a link, made by tools/daprd.py: the sidecars start when it is there
FIRST_PORT = 3500
LARGEST_UPLOAD = "21Mi"  # an import (20 MiB) and the form around it
OFF = "Dapr is off (DAPR_ENABLED=false): the app runs as phase 0."


@dataclass(frozen=True)
class Dapr:
    """What a run has of Dapr."""

    processes: Sequence[Process]  # in the order of start; nothing waits for them
    search: Process  # finds or builds daprd, after everything else has started
    variables: Mapping[str, str]  # for every process of this checkout
    of_app: Mapping[str, Mapping[str, str]]  # for the processes of one app-id
    of_gateway: Mapping[str, str]  # for the web app, which reads no `.run/env`


def dapr(app_ports: Mapping[str, int | None], say: Callable[[str], None]) -> Dapr | None:
    """Dapr for these apps (app-id to the port on which the app can be called, or None); None, with the reason said, when there is none."""
    if lookup("DAPR_ENABLED", "true").lower() in ("false", "0", "off", "no"):
        say(OFF)
        return None
    ports, valkey_port = choose_ports()
    url = lookup("REDIS_URL")
    server = None if url else valkey.find(lookup("VALKEY_SERVER"))
    if not url and server is None:
        say(f"No Valkey or Redis {valkey.OLDEST} or newer is here: install one or set REDIS_URL. The app runs without sidecars (phase 0).")
        return None
    password = kept_secret("REDIS_PASSWORD")
    redis = redis_variables(url) if url else redis_variables(f"redis://:{password}@127.0.0.1:{valkey_port}")
    tokens = {name: kept_secret(name) for name in ("DAPR_API_TOKEN", "APP_API_TOKEN")}
    if tokens["DAPR_API_TOKEN"] == tokens["APP_API_TOKEN"]:
        raise Refusal("DAPR_API_TOKEN and APP_API_TOKEN are the same: give them different values, or leave both out.")
    BINARY.unlink(missing_ok=True)
    sidecars = [sidecar(app_id, ports[app_id], app_port) for app_id, app_port in app_ports.items()]
    environment = daprd.environment(
        api_token=tokens["DAPR_API_TOKEN"], app_token=tokens["APP_API_TOKEN"], **redis, **configuration_variables()
    )
    return Dapr(
        processes=[*([_valkey(server, valkey_port, password)] if server else []), *(_process(one, environment) for one in sidecars)],
        search=Process(
            "dapr", [sys.executable, "-m", "tools.daprd", str(BINARY)], when=lambda: True, once=True, shown=True, stop_within=0.1
        ),
        variables={"DAPR_ENABLED": "true", **tokens, **redis, **_ports_of(ports[BACKEND]), "DAPR_SIDECARS": _list(sidecars)},
        of_app={one.app_id: _ports_of(one.ports) for one in sidecars},
        of_gateway={"DAPR_API_TOKEN": tokens["DAPR_API_TOKEN"], "DAPR_HTTP_PORT": str(ports[FRONTEND].http)},
    )


def sidecar(app_id: str, ports: daprd.Ports, app_port: int | None) -> daprd.Sidecar:
    """The sidecar of one of this product's apps, as dapr.yaml describes it, too."""
    return daprd.Sidecar(
        app_id=app_id,
        ports=ports,
        resources=COMPONENTS,
        config=CONFIGURATIONS / f"{app_id}.yaml",
        app_port=app_port,
        subscribes=app_id == WORKER,
        max_body="4Mi" if app_id == WORKER else LARGEST_UPLOAD,
    )


def ports_from(first: int) -> tuple[dict[str, daprd.Ports], int]:
    """The ports of all sidecars, and Valkey's, in the block that begins here. All below the kernel's range for outgoing connections."""
    ports = {app_id: daprd.Ports(first + n, first + 10 + n, first + 20 + n, first + 30 + n) for n, app_id in enumerate(APPS)}
    return ports, first + 40


def choose_ports() -> tuple[dict[str, daprd.Ports], int]:
    """The block of DAPR_PORTS, which must be free; without that variable the usual block, or any free ports when something is there."""
    named = lookup("DAPR_PORTS")
    ports, valkey_port = ports_from(lookup_port("DAPR_PORTS", FIRST_PORT))
    taken = [port for port in (*(port for one in ports.values() for port in vars(one).values()), valkey_port) if _is_taken(port)]
    if not taken:
        return ports, valkey_port
    if named:
        raise Refusal(f"Port {taken[0]} is taken: choose another block of 50 with DAPR_PORTS, or leave it out.")
    free = iter(free_ports(4 * len(APPS) + 1))
    return {app_id: daprd.Ports(next(free), next(free), next(free), next(free)) for app_id in APPS}, next(free)


def redis_variables(url: str) -> dict[str, str]:
    """What the components read about Redis, and REDIS_URL itself; refuses a URL that they could not use."""
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss") or not parts.hostname or parts.path not in ("", "/", "/0"):
        raise Refusal(
            "REDIS_URL is not like redis://user:password@host:6379 (or rediss://; the database is always 0): correct or unset it."
        )
    return {
        "REDIS_URL": url,
        "REDIS_HOST": f"{parts.hostname}:{parts.port or 6379}",
        "REDIS_USERNAME": unquote(parts.username or ""),
        "REDIS_PASSWORD": unquote(parts.password or ""),
        "REDIS_TLS": "true" if parts.scheme == "rediss" else "false",
    }


def configuration_variables() -> dict[str, str]:
    """What configurations/ reads."""
    collector = urlsplit(lookup("OTEL_EXPORTER_OTLP_ENDPOINT"))
    return {"DAPR_NAMES_DB": str(RUN / "names.db"), "DAPR_OTLP_ADDRESS": collector.netloc}


def _process(one: daprd.Sidecar, environment: Mapping[str, str]) -> Process:
    return Process(
        f"sidecar {one.app_id}",
        [str(BINARY), *daprd.arguments(one)],
        env=environment,
        ready=partial(daprd.is_healthy, one.ports.http),
        when=BINARY.exists,
        slowest_restart=5.0,
        stop_within=0.2,
    )


def _valkey(server: Path, port: int, password: str) -> Process:
    configuration = valkey.configure(RUN / "valkey", port=port, password=password)
    return Process(
        "valkey",
        [str(server), str(configuration)],
        ready=partial(valkey.is_ready, port, password),
        when=lambda: True,
        slowest_restart=5.0,
        stop_within=0.2,
    )


def _ports_of(ports: daprd.Ports) -> dict[str, str]:
    return {"DAPR_HTTP_PORT": str(ports.http), "DAPR_GRPC_PORT": str(ports.grpc), "DAPR_METRICS_PORT": str(ports.metrics)}


def _list(sidecars: Sequence[daprd.Sidecar]) -> str:
    """Every sidecar with its HTTP port, for whoever looks at them all: `todo-backend=3500,todo-worker=3501`."""
    return ",".join(f"{one.app_id}={one.ports.http}" for one in sidecars)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
