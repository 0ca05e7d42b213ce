"""Events of the product through real sidecars and a real broker."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.dapr_stack import DaprStack, eventually
from tests.e2e.stack import Person

pytestmark = [pytest.mark.e2e, pytest.mark.dapr, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def account(dapr_stack: DaprStack) -> Person:
    someone = Person(dapr_stack.port, "events@example.com")
    someone.sign_up()
    return someone


@pytest.fixture
def person(account: Person) -> Iterator[Person]:
    """Somebody with a fresh connection: idle ones are closed by the server."""
    account.close()
    yield account
    account.close()


@pytest.fixture
def through_dapr(dapr_stack: DaprStack) -> DaprStack:
    """Phase 3, in force everywhere, with nothing left to deliver."""
    dapr_stack.phase(3)
    time.sleep(1)
    eventually(lambda: is_quiet(dapr_stack), within=30)
    return dapr_stack


def is_quiet(stack: DaprStack) -> bool:
    return not stack.query("SELECT FROM dapr_bridge_outbox WHERE delivered_at IS NULL AND discarded_at IS NULL")


def test_events_are_receipted_after_they_went_through_the_broker(through_dapr: DaprStack, person: Person) -> None:
    before = through_dapr.published()
    todos = [person.ask("POST", "/api/v1/todos", {"title": f"todo {number}"}).json["id"] for number in range(10)]
    eventually(lambda: is_quiet(through_dapr))
    assert through_dapr.published() - before == 10
    ((activities,),) = through_dapr.query(
        "SELECT count(*) FROM todos_activity a JOIN dapr_bridge_outbox o ON o.id = a.id"
        " JOIN dapr_bridge_receipt r ON r.event_id = o.id AND r.consumer = 'activity' WHERE o.data->>'id' = ANY(%s)",
        todos,
    )
    assert activities == 10
    assert eventually(lambda: through_dapr.pending() == 0)


class Writer:
    """Somebody who changes a few todos one after the other, in a thread, until told to stop; about thirty events a second."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> "Writer":
        self._todos = [self._person.ask("POST", "/api/v1/todos", {"title": "first"}).json["id"] for _ in range(4)]
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _write(self) -> None:
        number = 0
        while not self._stopping.wait(0.03):
            number += 1
            answer = self._person.ask("PATCH", f"/api/v1/todos/{self._todos[number % 4]}", {"title": f"title {number}"})
            assert answer.status == 200, answer


def newest(stack: DaprStack) -> int:
    ((position,),) = stack.query("SELECT coalesce(max(position), 0) FROM dapr_bridge_outbox")
    return int(position)


def assert_each_took_effect_once_and_in_order(stack: DaprStack, since: int) -> None:
    ((events, activities),) = stack.query(
        "SELECT count(*), (SELECT count(*) FROM todos_activity a JOIN dapr_bridge_outbox e ON e.id = a.id WHERE e.position > %s)"
        " FROM dapr_bridge_outbox WHERE position > %s",
        since,
        since,
    )
    assert events == activities > 0
    disorder = stack.query(
        "SELECT FROM (SELECT r.created_at, lag(r.created_at) OVER (PARTITION BY o.subject, r.consumer ORDER BY o.position) AS before"
        " FROM dapr_bridge_outbox o JOIN dapr_bridge_receipt r ON r.event_id = o.id WHERE o.position > %s) AS seen"
        " WHERE created_at < before",
        since,
    )
    assert not disorder
    assert not stack.query("SELECT FROM dapr_bridge_outbox WHERE position > %s AND (failures > 0 OR parked_at IS NOT NULL)", since)


def slowest(stack: DaprStack, since: int) -> float:
    """Seconds from commit to the last receipt."""
    ((seconds,),) = stack.query(
        "SELECT max(extract(epoch FROM coalesce(delivered_at, now()) - created_at))::float FROM dapr_bridge_outbox WHERE position > %s",
        since,
    )
    return float(seconds)


def goes_through_dapr(stack: DaprStack, person: Person) -> bool:
    """Whether an event that is written now is published and arrives."""
    before = stack.published()
    person.ask("POST", "/api/v1/todos", {"title": "through Dapr?"})
    eventually(lambda: is_quiet(stack))
    return stack.published() > before


FAULTS = {
    "valkey killed": ("valkey", "kill"),
    "valkey frozen": ("valkey", "stop"),
    "valkey emptied": ("valkey", "flushall"),
    "sidecar killed": ("worker_sidecar", "kill"),
    "sidecar frozen": ("worker_sidecar", "stop"),
    "event route killed": ("events", "kill"),
    "event route frozen": ("events", "stop"),
}
MEND = {"kill": "start", "stop": "cont"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_delays_events_by_seconds_and_its_end_lets_them_go_through_dapr_again(
    through_dapr: DaprStack, person: Person, fault: str
) -> None:
    """The outage lasts longer than events may take: they do not wait for its end."""
    victim, kind = FAULTS[fault]
    broken = getattr(through_dapr, victim)
    since = newest(through_dapr)
    with Writer(person):
        time.sleep(0.5)
        getattr(broken, kind)()
        try:
            time.sleep(0.5 if kind == "flushall" else 11)
            assert slowest(through_dapr, since) < 10
        finally:
            if kind in MEND:
                getattr(broken, MEND[kind])()
        time.sleep(2)
    eventually(lambda: is_quiet(through_dapr), within=10)
    assert slowest(through_dapr, since) < 10
    assert_each_took_effect_once_and_in_order(through_dapr, since)
    eventually(lambda: goes_through_dapr(through_dapr, person), within=30)
    eventually(lambda: through_dapr.pending() == 0, within=30)


def test_the_switch_is_moved_under_load_and_nothing_is_lost_repeated_or_out_of_order(through_dapr: DaprStack, person: Person) -> None:
    since, published = newest(through_dapr), through_dapr.published()
    with Writer(person):
        for number in range(12):
            through_dapr.phase(2 + number % 2)
            time.sleep(0.7)
    eventually(lambda: is_quiet(through_dapr), within=10)
    assert_each_took_effect_once_and_in_order(through_dapr, since)
    assert slowest(through_dapr, since) < 1
    went = through_dapr.published() - published
    assert 0 < went < newest(through_dapr) - since


def test_a_backlog_of_one_todo_does_not_wait_for_a_poll_each(through_dapr: DaprStack, person: Person) -> None:
    since, published = newest(through_dapr), through_dapr.published()
    todo = person.ask("POST", "/api/v1/todos", {"title": "first"}).json["id"]
    through_dapr.relays[0].stop()
    try:
        for number in range(60):
            person.ask("PATCH", f"/api/v1/todos/{todo}", {"title": f"title {number}"})
    finally:
        through_dapr.relays[0].cont()
    eventually(lambda: is_quiet(through_dapr), within=30)
    ((took,),) = through_dapr.query(
        "SELECT extract(epoch FROM max(delivered_at) - min(delivered_at) FILTER (WHERE type = 'todo.updated.v1'))::float"
        " FROM dapr_bridge_outbox WHERE position > %s",
        since,
    )
    print(f"60 events of one todo: {took:.1f} s")
    assert took < 60 * 0.1  # a poll that found nothing before would be 0.2 s later
    assert through_dapr.published() - published > 55
    assert_each_took_effect_once_and_in_order(through_dapr, since)


def test_back_in_phase_0_nothing_of_dapr_is_left_within_half_a_minute(through_dapr: DaprStack, person: Person) -> None:
    assert eventually(lambda: goes_through_dapr(through_dapr, person))
    assert connections_to_sidecars(through_dapr)
    with Writer(person):
        time.sleep(0.5)
        through_dapr.phase(0)
        moved = time.monotonic()
        time.sleep(1)
    eventually(lambda: is_quiet(through_dapr))
    published = through_dapr.published()
    person.ask("POST", "/api/v1/todos", {"title": "in process"})
    eventually(lambda: is_quiet(through_dapr))
    assert through_dapr.published() == published
    eventually(lambda: not connections_to_sidecars(through_dapr), within=30 - (time.monotonic() - moved))
    eventually(lambda: through_dapr.pending() == 0, within=30 - (time.monotonic() - moved))


def connections_to_sidecars(stack: DaprStack) -> int:
    """Established connections that the app's processes opened to a sidecar's API; those of sidecars among themselves go elsewhere."""
    ports = {port for each in stack.ports.values() for port in (each.http, each.grpc)}
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[3] == "01" and int(row[2].rpartition(":")[2], 16) in ports for row in rows)
