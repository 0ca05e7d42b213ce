"""A port that leads into the network of a process. Here it is that of the test itself."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from dapr_bridge.local.processes import free_ports

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root enters networks")


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """Somebody who listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        yield listening


@pytest.fixture
def door(server: socket.socket) -> Iterator[int]:
    """The port of a door to it."""
    (port,) = free_ports(1)
    with opened(port, os.getpid(), server) as process:
        yield port
        process.kill()


def opened(port: int, pid: int, server: socket.socket) -> subprocess.Popen[bytes]:
    """A process that is a door, as it stays open for as long as process `pid` lives."""
    code = f"from tools.cluster import doors; doors.lead({port}, {pid}, {server.getsockname()!r})"
    return subprocess.Popen([sys.executable, "-c", code])


def knock(port: int) -> socket.socket:
    deadline = time.monotonic() + 10
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=10)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_what_is_sent_arrives_and_so_does_the_answer(server: socket.socket, door: int) -> None:
    with knock(door) as client:
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        there, _ = server.accept()
        with there:
            there.settimeout(10)
            assert there.makefile("rb").read() == b"question"
            there.sendall(b"answer")
        assert client.makefile("rb").read() == b"answer"


def test_where_nobody_listens_the_connection_ends_and_the_door_stays(server: socket.socket, door: int) -> None:
    server.close()
    for _ in range(2):
        with knock(door) as client:
            assert client.recv(1) == b""


def test_a_door_is_shut_when_the_lab_is_gone(server: socket.socket) -> None:
    (port,) = free_ports(1)
    with subprocess.Popen(["sleep", "60"]) as lab, opened(port, lab.pid, server) as process:
        knock(port).close()
        lab.kill()
        lab.wait()
        assert process.wait(timeout=10) == 0
