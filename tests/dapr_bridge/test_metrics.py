"""What processes count for Prometheus, and how they answer together."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path
from prometheus_client.parser import text_string_to_metric_families

from dapr_bridge import metrics, reports, switches, tally
from dapr_bridge.fake_sidecar import FakeSidecar, switched
from dapr_bridge.metrics import BUCKETS, METRICS
from dapr_bridge.models import OutboxEvent
from dapr_bridge.sidecar import EtagMismatch, SidecarError, get_state, replace_state, save_states
from dapr_bridge.switches import Snapshot, Switch
from dapr_bridge.testing import drain
from tests.dapr_bridge.conftest import PROJECT, enqueue, eventually

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[2]
SCRAPE = "/metrics"


def look(request: HttpRequest, number: int) -> HttpResponse:
    """A view."""
    return HttpResponse(status=number)


urlpatterns = [path("answers/<int:number>", look), path("", include("dapr_bridge.urls"))]


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Path]:
    """Observability is on, and what the processes of this host share is in the folder."""
    from django.conf import settings

    ours = {**settings.DAPR_BRIDGE, "BREAKER_FOLDER": str(tmp_path), "METRICS_TOKEN": None}
    with switched("observability"), override_settings(ROOT_URLCONF=__name__, DAPR_BRIDGE=ours):
        yield tmp_path
        reports.stop()
        metrics.stop()


def scraped() -> dict[tuple[str, ...], float]:
    """Every sample: its name and the values of its labels in alphabetical order of their names."""
    answer = Client().get(SCRAPE)
    assert answer.status_code == 200
    found = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            found[(sample.name, *(sample.labels[name] for name in sorted(sample.labels)))] = sample.value
    return found


def test_requests_are_counted_by_route_method_status_and_phase(on: Path) -> None:
    for address in ("/answers/204", "/answers/204?search=mine", "/answers/503", "/nowhere"):
        Client().get(address)
    Client().generic("INVENTED", "/nowhere")
    found, name = scraped(), "dapr_bridge_http_request_duration_seconds"
    assert found[f"{name}_count", "GET", "1", "/answers/<int:number>", "204"] == 2
    assert found[f"{name}_count", "GET", "1", "/answers/<int:number>", "503"] == 1
    assert found[f"{name}_count", "GET", "1", "none", "404"] == 1
    assert found[f"{name}_count", "_OTHER", "1", "none", "404"] == 1
    assert 0 < found[f"{name}_sum", "GET", "1", "/answers/<int:number>", "204"] < 2


def test_a_histogram_counts_what_took_at_most_so_long(on: Path) -> None:
    for seconds in (0.001, 0.002, 99.0):
        metrics.observe(metrics.CALLS, seconds, "GetState", "ok")
    found, name = scraped(), "dapr_bridge_sidecar_call_duration_seconds"
    counts = {bound: found[f"{name}_bucket", bound, "GetState", "ok"] for bound in ("0.001", "0.0025", "5.0", "+Inf")}
    assert counts == {"0.001": 1, "0.0025": 2, "5.0": 2, "+Inf": 3}
    assert found[f"{name}_sum", "GetState", "ok"] == pytest.approx(99.003)


def test_calls_to_the_sidecar_are_counted_by_operation_and_outcome(on: Path, fake: FakeSidecar) -> None:
    save_states("statestore", {"a": b"1"}, None, 1.0)
    get_state("statestore", "a", 1.0)
    fake.failure = "UNAVAILABLE"
    with pytest.raises(SidecarError):
        get_state("statestore", "a", 1.0)
    fake.failure, fake.delay = "", 0.5
    with pytest.raises(SidecarError):
        get_state("statestore", "a", 0.05)
    fake.delay = 0.0
    with pytest.raises(EtagMismatch):
        replace_state("statestore", "a", b"1", "7", None, 1.0)
    found = scraped()
    assert found["dapr_bridge_sidecar_call_duration_seconds_count", "SaveState", "conflict"] == 1
    for outcome in ("ok", "error", "timeout"):
        assert found["dapr_bridge_sidecar_call_duration_seconds_count", "GetState", outcome] == 1


def test_receipts_are_counted_when_they_are_committed_and_only_then(on: Path) -> None:
    enqueue(number=1)
    enqueue("order/2", fails="audit")
    drain()
    found = scraped()
    assert found["dapr_bridge_receipts_total", "ledger"] == 2
    assert found["dapr_bridge_receipts_total", "audit"] == 1


def test_what_waits_in_the_database_is_told(on: Path) -> None:
    enqueue()
    enqueue("order/2")
    OutboxEvent.objects.filter(subject="order/2").update(parked_at="2026-01-01T00:00:00Z")
    OutboxEvent.objects.filter(subject="order/1").update(created_at="2026-01-01T00:00:00Z")
    found = scraped()
    assert (found["dapr_bridge_outbox_pending",], found["dapr_bridge_outbox_parked",]) == (1, 1)
    assert found["dapr_bridge_outbox_oldest_age_seconds",] > 24 * 3600
    drain()
    found = scraped()
    assert (found["dapr_bridge_outbox_pending",], found["dapr_bridge_outbox_oldest_age_seconds",]) == (0, 0)


def test_what_was_tallied_before_anybody_looked_is_told(on: Path) -> None:
    before = tally.counts()
    for name in metrics._TALLIED:
        tally.count(name, 3)
    found = scraped()
    for name, (metric, *labels) in metrics._TALLIED.items():
        assert found[f"{metric}_total", *labels] == before.get(name, 0) + 3


def test_switches_and_breakers_are_told(on: Path) -> None:
    found = scraped()
    assert (found["dapr_bridge_block_on", "observability"], found["dapr_bridge_block_on", "state"]) == (1, 0)
    assert (found["dapr_bridge_breaker_open", "state"], found["dapr_bridge_switch_changes_total", "state"]) == (0, 0)


def test_a_scrape_costs_two_queries_whatever_there_is(on: Path, django_assert_num_queries: Any) -> None:
    for number in range(5):
        enqueue(f"order/{number}")
        Client().get(f"/answers/20{number}")
    with django_assert_num_queries(2):
        scraped()


def test_another_process_of_the_host_is_part_of_the_answer_and_stays_so_when_it_ends(on: Path) -> None:
    Client().get("/answers/200")
    program = """
import sys
import django
django.setup()
from dapr_bridge import metrics
from dapr_bridge.fake_sidecar import switched
switch = switched("observability")
switch.__enter__()
for _ in range(41):
    metrics.observe(metrics.REQUESTS, 0.01, "/answers/<int:number>", "GET", "200", "1")
print("counted", flush=True)
sys.stdin.read()
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": PROJECT, "DAPR_BREAKER_FOLDER": str(on)}
    command = [sys.executable, "-W", "error", "-c", program]
    name = ("dapr_bridge_http_request_duration_seconds_count", "GET", "1", "/answers/<int:number>", "200")
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "counted\n"
        eventually(lambda: scraped()[name] == 42)
        process.communicate()
    assert scraped()[name] == 42


def test_a_fork_begins_with_nothing(on: Path) -> None:
    metrics.count(metrics.RECEIPTS, "ledger")
    tally.count("cache_hits")
    assert scraped()["dapr_bridge_receipts_total", "ledger"] == 1
    pid = os.fork()
    if pid == 0:
        os._exit(len(metrics._own.numbers) + len(tally.counts()))
    assert os.waitpid(pid, 0)[1] == 0
    assert scraped()["dapr_bridge_receipts_total", "ledger"] == 1


def test_a_folder_that_somebody_empties_is_made_again(on: Path) -> None:
    metrics.count(metrics.RECEIPTS, "ledger")
    scraped()
    with structlog.testing.capture_logs() as lines:
        (folder,) = on.glob("*.metrics")
        while folder.exists():  # somebody may be writing there just now
            shutil.rmtree(folder, ignore_errors=True)
        eventually(lambda: "metrics.not_written" in [line["event"] for line in lines])
    assert scraped()["dapr_bridge_receipts_total", "ledger"] == 1


def test_without_a_folder_each_process_answers_for_itself(on: Path) -> None:
    from django.conf import settings

    with override_settings(DAPR_BRIDGE={**settings.DAPR_BRIDGE, "BREAKER_FOLDER": str(on / "missing")}):
        metrics.count(metrics.RECEIPTS, "ledger")
        assert scraped()["dapr_bridge_receipts_total", "ledger"] == 1


def test_while_it_is_off_nothing_is_counted_and_nothing_is_there(on: Path) -> None:
    switches.pin(Snapshot({"sidecar": Switch("on")}))
    metrics.count(metrics.RECEIPTS, "ledger")
    metrics.observe(metrics.CALLS, 1.0, "GetState", "ok")
    assert Client().get(SCRAPE).status_code == 404
    switches.pin(Snapshot({"sidecar": Switch("on"), "observability": Switch("on")}))
    assert ("dapr_bridge_receipts_total", "ledger") not in scraped()


def test_the_thread_ends_when_it_is_switched_off(on: Path) -> None:
    metrics.count(metrics.RECEIPTS, "ledger")
    assert "dapr-metrics" in [thread.name for thread in threading.enumerate()]
    switches.pin(Snapshot({"sidecar": Switch("on")}))
    eventually(lambda: "dapr-metrics" not in [thread.name for thread in threading.enumerate()])


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.1", {}, 404),
        ("10.0.0.1", {}, 404),
        ("", {}, 404),
        *(
            ("127.0.0.1", {name: "192.0.2.1"}, 404)
            for name in ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via", "X-Real-Ip", "dapr-api-token", "dapr-caller-app-id")
        ),
    ],
)
def test_without_a_token_only_this_machine_may_read_and_nobody_through_a_proxy(
    on: Path, peer: str, headers: dict[str, str], status: int
) -> None:
    assert Client().get(SCRAPE, REMOTE_ADDR=peer, headers=headers).status_code == status


@pytest.mark.parametrize(
    ("shown", "status"),
    [("Bearer right", 200), ("Bearer wrong", 404), ("Bearer ", 404), ("right", 404), ("", 404), ("Bearer r\xefght", 404)],
)
def test_with_a_token_whoever_shows_it_may_read_from_anywhere(on: Path, shown: str, status: int) -> None:
    from django.conf import settings

    with override_settings(DAPR_BRIDGE={**settings.DAPR_BRIDGE, "METRICS_TOKEN": "right"}):
        assert Client().get(SCRAPE, REMOTE_ADDR="192.0.2.1", headers={"Authorization": shown}).status_code == status
        assert Client().get(SCRAPE).status_code == 404, "this machine needs it, too"


def test_only_reading_is_answered(on: Path) -> None:
    assert Client().post(SCRAPE).status_code == 405


def test_the_answer_keeps_the_rules_of_prometheus(on: Path) -> None:
    """Those of `promtool check metrics`: help and type for all, `_total` on counters alone, base units, no reserved labels."""
    Client().get("/answers/200")
    metrics.observe(metrics.CALLS, 0.1, "GetState", "ok")
    metrics.count(metrics.RECEIPTS, "ledger")
    text = Client().get(SCRAPE).content.decode()
    declared = {line.split()[2]: line.split()[3] for line in text.splitlines() if line.startswith("# TYPE ")}
    assert len(declared) == text.count("# HELP ") == len(METRICS) + 6
    for name, kind in declared.items():
        assert name.startswith("dapr_bridge_")
        assert name.endswith("_total") == (kind == "counter"), name
        assert kind != "histogram" or name.endswith("_seconds"), name
        assert not name.endswith(("_count", "_sum", "_bucket", "_info", "_milliseconds", "_ms")), name
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation.endswith(".") for family in families)
    labels = {(sample.name, label) for family in families for sample in family.samples for label in sample.labels}
    assert {label for name, label in labels if not name.endswith("_bucket")}.isdisjoint({"le", "quantile", "job", "instance", "__name__"})
    assert {name for name, label in labels if label == "le"} == {f"{metric.name}_bucket" for metric in METRICS if metric.timed}
    assert list(BUCKETS) == sorted(BUCKETS)
