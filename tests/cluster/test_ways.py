"""From sign-up to the finished todo: requests pass both sidecars, events pass the broker, answers pass the state store."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.cluster import people
from tests.cluster.cluster import Cluster, eventually
from tests.cluster.people import Work

STREAM = "todo-events"
SENT, RECEIVED = (f"dapr_runtime_service_invocation_req_{way}_total" for way in ("sent", "recv"))
READ_METRICS = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:9090', timeout=10).read().decode())"
ASK_METRICS = "console.log(await (await fetch('http://127.0.0.1:9090')).text())"
REPORTED = 10  # seconds after which a process has told its counts


@dataclass(frozen=True)
class Day:
    """What people did, and what was counted on the way meanwhile."""

    work: Work
    moved: Counter[str]


def counted(cluster: Cluster) -> Counter[str]:
    """Of the sidecars: requests handed on and taken. Of the broker: entries. Of the processes: what they say that they did."""
    found: Counter[str] = Counter()
    for name in cluster.names("todo-frontend"):
        found["sent"] += total(cluster.node(name, ASK_METRICS), SENT, "dst_app_id", "todo-backend")
    for name in cluster.names("todo-backend"):
        found["received"] += total(cluster.python(name, READ_METRICS, container="api"), RECEIVED, "src_app_id", "todo-frontend")
    stream = cluster.valkey("XINFO", "STREAM", STREAM)
    found["entries"] = int(stream[stream.index("entries-added") + 1])
    for row in cluster.query("SELECT report->'counts' AS counts FROM dapr_bridge_processreport"):
        found.update(row["counts"])
    return found


def total(metrics: str, name: str, label: str, value: str) -> int:
    """The sum of a metric's samples with this label."""
    samples = [line for line in metrics.splitlines() if line.startswith(f"{name}{{") and f'{label}="{value}"' in line]
    return sum(int(float(line.rpartition(" ")[2])) for line in samples)


@pytest.fixture(scope="module")
def day(cluster: Cluster) -> Day:
    """People at work for a while, in the last phase, and nothing else happens."""
    cluster.settle()
    time.sleep(REPORTED)
    before = counted(cluster)
    with people.at_work(cluster) as work:
        time.sleep(15)
    people.everything_is_there_once(cluster, work)
    time.sleep(REPORTED)
    return Day(work, counted(cluster) - before)


@pytest.fixture(autouse=True)
def _in_the_report(day: Day, record_property: Callable[[str, object], None]) -> None:
    record_property("work", day.work.counts)


def test_every_request_from_sign_up_to_the_finished_todo_passes_both_sidecars(day: Day) -> None:
    people.nobody_noticed(day.work)
    asked = sum(kind["requests"] for name, kind in day.work.told["kinds"].items() if name != "page")
    assert day.moved["sent"] >= asked, day.moved
    assert day.moved["received"] >= asked, day.moved


def test_every_event_passes_the_broker_and_none_goes_directly(day: Day) -> None:
    events = day.work.found["events"]
    assert day.moved["entries"] >= events, day.moved
    assert day.moved["events_published"] >= events, day.moved
    assert day.moved["events_direct"] == 0, day.moved


def test_answers_are_kept_in_the_state_store_and_found_there(cluster: Cluster, day: Day) -> None:
    assert day.moved["cache_hits"] > 0, day.moved
    # What the store does not answer within the 50 ms of a request comes from PostgreSQL: on a busy machine that happens.
    assert day.moved["cache_errors"] < day.moved["cache_hits"], day.moved
    assert eventually(lambda: [key for key in cluster.valkey("--scan", "--pattern", "*") if key.startswith("todo-backend||")])
