"""The relay as it runs: processes that are killed, doubled, cut off and stopped lose nothing, repeat nothing, reorder nothing."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.db.models import Max, Min
from django.test.utils import CaptureQueriesContext

from dapr_bridge import leases, outbox
from dapr_bridge.conf import conf
from dapr_bridge.couriers import InProcessCourier
from dapr_bridge.flights import Flights
from dapr_bridge.leases import Lease
from dapr_bridge.models import OutboxEvent, Receipt
from dapr_bridge.relay import GATHER_SECONDS, HURRY_SECONDS, LANDING_SECONDS, Relay
from dapr_bridge.testing import drain
from tests.dapr_bridge.conftest import StartRelay, effects, enqueue, eventually
from tests.dapr_bridge.project.shop.models import Entry, Order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]


def all_delivered() -> bool:
    return not OutboxEvent.objects.open().exists()


def place_orders(subject: str, count: int, seed: int) -> None:
    """A writer as writers are: lock the subject's row, change it, enqueue, and commit a while later, or roll back."""
    jitter = random.Random(seed)
    while count:
        with transaction.atomic():
            order = Order.objects.select_for_update().get(subject=subject)
            order.number += 1
            order.save()
            outbox.enqueue(type="order.placed.v1", subject=subject, data={"number": order.number})
            time.sleep(jitter.uniform(0, 0.02))
            if jitter.random() < 0.2:
                transaction.set_rollback(True)
                continue
        count -= 1


def write_concurrently(subjects: list[str], *, writers: int, each: int) -> None:
    """Writers share the subjects among them, and each subject has several writers."""

    def write(number: int) -> None:
        for step in range(each):
            place_orders(subjects[(number + step) % len(subjects)], 1, seed=1000 * number + step)
        connection.close()

    threads = [threading.Thread(target=write, args=[number]) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def assert_each_event_once_and_in_order(subjects: list[str]) -> None:
    for order in Order.objects.filter(subject__in=subjects):
        expected = list(range(1, order.number + 1))
        assert effects("ledger", order.subject) == expected
        assert effects("audit", order.subject) == expected
    events = OutboxEvent.objects.count()
    assert Receipt.objects.count() == 2 * events == Entry.objects.count()


def test_two_relays_keep_the_order_of_each_subject_under_concurrent_writers(start_relay: StartRelay) -> None:
    subjects = [f"order/{number}" for number in range(4)]
    Order.objects.bulk_create(Order(subject=subject) for subject in subjects)
    start_relay(), start_relay()
    write_concurrently(subjects, writers=6, each=40)
    eventually(all_delivered)
    assert OutboxEvent.objects.count() == 240
    assert_each_event_once_and_in_order(subjects)


@pytest.mark.parametrize("consumer", ["ledger", "audit"])
def test_a_relay_killed_inside_a_handler_loses_and_repeats_nothing(start_relay: StartRelay, tmp_path: Path, consumer: str) -> None:
    for number in range(1, 20):
        enqueue(f"order/{number % 3}", number=number)
    enqueue("order/1", number=20, kills=consumer, mark=str(tmp_path / "mark"))
    enqueue("order/1", number=21)
    first = start_relay()
    assert first.wait(20) == -signal.SIGKILL
    assert not all_delivered()
    start_relay()
    eventually(all_delivered)
    for consumer_name in ("ledger", "audit"):
        assert effects(consumer_name, "order/1") == [1, 4, 7, 10, 13, 16, 19, 20, 21]
    assert Entry.objects.count() == Receipt.objects.count() == 42


def test_relays_killed_at_random_lose_and_repeat_nothing(start_relay: StartRelay) -> None:
    subjects = [f"order/{number}" for number in range(5)]
    Order.objects.bulk_create(Order(subject=subject) for subject in subjects)
    writing = threading.Thread(target=write_concurrently, args=[subjects], kwargs={"writers": 4, "each": 60})
    writing.start()
    jitter = random.Random(7)
    start_relay()
    for _ in range(5):
        victim = start_relay()
        time.sleep(jitter.uniform(0.6, 1.4))
        victim.kill()
    writing.join()
    eventually(all_delivered)
    assert_each_event_once_and_in_order(subjects)


def test_a_poisonous_event_stops_its_subject_and_no_other(start_relay: StartRelay) -> None:
    poison = enqueue("order/1", number=1, fails="ledger")
    enqueue("order/1", number=2)
    start_relay(SHOP_LEASE_SECONDS="0.1")
    eventually(lambda: OutboxEvent.objects.get(id=poison).state == "parked")
    for number in range(3, 30):
        enqueue(f"order/{number}", number=number)
    eventually(lambda: OutboxEvent.objects.delivered().count() == 27)
    assert (effects("ledger"), effects("audit")) == ([], [1])
    assert OutboxEvent.objects.get(id=poison).failures == 3


def test_connections_cut_by_the_server_lose_and_repeat_nothing(start_relay: StartRelay) -> None:
    relay = start_relay()
    for number in range(1, 201):
        enqueue(f"order/{number % 8}", number=number)
    for _ in range(8):
        time.sleep(0.1)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    enqueue("order/1", number=201)
    eventually(all_delivered)
    assert relay.poll() is None
    assert Entry.objects.count() == Receipt.objects.count() == 402
    assert list(OutboxEvent.objects.filter(failures__gt=0).values_list("last_error", flat=True)) == []
    for subject in range(8):
        numbers = effects("ledger", f"order/{subject}")
        assert numbers == sorted(numbers)


def test_a_relay_survives_a_database_that_lets_nobody_in(start_relay: StartRelay) -> None:
    relay = start_relay()
    enqueue(number=1)
    eventually(all_delivered)
    database = connection.settings_dict
    name = database["NAME"]
    with psycopg.connect(
        host=database["HOST"],
        port=database["PORT"],
        user=database["USER"],
        password=database["PASSWORD"],
        dbname="postgres",
        autocommit=True,
    ) as operator:
        operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            operator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s", [name, _own_backend()]
            )
            enqueue(number=2)
            time.sleep(1.5)
            assert relay.poll() is None
            assert effects("ledger") == [1]
        finally:
            operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    eventually(all_delivered)
    assert effects("ledger") == [1, 2]


def _own_backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_consumer_that_comes_with_the_next_release_is_waited_for(start_relay: StartRelay) -> None:
    enqueue(number=1)
    old = start_relay(SHOP_CONSUMERS="ledger")
    eventually(lambda: effects("ledger") == [1])
    time.sleep(1)
    assert not all_delivered()
    start_relay()
    eventually(all_delivered)
    assert old.poll() is None
    assert (effects("ledger"), effects("audit")) == ([1], [1])
    assert OutboxEvent.objects.get().failures == 0


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_relay_finishes_what_it_has_in_hand_and_gives_the_rest_back(start_relay: StartRelay, signum: int) -> None:
    for number in range(8):
        enqueue(f"order/{number}", number=number, sleep=1)
    relay = start_relay(SHOP_LEASE_SECONDS="30")
    in_hand: Callable[[], bool] = lambda: _backends_in_a_handler() == 4  # noqa: E731 -- typed for mypy
    eventually(in_hand)
    stopped = time.monotonic()
    relay.send_signal(signum)
    assert relay.wait(10) == 0
    assert time.monotonic() - stopped < 4
    # Each of the four threads was inside one event: it finished it, with both consumers, and took no other.
    assert OutboxEvent.objects.delivered().count() == 4
    assert Entry.objects.count() == Receipt.objects.count() == 8
    assert OutboxEvent.objects.pending().count() == 4


def _backends_in_a_handler() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'idle in transaction' AND query LIKE 'INSERT INTO \"shop_entry\"%'"
        )
        return int(cursor.fetchone()[0])


def test_an_idle_relay_stops_at_once(start_relay: StartRelay) -> None:
    relay = start_relay()
    enqueue()
    eventually(all_delivered)
    relay.terminate()
    assert relay.wait(3) == 0


def test_a_long_backlog_of_one_subject_does_not_wait_for_polls(start_relay: StartRelay) -> None:
    with transaction.atomic():
        for number in range(400):
            outbox.enqueue(type="parcel.sent.v1", subject="order/1", data={"number": number})
    start_relay(SHOP_LEASE_SECONDS="2")
    eventually(lambda: OutboxEvent.objects.delivered().exists())
    eventually(all_delivered)
    times = OutboxEvent.objects.aggregate(took=Max("delivered_at") - Min("delivered_at"))
    assert times["took"].total_seconds() < 10  # a poll for each would have cost 400 x 0.2 s
    assert effects("ledger") == list(range(400))


@pytest.mark.parametrize(("events", "room", "looks"), [(1, 32, 1), (2, 32, 2), (1, 1, 2)], ids=["nothing waits", "an event", "for room"])
def test_receipts_are_looked_for_less_often_while_nothing_waits_for_them(
    events: int, room: int, looks: int, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dapr_bridge.relay.GATHER_SECONDS", 60.0)
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"IN_FLIGHT": room}
    for _ in range(events):
        enqueue("order/1", number=1)
    flights = Flights()
    relay = Relay(InProcessCourier(), flights)
    for lease in leases.claim(limit=1).leases:
        flights.add(lease)
    with CaptureQueriesContext(connection) as queries:
        relay._settled()
        time.sleep(LANDING_SECONDS)
        relay._settled()
    assert len(queries) == looks


def test_what_cannot_be_sent_together_is_left_to_the_threads() -> None:
    class Broken(InProcessCourier):
        def send_together(self, leases: Sequence[Lease]) -> Sequence[Lease]:
            raise RuntimeError("whatever it may be")

    relay = Relay(Broken())
    for subject in "ab":
        enqueue(subject)
    relay._look("")
    assert relay._waiting.qsize() == 2


def test_while_there_is_no_room_nothing_is_claimed(settings: Any) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"IN_FLIGHT": 2}
    for subject in "abcd":
        enqueue(subject)
    flights = Flights()
    relay = Relay(InProcessCourier(), flights)
    first, second = leases.claim(limit=2).leases
    flights.add(first)
    relay._look("")
    assert relay._waiting.qsize() == 1
    flights.add(second)
    assert relay._look("") == ("", LANDING_SECONDS)
    assert (relay._waiting.qsize(), OutboxEvent.objects.pending().count()) == (1, 1)


def test_claims_gather_while_little_happens_and_hurry_through_a_backlog(settings: Any) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"RELAY_BATCH": 2}
    for subject in "abc":
        enqueue(subject, number=1)
    relay = Relay(InProcessCourier())
    after, pause = relay._look("")
    assert pause == HURRY_SECONDS
    relay._waiting.queue.clear()
    after, pause = relay._look(after)
    assert (after, pause) == ("", GATHER_SECONDS)
    relay._waiting.queue.clear()
    assert relay._look(after) == ("", conf.RELAY_IDLE_SECONDS)


def test_drain_runs_everything_that_is_due_and_what_it_causes() -> None:
    for number in range(5):
        enqueue(f"order/{number % 2}", number=number)
    enqueue("order/9", number=9, fails="audit")
    drain()
    assert effects("ledger", "order/0") == [0, 2, 4]
    assert OutboxEvent.objects.delivered().count() == 5
    assert OutboxEvent.objects.leased().get().failures == 1


def test_the_relay_needs_neither_dapr_nor_a_rest_framework() -> None:
    program = (
        "import django, sys; django.setup()\n"
        "from dapr_bridge import admin, checks, chores, pruning, relay, testing\n"
        "from dapr_bridge.management.commands import relay_events\n"
        "unwanted = {'dapr', 'grpc', 'rest_framework', 'todos', 'todo_project', 'opentelemetry'}\n"
        "sys.exit(', '.join(unwanted.intersection(name.split('.')[0] for name in sys.modules)) or 0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
