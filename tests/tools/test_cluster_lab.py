"""Where the lab refuses to start, and how it finds out that nothing is left of it."""

import os
import shutil
import socket
import subprocess
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.cluster import cgroups, lab, machine, traces
from tools.environment import Refusal

Usage = namedtuple("Usage", "free")


@pytest.fixture
def able(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that can run a lab, which is not there; the folder of its state."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(lab, "_available", lambda: 8.0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(12e9))
    monkeypatch.setattr(machine, "BRIDGED", tmp_path)
    for name in ("KEPT", "STATE"):
        monkeypatch.setattr(lab, name, tmp_path / name)
    monkeypatch.setattr(lab, "INIT", tmp_path / "init.pid")
    return tmp_path


@pytest.fixture
def in_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A process with namespaces of its own."""
    monkeypatch.setattr(traces, "BEFORE", tmp_path / "interfaces")
    monkeypatch.setattr(cgroups, "GROUPS", tmp_path / "cgroups")
    code = ["sh", "-c", "echo ready; exec sleep 60", "tools.cluster.inside"]
    with subprocess.Popen(["unshare", "--net", *code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_machine_that_has_enough_is_not_refused(able: Path) -> None:
    lab.refuse_what_cannot_be()


@pytest.mark.parametrize(
    ("owner", "name", "value", "said"),
    [
        (os, "geteuid", lambda: 1000, "run it as root"),
        (lab, "init", lambda: 1, "A lab is running already: use it, or take it away first with `make cluster-down`."),
        (machine, "BRIDGED", Path("/nowhere"), "run `modprobe br_netfilter`"),
        (lab, "_available", lambda: 7.9, "needs 8 GB of free memory, and 8 GB are free"),
    ],
)
def test_what_is_not_there_is_refused_with_the_remedy(
    able: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, value: object, said: str
) -> None:
    monkeypatch.setattr(owner, name, value)
    with pytest.raises(Refusal) as refusal:
        lab.refuse_what_cannot_be()
    assert said in str(refusal.value)


@pytest.mark.parametrize(("full", "what"), [("KEPT", "programs and images"), ("STATE", "what runs")])
def test_a_full_disk_is_refused_where_things_are_kept_and_where_they_run(
    able: Path, monkeypatch: pytest.MonkeyPatch, full: str, what: str
) -> None:
    (able / full).mkdir()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(11e9 if path.name == full else 12e9))
    with pytest.raises(Refusal, match=f"needs 12 GB of disk space for {what} in {able / full}"):
        lab.refuse_what_cannot_be()


def test_memory_that_holds_cached_files_counts_as_free() -> None:
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    free = int(fields["MemFree"].split()[0]) * 1024 / 1e9
    total = int(fields["MemTotal"].split()[0]) * 1024 / 1e9
    assert 0 < lab._available() < total
    assert lab._available() != pytest.approx(free)


def test_a_process_of_another_program_is_no_lab(able: Path) -> None:
    assert lab.init() is None
    (able / "init.pid").write_text(str(os.getpid()))
    assert lab.init() is None
    with pytest.raises(Refusal, match=r"start it with `python -m tools.cluster up`"):
        lab.first_process()


root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes namespaces")


@root
def test_a_process_in_the_labs_namespaces_is_a_trace(in_network: subprocess.Popen[bytes]) -> None:
    namespaces = traces.namespaces(in_network.pid)
    assert len(namespaces) == 1
    assert traces.left(namespaces) == f"process {in_network.pid} is still in it: stop it"
    in_network.kill()
    in_network.wait()
    assert traces.left(namespaces) is None


@root
def test_an_open_door_into_the_labs_network_is_a_trace(in_network: subprocess.Popen[bytes]) -> None:
    namespaces = traces.namespaces(in_network.pid)
    with Path(f"/proc/{in_network.pid}/ns/net").open("rb"):
        in_network.kill()
        in_network.wait()
        assert traces.left(namespaces) == f"process {os.getpid()} is still in it: stop it"
    assert traces.left(namespaces) is None


def test_an_interface_that_was_not_there_is_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "BEFORE", tmp_path / "interfaces")
    monkeypatch.setattr(cgroups, "GROUPS", tmp_path / "cgroups")
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo")])
    traces.note()
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "cni0"), (3, "eth1")])
    assert traces.left(set()) == "the network interface cni0 is on the machine"
    traces.note()
    assert traces.left(set()) is None
