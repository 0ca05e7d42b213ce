"""Every object is what the API server takes, in each Kubernetes that the chart is for."""

from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import kubernetes_validate
import pytest
import yaml

from tests.components import definitions
from tests.helm.chart import CHART, NAMESPACE, Chart, Values

pytestmark = pytest.mark.e2e
KUBERNETES = ("1.33", "1.34", "1.35", "1.36")
OPERATOR = Path(__file__).parent / "schemas"  # of Prometheus' operator


def test_every_object_is_valid_and_has_no_unknown_field(chart: Chart, values: Values) -> None:
    for thing in chart.render(values):
        group = thing["apiVersion"].partition("/")[0]
        if group == "dapr.io":
            definitions.validate(thing)
        elif group == "monitoring.coreos.com":
            definitions.validate(thing, OPERATOR)
        else:
            for version in KUBERNETES:
                kubernetes_validate.validate(thing, version, strict=True)


def test_a_misspelt_field_would_be_found(chart: Chart) -> None:
    service = chart.one("Service", "todo-backend")
    service = {**service, "spec": {**service["spec"], "selectors": {}}}
    with pytest.raises(kubernetes_validate.ValidationError, match="selectors"):
        kubernetes_validate.validate(service, "1.36", strict=True)
    component = chart.one("Component", "pubsub")
    with pytest.raises(jsonschema.ValidationError, match="ignoreError"):
        definitions.validate({**component, "spec": {**component["spec"], "ignoreError": True}})


def test_no_two_objects_are_the_same_and_all_are_of_this_release(chart: Chart, values: Values) -> None:
    objects = chart.render(values)
    names = [(thing["kind"], thing["metadata"]["name"]) for thing in objects]
    assert len(names) == len(set(names))
    for thing in objects:
        assert thing["metadata"].get("namespace", NAMESPACE) == NAMESPACE
        assert thing["metadata"]["labels"]["app.kubernetes.io/instance"] == "todo"
        assert thing["metadata"]["name"].startswith(("todo-", "pubsub", "statestore", "resiliency"))


def test_what_refers_to_something_finds_it(chart: Chart, values: Values) -> None:
    objects = chart.render(values)
    there = {(thing["kind"], thing["metadata"]["name"]) for thing in objects}
    for thing in objects:
        match thing["kind"]:
            case "HorizontalPodAutoscaler":
                assert ("Deployment", thing["spec"]["scaleTargetRef"]["name"]) in there
            case "Deployment":
                assert ("ServiceAccount", thing["spec"]["template"]["spec"]["serviceAccountName"]) in there
            case "Ingress":
                for rule in thing["spec"]["rules"]:
                    for path in rule["http"]["paths"]:
                        assert ("Service", path["backend"]["service"]["name"]) in there
    templates = [thing["spec"]["template"] for thing in objects if "template" in thing.get("spec", {})]
    for thing in objects:
        selector = thing["spec"].get("selector") if thing["kind"] == "Service" else None
        if selector:
            assert sum(selector.items() <= template["metadata"]["labels"].items() for template in templates) == 1
    secrets = {name for kind, name in there if kind == "Secret"}
    for template in templates:
        for container in template["spec"]["containers"]:
            for entry in container.get("env", []):
                name = entry.get("valueFrom", {}).get("secretKeyRef", {}).get("name", "")
                assert name in secrets or not name or name.startswith("my-") or name == "todo-database", name


def test_the_version_of_kubernetes_that_the_chart_wants_is_the_oldest_that_is_tried() -> None:
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"] == f">={KUBERNETES[0]}.0-0"
