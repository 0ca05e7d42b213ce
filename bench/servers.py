"""The servers that are compared, each with two processes on a port of its own."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tools.children import die_with_parent

ROOT = Path(__file__).resolve().parents[1]
PROCESSES = 2
LASTING = ["--max-requests", "0"]  # a worker that is replaced closes connections, on which the load generator does not ask again


class Server:
    """One running server."""

    def __init__(self, name: str, argv: list[str], port: int, env: dict[str, str]) -> None:
        self.name, self.port = name, port
        self.process = subprocess.Popen(
            argv,
            cwd=ROOT,
            env={**os.environ, **env},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )

    def wait(self, path: str) -> None:
        """Until it answers."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request("GET", path)
                connection.getresponse().read()
            except OSError:
                time.sleep(0.1)
            else:
                return
            finally:
                connection.close()
        raise RuntimeError(f"{self.name} does not answer on port {self.port}")

    def cpu_seconds(self) -> float:
        """User and system time of all its processes so far."""
        return sum(_cpu(pid) for pid in self.processes())

    def memory_bytes(self) -> list[int]:
        """Proportional set size of each process that serves (the one that only supervises them left out)."""
        serving = self.processes()[1:] or self.processes()
        return [_pss(pid) for pid in serving]

    def processes(self) -> list[int]:
        """Its process and the children of it."""
        return [self.process.pid, *_children(self.process.pid)]


def _children(pid: int) -> list[int]:
    try:
        found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [*found, *(grandchild for child in found for grandchild in _children(child))]


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no Pss")


@contextmanager
def started(first_port: int) -> Iterator[dict[str, Server]]:
    """This product, a plain DRF project and a FastAPI service, on the same database."""
    gunicorn = [sys.executable, "-m", "gunicorn", "--workers", str(PROCESSES), *LASTING]
    uvicorn = [sys.executable, "-m", "uvicorn", "bench.peers.fastapi_app:app", "--workers", str(PROCESSES), "--log-level", "critical"]
    commands = {
        "todo": [*gunicorn, "--bind", f"127.0.0.1:{first_port}"],
        "plain DRF": [*gunicorn, "--bind", f"127.0.0.1:{first_port + 1}", "bench.peers.plain_drf.wsgi:application"],
        "FastAPI": [*uvicorn, "--port", str(first_port + 2)],
    }
    with ExitStack() as stack:
        servers = {}
        for number, (name, argv) in enumerate(commands.items()):
            server = Server(name, argv, first_port + number, {"ROLE": "api"})
            stack.callback(server.process.wait)
            stack.callback(server.process.terminate)
            servers[name] = server
        for server in servers.values():
            server.wait("/livez" if server.name == "todo" else "/hello")
        yield servers
