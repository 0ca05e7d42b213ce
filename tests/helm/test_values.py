"""Every value does what its name says, or is refused by name."""

import json
import re
from typing import Any

import pytest

from tests.helm.chart import CHART, VALUES, Chart, Refused, Values, container, paths, variables

pytestmark = pytest.mark.e2e
OPEN = ("extraEnv", "ingress.annotations", "observability.labels")  # names of the person's own


def test_helm_has_nothing_to_say_about_any_of_the_installations(chart: Chart, values: Values) -> None:
    chart.lint(values)


def test_each_misspelt_value_is_refused_by_its_name_and_place(chart: Chart) -> None:
    every = [path for path, _ in paths(VALUES)]
    with pytest.raises(Refused) as refused:
        chart.render({f"{path}x": "1" for path in every})
    said = {
        (place, name)
        for place, listed in re.findall(r"at '([^']*)': additional properties (.*) not allowed", str(refused.value))
        for name in re.findall(r"'([^']+)'", listed)
    }
    assert said == {
        (f"/{above.replace('.', '/')}" if above else "", f"{name}x") for above, _, name in (path.rpartition(".") for path in every)
    }


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("origin", "todo.example.com", "at '/origin': 'todo.example.com' does not match pattern"),
        ("origin", "https://todo.example.com/", "at '/origin': 'https://todo.example.com/' does not match pattern"),
        ("dapr.state", "no", "at '/dapr/state': got string, want boolean"),
        ("backend.replicas", "2", "at '/backend/replicas': got string, want integer"),
        ("backend.resources.limits.memory", "1 GB", "at '/backend/resources/limits/memory': '1 GB' does not match pattern"),
        ("logLevel", "info", "at '/logLevel': value must be one of 'DEBUG', 'INFO', 'WARNING', 'ERROR'"),
        ("images.tag", "latest", "at '/images/tag': 'not' failed"),
        ("valkey.image", "valkey/valkey:latest", "at '/valkey/image': 'not' failed"),
        ("valkey.image", "valkey/valkey", "at '/valkey/image': 'valkey/valkey' does not match pattern"),
        ("extraEnv", {"Limit": "1"}, "invalid propertyName 'Limit'"),
        ("database.port", 0, "at '/database/port': minimum: got 0, want 1"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_wanted(chart: Chart, path: str, value: object, said: str) -> None:
    with pytest.raises(Refused) as refused:
        chart.render({path: value})
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"valkey.enabled": False}, "name your Redis (host:port), or set dapr.pubsub and dapr.state to false"),
        ({"observability.monitors": True}, "name its pods in networkPolicy.metricsFrom"),
        ({"observability.annotations": True}, "name its pods in networkPolicy.metricsFrom"),
    ],
)
def test_values_that_cannot_work_together_are_refused_with_the_remedy(chart: Chart, values: Values, said: str) -> None:
    with pytest.raises(Refused) as refused:
        chart.render(values)
    assert said in str(refused.value)


def test_without_dapr_or_its_redis_components_no_redis_is_asked_for(chart: Chart) -> None:
    assert chart.render({"valkey.enabled": False, "dapr.enabled": False})
    assert chart.render({"valkey.enabled": False, "dapr.pubsub": False, "dapr.state": False})


def test_the_schema_knows_exactly_the_values_that_there_are() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())

    def known(part: dict[str, Any], before: str = "") -> set[str]:
        part = schema["definitions"]["resources"] if "$ref" in part else part
        return {
            path
            for name, below in part.get("properties", {}).items()
            if name != "global"  # Helm's own
            for path in ({f"{before}{name}"} | known(below, f"{before}{name}."))
        }

    assert known(schema) == {path for path, _ in paths(VALUES) if not path.startswith(tuple(f"{name}." for name in OPEN))}


def test_the_origin_is_what_hosts_cookies_and_csrf_go_by(chart: Chart) -> None:
    api = variables(container(chart.one("Deployment", "todo-backend", {"origin": "http://todo.test:8080"}), "api"))
    assert api["ALLOWED_HOSTS"].split(",") == ["todo.test", "todo-backend", "localhost", "127.0.0.1", "$(POD_IP)", "[$(POD_IP)]"]
    assert (api["PUBLIC_ORIGINS"], api["HTTPS"]) == ("http://todo.test:8080", "false")
    web = variables(container(chart.one("Deployment", "todo-frontend", {"origin": "https://todo.test"}), "web"))
    assert web["HTTPS"] == "true"


@pytest.mark.parametrize(
    ("values", "proxies"),
    [
        ({}, "0"),
        ({"ingress.enabled": True}, "1"),
        ({"ingress.enabled": True, "frontend.trustedProxies": 0}, "0"),
        ({"frontend.trustedProxies": 2}, "2"),
    ],
)
def test_a_client_address_is_believed_from_the_proxies_that_there_are(chart: Chart, values: Values, proxies: str) -> None:
    web = variables(container(chart.one("Deployment", "todo-frontend", values), "web"))
    assert web["TRUSTED_PROXIES"] == proxies


@pytest.mark.parametrize(("name", "scaled"), [("frontend", "web"), ("backend", "api"), ("worker", "relay")])
def test_either_the_autoscaler_or_the_chart_says_how_many_pods_there_are(chart: Chart, name: str, scaled: str) -> None:
    values = {f"{name}.autoscaling.enabled": True, f"{name}.replicas": 3}
    assert "replicas" not in chart.one("Deployment", f"todo-{name}", values)["spec"]
    spec = chart.one("HorizontalPodAutoscaler", f"todo-{name}", values)["spec"]
    assert (spec["minReplicas"], spec["metrics"][0]["containerResource"]["container"]) == (3, scaled)
    assert chart.one("Deployment", f"todo-{name}", {f"{name}.replicas": 3})["spec"]["replicas"] == 3
    assert not [thing for thing in chart.render() if thing["kind"] == "HorizontalPodAutoscaler"]


def test_an_image_is_the_apps_version_a_tag_or_a_digest(chart: Chart) -> None:
    def image(values: Values) -> str:
        found: str = container(chart.one("Deployment", "todo-backend", values), "api")["image"]
        return found

    version = chart.one("Deployment", "todo-backend")["metadata"]["labels"]["app.kubernetes.io/version"]
    digest = "sha256:" + "a" * 64
    assert image({}) == f"todo-backend:{version}"
    assert image({"images.registry": "ghcr.io/you/", "images.tag": "1.2.3"}) == "ghcr.io/you/todo-backend:1.2.3"
    assert image({"images.tag": "1.2.3", "images.backend.digest": digest}) == f"todo-backend@{digest}"


def test_migrations_run_before_the_new_release_and_after_a_database_that_comes_with_it(chart: Chart) -> None:
    def hook(values: Values) -> str:
        found: str = chart.one("Job", "todo-migrate", values)["metadata"]["annotations"]["helm.sh/hook"]
        return found

    assert hook({}) == "pre-install,pre-upgrade"
    assert hook({"postgresql.enabled": True}) == "post-install,pre-upgrade"
