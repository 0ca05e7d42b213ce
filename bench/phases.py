"""What Dapr gives and what it costs: cached reads beside the peers, what each phase adds, and what the bridge costs where it is off."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from bench.beside import Beside, move, started
from bench.compare import Measured, Reached, side_by_side
from bench.data import Subject
from bench.report import Report
from bench.requests import Request, get, post
from bench.servers import Server
from dapr_bridge.models import OutboxEvent

PORT = 18720
LIST = "/api/v1/todos?limit=50"
TURNS = 9  # many and short ones: what a hop adds is less than what a machine varies by
WRITE_TURNS = 25  # one and the same server's rate varies by a sixth from turn to turn

# Dapr 1.18.0's own release run (tests/perf of dapr/dapr): Kubernetes, 1,000 requests/s, 16 connections; added at p50, p90 and p99.
PUBLISHED = {
    "invocation, HTTP, 1 kB, two sidecars": (0.91, 1.03, 2.04),
    "state GET, HTTP, in-memory store": (0.52, 0.81, 1.23),
    "publish, gRPC, in-memory broker": (0.23, 0.29, 0.83),
}


def run(report: Report, servers: dict[str, Server], subject: Subject, crowd: list[Subject]) -> None:
    """Everything that needs a sidecar, and the start of a process."""
    with started(PORT) as beside:
        _cached_list(report, servers, beside, subject)
        _added(report, beside, subject, crowd)
        _writes(report, beside, crowd)
    _start(report)


def _cached_list(report: Report, servers: dict[str, Server], beside: Beside, subject: Subject) -> None:
    asked: dict[str, tuple[Reached, Request]] = {
        "todo, phase 4": (beside.api, get(subject, LIST)),
        "todo, phase 0": (beside.api, get(subject, LIST)),
        "todo, answers in Redis by redis-py": (beside.direct, get(subject, LIST)),
        "plain DRF": (servers["plain DRF"], get(subject, LIST)),
        "FastAPI": (servers["FastAPI"], get(subject, LIST)),
        'Django "hello"': (servers["plain DRF"], get(subject, "/hello")),
    }
    found = side_by_side(asked, prepare=lambda name: move(4 if name == "todo, phase 4" else 0))
    report.section(
        "A cached list of 50 of 10,000 through a real daprd and Valkey (2 processes each, 16 connections)",
        ["server", "requests/s", "p50 ms", "p90 ms", "p99 ms", "CPU ms/request", "phase 4 : this"],
    )
    cached = found["todo, phase 4"].rate
    for name, measured in found.items():
        report.row(name, measured.rate, measured.p50, measured.p90, measured.p99, measured.cpu, cached / measured.rate)
    report.section("Goals", ["cached list", "found", "goal", ""])
    report.goal("phase 4 : plain DRF", cached / found["plain DRF"].rate, 6)
    report.goal("phase 4 : FastAPI", cached / found["FastAPI"].rate, 3)
    report.goal("phase 4 : hello", cached / found['Django "hello"'].rate, 0.25)
    report.goal("cost through the sidecar : redis-py", found["todo, answers in Redis by redis-py"].rate / cached, 1.5, at_most=True)


def _added(report: Report, beside: Beside, subject: Subject, crowd: list[Subject]) -> None:
    """One connection, one request after another; phase 2 enters by the gateway's sidecar, as the web app's requests do."""
    token = {"dapr-api-token": beside.gateway.api_token}
    invoked = "/v1.0/invoke/todo-backend/method"
    operations: dict[str, Callable[[str, dict[str, str]], Request]] = {
        "list 50 of 10,000": lambda prefix, headers: get(subject, prefix + LIST, headers),
        "read one": lambda prefix, headers: get(subject, f"{prefix}/api/v1/todos/{subject.some_todo}", headers),
        "create": lambda prefix, headers: post(crowd, f"{prefix}/api/v1/todos", headers),
    }
    report.section(
        "What each phase adds (1 connection; milliseconds, and in brackets what is added to phase 0)",
        ["operation", "phase", "p50", "p90", "p99"],
    )
    for name, make in operations.items():
        direct, through = make("", {}), make(invoked, token)
        asked: dict[str, tuple[Reached, Request]] = {f"phase {phase}": (beside.api, direct) for phase in range(6)}
        asked["phase 2"] = (beside.through_gateway, through)
        found = side_by_side(asked, prepare=lambda name: move(int(name[-1])), connections=1, rounds=TURNS, seconds=1)
        for phase, measured in found.items():
            report.row(name, phase, *_beside(measured, found["phase 0"]))
    report.note("Phases 3 to 5 are measured without the gateway, so that each line says what its own block adds.")
    report.section("Dapr's own published figures, milliseconds added", ["call", "p50", "p90", "p99"])
    for call, figures in PUBLISHED.items():
        report.row(call, *figures)


def _beside(measured: Measured, without: Measured) -> list[str]:
    pairs = [(measured.p50, without.p50), (measured.p90, without.p90), (measured.p99, without.p99)]
    return [f"{one:.2f} ({one - other:+.2f})" for one, other in pairs]


def _writes(report: Report, beside: Beside, crowd: list[Subject]) -> None:
    open_at_end: dict[str, list[int]] = {"phase 0": [], "phase 5": []}
    ending = ""

    def prepare(name: str) -> None:
        nonlocal ending
        if ending:
            open_at_end[ending].append(OutboxEvent.objects.open().count())
        while OutboxEvent.objects.open().exists():  # neither phase delivers what the other left
            time.sleep(0.05)
        ending = name
        move(int(name[-1]))

    asked: dict[str, tuple[Reached, Request]] = {f"phase {phase}": (beside.api, post(crowd, "/api/v1/todos")) for phase in (0, 5)}
    found = side_by_side(asked, prepare=prepare, rounds=WRITE_TURNS, seconds=2)
    prepare("phase 0")
    report.section(
        f"Creates by 16 users, while a relay delivers their events, in process or through Dapr (the middle of {WRITE_TURNS} turns)",
        ["phase", "requests/s", "p50 ms", "p90 ms", "p99 ms", "CPU ms/request", "events still open at the end"],
    )
    for phase, measured in found.items():
        report.row(phase, measured.rate, measured.p50, measured.p90, measured.p99, measured.cpu, statistics.median(open_at_end[phase]))
    report.section("Goals", ["writes", "found", "goal", ""])
    report.goal("phase 5 : phase 0", found["phase 5"].rate / found["phase 0"].rate, 0.9)


_BEGIN = """
import json, time
from pathlib import Path
begun = time.perf_counter()
"""
_FIRST_ANSWER = """
from django.test import Client
from todo_project.wsgi import application
assert Client().get("/livez", headers={"host": "localhost"}).status_code == 200
ready, busy = time.perf_counter() - begun, time.process_time()
time.sleep(1.5)
kib = next(int(line.split()[1]) for line in Path("/proc/self/smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
print(json.dumps([ready, busy, kib / 1024]))
"""
_WITHOUT = """
from django.conf import settings
settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("dapr_bridge")]
settings.CACHES["responses"] = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
"""


def _start(report: Report) -> None:
    """A process of the api from its start to its first answer, in turn: the bridge left out, switched off, and in phase 0."""
    programs = {
        "without the bridge's middleware and cache": (_BEGIN + _WITHOUT + _FIRST_ANSWER, "false"),
        "DAPR_ENABLED=false": (_BEGIN + _FIRST_ANSWER, "false"),
        "DAPR_ENABLED=true, phase 0": (_BEGIN + _FIRST_ANSWER, "true"),
    }
    runs: dict[str, list[tuple[float, ...]]] = {name: [] for name in programs}
    move(0)
    for _ in range(TURNS):
        for name, (program, enabled) in programs.items():
            environment = {**os.environ, "ROLE": "api", "DAPR_ENABLED": enabled}
            done = subprocess.run([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True, check=True)
            runs[name].append(tuple(json.loads(done.stdout.splitlines()[-1])))
    report.section(
        f"Start of an api process and its memory (the best of {TURNS})", ["", "first answer after s", "CPU s until then", "PSS MiB"]
    )
    best = {name: [min(values) for values in zip(*of, strict=True)] for name, of in runs.items()}
    for name, figures in best.items():
        report.row(name, *figures)
    (without, off, phase_0) = best.values()
    report.section("Goals", ["phase 0 : without the bridge", "found", "goal", ""])
    for name, found in (("DAPR_ENABLED=false", off), ("DAPR_ENABLED=true", phase_0)):
        report.goal(f"CPU of the start, {name}", found[1] / without[1], 1.05, at_most=True)
        report.goal(f"memory, {name}", found[2] / without[2], 1.05, at_most=True)
    report.note("CPU, since the time until the first answer is as much the machine's as the program's.")
