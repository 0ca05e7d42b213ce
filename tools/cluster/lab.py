"""Starts the lab in namespaces and cgroups of its own, runs commands in it, and takes it away without a trace."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tools.cluster import certificates, machine
from tools.cluster.layout import INIT, KUBECONFIG, LOGS, READY, STATE, VALUES
from tools.environment import ROOT, Refusal

NAMESPACES = ("--mount", "--cgroup", "--net", "--pid", "--fork", "--uts", "--ipc", "--mount-proc")
PATIENCE = 300  # seconds
NAME = "todo-lab"  # of its cgroups
NEEDED = (8, 12)  # GB of memory and of disk


def refuse_what_cannot_be() -> None:
    """Raises Refusal where a lab cannot run."""
    if os.geteuid() != 0:
        raise Refusal("The lab makes namespaces and mounts: run it as root, or set KUBECONFIG to a cluster that is there.")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") / 1e9 + _reclaimable()
    if memory < NEEDED[0]:
        raise Refusal(f"The lab needs {NEEDED[0]} GB of free memory, and {memory:.0f} GB are free: stop something, or set KUBECONFIG.")
    if shutil.disk_usage(ROOT).free < NEEDED[1] * 1e9:
        raise Refusal(f"The lab needs {NEEDED[1]} GB of disk space in {ROOT}.")


def _reclaimable() -> float:
    """Memory in GB that holds nothing but cached files."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Cached:")) / 1e6


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


def start(binaries: Mapping[str, Path], say: Callable[[str], None]) -> None:
    """Start a node and wait until it is ready. Raises Refusal when it does not become so."""
    stop()
    STATE.mkdir(parents=True)
    LOGS.mkdir()
    certificates.make()
    groups = list(_groups())
    words = json.dumps({name: str(path) for name, path in binaries.items()})

    def enter_groups() -> None:
        for group in groups:
            group.mkdir(exist_ok=True)
            for name in ("cpuset.cpus", "cpuset.mems"):
                if (group / name).exists():
                    (group / name).write_text((group.parent / name).read_text())
            (group / "cgroup.procs").write_text(str(os.getpid()))

    with (LOGS / "lab.log").open("ab") as log:
        unshare = subprocess.Popen(
            ["unshare", *NAMESPACES, sys.executable, "-m", "tools.cluster.inside", words],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=enter_groups,
        )
    begun = time.monotonic()
    while not READY.exists():
        if unshare.poll() is not None or time.monotonic() - begun > PATIENCE:
            raise Refusal(f"The node did not become ready: {_last_words()} (logs are in {LOGS})")
        children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text().split()
        if children:
            INIT.write_text(children[0])
        time.sleep(0.2)
    say(f"The node is ready after {time.monotonic() - begun:.0f} s.")


def enter(command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The words that run a command in the lab, in the folder that one is in. Raises Refusal when there is no lab."""
    variables = [f"{name}={value}" for name, value in environment.items()]
    words = [
        "nsenter",
        "--target",
        str(first_process()),
        "--mount",
        "--net",
        "--pid",
        "--uts",
        "--ipc",
        "--cgroup",
        "--",
        "env",
        *variables,
    ]
    return [*words, "sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(Path.cwd()), *command]


def environment(binaries: Mapping[str, Path]) -> dict[str, str]:
    """What commands in the lab find: the cluster, kubectl and helm, and values for our chart."""
    tools = STATE / "bin"
    tools.mkdir(exist_ok=True)
    for name in ("kubectl", "helm"):
        if not (tools / name).is_symlink():
            (tools / name).symlink_to(binaries[name])
    return {"KUBECONFIG": str(KUBECONFIG), "CLUSTER_VALUES": str(VALUES), "PATH": f"{tools}:{os.environ.get('PATH', os.defpath)}"}


def stop() -> None:
    """Kill the lab and remove what it left. Raises Refusal when something of it is still there."""
    if (pid := init()) is not None:
        os.kill(pid, signal.SIGKILL)
        _until(lambda: not Path(f"/proc/{pid}").exists(), "its first process is still there")
    for group in _groups():
        _until(lambda group=group: _removed(group), f"its cgroup {group} is in use")  # type: ignore[misc]
    if mounts := [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(STATE) in line]:
        raise Refusal(f"Something of the lab is still mounted: {mounts[0]}")
    shutil.rmtree(STATE, ignore_errors=True)


def _groups() -> Iterator[Path]:
    """The lab's cgroup in each hierarchy that has a controller."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, names, path = line.split(":", 2)
        if machine.version() == 1 and number == "0":
            continue
        folder = names.removeprefix("name=")
        yield Path("/sys/fs/cgroup", folder) / path.lstrip("/") / NAME


def _removed(group: Path) -> bool:
    """Remove a cgroup and those in it, as far as they are empty; whether it is gone."""
    for folder, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):
            Path(folder).rmdir()
    return not group.exists()


def _until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            raise Refusal(f"The lab is not gone: {otherwise}.")
        time.sleep(0.1)


def _last_words() -> str:
    lines = (LOGS / "lab.log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
