"""One deadline for a whole answer, whatever the server does with its bytes; kept connections, and what becomes of dead ones."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from dapr_bridge.keepalive import Failed, KeepAlive

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: 7\r\n\r\nhello"


@contextmanager
def serving(talk: Callable[[socket.socket, int], None]) -> Iterator[tuple[KeepAlive, list[int]]]:
    """A server that lets `talk` have each connection, told its number from 0; and which connections there were."""
    listener = socket.create_server(("127.0.0.1", 0))
    accepted: list[int] = []
    threads: list[threading.Thread] = []

    def talk_safely(connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError):
            talk(connection, number)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            accepted.append(len(accepted))
            threads.append(threading.Thread(target=talk_safely, args=[connection, accepted[-1]], daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    client = KeepAlive("127.0.0.1", listener.getsockname()[1], largest=1000)
    try:
        yield client, accepted
    finally:
        client.close()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for thread in threads:
            thread.join(5)


def answers(connection: socket.socket, number: int) -> None:
    while connection.recv(10_000):
        connection.sendall(OK)


def test_one_connection_serves_many_requests() -> None:
    with serving(answers) as (client, accepted):
        for _ in range(5):
            answer = client.get("/a", {}, 2)
            assert (answer.status, answer.body, answer.headers["etag"]) == (200, b"hello", "7")
        assert accepted == [0]


@pytest.mark.parametrize("first", [b"", OK[:20]])
def test_a_server_that_sends_byte_after_byte_does_not_stretch_the_deadline(first: bytes) -> None:
    def drip(connection: socket.socket, number: int) -> None:
        connection.recv(10_000)
        connection.sendall(first)
        for byte in OK[len(first) :]:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    with serving(drip) as (client, _):
        begun = time.monotonic()
        with pytest.raises(Failed) as caught:
            client.get("/a", {}, 0.1)
        assert caught.value.timed_out
        assert time.monotonic() - begun < 0.3


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced() -> None:
    def once(connection: socket.socket, number: int) -> None:
        connection.recv(10_000)
        connection.sendall(OK)

    with serving(once) as (client, accepted):
        for _ in range(3):
            assert client.get("/a", {}, 2).body == b"hello"
            time.sleep(0.05)
        assert accepted == [0, 1, 2]


def test_a_body_is_sent_whole_and_again_where_the_kept_connection_was_closed_meanwhile() -> None:
    heard: list[bytes] = []

    def once(connection: socket.socket, number: int) -> None:
        said = b""
        while not said.endswith(b"end"):
            said += connection.recv(10_000)
        heard.append(said)
        connection.sendall(OK)

    body = b"x" * 100_000 + b"end"
    with serving(once) as (client, accepted):
        for _ in range(3):
            assert client.post("/a", {"Content-Type": "text/plain"}, body, 2).body == b"hello"
            time.sleep(0.05)
        assert accepted == [0, 1, 2]
    assert [said.partition(b"\r\n\r\n")[2] for said in heard] == [body] * 3
    assert heard[0].startswith(b"POST /a HTTP/1.1\r\n")
    assert b"\r\nContent-Length: 100003\r\n" in heard[0]


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"3;why=not\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
    ],
)
def test_an_answer_in_chunks_is_put_together_and_its_connection_kept(answer: bytes) -> None:
    def talk(connection: socket.socket, number: int) -> None:
        while connection.recv(10_000):
            for byte in CHUNKED + answer:
                connection.sendall(bytes([byte]))

    with serving(talk) as (client, accepted):
        assert [client.get("/a", {}, 2).body for _ in range(3)] == [b"hello"] * 3
        assert accepted == [0]


@pytest.mark.parametrize("ending", [b"Connection: close\r\n", b"Connection: Close\r\n"])
def test_a_connection_that_the_server_will_close_is_not_kept(ending: bytes) -> None:
    def once(connection: socket.socket, number: int) -> None:
        connection.recv(10_000)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + ending + b"Content-Length: 5\r\n\r\nhello")
        connection.recv(10_000)

    with serving(once) as (client, accepted):
        assert [client.get("/a", {}, 2).body for _ in range(2)] == [b"hello"] * 2
        assert accepted == [0, 1]


def test_no_answer_without_a_body_is_waited_for() -> None:
    def nothing(connection: socket.socket, number: int) -> None:
        while connection.recv(10_000):
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with serving(nothing) as (client, accepted):
        assert [client.get("/a", {}, 2).status for _ in range(3)] == [204] * 3
        assert accepted == [0]


@pytest.mark.parametrize(("path", "headers"), [("/a b\r\nX: y", {}), ("/", {"a": "b\nX: y"}), ("/", {"a\r\nX": "y"})])
def test_nothing_can_be_slipped_into_a_request(path: str, headers: dict[str, str]) -> None:
    with serving(answers) as (client, accepted):
        with pytest.raises(Failed):
            client.get(path, headers, 2)
        assert accepted == []


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"nonsense\r\n\r\n",
        OK[:-2],
        OK.replace(b"HTTP/1.1 200", b"HTTP/1.1 two"),
        OK.replace(b"Content-Length: 5", b"Content-Length: +5"),
        OK.replace(b"Content-Length: 5", b"Content-Length: -5"),
        OK.replace(b"Content-Length: 5\r\n", b""),
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000,
        CHUNKED + b"5\r\nhel",
        CHUNKED + b"5\r\nhello\r\n",
        CHUNKED + b"5\r\nhelloX",
        CHUNKED + b"x\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"3e8\r\n" + b"x" * 1000 + b"\r\n1\r\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    ],
)
def test_an_answer_that_is_none_fails_and_its_connection_is_not_kept(nonsense: bytes) -> None:
    def talk(connection: socket.socket, number: int) -> None:
        connection.recv(10_000)
        connection.sendall(nonsense if number == 0 else OK)

    with serving(talk) as (client, accepted):
        with pytest.raises(Failed) as caught:
            client.get("/a", {}, 2)
        assert not caught.value.timed_out
        assert client.get("/a", {}, 2).body == b"hello"
        assert accepted == [0, 1]


def test_after_a_timeout_the_late_answer_is_nobodys() -> None:
    def late(connection: socket.socket, number: int) -> None:
        connection.recv(10_000)
        if number == 0:
            time.sleep(0.2)
            connection.sendall(OK.replace(b"hello", b"other"))
        else:
            connection.sendall(OK)

    with serving(late) as (client, _):
        with pytest.raises(Failed):
            client.get("/a", {}, 0.05)
        time.sleep(0.3)
        assert client.get("/b", {}, 2).body == b"hello"


def test_threads_never_share_a_connection() -> None:
    def echo(connection: socket.socket, number: int) -> None:
        while request := connection.recv(10_000):
            path = request.split()[1]
            time.sleep(0.005)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))

    wrong: list[bytes] = []

    with serving(echo) as (client, _):

        def ask(number: int) -> None:
            for turn in range(20):
                path = f"/{number}/{turn}"
                if (body := client.get(path, {}, 5).body) != path.encode():
                    wrong.append(body)

        threads = [threading.Thread(target=ask, args=[number]) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_nobody_there_fails_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Failed) as caught:
        KeepAlive("127.0.0.1", port, largest=10).get("/", {}, 5)
    assert not caught.value.timed_out


def test_what_follows_an_answer_is_no_answer_to_the_next_request() -> None:
    def twice(connection: socket.socket, number: int) -> None:
        connection.recv(10_000)
        connection.sendall(OK + OK.replace(b"hello", b"other"))
        connection.recv(10_000)

    with serving(twice) as (client, accepted):
        assert [client.get("/a", {}, 2).body for _ in range(2)] == [b"hello"] * 2
        assert accepted == [0, 1]
