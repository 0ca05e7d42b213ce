"""Alerts fire when they should, panels and alerts ask for metrics that exist, and everything an alert says to do is written down."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from django.test import RequestFactory
from pytest_django import Settings

from dapr_bridge import metrics
from dapr_bridge.fake_sidecar import switched
from dapr_bridge.metrics_http import scrape
from tests.helm.chart import CHART, ROOT, Chart
from tests.helm.conftest import MONITORING
from tests.helm.watched import DASHBOARDS, RULES, alerts, expressions, names, panels

pytestmark = pytest.mark.e2e
EXPECTED = Path(__file__).parent / "alerts"
# Of kube-state-metrics and the kubelet.
KUBERNETES = {
    "container_cpu_cfs_periods_total",
    "container_cpu_cfs_throttled_periods_total",
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "kube_deployment_spec_replicas",
    "kube_deployment_status_replicas_available",
    "kube_horizontalpodautoscaler_spec_max_replicas",
    "kube_horizontalpodautoscaler_status_current_replicas",
    "kube_job_status_failed",
    "kube_pod_container_info",
    "kube_pod_container_resource_limits",
    "kube_pod_container_status_restarts_total",
    "kube_pod_init_container_info",
    "kube_pod_status_phase",
    "kubelet_volume_stats_available_bytes",
    "kubelet_volume_stats_capacity_bytes",
}


@pytest.fixture(scope="session")
def promtool() -> str:
    """Prometheus' own checker. It is too large to build for a test: the tests that need it are for machines that have it."""
    return shutil.which("promtool") or pytest.skip("no promtool on PATH: install the package prometheus")


def run(promtool: str, *words: str | Path) -> str:
    """What promtool says; fails unless it is content."""
    ended = subprocess.run([promtool, *words], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.may_skip
@pytest.mark.parametrize("name", [path.stem for path in RULES])
def test_alerts_fire_when_they_should_and_say_what_they_should(promtool: str, tmp_path: Path, name: str) -> None:
    expected = (EXPECTED / f"{name}.yaml").read_text().replace("RULES", str(CHART / "alerts"))
    (tmp_path / "good.yaml").write_text(expected)
    assert "SUCCESS" in run(promtool, "test", "rules", tmp_path / "good.yaml")
    (tmp_path / "bad.yaml").write_text(re.sub(r"summary: .*", "summary: something else", expected, count=1))
    with pytest.raises(AssertionError, match="FAILED"):
        run(promtool, "test", "rules", tmp_path / "bad.yaml")


@pytest.mark.may_skip
def test_everything_that_is_drawn_can_be_asked(promtool: str, tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m").replace("$namespace", "todo")}
        for number, (_, _, expression) in enumerate(panels())
    ]
    (tmp_path / "panels.yaml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(rules)} rules found" in run(promtool, "check", "rules", tmp_path / "panels.yaml")


def test_every_alert_has_a_test_and_a_paragraph_of_what_to_do() -> None:
    tried = {
        case["alertname"]
        for path in EXPECTED.glob("*.yaml")
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test["alert_rule_test"]
        if case.get("exp_alerts")
    }
    assert tried == set(alerts())
    written = set(re.findall(r"^\| `([A-Z][A-Za-z]+)` \|", (ROOT / "docs/production.md").read_text(), re.MULTILINE))
    assert written == set(alerts())


def test_an_alert_says_how_bad_it_is_what_it_means_and_what_to_do() -> None:
    for name, alert in alerts().items():
        assert alert["labels"]["severity"] in ("critical", "warning"), name
        assert set(alert["annotations"]) == {"summary", "description"}, name


@pytest.mark.django_db
def test_the_apps_metrics_that_are_asked_for_exist(settings: Settings) -> None:
    settings.DAPR_BRIDGE = {**settings.DAPR_BRIDGE, "METRICS_TOKEN": "token"}
    with switched("observability"):
        told = scrape(RequestFactory().get("/metrics", headers={"Authorization": "Bearer token"})).content.decode()
    metrics.stop()
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", told, re.MULTILINE))
    there = {f"{name}{end}" for name, kind in kinds.items() for end in (("_bucket", "_count", "_sum") if kind == "histogram" else ("",))}
    asked = {name for expression in expressions() for name in names(expression) if name.startswith("dapr_bridge_")}
    assert asked - there == set()


def test_the_metrics_of_others_that_are_asked_for_exist() -> None:
    daprd = {line for line in (Path(__file__).parent / "daprd_metrics.txt").read_text().splitlines() if line.startswith("dapr_")}
    daprd |= {f"{name}{end}" for name in daprd for end in ("_bucket", "_count", "_sum")}
    asked = {name for expression in expressions() for name in names(expression) if not name.startswith("dapr_bridge_")}
    assert {name for name in asked if name.startswith("dapr_")} - daprd == set()
    assert {name for name in asked if not name.startswith("dapr_")} == KUBERNETES


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_whole_and_its_panels_do_not_overlap(path: Path) -> None:
    dashboard = json.loads(path.read_text())
    assert dashboard["uid"] == f"todo-{path.stem}"
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["datasource", "namespace"]
    every = dashboard["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    taken: set[tuple[int, int]] = set()
    for panel in every:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
        for target in panel["targets"]:
            assert 'namespace="$namespace"' in target["expr"]
            labels = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", target["expr"]))))
            assert labels <= grouped or not grouped


def test_the_objects_hold_the_files(chart: Chart) -> None:
    on = {"observability.alerts": True, "observability.dashboards": True}
    groups = chart.one("PrometheusRule", "todo-app", on)["spec"]["groups"]
    assert groups == [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    without = chart.one("PrometheusRule", "todo-app", {**on, "dapr.enabled": False})["spec"]["groups"]
    assert [group["name"] for group in without] == ["todo-app", "todo-kubernetes"]
    for path in DASHBOARDS:
        data = chart.one("ConfigMap", f"todo-dashboard-{path.stem}", on)["data"]
        assert json.loads(data[f"todo-{path.stem}.json"]) == json.loads(path.read_text())


def test_prometheus_finds_every_process_and_shows_the_token_that_the_apps_ask_for(chart: Chart) -> None:
    on = {"observability.monitors": True, "networkPolicy.metricsFrom": MONITORING}
    (endpoint,) = chart.one("ServiceMonitor", "todo-app", on)["spec"]["endpoints"]
    credentials = endpoint["authorization"]["credentials"]
    assert credentials["key"] in chart.one("Secret", credentials["name"])["data"]
    for name in ("todo-backend", "todo-worker"):
        assert endpoint["port"] in [port["name"] for port in chart.one("Service", name)["spec"]["ports"]]
    (sidecars,) = chart.one("PodMonitor", "todo-sidecars", on)["spec"]["podMetricsEndpoints"]
    assert sidecars["port"] == "dapr-metrics"
    assert not [thing for thing in chart.render({**on, "dapr.enabled": False}) if thing["kind"] == "PodMonitor"]
