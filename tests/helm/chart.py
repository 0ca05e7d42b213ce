"""The chart, rendered by a real Helm as `helm template` does, with a cluster that cannot be asked."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "todo-app"
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
RELEASE, NAMESPACE = "todo", "production"

Object = dict[str, Any]
Values = Mapping[str, object]  # dotted path -> value, as after --set-json


class Refused(Exception):
    """Helm's own words."""


@dataclass(frozen=True)
class Chart:
    """The chart with a Helm to render it."""

    helm: Path

    def render(self, values: Values | None = None, *, known: str = "") -> list[Object]:
        """The objects for these values, where the cluster also knows the API group `known`. Raises Refused."""
        return list(_render(self.helm, (*_words(values or {}), *(("--api-versions", known) if known else ()))))

    def lint(self, values: Values | None = None) -> None:
        """Raise Refused when Helm's linter finds an error or a warning."""
        _run(self.helm, "lint", "--strict", str(CHART), *_words(values or {}))

    def one(self, kind: str, name: str, values: Values | None = None) -> Object:
        """The only object of this kind and name."""
        (found,) = [thing for thing in self.render(values) if (thing["kind"], thing["metadata"]["name"]) == (kind, name)]
        return found


def pod_templates(objects: list[Object]) -> Iterator[tuple[str, Object]]:
    """(name, pod template) of everything that makes pods."""
    for thing in objects:
        if "template" in thing.get("spec", {}):
            yield thing["metadata"]["name"], thing["spec"]["template"]


def container(thing: Object, name: str) -> Object:
    """A container of a Deployment by its name."""
    (found,) = [one for one in thing["spec"]["template"]["spec"]["containers"] if one["name"] == name]
    assert isinstance(found, dict)
    return found


def variables(container: Object) -> dict[str, Any]:
    """A container's environment: plain text, or what it is read from."""
    pairs = [(entry["name"], entry.get("value", entry.get("valueFrom"))) for entry in container.get("env", [])]
    assert len(pairs) == len(dict(pairs)), "a variable is set twice"
    return dict(pairs)


def paths(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted path, value) of everything in a tree of values, the branches too."""
    for name, value in values.items():
        yield f"{before}{name}", value
        if isinstance(value, dict):
            yield from paths(value, f"{before}{name}.")


def _words(values: Values) -> tuple[str, ...]:
    return tuple(word for path, value in values.items() for word in ("--set-json", f"{path}={json.dumps(value)}"))


@cache
def _render(helm: Path, words: tuple[str, ...]) -> tuple[Object, ...]:
    text = _run(helm, "template", RELEASE, str(CHART), "--namespace", NAMESPACE, *words)
    return tuple(thing for thing in yaml.load_all(text, yaml.CSafeLoader) if thing)


def _run(helm: Path, *words: str) -> str:
    ended = subprocess.run([helm, *words], capture_output=True, text=True, timeout=60, check=False)
    if ended.returncode:
        raise Refused(ended.stderr + ended.stdout)
    return ended.stdout
