"""What the lab changes about the machine before anything runs in it: all of it in namespaces of its own, gone with them.

Called by the lab's first processes. Why each line is there: docs/decisions/0034-lab-in-namespaces.md.
"""

import subprocess
from pathlib import Path

from tools.cluster import cgroups
from tools.cluster.layout import GATEWAY, NODE, NODE_ADDRESS, STATE

CONTROLLERS = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")
BRIDGED = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")  # in every network namespace, before it has a bridge
WRITTEN_BY_KUBELET = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops")  # no namespace contains these


def prepare() -> None:
    """Mounts, cgroups, and a network that leads nowhere."""
    _run("mount", "--make-rprivate", "/")
    _cgroups()
    for folder in ("/run", "/var/log"):
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
    upper, work = STATE / "var-lib", STATE / "var-lib.work"
    for path in (upper, work):
        path.mkdir()
    _run("mount", "-t", "overlay", "-o", f"lowerdir=/var/lib,upperdir={upper},workdir={work}", "overlay", "/var/lib")
    for name in WRITTEN_BY_KUBELET:
        copy = STATE / name.replace("/", ".")
        copy.write_text(Path("/proc/sys", name).read_text())
        _run("mount", "--bind", str(copy), f"/proc/sys/{name}")
    hosts = STATE / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{NODE_ADDRESS} {NODE}\n")
    _run("mount", "--bind", str(hosts), "/etc/hosts")
    _network()


def _cgroups() -> None:
    old = cgroups.version() == 1
    _run("umount", "-R", "/sys/fs/cgroup")
    _run("mount", "-t", "sysfs", "sysfs", "/sys")
    if not old:
        _run("mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
        cgroups.settle()
        return
    _run("mount", "-t", "tmpfs", "tmpfs", "/sys/fs/cgroup")
    for name in CONTROLLERS:
        Path("/sys/fs/cgroup", name).mkdir()
        _run("mount", "-t", "cgroup", "-o", name, "cgroup", f"/sys/fs/cgroup/{name}")
    Path("/sys/fs/cgroup/systemd").mkdir()
    _run("mount", "-t", "cgroup", "-o", "none,name=systemd", "cgroup", "/sys/fs/cgroup/systemd")


def _network() -> None:
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "add", "lab0", "type", "bridge")
    _run("ip", "addr", "add", f"{NODE_ADDRESS}/24", "dev", "lab0")
    _run("ip", "link", "set", "lab0", "up")
    _run("ip", "route", "add", "default", "via", GATEWAY)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    BRIDGED.write_text("1")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
