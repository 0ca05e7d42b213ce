"""Every mistake that would make traces or metrics fail silently is found at start, under its own id."""

import importlib.util
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import override_settings

from dapr_bridge.fake_sidecar import switched
from dapr_bridge.observability_checks import MIDDLEWARE

OTHER = "django.middleware.common.CommonMiddleware"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENDPOINT", "TRACES_ENDPOINT", "PROTOCOL", "TRACES_PROTOCOL"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}", raising=False)


def ids(*, deploy: bool = False) -> set[str]:
    found = {str(message.id) for message in run_checks(include_deployment_checks=deploy)}
    return {id for id in found if id.startswith(("dapr_bridge.E03", "dapr_bridge.W"))}


@pytest.mark.parametrize(
    ("variables", "number"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, 31),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "grpc://collector:4317"}, 31),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://"}, 31),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, 32),
        ({"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, 32),
        ({"OTEL_TRACES_SAMPLER": "always_on"}, 33),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}, 33),
        *(({"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": share}, 34) for share in ("", "2", "10%", "nan")),
    ],
)
def test_a_wrong_variable_of_opentelemetry_is_found(variables: dict[str, str], number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ids() == set(), "nobody minds where the block is forbidden"
    with switched():
        assert ids() == {f"dapr_bridge.E{number:03}"}


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ({"METRICS_TOKEN": ""}, 35),
        ({"METRICS_TOKEN": "short"}, 35),
        ({"METRICS_TOKEN": ["a list of one long token"]}, 35),
        ({"UNTRACED": "/livez"}, 36),
        ({"UNTRACED": ["livez"]}, 36),
        ({"UNTRACED": [1]}, 36),
    ],
)
def test_a_wrong_setting_is_found(value: Any, number: int) -> None:
    with switched(), override_settings(DAPR_BRIDGE=value):
        assert ids() == {f"dapr_bridge.E{number:03}"}


@pytest.mark.parametrize(("middleware", "found"), [([MIDDLEWARE, OTHER], set()), ([OTHER], set()), ([OTHER, MIDDLEWARE], {30})])
def test_requests_are_observed_by_the_first_middleware(middleware: list[str], found: set[int]) -> None:
    with switched(), override_settings(MIDDLEWARE=middleware):
        assert ids() == {f"dapr_bridge.E{number:03}" for number in found}


@pytest.mark.parametrize("missing", ["opentelemetry", "prometheus_client"])
def test_a_missing_package_is_found(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, package=None: None if name == missing else real(name, package))
    with switched():
        assert ids() == {"dapr_bridge.E037"}


def test_right_settings_pass_and_only_a_deployment_needs_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.05")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    with switched(), override_settings(DAPR_BRIDGE={"METRICS_TOKEN": "x" * 16, "UNTRACED": ["/livez"]}):
        assert ids() == set()
        assert ids(deploy=True) == {"dapr_bridge.W001"}
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
        assert ids(deploy=True) == set()
    assert ids(deploy=True) == set()
