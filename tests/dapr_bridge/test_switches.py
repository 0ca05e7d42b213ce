"""What a process knows of the switches, how soon, and what that costs."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import override_settings
from pytest_django import DjangoAssertNumQueries, Settings

from dapr_bridge import switches
from dapr_bridge.models import BlockSwitch
from tests.dapr_bridge.conftest import PROJECT, eventually, switch

everything = dict.fromkeys(switches.BLOCKS, "on")


def test_nothing_is_on_before_anybody_moved_a_switch(rows: None) -> None:
    assert [switches.refresh().stage(block) for block in switches.BLOCKS] == ["off"] * 5


def test_a_block_is_on_when_its_row_and_its_ceiling_say_so(rows: None, settings: Settings) -> None:
    switch(**everything)
    assert switches.current().is_on("state")
    settings.DAPR_STATE_ENABLED = False
    assert not switches.current().is_on("state")
    assert switches.current().is_on("pubsub")


@pytest.mark.parametrize("block", switches.BLOCKS)
def test_without_the_sidecars_ceiling_nothing_is_on(rows: None, settings: Settings, block: str) -> None:
    switch(**everything)
    settings.DAPR_ENABLED = False
    assert not switches.current().is_on(block)
    assert not switches.refresh().is_on(block)


def test_without_the_sidecars_row_nothing_is_on(rows: None) -> None:
    switch(**everything | {"sidecar": "off"})
    assert not any(switches.current().is_on(block) for block in switches.BLOCKS)


def test_a_moved_switch_is_known_within_half_a_second_without_a_query_of_the_reader(
    rows: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    switch(sidecar="on")
    with django_assert_num_queries(0):
        assert not switches.current().is_on("state")
    BlockSwitch.objects.create(block="state", stage="on")
    with django_assert_num_queries(0):
        eventually(lambda: switches.current().is_on("state"), seconds=0.5)


def test_a_lost_database_keeps_the_last_known_switches(rows: None) -> None:
    switch(sidecar="on", state="on")
    assert switches.current().is_on("state")
    database = connection.settings_dict["NAME"]
    parameters: Any = connection.get_connection_params() | {"dbname": "postgres"}
    with psycopg.connect(**parameters, autocommit=True) as outside:
        outside.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false')
        try:
            connection.close()
            outside.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database])
            time.sleep(4 * switches.REFRESH_SECONDS)
            assert switches.current().is_on("state")
        finally:
            outside.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true')
    BlockSwitch.objects.update(stage="off")
    eventually(lambda: not switches.current().is_on("state"), seconds=5)


def test_a_child_of_a_fork_reads_on_a_connection_of_its_own(rows: None) -> None:
    switch(sidecar="on")
    assert switches.current().is_on("sidecar")
    if (child := os.fork()) == 0:
        try:
            deadline = time.monotonic() + 5
            before = switches._known.snapshot
            switches.current()
            while switches._known.snapshot is before and time.monotonic() < deadline:
                time.sleep(0.05)
            os._exit(0 if switches._known.snapshot is not before else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert switches.refresh().is_on("sidecar")


def test_a_snapshot_that_was_never_read_is_all_off(dapr_allowed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise psycopg.OperationalError("no database here")

    monkeypatch.setattr(psycopg, "connect", refuse)
    assert not switches.current().is_on("sidecar")


def test_forbidden_blocks_are_told_from_allowed_ones() -> None:
    with override_settings(DAPR_ENABLED=True, DAPR_STATE_ENABLED=True):
        assert [switches.is_allowed(block) for block in switches.BLOCKS] == [True, False, False, True, False]
    with override_settings(DAPR_STATE_ENABLED=True):
        assert not switches.is_allowed("state")


@pytest.mark.parametrize(("on", "imported"), [(["sidecar"], False), (["sidecar", "state"], True), (["sidecar", "pubsub"], True)])
def test_what_calls_are_made_of_is_imported_before_anybody_sees_that_it_is_needed(rows: None, on: list[str], imported: bool) -> None:
    switch(**dict.fromkeys(on, "on"))
    program = (
        "import sys, time, django; django.setup();"
        " from django.conf import settings; settings.DAPR_ENABLED = settings.DAPR_STATE_ENABLED = settings.DAPR_PUBSUB_ENABLED = True;"
        " from dapr_bridge import switches; assert 'grpc' not in sys.modules\n"
        "while not switches.current().is_on('sidecar'): time.sleep(0.005)\n"
        f"assert ('dapr_bridge.stubs' in sys.modules and 'grpc' in sys.modules) is {imported}"
    )
    database = connection.settings_dict
    url = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": PROJECT, "DATABASE_URL": url}
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=Path(__file__).parents[2], env=environment, check=True, timeout=30)


def test_a_process_that_prepares_itself_knows_the_switches_at_once(rows: None, settings: Settings) -> None:
    BlockSwitch.objects.create(block="sidecar", stage="on")
    switches.stop()
    settings.DAPR_ENABLED = False
    switches.prepare()
    settings.DAPR_ENABLED = True
    assert not switches._known.snapshot.is_on("sidecar")
    switches.prepare()
    assert switches._known.snapshot.is_on("sidecar")
