"""`python -m tools.cluster up [--without-policies] | install | open [PORT] | run COMMAND ... | test [PYTEST OPTIONS] | down`."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import yaml

from tools.cluster import dapr, doors, images, lab, programs
from tools.cluster.image import Image
from tools.cluster.layout import CONTAINERD, VALUES
from tools.environment import ROOT, Refusal

CHART = ROOT / "helm" / "todo-app"
NAMESPACE = "todo"
PORT = 8080


def up(policies: bool = True) -> None:
    """Everything that is missing, a node, Dapr. Raises Refusal, and leaves nothing running, when one of them cannot be had."""
    lab.refuse_what_cannot_be()
    binaries = programs.obtain(say)
    chart = programs.dapr_chart(say)
    made = images.obtain(binaries, _version(), say)
    try:
        lab.start(binaries, policies, say)
        _fill(binaries, made, chart, images.stand_ins(policies))
    except BaseException:
        lab.kill()
        raise
    say("The lab is up. `python -m tools.cluster run kubectl get pods -A` looks into it; `make cluster-down` takes it away.")


def _fill(binaries: Mapping[str, Path], made: Iterable[Image], chart: Path, stand_ins: Mapping[str, str]) -> None:
    """Give the node its images, a note of what is not the usual thing in it, and Dapr."""
    say("Giving the node its images ...")
    for image in made:
        _run("ctr", "--address", CONTAINERD, "--namespace", "k8s.io", "images", "import", "--no-unpack", str(image.archive), quiet=True)
    literals = [f"--from-literal={name.replace(' ', '-')}={text}" for name, text in stand_ins.items()]
    _run("kubectl", "create", "configmap", "stand-ins", "--namespace", "kube-system", *literals, quiet=True)
    VALUES.write_text(yaml.safe_dump({"images": {"registry": "localhost"}}))
    say("Installing Dapr ...")
    dapr.install(chart, binaries["daprd"].name.rpartition("-")[2], partial(_run, quiet=True))


def install() -> None:
    """The product in its namespace, with the chart's own PostgreSQL and Valkey, in the lab that runs, else in a new one."""
    if lab.init() is None:
        up()
    _restricted()
    own = ["--set", "postgresql.enabled=true", "--set", f"origin=http://127.0.0.1:{PORT}"]
    words = ["--namespace", NAMESPACE, "--values", str(VALUES), *own, "--wait", "--timeout", "5m"]
    _run("helm", "upgrade", "--install", "todo", str(CHART), *words)
    say(f"Installed. `python -m tools.cluster open` lets you see it at http://127.0.0.1:{PORT}")


def _restricted() -> None:
    """The namespace, in which nothing runs that asks for rights."""
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    }
    _run("kubectl", "apply", "--filename=-", given=yaml.safe_dump(namespace))


def _open(port: int = PORT) -> None:
    """Let a browser of this machine see the web app, until this is stopped."""
    where = "--output=jsonpath={.spec.clusterIP}:{.spec.ports[0].port}"
    address = _run("kubectl", "get", "service", "todo-frontend", "--namespace", NAMESPACE, where, quiet=True)
    host, _, number = address.partition(":")
    say(f"http://127.0.0.1:{port} (until you stop this)")
    doors.lead(port, lab.first_process(), (host, int(number)))


def run_in_lab(words: list[str]) -> int:
    """A command in the lab, in this folder; its exit code."""
    return subprocess.run(lab.enter(words), check=False).returncode


def test(options: list[str]) -> int:
    """The proofs of tests/cluster on the cluster of KUBECONFIG, else in the lab, which is started if it is not there; their exit code."""
    command = [sys.executable, "-m", "pytest", "-c", "tests/cluster/pytest.ini", *(options or ["tests/cluster"])]
    if os.environ.get("KUBECONFIG"):
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    if lab.init() is None:
        up()
    return run_in_lab(command)


def _run(*words: str, given: str | None = None, quiet: bool = False) -> str:
    """What a command in the lab wrote, if it was to be quiet. Raises Refusal when it failed."""
    done = subprocess.run(lab.enter(words), input=given, text=True, capture_output=quiet, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout or "").strip().splitlines() if quiet else []
        raise Refusal(f"`{' '.join(words[:3])}` failed in the lab{': ' + said[-1] if said else '.'}")
    return done.stdout or ""


def _version() -> str:
    return str(yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"])


def say(line: str) -> None:
    """One line for the person at the terminal."""
    print(line, flush=True)


def main(words: list[str]) -> int:
    """One command; its exit code."""
    match words:
        case ["up"]:
            up()
        case ["up", "--without-policies"]:
            up(policies=False)
        case ["install"]:
            install()
        case ["open", *port] if len(port) < 2 and all(map(str.isdigit, port)):
            _open(*map(int, port))
        case ["run", _, *_]:
            return run_in_lab(words[1:])
        case ["test", *_]:
            return test(words[1:])
        case ["down"]:
            lab.stop()
        case _:
            raise Refusal(str(__doc__))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Refusal as refusal:
        sys.exit(str(refusal))
    except KeyboardInterrupt:
        sys.exit(130)
