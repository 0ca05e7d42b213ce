"""What Dapr costs the product where no flag allows it: nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from todos.models import User
from todos.services import accounts

PROGRAM = """
import socket, sys, threading
opened, connect = [], socket.socket.connect
socket.socket.connect = lambda self, address: (opened.append(address), connect(self, address))[1]
from wsgiref.util import setup_testing_defaults
from io import BytesIO
from todo_project.wsgi import application

def ask(method, path, body):
    path, _, query = path.partition("?")
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": "127.0.0.1", "wsgi.input": BytesIO(body)}
    environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "HTTP_AUTHORIZATION": bearer}
    setup_testing_defaults(environ)
    said = []
    answer = application(environ, lambda status, headers: said.append(int(status[:3])))
    b"".join(answer)
    answer.close()
    return said[0]

bearer = "Bearer " + sys.argv[1]
for method, path, body, status in (
    ("GET", "/api/v1/todos", b"", 200),
    ("POST", "/api/v1/todos", b'{"title": "x"}', 201),
    ("GET", "/api/v1/todos?limit=1", b"", 200),
):
    found = ask(method, path, body)
    assert found == status, (method, path, found)
assert not opened, opened  # psycopg connects in C
assert threading.active_count() == 1, threading.enumerate()
heavy = ("dapr", "grpc", "google", "opentelemetry.sdk", "opentelemetry.exporter", "prometheus_client", "redis")
found = sorted(name for name in sys.modules if any(name == one or name.startswith(one + ".") for one in heavy))
assert not found, found
"""


@pytest.mark.django_db(transaction=True)
def test_a_process_that_serves_the_api_without_dapr_has_nothing_of_it(alice: User) -> None:
    _, secret = accounts.create_token(owner=alice, name="test", scopes=["read", "write"])
    database = connection.settings_dict
    url = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DAPR_")}
    subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, secret],
        cwd=Path(__file__).parents[2],
        env={**environment, "DATABASE_URL": url, "DAPR_ENABLED": "false"},
        check=True,
        timeout=60,
    )
