"""What a lab could leave on the machine: processes, mounts, cgroups and network interfaces. `lab.stop` ends when there is none."""

import socket
from collections.abc import Set
from contextlib import suppress
from pathlib import Path

from tools.cluster import cgroups
from tools.cluster.layout import BEFORE, STATE

INTERFACES = ("lab0", "cni0")  # those of pods are joined to the second


def note() -> None:
    """Before the start: which interfaces of these names are the machine's own."""
    BEFORE.write_text("\n".join(_interfaces()))


def namespaces(pid: int) -> set[str]:
    """The namespaces of a process that are not those of this one."""
    return _links(Path(f"/proc/{pid}/ns")) - _links(Path("/proc/self/ns"))


def left(of_lab: Set[str]) -> str | None:
    """A trace of a lab that had these namespaces, in words; None when there is none. Cgroups are removed as soon as they are empty."""
    for process in Path("/proc").glob("[0-9]*"):
        if not of_lab.isdisjoint(_links(process / "ns") | _links(process / "fd")):  # an open door, too, lets a namespace stay
            return f"process {process.name} is still in it: stop it"
    for group in cgroups.kept():
        if not cgroups.removed(group):
            return f"its cgroup {group} is in use"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        if str(STATE) in line:
            return f"something is still mounted: {line}"
    if BEFORE.is_file() and (new := set(_interfaces()) - set(BEFORE.read_text().splitlines())):
        return f"the network interface {new.pop()} is on the machine"
    return None


def _interfaces() -> list[str]:
    return [name for _, name in socket.if_nameindex() if name in INTERFACES]


def _links(folder: Path) -> set[str]:
    """What the links of a folder of a process name; nothing when the process has ended."""
    found = set()
    with suppress(OSError):
        for path in folder.iterdir():
            with suppress(OSError):
                found.add(str(path.readlink()))
    return found
