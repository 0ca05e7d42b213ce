"""Secrets are made once: an upgrade finds those that the cluster has, and what was made by hand is not overwritten."""

import json
import subprocess
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helm.chart import CHART, NAMESPACE, Chart, Object

pytestmark = pytest.mark.e2e
MADE = {
    "todo-app-secrets": {"SECRET_KEY", "GATEWAY_SECRET", "METRICS_TOKEN"},
    "todo-dapr-api-token": {"token"},
    "todo-app-api-token": {"token"},
    "todo-valkey": {"password", "valkey.conf"},
    "todo-postgresql": {"password", "DATABASE_URL"},
}
WITH_POSTGRESQL = {"postgresql.enabled": True}


class Cluster:
    """As much of Kubernetes' API as Helm asks for when a template looks something up."""

    def __init__(self) -> None:
        self.secrets: dict[str, Object] = {}
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = cluster.answer(self.path.partition("?")[0])
                body = json.dumps(found or {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404})
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def answer(self, path: str) -> Object | None:
        """The JSON of a path, if there is anything."""
        fixed: dict[str, Object] = {
            "/version": {"major": "1", "minor": "36", "gitVersion": "v1.36.0"},
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
            "/api/v1": {
                "kind": "APIResourceList",
                "groupVersion": "v1",
                "resources": [
                    {"name": "secrets", "singularName": "secret", "namespaced": True, "kind": "Secret", "verbs": ["get", "list"]}
                ],
            },
        }
        secret = self.secrets.get(path.removeprefix(f"/api/v1/namespaces/{NAMESPACE}/secrets/"))
        return fixed.get(path) or secret

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A cluster without a Secret."""
    running = Cluster()
    yield running
    running.close()


def rendered(chart: Chart, cluster: Cluster, folder: Path) -> dict[str, Object]:
    """The Secrets of the chart as Helm renders them for this cluster."""
    words = ["template", "todo", str(CHART), "--namespace", NAMESPACE, "--dry-run=server", "--kube-apiserver", cluster.url]
    ended = subprocess.run(
        [chart.helm, *words, "--set", "postgresql.enabled=true"],
        env={"HOME": str(folder), "KUBECONFIG": str(folder / "none")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    things = [thing for thing in yaml.load_all(ended.stdout, yaml.CSafeLoader) if thing and thing["kind"] == "Secret"]
    return {thing["metadata"]["name"]: thing for thing in things}


def texts(secret: Object) -> dict[str, str]:
    return {name: b64decode(value).decode() for name, value in secret["data"].items()}


def test_an_upgrade_keeps_every_secret(chart: Chart, cluster: Cluster, tmp_path: Path) -> None:
    first = rendered(chart, cluster, tmp_path)
    assert {name: set(secret["data"]) for name, secret in first.items()} == MADE
    cluster.secrets = first
    assert {name: secret["data"] for name, secret in rendered(chart, cluster, tmp_path).items()} == {
        name: secret["data"] for name, secret in first.items()
    }


def test_a_value_put_there_by_hand_is_kept_and_one_that_is_missing_is_made(chart: Chart, cluster: Cluster, tmp_path: Path) -> None:
    cluster.secrets = rendered(chart, cluster, tmp_path)
    by_hand = b64encode(b"by hand").decode()
    cluster.secrets["todo-app-secrets"]["data"] = {"SECRET_KEY": by_hand}
    cluster.secrets["todo-postgresql"]["data"]["password"] = by_hand
    after = rendered(chart, cluster, tmp_path)
    assert after["todo-app-secrets"]["data"]["SECRET_KEY"] == by_hand
    assert len(texts(after["todo-app-secrets"])["GATEWAY_SECRET"]) >= 43
    assert texts(after["todo-postgresql"])["password"] == "by hand"


def test_secrets_are_long_and_different_every_time(chart: Chart, cluster: Cluster, tmp_path: Path) -> None:
    made = [texts(secret) for _ in range(2) for secret in rendered(chart, cluster, tmp_path).values()]
    values = [value for data in made for name, value in data.items() if name not in ("valkey.conf", "DATABASE_URL")]
    assert len(set(values)) == len(values) == 14
    assert all(len(value) >= 43 for value in values)  # 256 bits of 62 letters


def test_what_belongs_to_a_volume_stays_with_it_after_an_uninstall(chart: Chart) -> None:
    kept = {
        thing["metadata"]["name"]
        for thing in chart.render(WITH_POSTGRESQL)
        if thing["metadata"].get("annotations", {}).get("helm.sh/resource-policy") == "keep"
    }
    assert kept == {"todo-valkey", "todo-postgresql"}
    claims = {thing["metadata"]["name"] for thing in chart.render(WITH_POSTGRESQL) if "volumeClaimTemplates" in thing.get("spec", {})}
    assert claims == kept


def test_secrets_of_ones_own_are_named_and_none_is_made(chart: Chart) -> None:
    values = {
        "secrets.existingApp": "a",
        "secrets.existingDaprApiToken": "b",
        "secrets.existingAppApiToken": "c",
        "valkey.enabled": False,
        "redis.host": "r",
    }
    assert not [thing for thing in chart.render(values) if thing["kind"] == "Secret"]


def test_no_secret_is_anywhere_but_in_secrets(chart: Chart) -> None:
    objects = chart.render(WITH_POSTGRESQL)
    secret = [value for thing in objects if thing["kind"] == "Secret" for name, value in texts(thing).items() if name != "valkey.conf"]
    elsewhere = json.dumps([thing for thing in objects if thing["kind"] != "Secret"])
    assert len(secret) == 8
    assert not [value for value in secret if value in elsewhere]
