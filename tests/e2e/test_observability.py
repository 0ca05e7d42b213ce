"""What a collector and Prometheus see of the product: real sidecars, all switches on, spans decoded as they arrive."""

import http.client
import json
import os
import re
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from secrets import token_hex
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.dapr_stack import Caller, DaprStack, eventually
from tests.e2e.stack import Person
from tests.otlp import Otlp, Seen, collecting

pytestmark = [pytest.mark.e2e, pytest.mark.dapr]

CANARY = "canary-7f3a91"
OURS = "dapr_bridge"  # the scope of the app's spans; its sidecar has the same service


@pytest.fixture(scope="module")
def otlp() -> Iterator[Otlp]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def stack(otlp: Otlp, daprd_binary: Path, valkey_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaprStack]:
    """Everything running, and every switch on."""
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    started = DaprStack(tmp_path_factory.mktemp("stack"), daprd_binary=daprd_binary, valkey_binary=valkey_binary, **variables)
    with started.running():
        started.phase(5)
        yield started


@pytest.fixture(scope="module")
def caller(stack: DaprStack) -> Iterator[Caller]:
    """Somebody who signed up, and whose todos are served from the cache by each process of the API."""
    with stack.caller() as somebody:
        somebody.sign_up()
        time.sleep(1)  # the switches
        for _ in range(8):
            assert somebody.ask("GET", "/api/v1/todos").status == 200
        yield somebody
        somebody.close()


class Root:
    """Where a trace begins, as the gateway begins one."""

    def __init__(self) -> None:
        self.trace_id, self.span_id = token_hex(16), token_hex(8)
        self.header = f"00-{self.trace_id}-{self.span_id}-01"


def gathered(otlp: Otlp, root: Root, names: Sequence[tuple[str, str]]) -> list[Seen]:
    """All spans of the trace, once those of these services and names are there and none misses its parent."""

    def missing() -> tuple[set[tuple[str, str]], list[Seen]]:
        spans = otlp.trace(root.trace_id)
        known = {span.span_id for span in spans} | {root.span_id}
        return set(names) - {(span.service, span.name) for span in spans}, [span for span in spans if span.parent_id not in known]

    deadline = time.monotonic() + 30
    while any(missing()):
        assert time.monotonic() < deadline, missing()
        time.sleep(0.1)
    return otlp.trace(root.trace_id)


def ancestors(spans: list[Seen], child: tuple[str, str], *, event: str = "") -> list[tuple[str, str]]:
    """The way from the only span of this service and name, and about this type of event, up to the root."""
    by_id = {span.span_id: span for span in spans}
    found = [span for span in spans if (span.service, span.name) == child]
    (span,) = (span for span in found if span.attributes.get("dapr_bridge.event.type", "") == event or not event)
    way = []
    while (parent := by_id.get(span.parent_id)) is not None:
        way.append((parent.service, parent.name))
        span = parent
    return way


def metrics(port: int) -> dict[tuple[str, ...], float]:
    """Every sample of /metrics: its name and the values of its labels."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status == 404:
        return {}
    assert answer.status == 200, text
    families = text_string_to_metric_families(text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def requests(port: int) -> float:
    """How many requests were counted there."""
    return sum(value for (name, *_), value in metrics(port).items() if name == "dapr_bridge_http_request_duration_seconds_count")


ROUTE = ("todo-worker", "POST /dapr/events/<str:topic>")
CONSUMERS = [("todo-worker", f"process {name}") for name in ("activity", "next-occurrence")]
COMPLETED = "todo.completed.v1"


def completed(caller: Caller, otlp: Otlp) -> tuple[Root, list[Seen]]:
    """A repeating todo is completed and its event comes through the broker; it is carried in process where that was too slow for once."""

    def attempt() -> tuple[Root, list[Seen]] | None:
        root = Root()
        todo = caller.ask("POST", "/api/v1/todos", {"title": CANARY, "due_on": "2030-01-01", "recurrence": "FREQ=DAILY"})
        assert caller.ask("POST", f"/api/v1/todos/{todo.json['id']}/complete", {}, traceparent=root.header).status == 200
        spans = gathered(otlp, root, CONSUMERS)
        ways = [ancestors(spans, consumer, event=COMPLETED) for consumer in CONSUMERS]
        return (root, spans) if all(way[0] == ROUTE for way in ways) else None

    found: tuple[Root, list[Seen]] = eventually(attempt, within=60)
    return found


def test_a_write_is_one_trace_from_the_callers_sidecar_to_every_consumer(stack: DaprStack, caller: Caller, otlp: Otlp) -> None:
    _, spans = completed(caller, otlp)
    api = ("todo-backend", "POST /api/v1/todos/<uuid:todo_id>/complete")
    published = [
        ("todo-worker", "pubsub/todo-events"),
        ("todo-worker", "/v1.0/publish/pubsub/todo-events"),
        ("todo-worker", "dapr PublishEvent"),
        ("todo-worker", "send todo-events"),
        ("todo-worker", f"carry {COMPLETED}"),
        ("todo-backend", f"create {COMPLETED}"),
        api,
    ]
    for consumer in CONSUMERS:
        way = ancestors(spans, consumer, event=COMPLETED)
        assert way[: len(published) + 1] == [ROUTE, *published]
        assert {service for service, _ in way[len(published) + 1 :]} == {"todo-frontend", "todo-backend"}
    assert api in ancestors(spans, ("todo-backend", "INSERT dapr_bridge_outbox"))
    assert CONSUMERS[1] in ancestors(spans, ("todo-worker", "INSERT todos_todo"))
    assert CONSUMERS[1] in ancestors(spans, ("todo-worker", "create todo.created.v1")), "what one event causes is of its trace"


def test_a_cached_read_is_the_request_one_query_and_one_call_to_the_sidecar(stack: DaprStack, caller: Caller, otlp: Otlp) -> None:
    api, call = ("todo-backend", "GET /api/v1/todos"), ("todo-backend", "dapr GetState")
    hits = ("dapr_bridge_cache_results_total", "hit")
    before = metrics(stack.port).get(hits, 0)

    def read() -> Root | None:  # a sidecar that is too slow for once is not asked, or in vain
        nonlocal before
        root = Root()
        assert caller.ask("GET", "/api/v1/todos", traceparent=root.header).status == 200
        time.sleep(1.2)  # until each process has laid its numbers down
        before, counted = metrics(stack.port).get(hits, 0), before
        return root if before > counted else None

    root = eventually(read)
    gathered(otlp, root, [api, call])
    (asked,) = eventually(lambda: [span for span in otlp.trace(root.trace_id) if span.name.startswith("/v1.0/state/statestore/")])
    spans = otlp.trace(root.trace_id)
    assert sorted(span.name for span in spans if span.scope == OURS) == [api[1], "SELECT todos_session", call[1]]
    assert ancestors(spans, (asked.service, asked.name))[:2] == [call, api]


def test_an_event_that_goes_directly_stays_in_its_trace(stack: DaprStack, caller: Caller, otlp: Otlp) -> None:
    published = stack.published()
    stack.worker_sidecar.kill()
    try:
        root = Root()
        caller.ask("POST", "/api/v1/todos", {"title": CANARY}, traceparent=root.header)
        spans = gathered(otlp, root, [("todo-worker", "process activity")])
        assert ancestors(spans, ("todo-worker", "process activity"))[0] == ("todo-worker", "carry todo.created.v1")
        lines = [json.loads(line) for line in stack.relays[0].log().splitlines() if line.startswith("{")]
        failed = [line for line in lines if line["event"] == "events.publish_failed"]
        assert failed[-1]["trace_id"] == root.trace_id
        assert failed[-1]["span_id"] in {span.span_id for span in spans if span.service == "todo-worker"}
    finally:
        stack.worker_sidecar.start()
        eventually(stack.is_subscribed)
        eventually(lambda: caller.ask("POST", "/api/v1/todos", {"title": CANARY}) and stack.published() > published)


def test_no_span_names_a_person_or_carries_what_they_wrote(stack: DaprStack, caller: Caller, otlp: Otlp) -> None:
    root = Root()
    todo = caller.ask("POST", "/api/v1/todos", {"title": CANARY, "notes": f"notes-{CANARY}"}, traceparent=root.header)
    id = todo.json["id"]
    (user_id,) = stack.query("SELECT id FROM todos_user WHERE email = %s", caller.email)[0]
    for method, path, body in (
        ("GET", f"/api/v1/todos/{id}", None),
        ("GET", f"/api/v1/todos?search={CANARY}", None),
        ("PATCH", f"/api/v1/todos/{id}", {"title": f"other-{CANARY}"}),
        ("POST", "/api/v1/auth/login", {"email": caller.email, "password": f"wrong-{CANARY}"}),
        ("GET", f"/api/v1/nowhere?search={CANARY}", None),
    ):
        caller.ask(method, path, body, traceparent=root.header)
    gathered(otlp, root, [("todo-backend", "PATCH /api/v1/todos/<uuid:todo_id>"), ("todo-worker", "process activity")])
    without_addresses = "".join(re.sub(r'key: "url.full"\n *value \{.*?\}', "", span.text, flags=re.DOTALL) for span in otlp.spans)
    ours = "".join(span.text for span in otlp.spans if span.scope == OURS)
    secrets = [
        CANARY,
        caller.email,
        caller.password,
        *caller.headers["Cookie"].split("; "),
        *stack.tokens("todo-backend"),
        *stack.tokens("todo-worker"),
    ]
    for secret in [*secrets, str(user_id), id]:
        assert secret not in ours, secret
    for secret in [*secrets, str(user_id)]:  # a sidecar that invokes shows the address it was asked for: docs/operations.md, Watching
        assert secret not in without_addresses, secret


def test_lines_about_requests_and_deliveries_have_their_trace_and_span(stack: DaprStack, caller: Caller, otlp: Otlp) -> None:
    root = Root()
    assert caller.ask("GET", "/api/v1/projects", traceparent=root.header).status == 200
    connection = http.client.HTTPConnection("127.0.0.1", stack.events_port, timeout=20)
    headers = {"Content-Type": "application/cloudevents+json", "dapr-api-token": stack.tokens("todo-worker")[1], "traceparent": root.header}
    connection.request("POST", "/dapr/events/todo-events", json.dumps({"id": str(uuid4())}), headers)
    assert json.loads(connection.getresponse().read()) == {"status": "DROP"}
    connection.close()
    spans = gathered(otlp, root, [("todo-backend", "GET /api/v1/projects"), ROUTE])
    for log, event, name in ((stack.api.log(), "request", "GET /api/v1/projects"), (stack.events.log(), "events.refused", ROUTE[1])):
        (line,) = (line for line in map(json.loads, log.splitlines()) if line.get("trace_id") == root.trace_id and line["event"] == event)
        assert line["span_id"] in {span.span_id for span in spans if span.name == name}


def test_metrics_of_all_processes_are_one_answer_and_outlive_a_killed_worker(stack: DaprStack, caller: Caller) -> None:
    before = requests(stack.port)
    somebody = [Person(stack.port, f"metrics-{number}@example.com") for number in range(6)]
    for person in somebody:
        for _ in range(5):
            assert person.ask("GET", "/api/v1/auth/session").status == 200
        person.close()
    eventually(lambda: requests(stack.port) >= before + 30)
    counted = requests(stack.port)
    assert stack.api.process
    (victim, *_) = children(stack.api.process.pid)
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: victim not in children(stack.api.process.pid) and len(children(stack.api.process.pid)) == 2)  # type: ignore[union-attr]
    eventually(lambda: metrics(stack.port))
    assert counted <= requests(stack.port) < counted + 60


def test_the_worker_tells_what_relay_and_event_route_did(stack: DaprStack, caller: Caller) -> None:
    name = ("dapr_bridge_receipts_total", "activity")
    time.sleep(1.5)  # what was done before has been laid down
    before = metrics(stack.events_port).get(name, 0)
    caller.ask("POST", "/api/v1/todos", {"title": CANARY})
    eventually(lambda: metrics(stack.events_port).get(name, 0) == before + 1)
    found = metrics(stack.events_port)
    assert found["dapr_bridge_events_carried_total", "published"] >= 1
    assert found["dapr_bridge_sidecar_call_duration_seconds_count", "PublishEvent", "ok"] >= 1
    assert found["dapr_bridge_outbox_pending",] == 0


def test_nobody_reads_the_metrics_of_the_api_through_its_sidecar(stack: DaprStack, caller: Caller) -> None:
    assert eventually(lambda: metrics(stack.port))
    assert caller.ask("GET", "/metrics").status == 404


def test_the_sidecars_have_metrics_of_their_own(stack: DaprStack, caller: Caller) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", stack.backend_sidecar.metrics_port, timeout=20)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    assert re.search(r'^dapr_http_server_request_count\{.*app_id="todo-backend"', text, re.MULTILINE)
    assert CANARY not in text


def test_switched_off_within_a_second_nothing_is_sent_or_told_and_on_again_it_is(stack: DaprStack, caller: Caller, otlp: Otlp) -> None:
    stack.switch(observability="off")
    time.sleep(1)
    root = Root()
    direct = Person(stack.port, "off@example.com")
    for _ in range(8):
        assert direct.ask("GET", "/api/v1/auth/session", traceparent=root.header).status == 200
    assert metrics(stack.port) == {}
    assert direct.ask("GET", "/metrics").status == 404
    time.sleep(1)
    assert otlp.trace(root.trace_id) == []
    stack.switch(observability="on")
    time.sleep(1)
    direct.ask("GET", "/api/v1/auth/session", traceparent=root.header)
    gathered(otlp, root, [("todo-backend", "GET /api/v1/auth/session")])
    direct.close()


def test_an_api_that_begins_anew_counts_from_nothing(stack: DaprStack, caller: Caller) -> None:
    for _ in range(10):
        caller.ask("GET", "/api/v1/todos")
    assert requests(stack.port) > 10
    stack.api.kill()
    stack.api.start()
    time.sleep(2)
    assert all(metrics(stack.port) for _ in range(6)), "each worker knows the switches before its first request"
    assert requests(stack.port) < 10


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
