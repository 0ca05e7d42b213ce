"""What a process tells about itself, when, and that it costs nothing where Dapr is off or the database is away."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from pytest_django import Settings

from dapr_bridge import probe, reports
from dapr_bridge.fake_sidecar import FakeSidecar
from dapr_bridge.models import ProcessReport
from tests.dapr_bridge.conftest import eventually, switch


@pytest.fixture
def reporting(rows: None) -> None:
    """This process reports."""
    reports.start()


def report() -> dict[str, Any]:
    found: dict[str, Any] = reports.recent().get().report
    return found


@pytest.mark.django_db(transaction=True)
def test_a_process_reports_its_sidecar_and_its_switches(fake: FakeSidecar, reporting: None) -> None:
    fake.subscriptions = [("pubsub", "events")]
    switch(sidecar="on")
    found = eventually(lambda: reports.recent().exists() and report()["stages"]["sidecar"] == "on" and report())
    assert found["sidecar"]["components"] == {"statestore": "state.redis", "pubsub": "pubsub.redis"}
    assert found["sidecar"]["problem"] == ""
    assert found["breakers"] == {}, "nobody has used one yet"
    eventually(lambda: report()["sidecar"].get("store") == "")
    assert "SaveState" in fake.calls
    assert not fake.entries, "the self-test leaves nothing"


@pytest.mark.django_db(transaction=True)
def test_what_is_wrong_with_the_sidecar_is_told_and_its_recovery_too(fake: FakeSidecar, reporting: None) -> None:
    fake.token = "another"
    eventually(lambda: reports.recent().exists() and "the API token is wrong" in report()["sidecar"]["problem"])
    fake.token, fake.healthy = "", False
    eventually(lambda: "not loaded its components" in report()["sidecar"]["problem"])
    fake.healthy = True
    eventually(lambda: report()["sidecar"]["problem"] == "")


@pytest.mark.django_db(transaction=True)
def test_a_renewed_report_tells_what_happened_since_the_last(fake: FakeSidecar, reporting: None) -> None:
    eventually(lambda: reports.recent().exists() and report()["sidecar"]["problem"] == "")
    fake.healthy = False
    assert "not loaded its components" in reports.renewed()[0].report["sidecar"]["problem"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("subscribes", "relays", "work"), [(True, True, "relay"), (True, False, "events"), (False, False, "requests")])
def test_a_process_tells_what_it_is_there_for(
    fake: FakeSidecar, rows: None, settings: Settings, subscribes: bool, relays: bool, work: str
) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"SUBSCRIBES": subscribes}
    reports.start(relays=relays)
    eventually(lambda: reports.recent().exists())
    assert report()["work"] == work


@pytest.mark.django_db(transaction=True)
def test_a_moved_switch_is_reported_within_a_second(fake: FakeSidecar, reporting: None) -> None:
    eventually(lambda: reports.recent().exists())
    switch(sidecar="on", pubsub="on")
    eventually(lambda: report()["stages"]["pubsub"] == "on", seconds=1)


@pytest.mark.django_db(transaction=True)
def test_a_breaker_that_is_in_use_is_reported(fake: FakeSidecar, reporting: None) -> None:
    probe.watched("state").failed(at_once=True)
    eventually(lambda: reports.recent().exists() and report()["breakers"] == {"state": True})


@pytest.mark.django_db(transaction=True)
def test_a_store_that_refuses_is_told(fake: FakeSidecar, reporting: None) -> None:
    fake.failure = "INTERNAL"
    switch(sidecar="on")
    eventually(lambda: reports.recent().exists() and "INTERNAL" in report()["sidecar"].get("store", ""))


@pytest.mark.django_db(transaction=True)
def test_in_phase_0_the_sidecar_is_only_looked_at(fake: FakeSidecar, reporting: None) -> None:
    eventually(lambda: reports.recent().exists())
    assert not [call for call in fake.calls if call != "metadata"]
    assert report()["breakers"] == {}


@pytest.mark.django_db(transaction=True)
def test_reports_of_processes_that_ended_are_left_out_and_later_deleted(db: None) -> None:
    ages = {"10 s": False, "2 h": False, "1 s": True}
    for number, age in enumerate(ages):
        ProcessReport.objects.create(id=f"00000000-0000-0000-0000-00000000000{number}", role="app", host=age, pid=1, report={})
        with connection.cursor() as cursor:
            cursor.execute("UPDATE dapr_bridge_processreport SET seen_at = now() - %s::interval WHERE host = %s", [age, age])
    assert [one.host for one in reports.recent()] == [age for age, counts in ages.items() if counts]
    assert reports.forget_ended() == 1
    assert ProcessReport.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_first_request_lets_a_process_report(fake: FakeSidecar, rows: None) -> None:
    Client().get("/nothing")
    eventually(lambda: reports.recent().exists())


def test_without_the_flag_nobody_reports(settings: Settings) -> None:
    settings.DAPR_ENABLED = False
    Client().get("/nothing")
    reports.start()
    assert reports._reporter.thread._thread is None
    assert caches["responses"].get("a") is None


def test_without_a_database_the_thread_goes_on(fake: FakeSidecar) -> None:
    program = """
import time, django; django.setup()
from django.conf import settings; settings.DAPR_ENABLED = True
from dapr_bridge import probe, reports
reports.start(); time.sleep(0.7)
assert reports._reporter.thread._thread.is_alive()
"""
    env = {**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    subprocess.run([sys.executable, "-W", "error", "-c", program], env=env, check=True)
