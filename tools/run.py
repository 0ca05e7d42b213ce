"""`make run`: the whole product on this machine, until Ctrl-C."""

import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import postgres, sidecars
from tools.children import die_with_parent
from tools.environment import ROOT, RUN, Refusal, lookup, lookup_port, write_run_env
from tools.processes import Ports, answers, plan
from tools.supervisor import Supervisor, say
from tools.web import Web, mode, web

DATA = RUN / "postgres"
LOGS = RUN / "log"
DEMO_OFFERED = RUN / "demo-offered"
PREVIOUS_RUN_ENDS_WITHIN = 15.0  # seconds


def main() -> None:
    """Start everything; every expected failure is one sentence and exit code 1."""
    try:
        os.chdir(ROOT)
        with only_run() as lock:
            run(lock)
    except Refusal as refusal:
        sys.exit(str(refusal))
    except PermissionError as error:
        sys.exit(f"{error.filename} belongs to another user: remove it, or run as the user who made it.")


def run(lock: int) -> None:
    """Check what can be checked beforehand, then hand over to the supervisor."""
    port = lookup_port("PORT", 8000)
    ports = Ports(api=port, events=lookup_port("WORKER_PORT", port + 1), web=lookup_port("WEB_PORT", 3000) if mode() != "no" else None)
    refuse_taken(ports.api, "PORT")
    refuse_taken(ports.events, "WORKER_PORT")
    if ports.web:
        refuse_taken(ports.web, "WEB_PORT")
    own_server = lookup("DATABASE_URL")
    if own_server:
        postgres.refuse_unusable_server(own_server)
    callable_at: dict[str, int | None] = {sidecars.BACKEND: ports.api, sidecars.WORKER: ports.events}
    dapr = sidecars.dapr(callable_at | ({sidecars.FRONTEND: None} if ports.web else {}), say)
    app = web(ports.web, ports.api, dapr.of_gateway if dapr else None, answers(ports.web, "/readyz")) if ports.web else None
    write_run_env(own_server or postgres.url(DATA), {**(app.variables if app else {}), **(dapr.variables if dapr else {})})
    demo = not DEMO_OFFERED.exists() and lookup("DEMO", "no" if own_server else "yes") != "no"
    keep_previous_logs()

    def started() -> None:
        DEMO_OFFERED.touch()
        say_where(ports, app, "your database" if own_server else str(DATA))

    entries = plan(ports=ports, data=None if own_server else DATA, demo=demo, dapr=dapr, web=app)
    Supervisor(logs=LOGS, inherit=[lock]).run(entries, started=started)


def say_where(ports: Ports, app: Web | None, data: str) -> None:
    """Tell the person where everything is."""
    api = f"http://127.0.0.1:{ports.api}"
    lines = [
        f"API and its documentation: {api}/api/v1/docs",
        f"Admin: {api}/admin/",
        f"Logs: make logs.  Stop: Ctrl-C.  Data stay in {data}.",
    ]
    if app:
        lines.insert(0, f"Web app: {app.address} (a line below says when it is up)")
    say("\nReady.  " + "\n        ".join(lines))


@contextmanager
def only_run() -> Iterator[int]:
    """Hold the lock of this checkout; children inherit it, so it is free only when the last process of an earlier run has ended."""
    RUN.mkdir(mode=0o700, exist_ok=True)
    with (RUN / "lock").open("a+") as file:
        deadline = time.monotonic() + PREVIOUS_RUN_ENDS_WITHIN
        waiting = False
        while not _locked(file.fileno()):
            file.seek(0)
            holder = file.read().strip()
            if holder and Path(f"/proc/{holder}").exists():
                raise Refusal(
                    f"This checkout already runs (process {holder}): use it, or stop it with Ctrl-C in its terminal or `kill {holder}`."
                )
            if time.monotonic() > deadline:
                raise Refusal(f"Processes of an earlier run are still alive: `fuser -k {RUN / 'lock'}` ends them.")
            if not waiting:
                say("Waiting for the last processes of an earlier run to end ...")
                waiting = True
            time.sleep(0.1)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield file.fileno()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def refuse_taken(port: int, variable: str) -> None:
    """Refuse a port that another program listens on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise Refusal(f"Port {port} needs root: choose one above 1023, e.g. `{variable}=8010 make run`.") from None
        except OSError:
            raise Refusal(
                f"Port {port} is taken: stop the program that uses it, or choose another, e.g. `{variable}={port + 10} make run`."
            ) from None


def keep_previous_logs() -> None:
    """Begin fresh logs; the last run's stay beside them as `*.log.1`."""
    LOGS.mkdir(exist_ok=True)
    for log in LOGS.glob("*.log"):
        log.replace(log.with_name(log.name + ".1"))


if __name__ == "__main__":
    if "MAKELEVEL" in os.environ:
        die_with_parent(signal.SIGTERM, parent=os.getppid())()  # `kill -9` of make must not leave the run behind it
    main()
