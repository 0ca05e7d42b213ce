"""Phase 2 with real sidecars: whichever way a request takes, the browser gets the same answer, and that way may break at any time."""

import http.client
import json
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.dapr_stack import eventually
from tests.e2e.everyday import Busy, Load
from tests.e2e.stack import Person
from tests.e2e.web_stack import WebStack

pytestmark = [pytest.mark.e2e, pytest.mark.dapr, pytest.mark.timeout(300)]

API = "/api/v1"
LARGEST_BODY = 1024 * 1024
LARGE_EXPORT = 6_000
NOT_COMPARED = {"date", "x-request-id", "keep-alive"}
# Drawn anew for every answer, whichever way it takes: a masked token, a new session and when its cookie ends.
DRAWN_ANEW = re.compile(rb'(?<="csrf_token":")[^"]+|(?<=csrftoken=)\w+|(?<=sessionid=)\w+|(?<=expires=)[^;]+')

Asked = tuple[str, str, dict[str, str], bytes | None]
Heard = tuple[int, list[tuple[str, bytes]], bytes]


@pytest.fixture(scope="module")
def stack(daprd_binary: Path, valkey_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebStack]:
    """Everything running, in phase 2."""
    running = WebStack(tmp_path_factory.mktemp("stack"), daprd_binary=daprd_binary, valkey_binary=valkey_binary)
    try:
        running.start()
        running.phase(2)
        running.until_route("sidecar")
        yield running
    finally:
        running.stop()


def hear(port: int, asked: Asked) -> Heard:
    """One request on a connection of its own; what is compared of the answer."""
    method, path, headers, body = asked
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        kept = [(name.lower(), value.encode()) for name, value in answer.getheaders() if name.lower() not in NOT_COMPARED]
        compared = [(name, DRAWN_ANEW.sub(b"*", value)) for name, value in kept]
        return answer.status, compared, DRAWN_ANEW.sub(b"*", answer.read())
    finally:
        connection.close()


def writes(headers: dict[str, str], project: str, todo: str) -> Iterator[Asked]:
    """Requests with an effect, each with a key, so that asking again gives the first answer."""
    bodies: list[tuple[str, str, Any]] = [
        *(("POST", "/todos", {"title": f"Ünïcode ✓ {number}", "notes": "ä" * number * 500, "priority": 1}) for number in range(12)),
        *(("POST", "/todos", {"title": f"Every day {number}", "due_on": "2026-12-24", "recurrence": "FREQ=DAILY"}) for number in range(6)),
        *(("POST", "/labels", {"name": f"label{number}"}) for number in range(6)),
        *(("PATCH", f"/projects/{project}", {"name": f"Home {number}"}) for number in range(6)),
        *(("PATCH", f"/todos/{todo}", {"notes": "n" * 20_000, "priority": number}) for number in range(1, 5)),
        ("POST", f"/todos/{todo}/complete", None),
        ("POST", f"/todos/{todo}/reopen", None),
        ("POST", "/todos/bulk", {"commands": [{"op": "create", "data": {"title": f"many {number}"}} for number in range(100)]}),
        ("POST", "/notifications/read-all", None),
        ("DELETE", f"/todos/{todo}", None),
        ("POST", f"/todos/{todo}/restore", None),
    ]
    for method, path, body in bodies:
        yield (
            method,
            API + path,
            headers | {"Idempotency-Key": str(uuid.uuid4())},
            json.dumps(body).encode() if body is not None else None,
        )


def reads_and_refusals(headers: dict[str, str], todo: str, etag: str) -> Iterator[Asked]:
    """Requests that change nothing: answers of every kind, and everything that is refused."""
    paths = ["/todos", f"/todos/{todo}", "/projects", "/labels", "/trash", "/changes", "/activity", "/notifications", "/auth/session"]
    paths += ["/auth/tokens", "/schema", "/docs", "/export?format=json", "/nothing", "/todos/bulk", "/import", f"/todos/{uuid.UUID(int=7)}"]
    for path in paths:
        for method in ("GET", "HEAD", "OPTIONS"):
            yield method, API + path, headers, None
            yield method, API + path, {}, None
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            if (method, path) != ("DELETE", f"/todos/{todo}"):
                yield method, API + path, headers, b'{"title": '
                yield method, API + path, {"Content-Type": "application/json"}, b"{}"
    queries = [
        "limit=1",
        "limit=0",
        "limit=x",
        "sort=-due",
        "sort=nonsense",
        "q=p1",
        "q=due%3Ayesterdayish",
        "q=%22",
        "q=%C3%BCn",
        "q=a%2Fb%23c",
    ]
    queries += [
        "cursor=!",
        "priority=1",
        "completed=true",
        "label=",
        "due_before=2026-12-01T00%3A00%3A00Z",
        "q=%00",
        "x=1&x=2",
        "q=+",
        "q=%2B",
    ]
    for query in queries:
        yield "GET", f"{API}/todos?{query}", headers, None
    for form in ("json", "csv", "todotxt", "ical", "none"):
        yield "GET", f"{API}/export?format={form}", headers, None
    for tag in (etag, f"W/{etag}", '"other"', "*", f'"a", {etag}'):
        yield "GET", f"{API}/todos/{todo}", headers | {"If-None-Match": tag}, None
        yield "PATCH", f"{API}/todos/{todo}", headers | {"If-Match": tag.replace(etag, '"0"').replace("*", '"0"')}, b'{"priority": 1}'
    for odd in ("%2e%2e/internal", "todos%2F..", "todos/", "/todos", "todos%23x", "..;/livez", "a%00b", "todos/%E2%9C%93", ".", "a" * 3000):
        yield "GET", f"{API}/{odd}", headers, None
        yield "POST", f"{API}/{odd}", headers, b"{}"
    for size in (LARGEST_BODY - 1, LARGEST_BODY, LARGEST_BODY + 1):
        yield "POST", f"{API}/todos", headers, b'{"title": "' + b"x" * (size - 13) + b'"}'
    for size in (10, 60_000, 20_000 * 60):
        yield (
            "POST",
            f"{API}/import?format=todotxt&mode=preview",
            headers | {"Content-Type": "text/plain"},
            b"(A) Call mum @family\n" * (size // 20),
        )
    yield "POST", f"{API}/todos", headers | {"Content-Type": "text/xml"}, b"<a/>"
    yield "POST", f"{API}/todos", headers | {"X-CSRFToken": "wrong"}, b"{}"
    yield "GET", f"{API}/todos", {"Authorization": "Bearer nothing"}, None
    yield "GET", f"{API}/todos", headers | {"Accept": "text/html"}, None


@pytest.fixture
def person(stack: WebStack) -> Iterator[Person]:
    """Somebody signed in, at either gateway."""
    signed_in = Person(stack.direct_port, f"{uuid.uuid4()}@example.com")
    signed_in.sign_up()
    yield signed_in
    signed_in.close()


def test_the_same_requests_get_the_same_answers_both_ways(stack: WebStack, person: Person) -> None:
    headers = person.headers
    project = person.ask("POST", f"{API}/projects", {"name": "Home"}).json["id"]
    todo = person.ask("POST", f"{API}/todos", {"title": "One", "project": project}).json["id"]
    carried, compared, ways = stack.invocations(), 0, (stack.gateway_port, stack.direct_port)
    for number, asked in enumerate(writes(headers, project, todo)):
        first = hear(ways[number % 2], asked)
        assert first[0] < 300, first
        again = [hear(port, asked) for port in ways]
        assert again[0] == again[1], asked[:2]
        assert (first[0], first[2]) == (again[0][0], again[0][2]), asked[:2]
        compared += 1
    eventually(lambda: not stack.query("SELECT FROM dapr_bridge_outbox WHERE delivered_at IS NULL"))
    etag = person.ask("GET", f"{API}/todos/{todo}").headers["etag"]
    seen = set()
    for asked in reads_and_refusals(headers, todo, etag):
        there, here = (hear(port, asked) for port in ways)
        assert there == here, asked[:2]
        seen.add(there[0])
        compared += 1
    assert compared >= 300
    assert seen >= {200, 304, 400, 401, 403, 404, 405, 412, 413, 415}
    assert stack.route() == "sidecar"
    assert stack.invocations() - carried >= compared * 0.8, "the others are refused by the gateway, or go directly for their size"


def test_a_long_export_streams_the_same_bytes_both_ways(stack: WebStack, person: Person) -> None:
    text = "".join(f"{'long ' * 80}{number}\n" for number in range(LARGE_EXPORT)).encode()
    imported = hear(stack.direct_port, ("POST", f"{API}/import?format=todotxt", person.headers | {"Content-Type": "text/plain"}, text))
    assert imported[0] == 200, imported
    for form in ("json", "csv", "todotxt", "ical"):
        asked = ("GET", f"{API}/export?format={form}", person.headers, None)
        there, here = hear(stack.gateway_port, asked), hear(stack.direct_port, asked)
        assert there[0] == 200
        assert len(there[2]) > 2 * LARGEST_BODY
        assert there == here


def test_a_change_of_the_switch_is_in_force_within_a_second(stack: WebStack) -> None:
    for phase, route in ((1, "direct"), (2, "sidecar"), (0, "direct"), (2, "sidecar")):
        stack.phase(phase)
        begun = time.monotonic()
        stack.until_route(route)
        assert time.monotonic() - begun < 1.0, f"phase {phase}"


@pytest.fixture
def load(stack: WebStack) -> Iterator[Load]:
    """A few people at work through the gateway."""
    people = [Busy(stack.gateway_port, number) for number in range(3)]
    for person in people:
        person.settle()
    yield Load(people)
    for person in people:
        person.close()


def unharmed(stack: WebStack, load: Load) -> None:
    """Every request was answered as it should have been, and everything that was created is there once."""
    assert load.failures == []
    assert [one for one in load.noted if one.kind == "create"]
    twice = stack.query("SELECT title FROM todos_todo WHERE title LIKE 'todo %%' GROUP BY title HAVING count(*) > 1")
    assert twice == []


def test_switching_there_and_back_under_load_fails_no_request(stack: WebStack, load: Load) -> None:
    with load.running():
        for phase, route in [(1, "direct"), (2, "sidecar"), (0, "direct"), (2, "sidecar")] * 2:
            stack.phase(phase)
            stack.until_route(route)
            time.sleep(0.7)
    unharmed(stack, load)


@pytest.mark.parametrize("how", ["kill", "stop"])
@pytest.mark.parametrize("whose", ["frontend", "backend"])
def test_a_sidecar_that_is_killed_or_frozen_under_load_fails_no_request(stack: WebStack, load: Load, whose: str, how: str) -> None:
    sidecar = stack.frontend_sidecar if whose == "frontend" else stack.backend_sidecar
    stack.until_route("sidecar")
    with load.running():
        time.sleep(1.5)
        carried = stack.invocations()
        getattr(sidecar, how)()
        stack.until_route("direct", within=3)
        time.sleep(2)
        if how == "kill":
            sidecar.start()
        else:
            sidecar.cont()
        stack.until_route("sidecar")
        time.sleep(1)
    unharmed(stack, load)
    assert carried > 0
    slowest = load.slowest(0, time.monotonic())
    assert max(slowest.values()) < 5, slowest
