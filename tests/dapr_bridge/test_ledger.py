"""The sum of what several processes counted, whichever of them live, are killed, or begin anew."""

import subprocess
import sys
from pathlib import Path

import pytest

from dapr_bridge.ledger import Ledger, Unusable

HITS, WAITS = ("hits", "a"), ("waits",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def counted_by_another(folder: Path, hits: int, *, then: str) -> subprocess.Popen[str]:
    """A process that laid its number down; `then` is what it does with its life."""
    program = f"""
import os, signal, sys
from pathlib import Path
from dapr_bridge.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
ledger.write({{("hits", "a"): [float(sys.argv[2])]}})
print("laid down", flush=True)
{then}
"""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program, str(folder), str(hits)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "laid down\n"
    return process


def test_the_numbers_of_all_living_processes_are_added(folder: Path) -> None:
    one, other = Ledger(folder), Ledger(folder)
    one.write({HITS: [1.0], WAITS: [1.0, 0.0, 0.5]})
    other.write({HITS: [2.0], WAITS: [0.0, 4.0, 2.0]})
    one.write({HITS: [3.0], WAITS: [1.0, 0.0, 0.5]})
    assert one.total() == other.total() == {HITS: [5.0], WAITS: [1.0, 4.0, 2.5]}


def test_what_a_killed_process_laid_down_stays_in_the_sum_and_its_files_go(folder: Path) -> None:
    ledger = Ledger(folder)
    ledger.write({HITS: [1.0]})
    for hits in (10, 100):
        process = counted_by_another(folder, hits, then="os.kill(os.getpid(), signal.SIGKILL)")
        process.communicate()
    assert ledger.total() == {HITS: [111.0]}
    assert ledger.total() == {HITS: [111.0]}, "and is added once"
    assert len(list(folder.glob("*.alive"))) == 1
    assert len(list(folder.glob("*.json"))) == 2, "its own, and the one of those that have ended"


def test_processes_that_come_and_go_leave_two_files_although_nobody_reads(folder: Path) -> None:
    Ledger(folder)
    for _ in range(3):
        counted_by_another(folder, 1, then="").communicate()
    ledger = Ledger(folder)
    assert len(list(folder.iterdir())) == 4, "two lives, the ended, the lock"
    assert ledger.total() == {HITS: [3.0]}


def test_a_run_that_begins_when_nobody_lives_begins_with_nothing(folder: Path) -> None:
    counted_by_another(folder, 7, then="").communicate()
    (folder / "half.new").touch()
    ledger = Ledger(folder)
    assert ledger.total() == {}
    assert not list(folder.glob("*.new"))


def test_the_first_reader_among_the_living_does_not_count_them_as_ended(folder: Path) -> None:
    process = counted_by_another(folder, 7, then="sys.stdin.read()")
    try:
        assert Ledger(folder).total() == {HITS: [7.0]}
        assert not (folder / "ended.json").exists()
    finally:
        process.communicate()


def test_a_child_of_a_fork_does_not_keep_its_parent_alive_in_the_sum_once_it_has_closed_it(folder: Path) -> None:
    reader = Ledger(folder)
    program = 'if os.fork() == 0:\n    ledger.close()\n    print("closed", flush=True)\n    sys.stdin.read()\nos._exit(0)'
    process = counted_by_another(folder, 5, then=program)
    assert process.stdout
    assert process.stdout.readline() == "closed\n"
    assert process.wait(20) == 0, "the parent has ended, its child has not"
    assert reader.total() == {HITS: [5.0]}
    assert (folder / "ended.json").exists()
    process.communicate()


def test_its_files_are_the_owners_alone(folder: Path) -> None:
    ledger = Ledger(folder)
    ledger.write({HITS: [1.0]})
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.glob("*.alive")} == {0o600}


def test_a_planted_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    folder.symlink_to(tmp_path / "victim")
    with pytest.raises(Unusable, match="not our folder"):
        Ledger(folder)
    assert not list((tmp_path / "victim").iterdir())


def test_a_folder_that_cannot_be_had_is_said_to_be_unusable(tmp_path: Path) -> None:
    with pytest.raises(Unusable):
        Ledger(tmp_path / "missing" / "ledger")
