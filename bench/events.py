"""How fast one relay brings events to their consumers, and how late."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db import connection, transaction

from bench.data import make_user
from dapr_bridge.models import OutboxEvent
from dapr_bridge.outbox import enqueue
from todos.models import User

BACKLOG = 5_000
STEADY = 1_000
PACE = 100  # events a second


@dataclass(frozen=True)
class Found:
    """What was measured; delays in milliseconds, from commit to the last receipt."""

    events: int
    seconds: float
    steady_p50: float
    steady_p99: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


def measure(name: str, env: Mapping[str, str] | None = None) -> Found:
    """Work off a backlog of many users' events, then follow a steady stream; `env` tells the relay of its sidecar."""
    users = [make_user(f"{name}{number}@example.com", 0) for number in range(20)]
    OutboxEvent.objects.all().delete()
    for number in range(BACKLOG):
        _enqueue(users[number % len(users)], number)
    environment = {**os.environ, "ROLE": "worker", **(env or {})}
    relay = subprocess.Popen([sys.executable, "manage.py", "relay_events"], env=environment, stdout=subprocess.DEVNULL)
    try:
        _until(lambda: OutboxEvent.objects.filter(delivered_at__isnull=False).exists())
        begun, done = time.perf_counter(), OutboxEvent.objects.filter(delivered_at__isnull=False).count()
        _until(lambda: not OutboxEvent.objects.open().exists())
        seconds = time.perf_counter() - begun
        first = time.monotonic()
        for number in range(STEADY):
            time.sleep(max(0.0, first + number / PACE - time.monotonic()))
            _enqueue(users[number % len(users)], BACKLOG + number)
        _until(lambda: not OutboxEvent.objects.open().exists())
    finally:
        relay.send_signal(signal.SIGTERM)
        relay.wait(30)
    return Found(BACKLOG - done, seconds, *_delays())


def _enqueue(user: User, number: int) -> None:
    with transaction.atomic():
        subject = f"todo/{user.id.hex[:-6]}{number:06}"
        data = {"id": str(user.id), "owner": str(user.id), "title": "bench", "project": str(user.id), "fields": ["title"]}
        enqueue(type="todo.updated.v1", subject=subject, data=data)


def _delays() -> tuple[float, float]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM delivered_at - created_at) * 1000)"
            " FROM (SELECT * FROM dapr_bridge_outbox ORDER BY position DESC LIMIT %s) AS steady",
            [STEADY],
        )
        p50, p99 = cursor.fetchone()[0]
    return float(p50), float(p99)


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not reached():
        if time.monotonic() > deadline:
            raise RuntimeError("the relay did not get there within two minutes")
        time.sleep(0.02)
