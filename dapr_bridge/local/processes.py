"""One server process that can be started, killed, frozen and started again, and is gone when its parent is."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

LOWEST_PORT = 11_000  # above those that browsers refuse
IANA_DYNAMIC_PORTS = 49_152  # RFC 6335, section 6
POLL = 0.02  # seconds between two looks
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class NotReady(Exception):
    """The server ended or did not become ready in time; the text has the end of its log."""


class Server:
    """A server on the loopback interface. `ready` says whether it serves; `log` is the file that gets its output."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        ready: Callable[[], bool],
        env: Mapping[str, str] | None = None,
        within: float = 30,
    ) -> None:
        self.name, self.argv, self.env, self.log_file, self.ready, self.within = name, argv, dict(env or {}), log, ready, within
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self, *, wait: bool = True) -> None:
        """Start it and, unless told otherwise, wait until it serves. Raises NotReady."""
        tie = _die_with_parent()
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                self.argv, env={**os.environ, **self.env}, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=tie
            )
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return once it serves. Raises NotReady when it has ended, or after `within` seconds."""
        deadline = time.monotonic() + self.within
        while not self.ready():
            if not self.is_running():
                raise NotReady(f"{self.name} ended:\n{self.log()[-3000:]}")
            if time.monotonic() > deadline:
                raise NotReady(f"{self.name} is not ready after {self.within:.0f} s:\n{self.log()[-3000:]}")
            time.sleep(POLL)

    def is_running(self) -> bool:
        """Whether the process exists, frozen or not."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self._end(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end, and wait; it is killed after 10 seconds."""
        with suppress(subprocess.TimeoutExpired):
            self._end(signal.SIGTERM, within=10)
        self.kill()

    def stop(self) -> None:
        """Freeze it (SIGSTOP): it keeps its sockets and answers nothing."""
        self._signal(signal.SIGSTOP)

    def cont(self) -> None:
        """Let it go on after `stop`."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """kill -9, start, and wait until it serves."""
        self.kill()
        self.start()

    def log(self) -> str:
        """What it has written since its first start."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.is_running():
            self.process.send_signal(number)

    def _end(self, by: signal.Signals, within: float | None = None) -> None:
        self._signal(by)
        self._signal(signal.SIGCONT)  # a frozen process would keep TERM for later
        if self.process is not None:
            self.process.wait(within)


def free_ports(count: int) -> list[int]:
    """So many different loopback ports that nobody listens on now, and that no outgoing connection is given while a server is restarted."""
    found: list[int] = []
    for port in random.SystemRandom().sample(range(LOWEST_PORT, _first_outgoing_port()), 1000):  # two test runs may share a seed
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"there are no {count} free ports on 127.0.0.1 above {LOWEST_PORT}")


def _first_outgoing_port() -> int:
    """Where the kernel's range for outgoing connections begins; where it leaves no room, or cannot be read, IANA's dynamic ports."""
    try:
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError):
        return IANA_DYNAMIC_PORTS
    return first if first > LOWEST_PORT + 1000 else IANA_DYNAMIC_PORTS


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux, what ties a child to the thread that starts it: a test run that is killed leaves no servers."""
    try:
        prctl = ctypes.CDLL(None).prctl  # looked up before the fork, after which nothing may be loaded
    except AttributeError:
        return None
    return lambda: prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
