"""A pytest plugin that writes down what a run on a cluster has shown and what it has not: bench/results/<date>-cluster.md."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import DAPR, DEPLOYMENTS, ROOT, Cluster, Refused, run

FACTS = pytest.StashKey[list[str]]()
EXPLAINED = """\
In {minutes:.0f} minutes. Where people were at work meanwhile: how many requests they made, how many failed, how many were sent again since
the kept connection had been closed before it answered anything, how long they took (everything shares the machine), and how many events
were found delivered in order, each with one receipt and one effect of each consumer.\
"""
NOT_TRIED = """\
- More than one node, and so the loss of one; a load balancer or an ingress before the web app.
- Autoscaling by load (it needs a metrics server); TLS to PostgreSQL and Redis; servers of one's own instead of the chart's.
- An upgrade of Kubernetes or of Dapr itself, and a restart of Dapr's control plane other than its injector.
- PostgreSQL going away: the API needs it, and answers 503 meanwhile.\
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--report", metavar="FILE", help="where to write what was shown; bench/results/<date>-cluster.md by default")


def pytest_configure(config: pytest.Config) -> None:
    """Watch this run."""
    config.pluginmanager.register(_Run(config), "cluster-report")


@dataclass
class _Shown:
    """One test: how it ended, what it counted, and why it did not show what it should have."""

    sentence: str
    outcome: str
    seconds: float
    work: dict[str, Any]
    why: str


@dataclass
class _Run:
    config: pytest.Config
    begun: float = field(default_factory=time.time)
    shown: list[_Shown] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test's end; of its beginning and its tidying up only what went wrong."""
        if report.when == "call" or report.outcome != "passed":
            sentence = report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
            properties: dict[str, Any] = {str(name): value for name, value in report.user_properties}
            self.shown.append(_Shown(sentence, report.outcome, report.duration, properties.get("work", {}), _why(report)))

    def pytest_sessionfinish(self) -> None:
        """Write it down, when there was a cluster."""
        if lines := self.config.stash.get(FACTS, None):
            now = datetime.now(UTC)
            path = Path(self.config.getoption("report") or ROOT / "bench" / "results" / f"{now:%Y-%m-%d}-cluster.md")
            path.write_text("\n".join([f"# On a cluster, {now:%Y-%m-%d %H:%M} UTC", "", *lines, "", *self._tests(), ""]))

    def _tests(self) -> Iterator[str]:
        counts = {outcome: sum(one.outcome == outcome for one in self.shown) for outcome in ("passed", "failed", "skipped")}
        yield f"## {counts['passed']} shown, {counts['failed']} failed, {counts['skipped']} not to be shown here"
        yield f"\n{EXPLAINED.format(minutes=(time.time() - self.begun) / 60)}\n"
        yield "| | took s | requests | failed | sent again | p50 ms | p99 ms | slowest ms | events |"
        yield "|---|---|---|---|---|---|---|---|---|"
        names = ("requests", "failed", "sent_again", "p50_ms", "p99_ms", "max_ms", "events")
        for one in self.shown:
            mark = {"passed": "", "failed": "**FAILED** ", "skipped": "not here: "}[one.outcome]
            yield f"| {mark}{one.sentence} | {one.seconds:.0f} | {' | '.join(str(one.work.get(name, '')) for name in names)} |"
        if broken := [one for one in self.shown if one.outcome != "passed"]:
            yield "\n## What failed, and what could not be shown\n"
            yield from (f"- {one.sentence}: {one.why}" for one in broken)
        yield "\n## What was not tried\n"
        yield NOT_TRIED


def _why(report: pytest.TestReport) -> str:
    """The last line of what went wrong, or the reason of the skip."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return " ".join(str(crash.message).split())[:600] if crash else ""


def facts(cluster: Cluster) -> list[str]:
    """What kind of cluster it is, and what runs in it."""
    version = json.loads(run("kubectl", "version", "--output=json"))["serverVersion"]["gitVersion"]
    nodes = [node["status"] for node in json.loads(run("kubectl", "get", "nodes", "--output=json"))["items"]]
    lines = [f"Kubernetes {version}."]
    for status in nodes:
        info, room = status["nodeInfo"], status["capacity"]
        lines.append(
            f"A node with {room['cpu']} cores and {room['memory']}: {info['osImage']}, Linux {info['kernelVersion']},"
            f" kubelet {info['kubeletVersion']}, {info['containerRuntimeVersion']}."
        )
    lines += ["", "Images:", ""]
    pods = [pod for name in (*DEPLOYMENTS, "todo-postgresql", "todo-valkey") for pod in cluster.pods(name)]
    dapr = json.loads(run("kubectl", "--namespace", DAPR, "get", "pods", "--output=json"))["items"]
    specs = [spec for pod in (*pods, *dapr) for kind in ("initContainers", "containers") for spec in pod["spec"].get(kind, [])]
    lines += [f"- {image}" for image in sorted({spec["image"] for spec in specs})]
    return [*lines, *_stand_ins()]


def _stand_ins() -> list[str]:
    """What the cluster says of itself that is not the usual thing (the ConfigMap `stand-ins` of kube-system)."""
    try:
        data = json.loads(run("kubectl", "--namespace", "kube-system", "get", "configmap", "stand-ins", "--output=json"))["data"]
    except Refused:
        return ["", "The cluster names no stand-ins."]
    return ["", "Stand-ins, for what was not to be had:", "", *(f"- {name}: {text}" for name, text in sorted(data.items()))]
