"""A cluster as its operator sees it: through kubectl and helm, and nothing else."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "todo-app"
VALUES = Path(__file__).with_name("values.yaml")
NAMESPACE, RELEASE = "todo-proofs", "todo"
DAPR = "dapr-system"
CONTAINERS = {"todo-frontend": "web", "todo-backend": "api", "todo-worker": "events"}  # Deployment -> the container that answers
DEPLOYMENTS = tuple(CONTAINERS)
ROLLED_OUT = 300  # seconds

Object = dict[str, Any]


class Refused(Exception):
    """What a command said that ended with an error."""


def run(*argv: str, given: str | None = None, timeout: float = 120) -> str:
    """What a program wrote. Raises Refused when it failed."""
    ended = subprocess.run(argv, input=given, capture_output=True, text=True, timeout=timeout, check=False)
    if ended.returncode:
        raise Refused(f"{' '.join(argv)[:300]}: {ended.stderr[-3000:]}{ended.stdout[-1000:]}")
    return ended.stdout


def eventually(condition: Callable[[], Any], within: float = 60) -> Any:
    """The first true answer of the condition, which may be refused meanwhile; fails the test when there is none in time."""
    deadline = time.monotonic() + within
    while True:
        last: object = None
        try:
            if answer := condition():
                return answer
        except Refused as refusal:
            last = refusal
        assert time.monotonic() < deadline, f"still not so after {within} s: {last or ''}"
        time.sleep(0.5)


def is_ready(pod: Object) -> bool:
    """Whether all its containers are, the sidecar among them."""
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))


@dataclass(frozen=True)
class Cluster:
    """One namespace of it, with the release in it."""

    namespace: str = NAMESPACE

    def kubectl(self, *words: str, given: str | None = None, timeout: float = 120) -> str:
        """A kubectl command in the namespace."""
        return run("kubectl", "--namespace", self.namespace, *words, given=given, timeout=timeout)

    def helm(self, *words: str) -> str:
        """A helm command in the namespace."""
        return run("helm", "--namespace", self.namespace, *words, timeout=900)

    def install(self, values: Mapping[str, Any] | None = None) -> None:
        """Install or upgrade the release, with some values changed; return once every pod of it is there and no other."""
        files = [str(VALUES), *filter(None, os.environ.get("CLUSTER_VALUES", "").split(","))]
        words = [word for file in files for word in ("--values", file)]
        words += [word for path, value in (values or {}).items() for word in ("--set-json", f"{path}={json.dumps(value)}")]
        self.helm("upgrade", "--install", RELEASE, str(CHART), *words, "--wait", "--timeout", "10m")
        self.settle()

    def rollback(self) -> None:
        """Go back to the revision before."""
        self.helm("rollback", RELEASE, "--wait", "--timeout", "10m")
        self.settle()

    def settle(self) -> None:
        """Wait until every Deployment is rolled out and no pod is ending."""
        for name in DEPLOYMENTS:
            self.rolled_out(name)
        eventually(lambda: not [pod for name in DEPLOYMENTS for pod in self.pods(name, ending=True)], within=ROLLED_OUT)

    def rolled_out(self, deployment: str) -> None:
        """Wait until its pods are those of its last template, and have been ready for as long as it asks."""
        self.kubectl("rollout", "status", f"deployment/{deployment}", f"--timeout={ROLLED_OUT}s", timeout=ROLLED_OUT + 10)

    def get(self, kind: str, *words: str) -> list[Object]:
        """The objects of a kind."""
        items: list[Object] = json.loads(self.kubectl("get", kind, "--output=json", *words))["items"]
        return items

    def pods(self, name: str, *, ending: bool = False) -> list[Object]:
        """The pods of a component that stay, or those that are ending."""
        found = self.get("pods", f"--selector=app.kubernetes.io/name={name}")
        return [pod for pod in found if ("deletionTimestamp" in pod["metadata"]) == ending]

    def replicas(self, deployment: str) -> int:
        """How many pods it is to have."""
        return int(self.kubectl("get", "deployment", deployment, "--output=jsonpath={.spec.replicas}"))

    def names(self, name: str) -> list[str]:
        """The same, their names."""
        return [pod["metadata"]["name"] for pod in self.pods(name)]

    def apply(self, text: str) -> None:
        """Make the objects, or change them."""
        self.kubectl("apply", "--filename=-", given=text)

    def python(self, pod: str, program: str, *words: str, container: str = "") -> str:
        """What a Python program says in a pod of the backend's image."""
        return self.kubectl(
            "exec", "-i", pod, *([f"--container={container}"] if container else []), "--", "python", "-", *words, given=program
        )

    def node(self, pod: str, program: str) -> str:
        """What a JavaScript module says in a pod of the web app."""
        return self.kubectl("exec", "-i", pod, "--container=web", "--", "node", "--input-type=module", "-", given=program)

    def manage(self, *command: str) -> str:
        """What a management command says in a pod of the API."""
        return self.kubectl("exec", "deployment/todo-backend", "--container=api", "--", "python", "manage.py", *command)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a question to the database, each by its columns."""
        question = f"SELECT coalesce(json_agg(found), '[]') FROM ({sql}) AS found"
        psql = 'PGPASSWORD="$POSTGRES_PASSWORD" exec psql --host=127.0.0.1 --username=todo --tuples-only --no-align todo'
        found: list[dict[str, Any]] = json.loads(self.kubectl("exec", "-i", "todo-postgresql-0", "--", "sh", "-c", psql, given=question))
        return found

    def valkey(self, *command: str) -> list[str]:
        """The lines with which the broker answers."""
        return self.kubectl("exec", "todo-valkey-0", "--", "valkey-cli", *command).splitlines()

    def phase(self, number: int) -> None:
        """Go to a phase as an operator does, one step after the other."""
        now = self.current_phase()
        for step in range(now + 1, number + 1) if number > now else [number]:
            self.manage("dapr_phase", str(step), "--who", "proofs")

    def current_phase(self) -> int:
        """How many blocks are on, one after the other."""
        on = {row["block"] for row in self.query("SELECT block FROM dapr_bridge_blockswitch WHERE stage = 'on'")}
        blocks = ("sidecar", "invocation", "pubsub", "state", "observability")
        return next((place for place, block in enumerate(blocks) if block not in on), len(blocks))

    def objects(self) -> set[str]:
        """What there is in the namespace, less what comes and goes by itself."""
        kinds = run("kubectl", "api-resources", "--verbs=list", "--namespaced", "--output=name").split()
        passing = ("events", "endpoint", "pods", "replicasets", "controllerrevisions", "leases", "podtemplates")
        found = self.kubectl("get", ",".join(kind for kind in kinds if not kind.startswith(passing)), "--output=name").split()
        return {name for name in found if not name.startswith("secret/sh.helm.release")}
