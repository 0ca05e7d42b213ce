"""System checks of what is seen of the project: mistakes that would only show as traces that never arrive."""

import importlib.util
import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from dapr_bridge import exporter, switches
from dapr_bridge.conf import conf

MIDDLEWARE = "dapr_bridge.middleware.RequestScope"
PACKAGES = {
    "opentelemetry.sdk": "opentelemetry-sdk",
    "opentelemetry.exporter.otlp": "opentelemetry-exporter-otlp-proto-http",
    "prometheus_client": "prometheus-client",
}
SHORTEST_TOKEN = 16  # characters
SAMPLERS = ("parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio")


def check_observability(**kwargs: Any) -> list[CheckMessage]:
    """Nothing where the settings forbid the block."""
    if not isinstance(getattr(settings, "DAPR_BRIDGE", {}), Mapping) or not switches.is_allowed("observability"):
        return []
    return [*_check_packages(), *_check_middleware(), *_check_exporter(), *_check_sampler(), *_check_metrics()]


def check_destination(**kwargs: Any) -> list[CheckMessage]:
    """For `check --deploy`: on a machine for development traces may go nowhere."""
    if not switches.is_allowed("observability") or exporter.endpoint():
        return []
    return [
        Warning(
            "No collector of traces is named: with observability on there are metrics and no traces.",
            hint="Set OTEL_EXPORTER_OTLP_ENDPOINT, or DAPR_OBSERVABILITY_ENABLED to false.",
            id="dapr_bridge.W001",
        )
    ]


def _check_packages() -> Iterator[CheckMessage]:
    for module, package in PACKAGES.items():
        if importlib.util.find_spec(module.partition(".")[0]) is None or importlib.util.find_spec(module) is None:
            yield _error(37, f"The package {package} is not installed.", "Install it, or set DAPR_OBSERVABILITY_ENABLED to false.")


def _check_middleware() -> Iterator[CheckMessage]:
    if MIDDLEWARE in settings.MIDDLEWARE[1:]:
        yield _error(30, "RequestScope is not the first in MIDDLEWARE: what stands before it is in no trace.", "Put it first.")


def _check_exporter() -> Iterator[CheckMessage]:
    endpoint = urlsplit(exporter.endpoint())
    if exporter.endpoint() and not (endpoint.scheme in ("http", "https") and endpoint.hostname):
        yield _error(31, f"The collector's address is {endpoint.geturl()!r}.", "Give a URL such as http://collector:4318.")
    for name in ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"):
        if (protocol := os.environ.get(name, "http/protobuf")) != "http/protobuf":
            yield _error(
                32, f"{name} is {protocol!r}.", "Spans are sent as http/protobuf alone: unset it, and use the collector's port for that."
            )


def _check_sampler() -> Iterator[CheckMessage]:
    sampler, share = os.environ.get("OTEL_TRACES_SAMPLER", SAMPLERS[0]), os.environ.get("OTEL_TRACES_SAMPLER_ARG", "1")
    if sampler not in SAMPLERS:
        yield _error(33, f"OTEL_TRACES_SAMPLER is {sampler!r}.", f"Traces would have holes: use one of {', '.join(SAMPLERS)}.")
    if sampler == "parentbased_traceidratio" and not _is_share(share):
        yield _error(34, f"OTEL_TRACES_SAMPLER_ARG is {share!r}.", "Give the share of traces to keep, from 0 to 1.")


def _check_metrics() -> Iterator[CheckMessage]:
    token = conf.METRICS_TOKEN
    if token is not None and not (isinstance(token, str) and len(token) >= SHORTEST_TOKEN):
        yield _error(35, "DAPR_BRIDGE['METRICS_TOKEN'] can be guessed.", f"Give at least {SHORTEST_TOKEN} random characters, or None.")
    paths = conf.UNTRACED
    if isinstance(paths, str) or not all(isinstance(path, str) and path.startswith("/") for path in paths):
        yield _error(36, f"DAPR_BRIDGE['UNTRACED'] is {paths!r}.", 'Give a list of paths such as ["/livez"].')


def _is_share(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def _error(number: int, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"dapr_bridge.E{number:03}")
