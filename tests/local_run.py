"""A copy of the checkout, and `make run` in it as a person would use it."""

import http.client
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from dapr_bridge.local.processes import free_ports
from tools import postgres

ROOT = Path(__file__).resolve().parents[1]
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".run", ".env", "__pycache__", "node_modules", ".next", ".*_cache", ".hypothesis")
LOCAL_SETTINGS = (
    "DATABASE_URL",
    "SECRET_KEY",
    "HTTPS",
    "DATABASE_POOL_SIZE",
    "DJANGO_SETTINGS_MODULE",
    "CI",
    "MAKEFLAGS",
    "MAKELEVEL",
    # of an earlier `make run` in this checkout, which Django's settings have read into the environment
    "GATEWAY_SECRET",
    "PUBLIC_ORIGINS",
    "REDIS_URL",
    "DAPR_API_TOKEN",
    "APP_API_TOKEN",
)


class LocalRun:
    """`make run` in a folder of its own, on free ports."""

    def __init__(self, folder: Path, *, as_user: tuple[str, ...] = (), **env: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.output = folder / "terminal.txt"
        self._as_user = as_user
        self._env = {name: value for name, value in os.environ.items() if name not in LOCAL_SETTINGS}
        self._env |= {"PORT": str(self.port), "WORKER_PORT": str(free_port()), "DEMO": "no", "DAPR_ENABLED": "false", "WEB": "no", **env}
        self._make: subprocess.Popen[bytes] | None = None

    def start(self) -> "LocalRun":
        """Type the command, once more after an earlier run has ended."""
        if self._make:
            self._make.wait(10)
        with self.output.open("wb") as terminal:
            self._make = subprocess.Popen(
                [*self._as_user, "make", "run"],
                cwd=self.folder,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=terminal,
                start_new_session=True,
            )
        return self

    def until_ready(self, within: float = 60) -> "LocalRun":
        """Wait for the line that says everything runs."""
        self.until_said("Ready.", within)
        return self

    def until_said(self, words: str, within: float = 30) -> None:
        """Wait until the terminal shows these words."""
        assert self._make
        deadline = time.monotonic() + within
        while words not in self.terminal():
            assert self._make.poll() is None, f"make ended: {self.terminal()}"
            assert time.monotonic() < deadline, f"no {words!r} within {within} s: {self.terminal()}"
            time.sleep(0.05)

    def ended(self, within: float) -> int:
        """Wait for the end; make's exit code."""
        assert self._make
        return self._make.wait(within)

    def press_ctrl_c(self) -> None:
        """What a terminal does: SIGINT to everything in its foreground group."""
        assert self._make
        os.killpg(self._make.pid, signal.SIGINT)

    def terminal(self) -> str:
        """What the person has seen so far."""
        return self.output.read_text()

    def get(self, path: str) -> int:
        """The status of one request to the API."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def manage(self, *arguments: str) -> str:
        """`.venv/bin/python manage.py ...` in this folder with no settings in the environment; its output."""
        env = {name: value for name, value in os.environ.items() if name not in LOCAL_SETTINGS}
        command = [".venv/bin/python", "manage.py", *arguments]
        return subprocess.run(command, cwd=self.folder, env=env, check=True, capture_output=True, text=True).stdout

    def processes(self) -> dict[int, str]:
        """Every process that works in this folder, whoever its parent is now, with its command line."""
        return processes_in(self.folder)

    def pid_of(self, words: str) -> int:
        """The oldest process whose command line has these words."""
        return min(pid for pid, command in self.processes().items() if words in command)

    def until_nothing_is_left(self, within: float) -> None:
        """Wait until no process works in this folder."""
        deadline = time.monotonic() + within
        while left := self.processes():
            assert time.monotonic() < deadline, left
            time.sleep(0.05)

    def clean_up(self) -> None:
        """Leave nothing behind, whatever the test did."""
        kill_all_in(self.folder)
        if self._make:
            self._make.wait(10)
        shutil.rmtree(postgres.socket_folder(self.folder / ".run/postgres"), ignore_errors=True)


def processes_in(folder: Path) -> dict[int, str]:
    """Every process that works below `folder`, by process id, with its command line."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink().is_relative_to(folder):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            continue
    return {pid: command for pid, command in found.items() if command}  # a zombie has none


def kill_all_in(folder: Path) -> None:
    """End every process that works below `folder`, at once."""
    for pid in processes_in(folder):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def free_port() -> int:
    """A loopback port nobody listens on."""
    return free_ports(1)[0]


def copy_checkout(folder: Path) -> Path:
    """The files of the checkout in `folder`, with its virtual environment."""
    shutil.copytree(ROOT, folder, ignore=NOT_COPIED)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder
