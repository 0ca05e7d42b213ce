"""gunicorn as configured: nothing left in the home folder, and restarts that no client notices."""

import http.client
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.todo_project.conftest import Gunicorn

pytestmark = pytest.mark.e2e
PAUSES = [0.0, 0.0, 0.0, 0.02, 0.3, 0.9]  # seconds between two requests of a client: some are busy, some leave their connection idle


@contextmanager
def load(server: Gunicorn) -> Iterator[Counter[str]]:
    """Clients with kept-alive connections that send requests as long as the block runs; what became of each request."""
    outcomes: Counter[str] = Counter()
    end = threading.Event()

    def client(pause: float) -> None:
        connection = server.connection()
        while not end.is_set():
            try:
                connection.request("GET", "/livez")
                answer = connection.getresponse()
                answer.read()
                outcomes[str(answer.status)] += 1
            except (OSError, http.client.HTTPException) as error:
                outcomes[repr(error)] += 1
                connection.close()
            time.sleep(pause)
        connection.close()

    threads = [threading.Thread(target=client, args=[pause]) for pause in PAUSES]
    for thread in threads:
        thread.start()
    try:
        yield outcomes
    finally:
        end.set()
        for thread in threads:
            thread.join()


def until(condition: Callable[[], bool], within: float = 40) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_reloading_under_load_loses_no_request(gunicorn: Callable[..., Gunicorn]) -> None:
    server = gunicorn(WEB_CONCURRENCY="2")
    before = set(server.workers())
    with load(server) as outcomes:
        time.sleep(1)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: len(server.workers()) == 2 and not before & set(server.workers()))
        time.sleep(1)
    assert set(outcomes) == {"200"}, outcomes
    assert outcomes["200"] > 200


def test_ending_one_of_two_workers_under_load_loses_no_request(gunicorn: Callable[..., Gunicorn]) -> None:
    server = gunicorn(WEB_CONCURRENCY="2")
    victim = server.workers()[0]
    with load(server) as outcomes:
        time.sleep(1)
        os.kill(victim, signal.SIGTERM)
        until(lambda: len(server.workers()) == 2 and victim not in server.workers())
        time.sleep(1)
    assert set(outcomes) == {"200"}, outcomes
    assert outcomes["200"] > 200


def test_workers_end_when_their_master_is_killed(gunicorn: Callable[..., Gunicorn]) -> None:
    server = gunicorn(WEB_CONCURRENCY="2")
    workers = server.workers()
    server.process.kill()
    server.process.wait()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), within=20)


def test_nothing_is_written_to_the_home_folder(gunicorn: Callable[..., Gunicorn], tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    gunicorn(HOME=str(home), XDG_RUNTIME_DIR=str(home), WEB_CONCURRENCY="1")
    assert list(home.iterdir()) == []
