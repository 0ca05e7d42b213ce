"""Dapr on Kubernetes is what it is in a local run, plus what only Kubernetes has: identities, and who may call whom."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from dapr_bridge.local import daprd
from tests.helm.chart import NAMESPACE, ROOT, Chart, Object, Values, container, variables
from tools import sidecars

pytestmark = pytest.mark.e2e
BLOCKS = ("invocation", "pubsub", "state", "observability")
BACKEND, WORKER, FRONTEND = sidecars.BACKEND, sidecars.WORKER, sidecars.FRONTEND


def annotations(chart: Chart, app_id: str, values: Values | None = None) -> dict[str, str]:
    """Dapr's annotations of an app's pods, without their prefix."""
    every = chart.one("Deployment", app_id, values)["spec"]["template"]["metadata"]["annotations"]
    return {name.removeprefix("dapr.io/"): value for name, value in every.items() if name.startswith("dapr.io/")}


def local(name: str) -> Any:
    """A resource of the local run."""
    return yaml.safe_load((ROOT / name).read_text())


def plain(component: Object) -> dict[str, str]:
    """The metadata of a component that says nothing about where Redis is."""
    of_redis = ("redisHost", "redisUsername", "redisPassword", "enableTLS")
    return {entry["name"]: entry["value"] for entry in component["spec"]["metadata"] if entry["name"] not in of_redis}


@pytest.mark.parametrize("app_id", sidecars.APPS)
def test_a_sidecar_is_asked_for_as_make_run_starts_one(chart: Chart, app_id: str) -> None:
    said = annotations(chart, app_id)
    app_port = None if app_id == FRONTEND else 8000
    words = daprd.arguments(sidecars.sidecar(app_id, sidecars.ports_from(3500)[0][app_id], app_port))
    flags = dict((word.removeprefix("--") + "=true").split("=")[:2] for word in words)
    same = ("app-id", "app-port", "app-protocol", "max-body-size", "read-buffer-size", "disable-init-endpoints", "log-as-json")
    health = ("enable-app-health-check", "app-health-check-path", "app-health-probe-interval", "app-health-threshold")
    assert {name: said.get(name) for name in (*same, *health)} == {name: flags.get(name) for name in (*same, *health)}
    assert said["config"] == app_id == Path(flags["config"]).stem
    port = {one["name"]: one["containerPort"] for one in _serving(chart, app_id)["ports"]}["http"]
    assert said.get("app-port", str(port)) == str(port)


@pytest.mark.parametrize("app_id", sidecars.APPS)
def test_every_annotation_is_one_that_the_injector_knows(chart: Chart, app_id: str) -> None:
    known = {line.removeprefix("dapr.io/") for line in (Path(__file__).parent / "dapr_annotations.txt").read_text().splitlines()}
    assert set(annotations(chart, app_id)) <= known


@pytest.mark.parametrize("app_id", sidecars.APPS)
def test_a_sidecar_has_no_more_rights_than_its_app_and_stops_after_it(chart: Chart, app_id: str) -> None:
    said = annotations(chart, app_id)
    assert said["sidecar-seccomp-profile-type"] == "RuntimeDefault"
    assert said["enable-native-sidecar"] == "true"
    # Without a token at the API server daprd ends at once, unless this is said.
    assert said["disable-builtin-k8s-secret-store"] == "true"
    assert {said[f"sidecar-{what}"] for what in ("cpu-request", "cpu-limit", "memory-request", "memory-limit")} == {
        "50m",
        "1",
        "128Mi",
        "384Mi",
    }
    assert "sidecar-listen-addresses" not in said  # Dapr's own default is the loopback address
    assert not {"enable-debug", "enable-profiling", "enable-api-logging", "sidecar-image"} & set(said)


def test_without_dapr_nothing_of_it_is_left(chart: Chart) -> None:
    off = {"dapr.enabled": False}
    assert not [thing for thing in chart.render(off) if thing["apiVersion"].startswith("dapr.io")]
    for app_id in sidecars.APPS:
        assert annotations(chart, app_id, off) == {}
        env = variables(_serving(chart, app_id, off))
        assert {value for name, value in env.items() if name.startswith("DAPR_") and name.endswith("ENABLED")} == {"false"}
        assert not {"DAPR_API_TOKEN", "APP_API_TOKEN"} & set(env)


def test_what_sidecars_of_old_pods_start_with_stays_when_dapr_is_taken_away(chart: Chart) -> None:
    def kept(values: Values, known: str = "") -> set[tuple[str, str]]:
        said = [(thing["kind"], thing["metadata"]["name"]) for thing in chart.render(values, known=known)]
        return {(kind, name) for kind, name in said if kind in ("Configuration", "Resiliency") or (kind == "Secret" and "token" in name)}

    assert kept({"dapr.enabled": False}, known="dapr.io/v1alpha1") == kept({"dapr.enabled": True})


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_that_is_off_is_a_kill_switch_everywhere_and_its_component_is_not_installed(chart: Chart, block: str) -> None:
    values = {f"dapr.{block}": False}
    for app_id in sidecars.APPS:
        for one in chart.one("Deployment", app_id, values)["spec"]["template"]["spec"]["containers"]:
            env = variables(one)
            read = ("invocation",) if app_id == FRONTEND else BLOCKS
            assert {name: env[f"DAPR_{name.upper()}_ENABLED"] for name in read} == {name: str(name != block).lower() for name in read}
    there = {thing["metadata"]["name"] for thing in chart.render(values) if thing["kind"] == "Component"}
    assert there == {"pubsub", "statestore"} - {"pubsub": {"pubsub"}, "state": {"statestore"}}.get(block, set())


@pytest.mark.parametrize("name", ["pubsub", "statestore"])
def test_a_component_is_the_local_one_with_its_password_from_a_secret_of_kubernetes(chart: Chart, name: str) -> None:
    ours, theirs = chart.one("Component", name), local(f"components/{name}.yaml")
    assert plain(ours) == plain(theirs)
    assert (ours["spec"]["type"], ours["spec"]["version"], ours["scopes"]) == (
        theirs["spec"]["type"],
        theirs["spec"]["version"],
        theirs["scopes"],
    )
    assert ours["auth"] == {"secretStore": "kubernetes"}
    (password,) = [entry for entry in ours["spec"]["metadata"] if entry["name"] == "redisPassword"]
    assert "value" not in password
    secret = chart.one("Secret", password["secretKeyRef"]["name"])
    assert password["secretKeyRef"]["key"] in secret["data"]


@pytest.mark.parametrize("name", ["pubsub", "statestore"])
def test_a_redis_of_ones_own_is_named_in_the_components(chart: Chart, name: str) -> None:
    values = {
        "valkey.enabled": False,
        "redis.host": "redis:6380",
        "redis.username": "todo",
        "redis.tls": True,
        "redis.existingSecret": "mine",
    }
    entries = {entry["name"]: entry for entry in chart.one("Component", name, values)["spec"]["metadata"]}
    assert {key: entries[key]["value"] for key in ("redisHost", "redisUsername", "enableTLS")} == {
        "redisHost": "redis:6380",
        "redisUsername": "todo",
        "enableTLS": "true",
    }
    assert entries["redisPassword"]["secretKeyRef"] == {"name": "mine", "key": "password"}


def test_patience_and_the_absence_of_retries_are_the_local_ones(chart: Chart) -> None:
    assert chart.one("Resiliency", "resiliency")["spec"] == local("components/resiliency.yaml")["spec"]


@pytest.mark.parametrize("app_id", sidecars.APPS)
def test_a_configuration_is_the_local_one_with_names_and_identities_of_kubernetes(chart: Chart, app_id: str) -> None:
    ours = dict(chart.one("Configuration", app_id)["spec"])
    theirs = local(f"configurations/{app_id}.yaml")["spec"]
    del theirs["nameResolution"]  # Kubernetes' own
    del theirs["tracing"]["otel"]  # a value of the chart
    theirs["secrets"]["scopes"][0]["storeName"] = "kubernetes"
    assert ours.pop("accessControl")["defaultAction"] == "deny"
    assert ours == theirs


def test_only_the_web_app_may_call_the_api_and_nobody_anything_else(chart: Chart) -> None:
    rules = {app_id: chart.one("Configuration", app_id)["spec"]["accessControl"] for app_id in sidecars.APPS}
    assert rules[FRONTEND] == rules[WORKER] == {"defaultAction": "deny", "trustDomain": "public"}
    (policy,) = rules[BACKEND]["policies"]
    assert (policy["appId"], policy["namespace"], policy["defaultAction"]) == (FRONTEND, NAMESPACE, "deny")
    assert policy["operations"] == [
        {"name": "/api/**", "httpVerb": ["*"], "action": "allow"},
        {"name": "/livez", "httpVerb": ["GET"], "action": "allow"},
    ]


def test_what_the_gateway_asks_through_the_sidecar_is_what_it_is_allowed() -> None:
    source = (ROOT / "frontend/lib/gateway/switches.ts").read_text()
    assert 'sidecarPath("/livez")' in source
    assert source.count("sidecarPath(") == 1


@pytest.mark.parametrize(
    ("endpoint", "address", "secure"),
    [("http://collector.monitoring:4318", "collector.monitoring:4318", False), ("https://c:443", "c:443", True)],
)
def test_apps_and_sidecars_send_their_traces_to_the_same_collector(chart: Chart, endpoint: str, address: str, secure: bool) -> None:
    values = {"observability.otlpEndpoint": endpoint}
    for app_id in sidecars.APPS:
        otel = chart.one("Configuration", app_id, values)["spec"]["tracing"]["otel"]
        assert otel == {"endpointAddress": address, "protocol": "http", "isSecure": secure}
        if app_id != FRONTEND:  # which makes no spans of its own
            assert variables(_serving(chart, app_id, values))["OTEL_EXPORTER_OTLP_ENDPOINT"] == endpoint
        assert "otel" not in chart.one("Configuration", app_id)["spec"]["tracing"]


def test_the_two_tokens_are_different_secrets_and_go_to_their_users_alone(chart: Chart) -> None:
    for app_id in sidecars.APPS:
        said, env = annotations(chart, app_id), variables(_serving(chart, app_id))
        asked, shown = said["api-token-secret"], said["app-token-secret"]
        assert asked != shown
        assert env["DAPR_API_TOKEN"]["secretKeyRef"] == {"name": asked, "key": "token"}
        if app_id == FRONTEND:
            assert "APP_API_TOKEN" not in env  # nothing calls it through Dapr
        else:
            assert env["APP_API_TOKEN"]["secretKeyRef"] == {"name": shown, "key": "token"}


def _serving(chart: Chart, app_id: str, values: Values | None = None) -> Object:
    name = {FRONTEND: "web", BACKEND: "api", WORKER: "events"}[app_id]
    return container(chart.one("Deployment", app_id, values), name)
