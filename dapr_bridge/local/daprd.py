"""The daprd binary: where it is looked for, and the command line of a sidecar that only this machine can reach."""

import http.client
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

OLDEST = (1, 18, 2)


class Unusable(Exception):
    """The daprd named by the person cannot be used; the text is one sentence with the remedy."""


@dataclass(frozen=True)
class Ports:
    """The loopback ports of one sidecar."""

    http: int
    grpc: int
    internal: int  # other sidecars
    metrics: int


@dataclass(frozen=True)
class Sidecar:
    """What one sidecar is: its identity, its ports, the files it reads, and how it treats its app."""

    app_id: str
    ports: Ports
    resources: Path  # the folder of components
    config: Path | None = None
    app_port: int | None = None  # None: nobody can call this app through Dapr
    subscribes: bool = (
        False  # whether the app is asked for its subscriptions; its health is then watched, since only then they stop with it
    )
    health_path: str = "/livez"
    max_body: str = "4Mi"
    largest_headers: str = "16Ki"
    grace_seconds: int = 1


def find(named: str = "") -> Path | None:
    """A daprd that is new enough: the one `named`, else of PATH, `~/.dapr/bin` or the user's cache. Raises Unusable for the named one."""
    if named:
        if (found := version(Path(named))) is None or found < OLDEST:
            raise Unusable(f"{named} is no daprd {text(OLDEST)} or newer: correct or unset DAPRD.")
        return Path(named)
    return next((binary for binary in _candidates() if (version(binary) or (0,)) >= OLDEST), None)


def cached() -> Path:
    """Where a daprd that was built on this machine is kept, for all projects of the user."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "dapr" / f"daprd-{text(OLDEST)}"


def version(binary: Path) -> tuple[int, ...] | None:
    """The version a binary says it has; None when it is no daprd or has none (`edge`)."""
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", answer.strip())
    return tuple(map(int, found.groups())) if found else None


def text(number: tuple[int, ...]) -> str:
    """A version as people write it."""
    return ".".join(map(str, number))


def arguments(sidecar: Sidecar) -> list[str]:
    """What follows `daprd` on the command line: everything listens on 127.0.0.1, and no control plane is used."""
    ports = sidecar.ports
    words = {
        "app-id": sidecar.app_id,
        "resources-path": sidecar.resources,
        "config": sidecar.config,
        "dapr-listen-addresses": "127.0.0.1",
        "dapr-http-port": ports.http,
        "dapr-grpc-port": ports.grpc,
        "dapr-internal-grpc-listen-address": "127.0.0.1",
        "dapr-internal-grpc-port": ports.internal,
        "metrics-listen-address": "127.0.0.1",
        "metrics-port": ports.metrics,
        "max-body-size": sidecar.max_body,
        "read-buffer-size": sidecar.largest_headers,
        "dapr-graceful-shutdown-seconds": sidecar.grace_seconds,
        "disable-init-endpoints": "config" if sidecar.subscribes else "config,subscribe",
        **_app(sidecar),
    }
    flags = ["--enable-app-health-check"] if sidecar.subscribes else []
    return [*(f"--{name}={value}" for name, value in words.items() if value is not None), *flags, "--log-as-json"]


def _app(sidecar: Sidecar) -> dict[str, object]:
    if sidecar.app_port is None:
        return {}
    app: dict[str, object] = {"app-port": sidecar.app_port, "app-channel-address": "127.0.0.1", "app-protocol": "http"}
    if sidecar.subscribes:
        app |= {"app-health-check-path": sidecar.health_path, "app-health-probe-interval": 1, "app-health-threshold": 3}
    return app


def environment(*, api_token: str, app_token: str, **others: str) -> dict[str, str]:
    """The variables of a sidecar: the token that it asks of its callers, and the one that it shows to its app."""
    return {"DAPR_API_TOKEN": api_token, "APP_API_TOKEN": app_token, "DAPR_HOST_IP": "127.0.0.1", **others}


def is_healthy(port: int, *, timeout: float = 0.3) -> bool:
    """Whether the sidecar of this HTTP port has loaded its components and serves its API, with or without its app."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/v1.0/healthz/outbound")
        return connection.getresponse().status == 204
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _candidates(environ: Mapping[str, str] = os.environ) -> Iterator[Path]:
    if on_path := shutil.which("daprd", path=environ.get("PATH")):
        yield Path(on_path)
    yield Path("~/.dapr/bin/daprd").expanduser()
    yield cached()
