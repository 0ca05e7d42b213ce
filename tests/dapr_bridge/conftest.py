"""Fixtures of the bridge's tests. They run in a project of their own: `pytest -c tests/dapr_bridge/pytest.ini tests/dapr_bridge`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection, transaction
from pytest_django import Settings

if TYPE_CHECKING:
    from dapr_bridge.fake_sidecar import FakeSidecar

PROJECT = "tests.dapr_bridge.project.settings"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Stay out of runs under other settings: there, the models of this project do not exist."""
    return None if settings.configured and os.environ.get("DJANGO_SETTINGS_MODULE") == PROJECT else True


Relay = subprocess.Popen[str]
StartRelay = Callable[..., Relay]


@pytest.fixture
def start_relay(transactional_db: None) -> Iterator[StartRelay]:
    """Starts `relay_events` as a process on the test database; keyword arguments are its environment."""
    started: list[Relay] = []
    database = connection.settings_dict

    def start(**environment: str) -> Relay:
        url = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "django", "relay_events"],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": PROJECT, "DATABASE_URL": url, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()


def eventually(condition: Callable[[], Any], *, seconds: float = 20) -> Any:
    """The first true answer of the condition; fails the test when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"still false after {seconds} s: {condition}")


def enqueue(subject: str = "order/1", *, type: str = "order.placed.v1", **data: Any) -> UUID:
    """Commit one event; its id."""
    from dapr_bridge import outbox
    from dapr_bridge.models import OutboxEvent

    with transaction.atomic():
        outbox.enqueue(type=type, subject=subject, data=data)
        return OutboxEvent.objects.latest("position").id


def effects(consumer: str, subject: str = "order/1") -> list[int]:
    """The numbers of the events a consumer reacted to, in the order in which it did."""
    from tests.dapr_bridge.project.shop.models import Entry

    return list(Entry.objects.filter(consumer=consumer, subject=subject).order_by("id").values_list("number", flat=True))


@pytest.fixture(autouse=True)
def _nothing_goes_on_from_the_test_before() -> Iterator[None]:
    """A request lets its process report and follow the switches; in the next test nobody would expect that, or what was counted."""
    yield
    from dapr_bridge import reports, switches, tally

    reports.stop()
    switches.stop()
    tally.forget()


@pytest.fixture
def dapr_allowed(settings: Settings) -> Iterator[None]:
    """All ceilings are up: what is on is what the rows say. Afterwards the threads that read them and report are gone."""
    from dapr_bridge import reports, switches

    for name in switches.CEILINGS.values():
        setattr(settings, name, True)
    yield
    reports.stop()
    switches.stop()


@pytest.fixture
def rows(transactional_db: None, dapr_allowed: None) -> Iterator[None]:
    """Switches may be moved in the database; afterwards the history is empty again."""
    yield
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE dapr_bridge_switchchange DISABLE TRIGGER USER; TRUNCATE dapr_bridge_switchchange;"
            " ALTER TABLE dapr_bridge_switchchange ENABLE TRIGGER USER"
        )


def switch(**stages: str) -> None:
    """Bring blocks to stages, without asking whether it is legal."""
    from dapr_bridge import switches
    from dapr_bridge.models import BlockSwitch

    for block, stage in stages.items():
        BlockSwitch.objects.update_or_create(block=block, defaults={"stage": stage})
    switches.refresh()


@pytest.fixture
def fake() -> Iterator["FakeSidecar"]:
    """A sidecar in this process, which the bridge uses."""
    from dapr_bridge.fake_sidecar import FakeSidecar

    with FakeSidecar().running() as fake:
        yield fake
