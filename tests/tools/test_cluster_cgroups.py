"""The lab's cgroups: whose they are, and how controllers of version 2 are enabled."""

import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tools.cluster import cgroups, layout, traces
from tools.environment import Refusal


def _of_version_2() -> Path | None:
    """Where groups of version 2 are mounted, alone or beside those of version 1."""
    mounted = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return next((Path(words[1]) for words in mounted if words[2] == "cgroup2" and os.access(words[1], os.W_OK)), None)


MOUNTED = _of_version_2()


@pytest.fixture
def group() -> Iterator[Path]:
    """A new cgroup of version 2 at the top, whose controllers are enabled."""
    assert MOUNTED is not None
    there = MOUNTED / f"test-{os.getpid()}"
    before = (MOUNTED / "cgroup.subtree_control").read_text().split()
    controllers = (MOUNTED / "cgroup.controllers").read_text().split()
    cgroups.enable(MOUNTED, controllers)
    there.mkdir()
    yield there
    assert cgroups.removed(there)
    for name in set(controllers) - set(before):
        (MOUNTED / "cgroup.subtree_control").write_text(f"-{name}")


def test_two_checkouts_do_not_share_a_name() -> None:
    assert cgroups.name_of(layout.STATE) == cgroups.NAME
    assert cgroups.name_of(Path("/another/.run/cluster")) != cgroups.NAME


def test_whoever_ends_the_lab_finds_the_groups_of_who_started_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "GROUPS", tmp_path / "cgroups")
    assert cgroups.kept() == []
    (tmp_path / "memory" / "session" / "lab").mkdir(parents=True)
    monkeypatch.setattr(cgroups, "_groups", lambda: iter([tmp_path / "memory" / "session" / "lab"]))
    monkeypatch.setattr(cgroups, "version", lambda: 1)
    made = cgroups.make()
    monkeypatch.setattr(cgroups, "_groups", lambda: iter([tmp_path / "memory" / "another-session" / "lab"]))
    assert cgroups.kept() == made == [tmp_path / "memory" / "session" / "lab"]


def test_a_group_is_removed_with_those_in_it(tmp_path: Path) -> None:
    (tmp_path / "lab" / "kubepods" / "pod").mkdir(parents=True)
    assert cgroups.removed(tmp_path / "lab")
    assert cgroups.removed(tmp_path / "lab")  # again, without harm


@pytest.mark.skipif(MOUNTED is None, reason="only root makes cgroups, and not every machine has those of version 2")
def test_processes_go_to_a_group_of_their_own_and_then_controllers_can_be_enabled(group: Path) -> None:
    controllers = (group / "cgroup.controllers").read_text().split()
    assert controllers
    with subprocess.Popen(["sleep", "60"]) as process:
        (group / "cgroup.procs").write_text(str(process.pid))
        with pytest.raises(Refusal, match=f"^The lab cannot have the cgroup controller {controllers[0]} "):
            cgroups.enable(group, controllers)
        cgroups.settle(group)
        assert (group / "cgroup.subtree_control").read_text().split() == controllers
        assert (group / cgroups.PROCESSES / "cgroup.procs").read_text().split() == [str(process.pid)]
        process.kill()


@pytest.mark.skipif(os.geteuid() != 0 or cgroups.version() != 1, reason="only root makes cgroups, and those of version 2 are tried above")
def test_what_the_lab_starts_is_in_its_groups_until_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "NAME", f"todo-lab-test-{os.getpid()}")
    monkeypatch.setattr(cgroups, "GROUPS", tmp_path / "cgroups")
    monkeypatch.setattr(traces, "BEFORE", tmp_path / "interfaces")
    groups = cgroups.make()
    assert len(groups) > 1
    with subprocess.Popen(["sleep", "60"], preexec_fn=partial(cgroups.enter, groups)) as process:
        assert all((group / "cgroup.procs").read_text().split() == [str(process.pid)] for group in groups)
        assert traces.left(set()) == f"its cgroup {groups[0]} is in use"
        process.kill()
    assert traces.left(set()) is None
    assert not any(group.exists() for group in groups)
