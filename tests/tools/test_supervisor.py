"""The supervisor with small real processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tools import sidecars
from tools.environment import Refusal
from tools.processes import Ports, plan
from tools.supervisor import Process, Step, Supervisor
from tools.web import web

# Writes its name when it starts and when it is asked to stop.
POLITE = """
import signal, sys, time
def stop(*_):
    open({journal!r}, "a").write("{name} stops\\n"); sys.exit()
signal.signal(signal.SIGTERM, stop)
open({journal!r}, "a").write("{name} starts\\n")
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def polite(name: str, journal: Path) -> Process:
    code = POLITE.format(name=name, journal=str(journal))
    return Process(name, [sys.executable, "-c", code], ready=lambda: f"{name} starts" in (journal.read_text() if journal.exists() else ""))


def supervise(entries: Sequence[Process | Step], logs: Path, *, stop_after: float = 0.0) -> None:
    """Run the plan and ask for the stop, as Ctrl-C does, once everything has started."""

    def started() -> None:
        threading.Timer(stop_after, os.kill, (os.getpid(), signal.SIGINT)).start()

    Supervisor(logs=logs).run(entries, started=started)


def test_processes_stop_in_the_reverse_of_the_order_they_started_in(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    supervise([polite("first", journal), polite("second", journal), polite("third", journal)], tmp_path)
    assert journal.read_text().split("\n")[:-1] == [
        "first starts", "second starts", "third starts", "third stops", "second stops", "first stops",
    ]  # fmt: skip


def test_a_process_that_ignores_the_stop_is_killed_with_its_children(tmp_path: Path) -> None:
    stubborn = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork(); print(os.getpid(), flush=True); time.sleep(60)"
    )
    logs = tmp_path / "stubborn.log"
    process = Process(
        "stubborn", [sys.executable, "-c", stubborn], ready=lambda: logs.exists() and len(logs.read_text().split()) == 2, stop_within=0.2
    )
    supervise([process], tmp_path)
    for pid in logs.read_text().split():
        deadline = time.monotonic() + 5
        while Path(f"/proc/{pid}").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text():
            assert time.monotonic() < deadline, f"{pid} is still alive"
            time.sleep(0.05)


def test_a_process_that_ends_is_started_again_more_and_more_slowly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = tmp_path / "journal"
    brief = Process("brief", ["sh", "-c", f"echo start >> {journal}; sleep 0.2"], ready=journal.exists)
    supervise([brief], tmp_path, stop_after=2.4)
    said = capsys.readouterr().out
    assert "brief ended (exit code 0); it starts again in 1 s." in said
    assert "brief ended (exit code 0); it starts again in 2 s." in said
    assert journal.read_text().count("start") == 2


def test_a_failed_step_stops_what_runs_and_shows_its_last_words(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with pytest.raises(Refusal, match=r"migrations failed \(exit code 3\)(?s:.*)no such table"):
        supervise([polite("first", journal), Step("migrations", ["sh", "-c", "echo no such table; exit 3"])], tmp_path)
    assert journal.read_text() == "first starts\nfirst stops\n"


def test_a_process_that_never_gets_ready_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="deaf was not ready in 0 s"):
        supervise([Process("deaf", ["sleep", "60"], ready=lambda: False, ready_within=0.2)], tmp_path)


def test_asking_to_stop_during_a_long_step_stops_at_once(tmp_path: Path) -> None:
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    begun = time.monotonic()
    Supervisor(logs=tmp_path).run([Step("long", ["sleep", "60"])], started=lambda: pytest.fail("started"))
    assert time.monotonic() - begun < 5


def test_no_process_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path\nfrom tools.supervisor import Process, Supervisor\n"
        f"Supervisor(logs=Path({str(tmp_path)!r})).run([Process('child', ['sleep', '60'])], started=lambda: print('up', flush=True))"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout
    while supervisor.stdout.readline() != "up\n":
        assert supervisor.poll() is None
    children = Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children").read_text().split()
    assert children
    supervisor.kill()
    supervisor.communicate()
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_whole_run_may_take_at_most_ten_seconds_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidecars, "RUN", tmp_path)
    monkeypatch.setattr(sidecars, "BINARY", tmp_path / "daprd")
    monkeypatch.setattr("tools.web.NODE", tmp_path / "node")
    for variable in ("DAPR_ENABLED", "REDIS_URL"):
        monkeypatch.delenv(variable, raising=False)
    dapr = sidecars.dapr(dict.fromkeys(sidecars.APPS), print)
    assert dapr
    assert len(dapr.processes) == 4
    app = web(3000, 8000, dapr.of_gateway, lambda: True)
    entries = plan(ports=Ports(api=8000, events=8001, web=3000), data=tmp_path / "postgres", demo=True, dapr=dapr, web=app)
    assert sum(entry.stop_within for entry in entries if isinstance(entry, Process)) < 10


def test_what_nothing_waits_for_starts_after_the_rest_when_its_condition_holds_and_stops_in_its_place(tmp_path: Path) -> None:
    journal, permission = tmp_path / "journal", tmp_path / "permission"

    def polite(name: str, when: Callable[[], bool] | None = None) -> Process:
        ready = (lambda: f"{name} starts" in journal.read_text()) if when is None else (lambda: True)
        return Process(name, [sys.executable, "-c", POLITE.format(journal=str(journal), name=name)], ready=ready, when=when)

    journal.touch()
    ended = tmp_path / "ended"
    search = Process("search", [sys.executable, "-c", f"open({str(ended)!r}, 'w')"], when=lambda: True, once=True)
    supervisor = Supervisor(logs=tmp_path)

    def started() -> None:
        assert journal.read_text() == "app starts\n"
        threading.Thread(target=later).start()

    def later() -> None:
        until(ended.exists)
        assert "sidecar" not in journal.read_text()
        permission.touch()
        until(lambda: "sidecar starts" in journal.read_text())
        os.kill(os.getpid(), signal.SIGTERM)

    supervisor.run([polite("sidecar", permission.exists), polite("app"), search], started=started)
    assert journal.read_text().splitlines() == ["app starts", "sidecar starts", "app stops", "sidecar stops"]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
