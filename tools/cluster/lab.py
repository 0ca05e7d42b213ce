"""Starts the lab in namespaces and cgroups of its own, runs commands in it, and takes it away without a trace."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from tools.cluster import certificates, cgroups, machine, traces
from tools.cluster.layout import INIT, KEPT, KUBECONFIG, LOGS, READY, STATE, TOOLS, VALUES
from tools.environment import ROOT, Refusal

NAMESPACES = ("--mount", "--cgroup", "--net", "--pid", "--fork", "--uts", "--ipc", "--mount-proc")
PATIENCE = 300  # seconds
PATIENCE_AT_END = 30  # seconds
NEEDED = (8, 12)  # GB of memory and of disk


def refuse_what_cannot_be() -> None:
    """Raises Refusal where a lab cannot run."""
    if os.geteuid() != 0:
        raise Refusal("The lab makes namespaces and mounts: run it as root, or set KUBECONFIG to a cluster that is there.")
    if init() is not None:
        raise Refusal("A lab is running already: use it, or take it away first with `make cluster-down`.")
    if not machine.BRIDGED.exists():
        raise Refusal("Services and policies need iptables to see what crosses a bridge: run `modprobe br_netfilter`, or set KUBECONFIG.")
    if (memory := _available()) < NEEDED[0]:
        raise Refusal(f"The lab needs {NEEDED[0]} GB of free memory, and {memory:.0f} GB are free: stop something, or set KUBECONFIG.")
    for folder, what in ((KEPT, "programs and images"), (STATE, "what runs")):
        if _space(folder) < NEEDED[1]:
            raise Refusal(f"The lab needs {NEEDED[1]} GB of disk space for {what} in {folder}: remove something, or set KUBECONFIG.")


def _available() -> float:
    """Memory in GB that programs can still get, cached files given up."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    (amount,) = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(amount) * 1024 / 1e9


def _space(folder: Path) -> float:
    """Disk space in GB where a folder is or is going to be."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free / 1e9


def init() -> int | None:
    """The lab's first process, as this machine numbers it; None when no lab is running."""
    with suppress(OSError, ValueError):
        pid = int(INIT.read_text())
        if b"tools.cluster.inside" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    return None


def first_process() -> int:
    """The same, where there has to be one. Raises Refusal when there is none."""
    pid = init()
    if pid is None:
        raise Refusal("There is no lab: start it with `python -m tools.cluster up`.")
    return pid


def start(binaries: Mapping[str, Path], policies: bool, say: Callable[[str], None]) -> None:
    """Start a node, which enforces network policies or does not, and wait until it is ready. Raises Refusal when it does not become so."""
    stop()
    STATE.mkdir(parents=True)
    LOGS.mkdir()
    TOOLS.mkdir()
    for name in ("kubectl", "helm"):
        (TOOLS / name).symlink_to(binaries[name])
    traces.note()
    certificates.make()
    groups = cgroups.make()
    words = [json.dumps({name: str(path) for name, path in binaries.items()}), json.dumps(policies)]

    with (LOGS / "lab.log").open("ab") as log:
        unshare = subprocess.Popen(
            ["unshare", *NAMESPACES, sys.executable, "-m", "tools.cluster.inside", *words],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=partial(cgroups.enter, groups),
        )
    begun = time.monotonic()
    while not READY.exists():
        if unshare.poll() is not None or time.monotonic() - begun > PATIENCE:
            raise Refusal(f"The node did not become ready: {_last_words()} (logs are in {LOGS})")
        children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text().split()
        if children and init() is None:
            cgroups.step_aside(unshare.pid)
            INIT.write_text(children[0])
        time.sleep(0.2)
    say(f"The node is ready after {time.monotonic() - begun:.0f} s.")


def enter(command: Sequence[str]) -> list[str]:
    """The words that run a command in the lab, in the folder that one is in. Raises Refusal when there is no lab.

    It finds the cluster, kubectl and helm, and in CLUSTER_VALUES what our chart needs to be told.
    """
    path = f"{TOOLS}:{os.environ.get('PATH', os.defpath)}"
    variables = [f"KUBECONFIG={KUBECONFIG}", f"CLUSTER_VALUES={VALUES}", f"PATH={path}"]
    namespaces = ["--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup"]
    words = ["nsenter", "--target", str(first_process()), *namespaces, "--", "env", *variables]
    return [*words, "sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(Path.cwd()), *command]


def stop() -> None:
    """Kill the lab and remove what it left. Raises Refusal when something of it is still there."""
    namespaces = kill()
    deadline = time.monotonic() + PATIENCE_AT_END
    while trace := traces.left(namespaces):
        if time.monotonic() > deadline:
            raise Refusal(f"The lab is not gone: {trace}.")
        time.sleep(0.1)
    shutil.rmtree(STATE, ignore_errors=True)
    if STATE.exists():
        raise Refusal(f"The lab is gone, but {STATE} could not be removed: remove it.")


def kill() -> set[str]:
    """End every process of the lab, so that its logs can still be read; the namespaces that it had."""
    pid = init()
    if pid is None:
        return set()
    namespaces = traces.namespaces(pid)
    os.kill(pid, signal.SIGKILL)
    return namespaces


def _last_words() -> str:
    lines = (LOGS / "lab.log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
