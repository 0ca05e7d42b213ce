"""Starts processes in order, keeps them running, and stops them in the reverse order; it knows nothing about this project."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tools.children import die_with_parent
from tools.environment import Refusal

POLL = 0.05  # seconds between two looks at the children
STEADY = 60.0  # a process that ran this many seconds is forgiven its earlier ends


@dataclass(frozen=True)
class Process:
    """A process that runs until the stop, restarted when it ends before."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)  # on top of the supervisor's own
    ready: Callable[[], bool] = lambda: True
    ready_within: float = 30.0  # seconds
    stop_signal: signal.Signals = signal.SIGTERM  # also what it gets when the supervisor dies
    stop_within: float = 2.0  # seconds until it is killed; all of them together stay below 10
    slowest_restart: float = 30.0  # seconds
    when: Callable[[], bool] | None = None  # given: nothing waits for it; it starts once everything else runs and this is true
    once: bool = False  # for such a one: it may end
    shown: bool = False  # its output goes to the terminal, not to its log
    told: str = "ready"  # for such a one: what the person hears once it is ready


@dataclass(frozen=True)
class Step:
    """A command or function that must succeed before the next entry starts."""

    name: str
    run: Sequence[str] | Callable[[], object]
    shown: bool = False  # its output goes to the terminal, not to its log


class Stopping(Exception):
    """The person asked to stop while something was still starting."""


@dataclass
class _Child:
    process: Process
    popen: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    ends: int = 0  # unexpected ends in a row
    restart_at: float | None = None
    announced: bool = False  # of one that nothing waits for: that it is ready


class Supervisor:
    """Runs a plan of steps and processes. `logs` gets one file per entry; `inherit` are file descriptors every child keeps open."""

    def __init__(self, *, logs: Path, inherit: Sequence[int] = ()) -> None:
        self._logs = logs
        self._inherit = tuple(inherit)
        self._children: list[_Child] = []
        self._stop = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop = True

    def run(self, plan: Sequence[Process | Step], *, started: Callable[[], None]) -> None:
        """Start everything, call `started`, watch until asked to stop, stop everything; raises Refusal when the start fails."""
        try:
            for entry in plan:
                if isinstance(entry, Step):
                    self._take(entry)
                elif entry.when:
                    self._children.append(_Child(entry))  # its place among the others decides when it is stopped
                else:
                    self._start(entry)
            started()
            while not self._stop:
                self._mend()
                time.sleep(POLL)
        except Stopping:
            pass
        finally:
            self._stop_all()

    def _take(self, step: Step) -> None:
        begun = time.monotonic()
        say(f"{step.name} ...")
        if callable(step.run):
            try:
                step.run()
            except Refusal:
                if self._stop:  # Ctrl-C reaches what a function runs, too: its failure is the stop that was asked for
                    raise Stopping from None
                raise
        else:
            child = self._spawn(step.name, step.run, {}, signal.SIGTERM, shown=step.shown)
            self._wait(child, lambda: child.poll() is not None)
            if child.returncode:
                raise Refusal(f"{step.name} failed (exit code {child.returncode}).{self._tail(step.name)}")
        if time.monotonic() - begun > 1:
            say(f"{step.name}: done in {time.monotonic() - begun:.1f} s")

    def _start(self, process: Process) -> None:
        begun = time.monotonic()
        say(f"{process.name} ...")
        popen = self._spawn(process.name, process.argv, process.env, process.stop_signal)
        self._children.append(_Child(process, popen, begun, announced=True))
        self._wait(popen, lambda: popen.poll() is not None or process.ready(), within=process.ready_within)
        if popen.poll() is not None or not process.ready():
            ended = (
                f"ended (exit code {popen.returncode})" if popen.poll() is not None else f"was not ready in {process.ready_within:.0f} s"
            )
            raise Refusal(f"{process.name} {ended}.{self._tail(process.name)}")

    def _wait(self, popen: subprocess.Popen[bytes], condition: Callable[[], bool], within: float = float("inf")) -> None:
        deadline = time.monotonic() + within
        while not condition() and time.monotonic() < deadline:
            if self._stop:
                if all(popen is not child.popen for child in self._children):
                    _end(popen, signal.SIGTERM, 2.0)
                raise Stopping
            time.sleep(POLL)

    def _mend(self) -> None:
        """Start what waits for something, and start again what has ended, waiting longer each time."""
        now = time.monotonic()
        for child in self._children:
            process = child.process
            if child.popen is None:
                if process.when and process.when():
                    self._begin(child)
            elif child.restart_at is not None:
                if now >= child.restart_at:
                    self._begin(child)
            elif child.popen.poll() is not None:
                if not process.once:
                    self._plan_restart(child, child.popen.returncode)
            elif not child.announced and process.ready():
                child.announced = True
                if not process.once:
                    say(f"{process.name}: {process.told}")

    def _begin(self, child: _Child) -> None:
        process = child.process
        child.popen = self._spawn(process.name, process.argv, process.env, process.stop_signal, shown=process.shown)
        child.started, child.restart_at = time.monotonic(), None

    def _plan_restart(self, child: _Child, code: int) -> None:
        name, now = child.process.name, time.monotonic()
        child.ends = 1 if now - child.started > STEADY else child.ends + 1
        pause = min(2.0 ** (child.ends - 1), child.process.slowest_restart)
        child.restart_at = now + pause
        child.announced = child.process.when is None
        reason = self._tail(name) if child.ends == 1 else ""
        say(f"{name} ended (exit code {code}); it starts again in {pause:.0f} s.{reason}")

    def _stop_all(self) -> None:
        if self._children:
            say("Stopping ...")
        for child in reversed(self._children):
            if child.popen:
                _end(child.popen, child.process.stop_signal, child.process.stop_within)
        if self._children:
            say("Stopped.")

    def _spawn(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], orphaned: signal.Signals, *, shown: bool = False
    ) -> subprocess.Popen[bytes]:
        """A child in a session of its own, so that the terminal's Ctrl-C reaches the supervisor alone and the order is kept."""
        with self._log(name).open("ab") as log:
            return subprocess.Popen(
                list(argv),
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=None if shown else log,
                stderr=None if shown else log,
                pass_fds=self._inherit,
                start_new_session=True,
                preexec_fn=die_with_parent(orphaned),
            )

    def _log(self, name: str) -> Path:
        return self._logs / f"{name.lower().replace(' ', '-')}.log"

    def _tail(self, name: str, lines: int = 12) -> str:
        log = self._log(name)
        last = log.read_text(errors="replace").splitlines()[-lines:] if log.is_file() else []
        return "".join(f"\n    {line}" for line in [*last, f"(all of it: {log})"])


def _end(popen: subprocess.Popen[bytes], by: signal.Signals, within: float) -> None:
    """Ask a child to end, then kill whatever is left of its session."""
    popen.send_signal(by)
    with suppress(subprocess.TimeoutExpired):
        popen.wait(within)
    with suppress(ProcessLookupError):
        os.killpg(popen.pid, signal.SIGKILL)
    popen.wait()


def say(line: str) -> None:
    """Tell the person at the terminal; a terminal that has gone must not keep anything from stopping."""
    with suppress(OSError):
        print(line, flush=True)
        return
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
