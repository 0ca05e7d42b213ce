import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.todo_project.conftest import Gunicorn


@pytest.fixture
def somewhere_else(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the settings name a port of this machine where no PostgreSQL is."""

    def use(port: int) -> None:
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connection.settings_dict, "PORT", port)

    return use


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_only_safe_methods_are_served(path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(path).status_code == 405
    assert client.delete(path).status_code == 405


def test_life_is_shown_without_asking_the_database(somewhere_else: Callable[[int], None]) -> None:
    somewhere_else(1)
    answer = Client().get("/livez")
    assert (answer.status_code, answer.content) == (200, b"alive\n")
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_a_process_whose_database_answers_is_ready(django_assert_num_queries: Any) -> None:
    client = Client()
    client.cookies["sessionid"] = "x" * 32  # a probe reads no session
    with django_assert_num_queries(0):  # on the connections of requests
        answer = client.get("/readyz")
        head = client.head("/readyz")
    assert (answer.status_code, answer.content) == (200, b"ready\n")
    assert (head.status_code, head.content) == (200, b"")


def test_a_process_whose_database_is_gone_is_not_ready(somewhere_else: Callable[[int], None]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    somewhere_else(port)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")


def test_a_database_that_hangs_keeps_nobody_waiting(somewhere_else: Callable[[int], None]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        somewhere_else(silent.getsockname()[1])
        for _ in range(3):
            started = time.monotonic()
            assert Client().get("/readyz").status_code == 503
            assert time.monotonic() - started < 1.2
    time.sleep(2.5)  # until the question gives up: it must not meet the next test


@pytest.mark.e2e
def test_a_stopping_process_says_that_it_is_not_ready(gunicorn: Callable[..., Gunicorn]) -> None:
    server = gunicorn(WEB_CONCURRENCY="1")
    connection = server.connection()
    connection.request("GET", "/readyz")
    first = connection.getresponse()
    assert (first.status, first.read()) == (200, b"ready\n")
    os.kill(server.workers()[0], signal.SIGTERM)
    time.sleep(0.05)
    connection.request("GET", "/readyz")
    last = connection.getresponse()
    assert (last.status, last.read()) == (503, b"stopping\n")
    assert last.headers["Retry-After"] == "1"
    connection.close()


@pytest.mark.e2e
def test_the_worker_serves_probes_and_no_api(gunicorn: Callable[..., Gunicorn]) -> None:
    server = gunicorn(WEB_CONCURRENCY="1", ROLE="worker")
    statuses = {}
    for path in ("/livez", "/readyz", "/api/v1/auth/session", "/admin/login/"):
        connection = server.connection()
        connection.request("GET", path)
        statuses[path] = connection.getresponse().status
        connection.close()
    assert statuses == {"/livez": 200, "/readyz": 200, "/api/v1/auth/session": 404, "/admin/login/": 404}
