"""A real gunicorn with the project's configuration."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.todos.conftest import alice, bob, client_of, in_threads  # noqa: F401 -- fixtures

if TYPE_CHECKING:
    from todos.models import User

ROOT = Path(__file__).resolve().parents[2]


class Gunicorn:
    """`gunicorn` as it is started everywhere, on a free loopback port."""

    def __init__(self, log: Path, **env: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}"],
                cwd=ROOT,
                env={**os.environ, **env},
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + 40
        while len(self.workers()) < int(env.get("WEB_CONCURRENCY", "2")) or not self._accepts():
            assert self.process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)

    def connection(self, timeout: float = 15) -> http.client.HTTPConnection:
        """A connection that is kept alive."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def workers(self) -> list[int]:
        """The process ids of the workers, oldest first."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return sorted(int(pid) for pid in children.split())

    def stop(self) -> None:
        """Ask to end, then insist."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _accepts(self) -> bool:
        connection = self.connection()
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[Callable[..., Gunicorn]]:
    """Starts servers and stops them after the test."""
    started: list[Gunicorn] = []

    def start(**env: str) -> Gunicorn:
        started.append(Gunicorn(tmp_path / f"gunicorn-{len(started)}.log", **env))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def account(db: None) -> "User":
    """Somebody who signed up. The models are imported here because pytest loads this file before the settings are chosen."""
    from todos.services import accounts

    return accounts.sign_up(email="alice@example.com", password="correct horse battery 9", time_zone="Europe/Berlin")


@pytest.fixture
def operator(db: None) -> "User":
    """Somebody who may do everything in the admin."""
    from todos.services import accounts

    return accounts.sign_up(email="operator@example.com", password="correct horse battery 9", is_staff=True, is_superuser=True)
