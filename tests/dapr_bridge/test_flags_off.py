"""What Dapr costs where no flag allows it: nothing."""

import os
import subprocess
import sys
from pathlib import Path

from tests.dapr_bridge.conftest import PROJECT


def test_with_the_flags_off_nothing_is_imported_opened_or_started() -> None:
    program = """
import socket, sys, threading
import django
django.setup()
from django.test import Client
opened = []
real = socket.socket.connect
socket.socket.connect = lambda self, address: (opened.append(address), real(self, address))[1]
from django.core.cache import caches
from dapr_bridge import cache, middleware, scope, sidecar, switches
caches["responses"].set("a", 1)
assert caches["responses"].get("a") is None
assert not switches.current().is_on("sidecar")
assert Client().get("/nothing").status_code == 404
assert not opened, opened
assert threading.active_count() == 1, threading.enumerate()
found = sorted(name for name in sys.modules if name.split(".")[0] in ("dapr", "grpc", "google", "opentelemetry", "prometheus_client"))
assert not found, found
"""
    subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": PROJECT, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing"},
        check=True,
    )
