"""The lab's cgroups, made before its namespaces: what pods use counts as the lab's, and all of it can be removed from outside.

In version 1 there is one in each hierarchy, below that of whoever starts the lab. In version 2 there is one at the top, as only there
controllers can be enabled beside processes; in it, the lab's processes go to a group of their own before it enables controllers itself.
"""

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tools.cluster.layout import GROUPS, STATE
from tools.environment import Refusal

TOP = Path("/sys/fs/cgroup")
PROCESSES = "processes"
WANTED = ("cpu", "cpuset", "memory", "pids")  # by the kubelet
PATIENCE = 10.0  # seconds


def name_of(state: Path) -> str:
    """The name of the cgroups of the lab that keeps its state there: each checkout's is another."""
    return f"todo-lab-{hashlib.sha256(str(state).encode()).hexdigest()[:8]}"


NAME = name_of(STATE)


def version() -> int:
    """The version of cgroups that this machine's controllers are in."""
    return 1 if any(f":{name}:" in line for line in _own() for name in ("memory", "cpu")) else 2


def make() -> list[Path]:
    """Make the lab's cgroups and keep their paths for `kept`. Raises Refusal where controllers cannot be had."""
    groups = list(_groups())
    GROUPS.write_text("".join(f"{group}\n" for group in groups))
    if version() == 2:
        enable(TOP, WANTED)
    for group in groups:
        group.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (group / name).exists() and version() == 1:  # empty at first, and no process can be in it
                (group / name).write_text((group.parent / name).read_text())
    return groups


def enter(groups: Sequence[Path]) -> None:
    """Move this process into them."""
    for group in groups:
        (group / "cgroup.procs").write_text(str(os.getpid()))


def step_aside(pid: int) -> None:
    """Version 2: take the process that made the namespaces, which they cannot move, out of the way of `settle`."""
    if version() == 2:
        for group in kept():
            (group / PROCESSES).mkdir(exist_ok=True)
            (group / PROCESSES / "cgroup.procs").write_text(str(pid))


def settle(top: Path = TOP) -> None:
    """Version 2, in the lab: move all processes to a child of `top`, and enable its controllers for those of the kubelet."""
    (top / PROCESSES).mkdir(exist_ok=True)
    deadline = time.monotonic() + PATIENCE
    while there := (top / "cgroup.procs").read_text().split():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{top} has processes that are not the lab's")
        for pid in there:
            if pid == "0":  # outside of the lab: it steps aside itself
                time.sleep(0.05)
            else:
                (top / PROCESSES / "cgroup.procs").write_text(pid)
    enable(top, (top / "cgroup.controllers").read_text().split())


def enable(group: Path, controllers: Sequence[str]) -> None:
    """Let the children of a group of version 2 have these controllers. Raises Refusal with the remedy when one cannot be had."""
    enabled = (group / "cgroup.subtree_control").read_text().split()
    for name in controllers:
        if name not in enabled:
            try:
                (group / "cgroup.subtree_control").write_text(f"+{name}")
            except OSError as error:
                raise Refusal(
                    f"The lab cannot have the cgroup controller {name} ({error.strerror}): enable it in {group}, or set KUBECONFIG."
                ) from None


def kept() -> list[Path]:
    """The cgroups of the lab of this checkout, whoever started it."""
    return list(map(Path, GROUPS.read_text().splitlines())) if GROUPS.is_file() else []


def removed(group: Path) -> bool:
    """Remove a cgroup and those in it, as far as they are empty; whether it is gone."""
    for folder, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):
            Path(folder).rmdir()
    return not group.exists()


def _groups() -> Iterator[Path]:
    if version() == 2:
        yield TOP / NAME
        return
    for line in _own():
        number, names, path = line.split(":", 2)
        if number != "0":
            yield TOP / names.removeprefix("name=") / path.lstrip("/") / NAME


def _own() -> list[str]:
    return Path("/proc/self/cgroup").read_text().splitlines()
