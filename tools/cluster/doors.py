"""A port of this machine that leads into the lab, which has a network of its own."""

import ctypes
import os
import socket
import threading
from contextlib import suppress
from pathlib import Path

NEW_NETWORK = 0x40000000  # CLONE_NEWNET of setns(2)
EVERY = 1.0  # seconds between looks whether the process is there


def lead(port: int, pid: int, to: tuple[str, int]) -> None:
    """Listen on the loopback and hand every connection over to an address in the network of process `pid`, until that ends."""
    with socket.create_server(("127.0.0.1", port)) as listening, Path(f"/proc/{pid}/ns/net").open("rb") as network:
        listening.settimeout(EVERY)
        while Path(f"/proc/{pid}").exists():
            with suppress(TimeoutError):
                client, _ = listening.accept()
                threading.Thread(target=_carry, args=(client, network.fileno(), to), daemon=True).start()


def _carry(client: socket.socket, network: int, to: tuple[str, int]) -> None:
    """Both ways, until both ends are closed. This thread alone is in the lab's network."""
    with client, suppress(OSError):
        if ctypes.CDLL(None, use_errno=True).setns(network, NEW_NETWORK):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        with socket.create_connection(to, timeout=10) as server:
            server.settimeout(None)
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            _copy(client, server)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
