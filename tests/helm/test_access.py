"""The chart's access rules, enforced by real sidecars that know one another by the certificates of a real sentry."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from dapr_bridge.local import daprd
from dapr_bridge.local.processes import Server, free_ports
from tests.e2e.test_sidecars import App
from tests.helm.chart import NAMESPACE, Chart, Object
from tools.daprd import obtain_sentry
from tools.sidecars import BACKEND, FRONTEND, WORKER

pytestmark = [pytest.mark.e2e, pytest.mark.dapr]
TODOS = "/api/v1/todos"
ANYBODYS: Object = {"spec": {}}  # a configuration that forbids nothing
FOREIGN = "intruder"


@dataclass
class Mesh:
    """Sidecars with the chart's configurations, an app behind each that can be called, and perhaps an authority."""

    binary: Path
    chart: Chart
    folder: Path
    stack: ExitStack
    authority: dict[str, str] = field(default_factory=dict)  # what a sidecar is told about it
    flags: tuple[str, ...] = ()
    token: str = "token"

    def join(self, app_id: str, app: App | None = None, *, namespace: str = NAMESPACE) -> int:
        """Start a sidecar of this app; its HTTP port."""
        document = ANYBODYS if app_id == FOREIGN else self.chart.one("Configuration", app_id)
        names = {"component": "sqlite", "version": "v1", "configuration": {"connectionString": str(self.folder / "names.db")}}
        home = self.folder / f"{app_id}-{namespace}"
        (home / "resources").mkdir(parents=True)
        kind = {"apiVersion": "dapr.io/v1alpha1", "kind": "Configuration", "metadata": {"name": app_id}}
        (home / "configuration.yaml").write_text(yaml.safe_dump({**kind, "spec": {**document["spec"], "nameResolution": names}}))
        ports = daprd.Ports(*free_ports(4))
        spec = daprd.Sidecar(app_id, ports, home / "resources", home / "configuration.yaml", app.port if app else None)
        sidecar = Server(
            app_id,
            [str(self.binary), *daprd.arguments(spec), *self.flags],
            log=home / "log",
            ready=lambda: daprd.is_healthy(ports.http),
            env={**daprd.environment(api_token=self.token, app_token="app"), **self.authority, "NAMESPACE": namespace},
        )
        self.stack.enter_context(sidecar)
        sidecar.start()
        return ports.http

    def call(self, port: int, method: str, path: str, *, app_id: str = BACKEND) -> int:
        """The status of a call through the sidecar on this port."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(method, f"/v1.0/invoke/{app_id}/method{path}", headers={"dapr-api-token": self.token})
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(scope="module")
def sentry() -> Path:
    """The program that hands out certificates."""
    return obtain_sentry(print)


@pytest.fixture
def plain(daprd_binary: Path, chart: Chart, tmp_path: Path) -> Iterator[Mesh]:
    """A mesh without mTLS."""
    with ExitStack() as stack:
        yield Mesh(daprd_binary, chart, tmp_path, stack)


@pytest.fixture
def mesh(plain: Mesh, sentry: Path) -> Mesh:
    """A mesh with mTLS."""
    folder = plain.folder / "sentry"
    folder.mkdir()
    (folder / "configuration.yaml").write_text(
        "{apiVersion: dapr.io/v1alpha1, kind: Configuration, metadata: {name: daprsystem}, spec: {}}"
    )
    port, health, metrics = free_ports(3)
    words = {
        "issuer-credentials": folder,
        "config": folder / "configuration.yaml",
        "trust-domain": "localhost",
        "listen-address": "127.0.0.1",
        "port": port,
        "healthz-port": health,
        "metrics-port": metrics,
    }
    server = Server(
        "sentry",
        [str(sentry), *(f"--{name}={value}" for name, value in words.items())],
        log=folder / "log",
        ready=lambda: (folder / "ca.crt").is_file() and _listens(port),
        env={"NAMESPACE": "default"},
    )
    plain.stack.enter_context(server)
    server.start()
    plain.authority = {"DAPR_TRUST_ANCHORS": (folder / "ca.crt").read_text()}
    plain.flags = ("--enable-mtls", f"--sentry-address=127.0.0.1:{port}")
    return plain


@pytest.fixture
def app() -> Iterator[App]:
    """An app that answers everything and remembers it."""
    running = App()
    yield running
    running.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_web_app_reaches_the_api_and_nothing_else_behind_the_same_port(mesh: Mesh, app: App) -> None:
    mesh.join(BACKEND, app)
    web = mesh.join(FRONTEND)
    assert {mesh.call(web, method, TODOS) for method in ("GET", "POST")} == {200}
    assert mesh.call(web, "GET", f"{TODOS}/0198c5f0/complete") == 200
    assert mesh.call(web, "GET", "/livez") == 200
    app.seen.clear()
    for path in ("/internal/switches", "/admin", "/admin/", "/metrics", "/readyz", "/dapr/subscribe", "/", "/apix"):
        assert mesh.call(web, "GET", path) == 403, path
    assert mesh.call(web, "POST", "/dapr/events/todo-events") == 403
    assert mesh.call(web, "POST", "/livez") == 403
    assert app.seen == []


@pytest.mark.parametrize(
    "path",
    [
        "/api/../metrics",
        "/api/..%2Fmetrics",
        "/api/%2e%2e/metrics",
        "/api/v1/../../internal/switches",
        "/api/v1/%2e%2e%2f%2e%2e%2finternal/switches",
        "//internal/switches",
        "/./metrics",
        "/livez/../metrics",
        "/livez%2F..%2Fmetrics",
        "/api/..;/metrics",
        "/API/../METRICS",
    ],
)
def test_no_way_of_writing_a_path_leads_around_the_rules(mesh: Mesh, app: App, path: str) -> None:
    mesh.join(BACKEND, app)
    web = mesh.join(FRONTEND)
    mesh.call(web, "GET", path)
    reached = [seen.lower() for _, seen, _ in app.seen]
    assert all(one.startswith("/api/") and "/../" not in one for one in reached), reached


def test_others_reach_nothing_whatever_they_call_themselves(mesh: Mesh, app: App) -> None:
    mesh.join(BACKEND, app)
    foreign, namesake = mesh.join(FOREIGN), mesh.join(FRONTEND, namespace="elsewhere")
    for path in (TODOS, "/livez", "/metrics"):
        assert mesh.call(foreign, "GET", path) == 403
        assert mesh.call(namesake, "GET", path, app_id=f"{BACKEND}.{NAMESPACE}") == 403
    assert app.seen == []


def test_nobody_reaches_the_worker(mesh: Mesh, app: App) -> None:
    mesh.join(WORKER, app)
    web, foreign = mesh.join(FRONTEND), mesh.join(FOREIGN)
    for caller in (web, foreign):
        assert mesh.call(caller, "POST", "/dapr/events/todo-events", app_id=WORKER) == 403
        assert mesh.call(caller, "GET", "/metrics", app_id=WORKER) == 403
    assert app.seen == []


def test_without_certificates_nobody_is_believed(plain: Mesh, app: App) -> None:
    plain.join(BACKEND, app)
    web = plain.join(FRONTEND)
    assert plain.call(web, "GET", TODOS) == 403
    assert app.seen == []


def test_a_sidecar_with_mtls_does_not_speak_to_one_without(mesh: Mesh, app: App) -> None:
    mesh.join(BACKEND, app)
    mesh.authority, mesh.flags = {}, ()
    assert mesh.call(mesh.join(FRONTEND), "GET", TODOS) == 500
    assert app.seen == []
