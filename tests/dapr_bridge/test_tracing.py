"""Spans of requests, statements, calls and events as a collector receives them, and what it costs when there is none."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from django.core.cache import caches
from django.db import DataError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from dapr_bridge import exporter, leases, metrics, outbox, reports
from dapr_bridge.consumers import Outcome
from dapr_bridge.couriers import SwitchedCourier
from dapr_bridge.fake_sidecar import FakeSidecar, switched
from dapr_bridge.flights import Flights
from dapr_bridge.models import OutboxEvent
from dapr_bridge.testing import drain
from tests.dapr_bridge.conftest import PROJECT, enqueue, eventually
from tests.otlp import Otlp, Seen, collecting

pytestmark = pytest.mark.django_db(transaction=True)

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"
CANARY = "canary-7f3a91"
ROOT = Path(__file__).parents[2]
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5


def place(request: HttpRequest, number: int) -> HttpResponse:
    """A view that writes."""
    with transaction.atomic():
        outbox.enqueue(type="order.placed.v1", subject=f"order/{CANARY}", data={"number": number, "title": CANARY})
    return HttpResponse()


def look(request: HttpRequest) -> HttpResponse:
    """A view that reads from the cache."""
    caches["responses"].get(CANARY)
    return HttpResponse()


def explode(request: HttpRequest) -> HttpResponse:
    """A view whose statement fails with a message that quotes what was asked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::uuid", [CANARY])
    return HttpResponse()


urlpatterns = [path("orders/<int:number>", place), path("look", look), path("explode", explode), path("probe", look)]


@pytest.fixture
def otlp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Otlp]:
    """A collector, to which what `observed` shows is sent."""
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        yield collector


@contextmanager
def observed(*blocks: str) -> Iterator[None]:
    """Observability is on inside, as the thread that reads the switches would make it; what waits is sent at the end."""
    with switched("observability", *blocks), override_settings(ROOT_URLCONF=__name__):
        exporter.follow(on=True)
        try:
            yield
        finally:
            reports.stop()
            exporter.stop()
            metrics.stop()


def exporting() -> list[str]:
    """The threads that send spans."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("Otel")]


def named(spans: list[Seen], name: str) -> Seen:
    """The only span of this name."""
    (span,) = (span for span in spans if span.name == name)
    return span


def test_a_request_continues_the_callers_trace_and_is_named_by_its_route(otlp: Otlp) -> None:
    with observed():
        assert Client().get("/orders/4711?search=" + CANARY, headers={"traceparent": SAMPLED, "User-Agent": CANARY}).status_code == 200
    request = named(otlp.spans, "GET /orders/<int:number>")
    assert (request.trace_id, request.parent_id, request.kind, request.failed) == (TRACE, PARENT, SERVER, False)
    assert request.attributes == {
        "http.request.method": "GET",
        "url.scheme": "http",
        "http.route": "/orders/<int:number>",
        "http.response.status_code": 200,
    }


def test_statements_and_events_are_spans_below_the_request_and_show_no_values(otlp: Otlp) -> None:
    with observed():
        Client().get("/orders/4711", headers={"traceparent": SAMPLED})
    request = named(otlp.spans, "GET /orders/<int:number>")
    created = named(otlp.spans, "create order.placed.v1")
    insert = named(otlp.spans, "INSERT dapr_bridge_outbox")
    assert (created.parent_id, created.kind) == (request.span_id, PRODUCER)
    assert (insert.parent_id, insert.kind) == (created.span_id, CLIENT)
    assert insert.attributes["db.query.text"].startswith("INSERT INTO dapr_bridge_outbox (id, topic,")
    everything = "".join(span.text for span in otlp.spans)
    assert CANARY not in everything
    assert "4711" not in everything


def test_an_event_is_carried_and_consumed_in_the_trace_of_its_request(otlp: Otlp) -> None:
    with observed():
        Client().get("/orders/1", headers={"traceparent": SAMPLED})
        assert OutboxEvent.objects.get().traceparent.startswith(f"00-{TRACE}-")
        drain()
    created = named(otlp.spans, "create order.placed.v1")
    carried = named(otlp.spans, "carry order.placed.v1")
    assert (carried.trace_id, carried.parent_id) == (TRACE, created.span_id)
    for consumer in ("ledger", "audit"):
        consumed = named(otlp.spans, f"process {consumer}")
        assert (consumed.trace_id, consumed.parent_id, consumed.kind) == (TRACE, carried.span_id, CONSUMER)
        assert [span for span in otlp.spans if span.parent_id == consumed.span_id and span.name == "INSERT shop_entry"]
    assert {span.trace_id for span in otlp.spans} == {TRACE}


@pytest.mark.parametrize(("traceparent", "alone"), [(SAMPLED, True), ("", True), (UNSAMPLED, False)], ids=["sampled", "none", "unsampled"])
def test_what_is_traced_is_published_alone(otlp: Otlp, fake: FakeSidecar, traceparent: str, alone: bool) -> None:
    with observed("pubsub"):
        enqueue(number=1)
        OutboxEvent.objects.update(traceparent=traceparent)
        [lease] = leases.claim(limit=1).leases
        courier = SwitchedCourier(Flights())
        for staying in courier.send_together([lease]):
            assert courier.carry(staying) is Outcome.SENT
    assert [one.event["id"] for one in fake.published] == [str(lease.id)]
    assert ("PublishEvent" in fake.calls) is alone


def test_a_call_to_the_sidecar_is_a_span_whose_trace_goes_along(otlp: Otlp, fake: FakeSidecar) -> None:
    with observed("state"):
        Client().get("/nowhere")
        eventually(lambda: "DeleteBulkState" in fake.calls)  # the process has reported, and will not call again for a while
        Client().get("/look", headers={"traceparent": SAMPLED})
    call = named(otlp.spans, "dapr GetState")
    assert (call.parent_id, call.kind) == (named(otlp.spans, "GET /look").span_id, CLIENT)
    assert fake.headers["traceparent"] == f"00-{TRACE}-{call.span_id}-01"


def test_a_failure_is_marked_without_its_message(otlp: Otlp) -> None:
    with observed(), pytest.raises(DataError, match=CANARY):
        Client().get("/explode")
    request, statement = named(otlp.spans, "GET /explode"), named(otlp.spans, "SELECT")
    assert request.failed
    assert statement.failed
    assert (request.attributes["error.type"], request.attributes["http.response.status_code"]) == ("500", 500)
    assert statement.attributes["db.response.status_code"] == "22P02"
    assert not any(span.events for span in otlp.spans)
    assert CANARY not in "".join(span.text for span in otlp.spans)


@pytest.mark.parametrize(("method", "path", "name"), [("GET", "/nowhere/4711", "GET"), ("ANYTHING", "/nowhere", "_OTHER")])
def test_what_strangers_invent_names_no_span(otlp: Otlp, method: str, path: str, name: str) -> None:
    with observed():
        Client().generic(method, path)
    assert named(otlp.spans, name).attributes["http.response.status_code"] == 404
    assert "nowhere" not in otlp.spans[0].text


def test_what_the_caller_does_not_sample_is_not_recorded_and_its_events_say_so(otlp: Otlp) -> None:
    with observed():
        Client().get("/orders/1", headers={"traceparent": UNSAMPLED})
        assert OutboxEvent.objects.get().traceparent.endswith("-00")
        drain()
    assert otlp.spans == []


def test_the_share_of_traces_that_begin_here_is_opentelemetrys_setting(otlp: Otlp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    with observed():
        Client().get("/look")
        Client().get("/look", headers={"traceparent": SAMPLED})
    assert [span.trace_id for span in otlp.spans] == [TRACE]


@pytest.mark.parametrize(
    ("sampler", "argument", "share"),
    [("", "", 1), ("parentbased_always_on", "0.5", 1), ("parentbased_always_off", "", 0), ("parentbased_traceidratio", "0.25", 0.25)],
)
def test_whoever_begins_traces_for_us_hears_the_share_to_keep(
    otlp: Otlp, monkeypatch: pytest.MonkeyPatch, sampler: str, argument: str, share: float
) -> None:
    for name, value in (("OTEL_TRACES_SAMPLER", sampler), ("OTEL_TRACES_SAMPLER_ARG", argument)):
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    assert exporter.share() == 0
    with observed():
        assert exporter.share() == share
    assert exporter.share() == 0


@pytest.mark.parametrize("header", ["", "nonsense", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-{PARENT}-01"])
def test_a_malformed_trace_begins_a_new_one(otlp: Otlp, header: str) -> None:
    with observed():
        Client().get("/look", headers={"traceparent": header})
    assert named(otlp.spans, "GET /look").parent_id == ""
    assert otlp.spans[0].trace_id != TRACE


def test_probes_are_no_spans(otlp: Otlp) -> None:
    with observed(), override_settings(DAPR_BRIDGE={"UNTRACED": ["/probe"]}):
        Client().get("/probe")
        Client().get("/look")
    assert [span.name for span in otlp.spans] == ["GET /look"]


def test_background_statements_begin_no_traces(otlp: Otlp) -> None:
    with observed():
        OutboxEvent.objects.count()
    assert otlp.spans == []


def test_the_service_is_named_like_the_sidecar_unless_opentelemetry_names_it(otlp: Otlp, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, app_ids, seen in (("", {}, "till"), ("", {"till": "shop-till"}, "shop-till"), ("other", {"till": "shop-till"}, "other")):
        monkeypatch.setenv("OTEL_SERVICE_NAME", name)
        with override_settings(DAPR_BRIDGE={"ROLE": "till", "APP_IDS": app_ids}), observed():
            Client().get("/nowhere")
        assert otlp.spans[-1].service == seen


def test_switched_off_what_waits_is_sent_the_thread_ends_and_nothing_more_is_recorded(otlp: Otlp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
    with observed():
        Client().get("/nowhere")
        assert len(exporting()) == 1
        assert otlp.spans == []
        exporter.follow(on=False)
        eventually(lambda: len(otlp.spans) == 1)
        eventually(lambda: not exporting())
        Client().get("/nowhere")
        exporter.follow(on=True)
        Client().get("/nowhere")
    assert len(otlp.spans) == 2, "the first and the last"


def test_without_an_endpoint_nothing_is_started_and_it_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in exporter.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    with structlog.testing.capture_logs() as lines, observed():
        exporter.follow(on=True)
        assert exporter.tracer() is None
        assert not exporting()
    assert [line["event"] for line in lines] == ["tracing.no_endpoint"]


def test_settings_that_opentelemetry_refuses_do_not_keep_the_switches_from_being_read(otlp: Otlp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "0")
    with structlog.testing.capture_logs() as lines, observed():
        exporter.follow(on=True)
        assert exporter.tracer() is None
    assert [line["event"] for line in lines] == ["tracing.not_started"]


def test_a_collector_that_fails_is_reported_once_and_costs_requests_nothing(otlp: Otlp, caplog: pytest.LogCaptureFixture) -> None:
    otlp.status = 400  # which is not tried again
    with structlog.testing.capture_logs() as lines, observed():
        for batches in range(1, 4):
            begun = time.monotonic()
            Client().get("/nowhere")
            assert time.monotonic() - begun < 0.05
            otlp.wait_for_batches(batches)
        otlp.status = 200
        Client().get("/nowhere")
    assert [line["event"] for line in lines if line["event"].startswith("tracing.c")] == [
        "tracing.collector_unavailable",
        "tracing.collector_available",
    ]
    assert not [record for record in caplog.records if record.name.startswith("opentelemetry")]


def test_a_process_ends_in_time_although_its_collector_hangs() -> None:
    program = """
import os, socket, sys, time
import django
django.setup()
from django.test import Client
from dapr_bridge import exporter
from dapr_bridge.fake_sidecar import switched
silent = socket.create_server(("127.0.0.1", 0))
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
switch = switched("observability")
switch.__enter__()
exporter.follow(on=True)
assert Client().get("/nowhere").status_code == 404
sys.stderr.write(f"{time.monotonic()}")
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": PROJECT, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing"}
    process = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, timeout=30)
    ended = time.monotonic()
    assert process.returncode == 0, process.stderr
    waited = ended - float(process.stderr.split()[-1])
    assert exporter.LAST_SECONDS - 0.1 < waited < exporter.LAST_SECONDS + 4, "an attempt to send may take ten seconds"
