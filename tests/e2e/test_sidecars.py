"""Real daprd processes on a real Valkey, with this product's components: what they do, what they refuse, and that they come back."""

import http.client
import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dapr_bridge.pytest_dapr import DaprRuntime, Sidecar, Valkey
from tests.e2e.dapr_stack import eventually
from tests.helm.watched import expressions, names
from tests.local_run import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.dapr]

EVENT = json.dumps({"id": "1"})
TODOS = "/v1.0/invoke/todo-backend/method/api/v1/todos"


class App:
    """A small app behind a sidecar that remembers what reached it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.status = 200
        self.breaks = False
        self.subscriptions: list[dict[str, str]] = []
        app = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.path not in ("/livez", "/dapr/subscribe"):
                    app.seen.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
                    if app.breaks:
                        self.close_connection = True
                        return
                body = json.dumps(app.subscriptions if self.path == "/dapr/subscribe" else {}).encode()
                self.send_response(app.status if self.path.startswith("/api/") else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_OPTIONS = answer  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def app() -> Iterator[App]:
    serving = App()
    yield serving
    serving.close()


@pytest.fixture(scope="module")
def backend(dapr_runtime: DaprRuntime) -> Iterator[Sidecar]:
    with dapr_runtime.sidecar("todo-backend") as sidecar:
        yield sidecar


@pytest.fixture(scope="module")
def worker(dapr_runtime: DaprRuntime) -> Iterator[Sidecar]:
    with dapr_runtime.sidecar("todo-worker") as sidecar:
        yield sidecar


@pytest.fixture(scope="module")
def frontend(dapr_runtime: DaprRuntime) -> Iterator[Sidecar]:
    with dapr_runtime.sidecar("todo-frontend") as sidecar:
        yield sidecar


@pytest.fixture
def invocation(dapr_runtime: DaprRuntime, app: App, tmp_path: Path) -> Iterator[tuple[Sidecar, Sidecar]]:
    """The caller and the callee of the app. They have a register of names of their own: rows of killed sidecars are believed for 5 s."""
    names = {"DAPR_NAMES_DB": str(tmp_path / "names.db")}
    with (
        dapr_runtime.sidecar("todo-frontend", env=names) as caller,
        dapr_runtime.sidecar("todo-backend", env=names, app_port=app.port) as callee,
    ):
        eventually(lambda: ask(caller, "GET", TODOS)[0] == 200)
        app.seen.clear()
        yield caller, callee


def ask(sidecar: Sidecar, method: str, path: str, body: str | None = None, *, token: str | None = None) -> tuple[int, str]:
    """Status and body of one call to a sidecar's API, with its own token unless another is given ("" for none)."""
    token = sidecar.api_token if token is None else token
    connection = http.client.HTTPConnection("127.0.0.1", sidecar.http_port, timeout=10)
    headers = {"Content-Type": "application/json"} | ({"dapr-api-token": token} if token else {})
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def listening(pid: int) -> set[str]:
    """The addresses on which a process accepts connections or datagrams, from the kernel's tables."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            inodes.add(str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]"))
    found = set()
    for table, open_state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = row.split()[:10]
            if state == open_state and inode in inodes:
                raw = bytes.fromhex(local.partition(":")[0])
                found.add(".".join(map(str, raw[::-1])) if len(raw) == 4 else table)
    return found


@pytest.mark.parametrize(("name", "components"), [("backend", {"secretstore", "statestore"}), ("worker", {"secretstore", "pubsub"})])
def test_each_sidecar_loads_its_components_and_no_others(name: str, components: set[str], request: pytest.FixtureRequest) -> None:
    status, body = ask(request.getfixturevalue(name), "GET", "/v1.0/metadata")
    assert status == 200
    assert {component["name"] for component in json.loads(body)["components"]} == components


def test_a_state_is_read_back_and_always_has_a_time_to_live(backend: Sidecar, valkey_server: Valkey) -> None:
    states = [{"key": "one", "value": "x", "metadata": {"ttlInSeconds": "30"}}, {"key": "two", "value": 2}]
    assert ask(backend, "POST", "/v1.0/state/statestore", json.dumps(states)) == (204, "")
    assert ask(backend, "GET", "/v1.0/state/statestore/one") == (200, '"x"')
    assert 0 < int(valkey_server.ask("TTL", "todo-backend||one")[1:]) <= 30
    assert 30 < int(valkey_server.ask("TTL", "todo-backend||two")[1:]) <= 600


def test_only_the_worker_publishes_and_only_to_the_topic_of_events(backend: Sidecar, worker: Sidecar, frontend: Sidecar) -> None:
    assert ask(worker, "POST", "/v1.0/publish/pubsub/todo-events", EVENT)[0] == 204
    status, body = ask(worker, "POST", "/v1.0/publish/pubsub/other", EVENT)
    assert (status, json.loads(body)["errorCode"]) == (403, "ERR_PUBSUB_FORBIDDEN")
    for other in (backend, frontend):
        assert ask(other, "POST", "/v1.0/publish/pubsub/todo-events", EVENT)[0] == 404


def test_without_its_api_list_the_backend_still_has_no_pubsub(dapr_runtime: DaprRuntime, tmp_path: Path) -> None:
    open_configuration = tmp_path / "open.yaml"
    open_configuration.write_text("apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {name: open}\nspec: {}\n")
    with dapr_runtime.sidecar("todo-backend", config=open_configuration) as sidecar:
        status, body = ask(sidecar, "POST", "/v1.0/publish/pubsub/todo-events", EVENT)
        assert (status, json.loads(body)["errorCode"]) == (404, "ERR_PUBSUB_NOT_FOUND")


@pytest.mark.parametrize("name", ["backend", "worker", "frontend"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1.0/secrets/secretstore/PASSWORD"),
        ("POST", "/v1.0/shutdown"),
        ("POST", "/v1.0/bindings/any"),
        ("GET", "/v1.0/actors/type/id/state/key"),
        ("GET", "/v1.0/configuration/any"),
        ("POST", "/v1.0-alpha1/lock/any"),
        ("POST", "/v1.0-alpha1/jobs/any"),
    ],
)
def test_apis_that_nobody_needs_are_not_there(name: str, method: str, path: str, request: pytest.FixtureRequest) -> None:
    sidecar = request.getfixturevalue(name)
    assert ask(sidecar, method, path, "{}" if method == "POST" else None)[0] == 404
    assert sidecar.is_running()


@pytest.mark.parametrize("name", ["backend", "worker"])
def test_the_api_and_the_worker_cannot_invoke_other_apps(name: str, request: pytest.FixtureRequest) -> None:
    assert ask(request.getfixturevalue(name), "POST", "/v1.0/invoke/todo-backend/method/api", "{}")[0] == 404


def test_a_sidecar_answers_only_who_has_its_token(backend: Sidecar) -> None:
    for token in ("", "wrong", backend.app_token, backend.api_token + "x"):
        assert ask(backend, "GET", "/v1.0/metadata", token=token)[0] == 401
    assert ask(backend, "GET", "/v1.0/healthz/outbound", token="")[0] == 204
    assert backend.api_token != backend.app_token


def test_an_invoked_app_is_shown_the_token_of_its_own_sidecar_and_not_the_callers(invocation: tuple[Sidecar, Sidecar], app: App) -> None:
    caller, callee = invocation
    assert ask(caller, "GET", TODOS)[0] == 200
    ((_, path, headers),) = app.seen
    assert path == "/api/v1/todos"
    assert headers["dapr-api-token"] == callee.app_token


@pytest.mark.parametrize("failure", [400, 404, 409, 500, 503, "connection"])
def test_an_invocation_reaches_the_app_once_whatever_it_answers(invocation: tuple[Sidecar, Sidecar], app: App, failure: int | str) -> None:
    app.status, app.breaks = (200, True) if failure == "connection" else (int(failure), False)
    status, _ = ask(invocation[0], "POST", TODOS, "{}")
    assert status == (500 if failure == "connection" else failure)
    assert len(app.seen) == 1


def test_an_invocation_of_a_dead_sidecar_fails_within_a_second(invocation: tuple[Sidecar, Sidecar]) -> None:
    caller, callee = invocation
    callee.kill()
    begun = time.monotonic()
    status, body = ask(caller, "POST", TODOS, "{}")
    assert (status, json.loads(body)["errorCode"]) == (500, "ERR_DIRECT_INVOKE")
    assert time.monotonic() - begun < 1


def test_a_published_event_reaches_the_subscribed_worker_with_the_token_of_its_sidecar(dapr_runtime: DaprRuntime, app: App) -> None:
    app.subscriptions = [{"pubsubname": "pubsub", "topic": "todo-events", "route": "/dapr/events/todo-events"}]
    with dapr_runtime.sidecar("todo-worker", app_port=app.port, subscribes=True) as sidecar:
        assert ask(sidecar, "POST", "/v1.0/publish/pubsub/todo-events", EVENT)[0] == 204
        eventually(lambda: app.seen)
        method, path, headers = app.seen[-1]
        assert (method, path, headers["dapr-api-token"]) == ("POST", "/dapr/events/todo-events", sidecar.app_token)


def test_everything_listens_on_the_loopback_interface_alone(
    backend: Sidecar, worker: Sidecar, frontend: Sidecar, valkey_server: Valkey
) -> None:
    for server in (backend, worker, frontend, valkey_server):
        assert server.process
        assert listening(server.process.pid) == {"127.0.0.1"}, server.name


def test_a_sidecar_that_starts_before_valkey_ends_and_the_next_start_is_well(
    dapr_runtime: DaprRuntime, valkey_binary: Path, tmp_path: Path
) -> None:
    with Valkey(valkey_binary, tmp_path) as late:
        sidecar = dapr_runtime.sidecar("todo-backend", env=late.variables, wait=False)
        eventually(lambda: not sidecar.is_running())  # it may have called itself healthy for a moment before
        late.start()
        sidecar.start()
        assert ask(sidecar, "GET", "/v1.0/state/statestore/nothing")[0] == 204
        sidecar.kill()


def test_a_killed_or_frozen_sidecar_is_used_again_with_the_same_tokens(dapr_runtime: DaprRuntime) -> None:
    with dapr_runtime.sidecar("todo-backend") as sidecar:
        sidecar.restart()
        assert ask(sidecar, "GET", "/v1.0/metadata")[0] == 200
        sidecar.stop()
        assert not sidecar.ready()
        sidecar.cont()
        eventually(lambda: ask(sidecar, "GET", "/v1.0/metadata")[0] == 200)


def test_a_killed_valkey_fails_reads_at_once_and_its_return_is_enough(
    dapr_runtime: DaprRuntime, valkey_binary: Path, tmp_path: Path
) -> None:
    with Valkey(valkey_binary, tmp_path) as own:
        own.start()
        with dapr_runtime.sidecar("todo-backend", env=own.variables) as sidecar:
            own.kill()
            begun = time.monotonic()
            assert ask(sidecar, "GET", "/v1.0/state/statestore/key")[0] == 500
            assert time.monotonic() - begun < 1
            own.start()
            eventually(lambda: ask(sidecar, "GET", "/v1.0/state/statestore/key")[0] == 204, within=5)


def test_where_no_daprd_is_the_tests_fail_on_a_build_server_and_are_skipped_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(daprd_binary):\n    pass\n")
    for ci, outcome in (("true", "1 error"), ("", "1 skipped")):
        env = {"PATH": "/nowhere", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "CI": ci}
        command = [
            str(ROOT / ".venv/bin/python"),
            "-m",
            "pytest",
            "-qrs",
            "-p",
            "dapr_bridge.pytest_dapr",
            "-p",
            "no:randomly",
        ]
        run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert outcome in run.stdout, run.stdout + run.stderr
        assert "no daprd 1.18.2 or newer is here" in run.stdout


def test_the_metrics_that_alerts_and_dashboards_read_have_the_names_that_daprd_gives_them(
    invocation: tuple[Sidecar, Sidecar], backend: Sidecar, worker: Sidecar
) -> None:
    caller, callee = invocation
    of_failures = re.compile(r"fail_total|blocked_total|activations_total|mtls|ingress")  # told only once there is one
    expected = {name for expression in expressions() for name in names(expression) if name.startswith("dapr_") and "bridge" not in name}
    expected = {name for name in expected if not of_failures.search(name)}
    assert len(expected) >= 8

    def told() -> set[str]:
        ask(caller, "GET", TODOS)
        ask(backend, "GET", "/v1.0/state/statestore/key")
        ask(worker, "POST", "/v1.0/publish/pubsub/todo-events", EVENT)
        return {line.partition("{")[0] for one in (caller, callee, backend, worker) for line in scraped(one)}

    eventually(lambda: expected <= told())


def scraped(sidecar: Sidecar) -> list[str]:
    """The lines of a sidecar's metrics."""
    connection = http.client.HTTPConnection("127.0.0.1", sidecar.metrics_port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode().splitlines()
    finally:
        connection.close()
