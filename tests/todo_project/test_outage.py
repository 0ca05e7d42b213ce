"""PostgreSQL really stopped and started under a real gunicorn."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from tests.todo_project.conftest import Gunicorn
from tools import postgres
from tools.children import die_with_parent

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
ROOT = Path(__file__).resolve().parents[2]
CREDENTIALS = {"email": "alice@example.com", "password": "correct horse battery 9"}


class Server:
    """A PostgreSQL of this test's own that can be stopped and started."""

    def __init__(self, data: Path) -> None:
        self._installation = postgres.installations()[0]
        self._data = data
        postgres.prepare(data, self._installation, durable=False)
        self.url = postgres.url(data)
        self.start()
        postgres.create_database(postgres.url(data, "postgres"))

    def start(self) -> None:
        self._process = subprocess.Popen(
            [*postgres.command(self._data, self._installation), "-c", "fsync=off"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent(signal.SIGINT),
        )
        deadline = time.monotonic() + 20
        while not postgres.is_ready(postgres.url(self._data, "postgres")):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(20)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With the product's tables; every test leaves it running."""
    server = Server(tmp_path_factory.mktemp("pg") / "data")
    try:
        environment = {**os.environ, "DATABASE_URL": server.url, "DATABASE_POOL_SIZE": "0"}
        subprocess.run([sys.executable, "manage.py", "migrate", "--no-input"], cwd=ROOT, env=environment, check=True, capture_output=True)
        yield server
    finally:
        server.stop()


class Caller:
    """A client over HTTP that keeps its cookies."""

    def __init__(self, server: Gunicorn) -> None:
        self._server = server
        self._cookies: dict[str, str] = {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = self._server.connection(timeout=30)
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
            headers["X-CSRFToken"] = self._cookies.get("csrftoken", "")
        connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        content = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, content


def signed_up(server: Gunicorn) -> Caller:
    call = Caller(server)
    assert call("GET", "/api/v1/auth/session")[0] == 200
    assert call("POST", "/api/v1/auth/signup", CREDENTIALS)[0] == 201
    return call


def test_without_postgresql_every_answer_is_503_and_with_it_again_all_is_well(database: Server, gunicorn: Callable[..., Gunicorn]) -> None:
    server = gunicorn(DATABASE_URL=database.url, DATABASE_POOL_SIZE="4", WEB_CONCURRENCY="1")
    call = signed_up(server)
    assert call("POST", "/api/v1/todos", {"title": "Survive"})[0] == 201
    database.stop()
    asked: list[tuple[str, str, Any]] = [
        ("GET", "/api/v1/todos", None),
        ("POST", "/api/v1/todos", {"title": "Lost"}),
        ("GET", "/api/v1/auth/session", None),
        ("POST", "/api/v1/auth/login", CREDENTIALS),
        ("GET", "/api/v1/changes", None),
    ]
    for method, path, body in asked:
        started = time.monotonic()
        status, headers, content = call(method, path, body)
        assert (status, headers["content-type"]) == (503, "application/problem+json"), (path, content)
        assert int(headers["retry-after"]) >= 1
        assert json.loads(content)["status"] == 503
        assert time.monotonic() - started < 6
    status, headers, content = call("GET", "/admin/")
    assert (status, headers["retry-after"]) == (503, "1")
    assert b"Not available just now" in content
    assert call("GET", "/livez")[0] == 200
    started = time.monotonic()
    assert call("GET", "/readyz")[0] == 503
    assert time.monotonic() - started < 1.5
    database.start()
    deadline = time.monotonic() + 6
    while call("GET", "/api/v1/todos")[0] != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert [call("GET", "/api/v1/todos")[0] for _ in range(20)] == [200] * 20
    assert call("GET", "/readyz")[0] == 200
    titles = [todo["title"] for todo in json.loads(call("GET", "/api/v1/todos")[2])["results"]]
    assert titles == ["Survive"]


def test_a_restart_between_two_requests_fails_neither(database: Server, gunicorn: Callable[..., Gunicorn]) -> None:
    server = gunicorn(DATABASE_URL=database.url, DATABASE_POOL_SIZE="4", WEB_CONCURRENCY="1")
    call = signed_up(server)
    for _ in range(3):
        database.stop()
        database.start()
        assert [call("GET", "/api/v1/todos")[0] for _ in range(8)] == [200] * 8


def test_an_exhausted_pool_is_503_within_five_seconds_and_no_reason_to_be_unready(
    database: Server, gunicorn: Callable[..., Gunicorn]
) -> None:
    server = gunicorn(DATABASE_URL=database.url, DATABASE_POOL_SIZE="2", WEB_CONCURRENCY="1", GUNICORN_CMD_ARGS="--threads 8")
    call = signed_up(server)
    with psycopg.connect(database.url) as holder:
        holder.execute("LOCK TABLE todos_session IN ACCESS EXCLUSIVE MODE")
        blocked = [Thread(target=call, args=("GET", "/api/v1/todos")) for _ in range(2)]
        for thread in blocked:
            thread.start()
        time.sleep(0.3)
        started = time.monotonic()
        assert call("GET", "/readyz")[0] == 200
        assert time.monotonic() - started < 1
        status, headers, _ = call("GET", "/api/v1/todos")
        assert (status, headers["content-type"]) == (503, "application/problem+json")
        assert time.monotonic() - started < 5
    for thread in blocked:
        thread.join()
    assert call("GET", "/api/v1/todos")[0] == 200
