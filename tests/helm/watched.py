"""What the chart's alerts and dashboards ask Prometheus for."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.helm.chart import CHART

RULES = sorted((CHART / "alerts").glob("*.yaml"))
DASHBOARDS = sorted((CHART / "dashboards").glob("*.json"))


def alerts() -> dict[str, dict[str, Any]]:
    """Every alert by its name."""
    return {rule["alert"]: rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]}


def panels() -> Iterator[tuple[str, str, str]]:
    """(dashboard, panel, expression) of everything that is drawn."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                yield path.stem, panel["title"], target["expr"]


def names(expression: str) -> set[str]:
    """The metrics that an expression asks for."""
    return set(re.findall(r"\b(?:dapr|kube|kubelet|container)_[a-z_]+\b(?!\s*[=!])", expression))


def expressions() -> Iterator[str]:
    """Every expression of both."""
    yield from (alert["expr"] for alert in alerts().values())
    yield from (expression for _, _, expression in panels())
