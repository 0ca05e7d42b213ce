"""The product as real processes with a PostgreSQL of its own, each of which can be killed and started again."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import psycopg

from tests.kept import Kept
from tests.local_run import free_port
from tools import postgres
from tools.children import die_with_parent
from tools.processes import answers, gunicorn

ROOT = Path(__file__).resolve().parents[2]


class Program:
    """One process and the group of its children."""

    def __init__(self, name: str, argv: list[str], env: Mapping[str, str], logs: Path, ready: Callable[[], bool] | None = None) -> None:
        self.name, self._argv, self._env, self._ready = name, argv, dict(env), ready
        self._log = logs / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._argv,
                cwd=ROOT,
                env=self._env,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        deadline = time.monotonic() + 60
        while self._ready and not self._ready():
            assert self.process.poll() is None, f"{self.name} ended:\n{self.log()[-3000:]}"
            assert time.monotonic() < deadline, f"{self.name} is not ready:\n{self.log()[-3000:]}"
            time.sleep(0.05)

    def kill(self, by: signal.Signals = signal.SIGKILL) -> None:
        """Kill it with all its children, and wait until they are gone."""
        assert self.process
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, by)
        self.process.wait(60)

    def stop(self) -> None:
        """Freeze it with all its children (SIGSTOP)."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGSTOP)

    def cont(self) -> None:
        """Let it go on after `stop`."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGCONT)

    def restart(self) -> None:
        """kill -9, start, and wait until it is ready."""
        self.kill()
        self.start()

    def log(self) -> str:
        """What it wrote."""
        return self._log.read_text(errors="replace")


class Stack:
    """PostgreSQL (durable), api and relays."""

    def __init__(self, folder: Path, *, relays: int = 1, workers: int = 2, **env: str) -> None:
        self.data = folder / "pg" / "data"
        self.data.parent.mkdir(mode=0o755)
        self.installation = postgres.installations()[0]
        postgres.prepare(self.data, self.installation)
        self.port = free_port()
        database_port = free_port()
        self.database = f"postgres://postgres@127.0.0.1:{database_port}/todo"
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "DATABASE_"))}
        self.env |= {"DATABASE_URL": self.database, "SECRET_KEY": secrets.token_hex(32), "HTTPS": "false", "GRACEFUL_TIMEOUT": "10"}
        self.env |= {"DATABASE_POOL_SIZE": "8", "LIMIT_SIGN_UPS_PER_ADDRESS": "10000/60", **env}
        server = [*postgres.command(self.data, self.installation), "-c", "listen_addresses=127.0.0.1", "-c", f"port={database_port}"]
        manage = [sys.executable, "manage.py"]
        self.postgresql = Program("postgresql", server, self.env, folder, ready=self._database_answers)
        api = gunicorn(self.port, workers=workers)
        self.api = Program("api", api, self.env | self.variables("api"), folder, ready=answers(self.port, "/readyz"))
        worker = self.env | self.variables("worker")
        self.relays = [Program(f"relay-{number}", [*manage, "relay_events"], worker, folder) for number in range(relays)]

    def variables(self, role: str) -> dict[str, str]:
        """What the environment of a process says beyond that of all."""
        return {"ROLE": role}

    def _database_answers(self) -> bool:
        return postgres.is_ready(self.database.replace("/todo", "/postgres"))

    def start(self) -> None:
        """Start everything, on a migrated database."""
        self.postgresql.start()
        postgres.create_database(self.database.replace("/todo", "/postgres"))
        subprocess.run([sys.executable, "manage.py", "migrate", "--no-input", "-v0"], cwd=ROOT, env=self.env, check=True)
        self.api.start()
        for relay in self.relays:
            relay.start()

    def stop(self) -> None:
        """Kill everything."""
        for program in (*self.relays, self.api, self.postgresql):
            if program.process:
                program.kill()

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Started, and stopped at the end, whatever happens."""
        try:
            self.start()
            yield self
        finally:
            self.stop()

    def query(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """Ask the database directly."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            return connection.execute(sql, params).fetchall()


class Person:
    """Somebody who uses the API like the web app does: with a session and its CSRF token, over a kept-alive connection."""

    def __init__(self, port: int, email: str) -> None:
        self.email, self.password = email, "correct horse battery 9"
        self._kept = Kept(f"127.0.0.1:{port}", 30)
        self._csrf = ""

    def sign_up(self) -> None:
        """Make the account."""
        self._csrf = self.ask("GET", "/api/v1/auth/session").json["csrf_token"]
        answer = self.ask("POST", "/api/v1/auth/signup", {"email": self.email, "password": self.password})
        assert answer.status == 201, answer
        self._csrf = self.ask("GET", "/api/v1/auth/session").json["csrf_token"]

    def log_in(self) -> "Answer":
        """Begin a session of the account, which somebody has made."""
        self._csrf = self.ask("GET", "/api/v1/auth/session").json["csrf_token"]
        return self.ask("POST", "/api/v1/auth/login", {"email": self.email, "password": self.password})

    @property
    def headers(self) -> dict[str, str]:
        """What a browser sends in which this person is signed in, for requests that are not made with `ask`."""
        return {"Cookie": self._kept.cookie, "X-CSRFToken": self._csrf, "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> "Answer":
        """One request; a body that is not bytes is sent as JSON.

        Raises OSError or HTTPException when the connection breaks; the next request makes a new one.
        """
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        text = body if body is None or isinstance(body, bytes) else json.dumps(body)
        status, answered, content = self._kept.exchange(method, path, text, sent)
        return Answer(status, dict(answered), content)

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        self._kept.close()


class Answer:
    """What came back."""

    def __init__(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.status, self.headers, self.content = status, headers, content

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.content)

    def __repr__(self) -> str:
        return f"{self.status} {self.content[:500]!r}"


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
