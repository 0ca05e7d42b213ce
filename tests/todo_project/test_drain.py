"""Refused requests with unread bodies, against a real gunicorn and against the middleware alone."""

import io
import time
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from tests.todo_project.conftest import Gunicorn
from todo_project.drain import LIMIT, DrainUnreadBody


@pytest.mark.e2e
def test_three_refused_posts_of_90_kb_do_not_freeze_a_worker_of_two_threads(gunicorn: Callable[..., Gunicorn]) -> None:
    server = gunicorn(WEB_CONCURRENCY="1", DATABASE_POOL_SIZE="2")
    begun = time.monotonic()
    connections = []
    for _ in range(3):
        connection = server.connection()
        connection.request("POST", "/admin/login/", body=b"a" * 90_000, headers={"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 403
        connections.append(connection)
    for connection in connections:  # each is still usable: nothing of the refused body is left on it
        connection.auto_open = False
        connection.request("GET", "/livez")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        connection.close()
    assert time.monotonic() - begun < 2  # without draining, gunicorn lingers two seconds per closed connection


def refuse(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("403 Forbidden", [])
    return [b"no"]


def exchange(body: bytes, **environ: str) -> io.BytesIO:
    """Send one request through the middleware as a server does, answer first; what is left of the body."""
    unread = io.BytesIO(body)
    answer = DrainUnreadBody(refuse)({"wsgi.input": unread, **environ}, lambda *_: lambda _: None)
    assert b"".join(answer) == b"no"
    assert unread.tell() == 0, "the client gets its answer before the rest of its request is read"
    close = getattr(answer, "close", None)
    if close:
        close()
    return unread


def test_a_body_is_read_to_its_end_once_the_answer_is_out() -> None:
    assert exchange(b"a" * 200_000, CONTENT_LENGTH="200000").read() == b""
    assert exchange(b"a" * 200_000, HTTP_TRANSFER_ENCODING="chunked").read() == b""


def test_a_body_above_the_limit_is_left_to_the_server() -> None:
    assert len(exchange(b"a" * (LIMIT + 10), CONTENT_LENGTH=str(LIMIT + 10)).read()) == 10


def test_an_answer_to_a_request_without_body_is_passed_through_as_it_is() -> None:
    answer = DrainUnreadBody(refuse)({"wsgi.input": io.BytesIO()}, lambda *_: lambda _: None)
    assert isinstance(answer, list)


def test_a_client_that_has_gone_is_no_error() -> None:
    class Gone(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError

    answer = DrainUnreadBody(refuse)({"wsgi.input": Gone(), "CONTENT_LENGTH": "5"}, lambda *_: lambda _: None)
    assert b"".join(answer) == b"no"
    answer.close()  # type: ignore[attr-defined]
