"""Chores: at their interval, in one relay, whatever they do."""

import threading

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings

from dapr_bridge.chores import Chores
from tests.dapr_bridge.conftest import StartRelay, eventually
from tests.dapr_bridge.project.settings import SHOP
from tests.dapr_bridge.project.shop.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)


def stocktakes() -> list[int]:
    return list(Entry.objects.filter(consumer="stocktake").order_by("id").values_list("number", flat=True))


@pytest.mark.e2e
def test_of_two_relays_one_runs_the_chores_and_the_other_takes_over_when_it_is_killed(start_relay: StartRelay) -> None:
    relays = [start_relay(SHOP_CHORES="true"), start_relay(SHOP_CHORES="true")]
    eventually(lambda: len(stocktakes()) >= 6)
    [pid] = set(stocktakes())
    [leader] = [relay for relay in relays if relay.pid == pid]
    [other] = [relay for relay in relays if relay.pid != pid]
    leader.kill()
    eventually(lambda: other.pid in stocktakes())


def test_a_failing_chore_does_not_keep_the_others_from_running() -> None:
    stopping = threading.Event()
    chores = {f"{SHOP}.broken_chore": 0.05, f"{SHOP}.stocktake": 0.05}
    with override_settings(DAPR_BRIDGE={**settings.DAPR_BRIDGE, "CHORES": chores}):
        thread = Chores(stopping).thread
        thread.start()
        eventually(lambda: len(stocktakes()) >= 3)
        stopping.set()
        thread.join(5)
    assert not thread.is_alive()


def test_chores_survive_that_the_server_cuts_their_connections() -> None:
    stopping = threading.Event()
    with override_settings(DAPR_BRIDGE={**settings.DAPR_BRIDGE, "CHORES": {f"{SHOP}.stocktake": 0.05}}):
        thread = Chores(stopping).thread
        thread.start()
        eventually(stocktakes)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        before = len(stocktakes())
        eventually(lambda: len(stocktakes()) > before + 2)
        stopping.set()
        thread.join(5)
    assert not thread.is_alive()
