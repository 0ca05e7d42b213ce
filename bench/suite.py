"""What is measured, in which order, and against which goals."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import connection

from bench import phases
from bench.compare import side_by_side
from bench.data import Subject, make_user
from bench.report import Report
from bench.requests import Request, get, post
from bench.servers import Server, started
from todos.models import Todo, User

PORT = 18700
SIZES = (1_000, 10_000, 100_000)
CONNECTIONS = 16


def run(*, only_phases: bool) -> None:
    """Everything, or what has to do with Dapr, printed as it goes."""
    report = Report()
    begun = time.monotonic()
    subjects = {size: _subject(f"bench{size}", size) for size in ((10_000,) if only_phases else SIZES)}
    crowd = [_subject(f"crowd{number}", 500) for number in range(CONNECTIONS)]
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print(f"data made in {time.monotonic() - begun:.0f} s", flush=True)
    with started(PORT) as servers:
        phases.run(report, servers, subjects[10_000], crowd)
        if not only_phases:
            _beside_the_peers(report, servers, subjects[10_000], crowd)
            _by_size(report, servers["todo"], subjects)
            _memory(report, servers)
    if not only_phases:
        _events(report)
        _imports(report)
    report.write()


def _subject(name: str, size: int) -> Subject:
    from todos.sessions import SessionStore

    user = make_user(f"{name}@example.com", size)
    session = SessionStore()
    _sign_in(session, user)
    ids = list(Todo.objects.owned_by(user).order_by("position").values_list("id", "position"))
    deep = ids[size - size // 20]
    csrf = "a" * 32
    return Subject(
        f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={csrf}",
        csrf,
        str(ids[size // 2][0]),
        deep[1],
        size - size // 20,
    )


def _sign_in(session: SessionBase, user: User) -> None:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()


def _beside_the_peers(report: Report, servers: dict[str, Server], subject: Subject, crowd: list[Subject]) -> None:
    cases: dict[str, Callable[[], Request]] = {
        "list 50 of 10,000": lambda: get(subject, "/api/v1/todos?limit=50"),
        "read one": lambda: get(subject, f"/api/v1/todos/{subject.some_todo}"),
        "create, 16 users": lambda: post(crowd, "/api/v1/todos"),
        "create, all of one user": lambda: post([subject], "/api/v1/todos"),
    }
    ratios: dict[str, dict[str, float]] = {}
    report.section(
        "Beside a plain DRF ModelViewSet and FastAPI + SQLAlchemy (2 processes each, 16 connections, no cache)",
        ["operation", "server", "requests/s", "p50 ms", "p99 ms", "CPU ms/request", "todo : this"],
    )
    for name, make in cases.items():
        found = side_by_side({server.name: (server, make()) for server in servers.values()})
        ours = found["todo"].rate
        for server, measured in found.items():
            report.row(name, server, measured.rate, measured.p50, measured.p99, measured.cpu, ours / measured.rate)
        ratios[name] = {server: ours / measured.rate for server, measured in found.items()}
    with_key = side_by_side({"create with Idempotency-Key": (servers["todo"], post(crowd, "/api/v1/todos", key=True))})
    for name, measured in with_key.items():
        report.row(name, "todo", measured.rate, measured.p50, measured.p99, measured.cpu, "")
    report.section("Goals", ["ratio of requests/s", "found", "goal", ""])
    report.goal("list : FastAPI", ratios["list 50 of 10,000"]["FastAPI"], 1.0)
    report.goal("list : plain DRF", ratios["list 50 of 10,000"]["plain DRF"], 2.5)
    report.goal("read one : FastAPI", ratios["read one"]["FastAPI"], 1.0)
    report.goal("create : FastAPI", ratios["create, 16 users"]["FastAPI"], 1.0)
    report.note(
        "A create here is more than an INSERT: it locks its owner, which keeps the order of events and the sync feed complete, checks"
        " project, labels, zone and recurrence, writes the outbox row in the same transaction, and reads the todo back as it is shown."
        " The FastAPI peer inserts the row and answers what it was sent."
    )


def _by_size(report: Report, server: Server, subjects: dict[int, Subject]) -> None:
    from todos.api.pagination import Sort, _encode

    position = Sort("position", "position", unique=True)
    paths: dict[str, Callable[[Subject], str]] = {
        "first page": lambda subject: "/api/v1/todos?limit=50",
        "page deep in the list": lambda subject: f"/api/v1/todos?limit=50&cursor={_encode(position, [subject.deep_position])}",
        "priority filter": lambda subject: "/api/v1/todos?limit=50&priority=1&completed=false",
        "due filter": lambda subject: "/api/v1/todos?limit=50&sort=due&due_after=2026-06-01T00:00:00Z&due_before=2026-07-01T00:00:00Z",
        "search for a word": lambda subject: "/api/v1/todos?limit=50&q=piano",
    }
    report.section(
        "One page of 50 by the number of todos the user has",
        ["page", *(f"{size:,}: req/s" for size in SIZES), "cost of the largest : of the smallest"],
    )
    costs = {}
    for name, path in paths.items():
        found = side_by_side({str(size): (server, get(subject, path(subject))) for size, subject in subjects.items()})
        rates = [found[str(size)].rate for size in SIZES]
        costs[name] = rates[0] / rates[-1]
        report.row(name, *rates, costs[name])
    report.section("Goals", ["cost at 100,000 : at 1,000", "found", "goal", ""])
    for name in list(paths)[:4]:
        report.goal(name, costs[name], 1.3, at_most=True)


def _memory(report: Report, servers: dict[str, Server]) -> None:
    report.section("Memory per process after all this (PSS)", ["server", "MiB"])
    for server in servers.values():
        report.row(server.name, ", ".join(f"{size / 2**20:.0f}" for size in server.memory_bytes()))
    report.section("Goals", ["MiB per api process", "found", "goal", ""])
    report.goal("memory", max(servers["todo"].memory_bytes()) / 2**20, 150, at_most=True)


def _events(report: Report) -> None:
    from bench.dapr import worker
    from bench.events import BACKLOG, STEADY, measure

    report.section(
        "Events end to end: outbox, one relay process, receipts; through Dapr also a sidecar and two processes of the event route",
        ["way", "events", "seconds", "events/s", "delay p50 ms", "delay p99 ms"],
    )
    direct = measure("direct")
    with worker() as through:
        dapr = measure("dapr", through.variables)
        share = through.published() / (BACKLOG + STEADY)
    for way, found in {"in process": direct, "through Dapr": dapr}.items():
        report.row(way, found.events, found.seconds, found.rate, found.steady_p50, found.steady_p99)
    report.note("The rate is of a backlog being worked off; the delays are of 100 events/s written at a steady pace.")
    report.section("Goals", ["events", "found", "goal", ""])
    report.goal("events/s", direct.rate, 500)
    report.goal("delay p99 ms", direct.steady_p99, 1000, at_most=True)
    report.goal("events/s through Dapr", dapr.rate, 500)
    report.goal("delay p99 ms through Dapr", dapr.steady_p99, 1000, at_most=True)
    report.goal("share of events that did go through the broker", share, 0.99)
    report.note(f"Through Dapr : in process = {dapr.rate / direct.rate:.2f} of the events/s.")


def _imports(report: Report) -> None:
    from bench.imports import measure

    report.section("Import of 20,000 lines", ["format", "seconds", "lines/s", "peak growth MiB"])
    found = measure(20_000)
    for format_, (seconds, growth) in found.items():
        report.row(format_, seconds, 20_000 / seconds, growth / 2**20)
    report.section("Goals", ["import", "found", "goal", ""])
    report.goal("seconds, slowest format", max(seconds for seconds, _ in found.values()), 20, at_most=True)
