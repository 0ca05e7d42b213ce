"""Whoever can write to the broker, call the worker through Dapr or reach its port has no effect with it."""

import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from dapr_bridge.local import daprd
from dapr_bridge.local.processes import free_ports
from dapr_bridge.pytest_dapr import Sidecar
from tests.e2e.dapr_stack import TOPIC, DaprStack, eventually
from tests.e2e.stack import Person
from tools.sidecars import FRONTEND, WORKER

pytestmark = [pytest.mark.e2e, pytest.mark.dapr, pytest.mark.timeout(300)]

ROUTE = f"/dapr/events/{TOPIC}"
NOBODYS = "01900000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def stack(dapr_stack: DaprStack) -> DaprStack:
    """In phase 3, with a user's events delivered."""
    dapr_stack.phase(3)
    person = Person(dapr_stack.port, "victim@example.com")
    person.sign_up()
    todo = person.ask("POST", "/api/v1/todos", {"title": "once", "due_on": "2026-01-31", "recurrence": "FREQ=DAILY"}).json["id"]
    person.ask("POST", f"/api/v1/todos/{todo}/complete")
    person.close()
    eventually(lambda: not dapr_stack.query("SELECT FROM dapr_bridge_outbox WHERE delivered_at IS NULL"))
    return dapr_stack


@pytest.fixture(scope="module")
def stranger(stack: DaprStack) -> Iterator[Sidecar]:
    """The sidecar of another app, which may invoke."""
    with stack.sidecar(FRONTEND, daprd.Ports(*free_ports(4)), None) as sidecar:
        sidecar.start()
        yield sidecar


def effects(stack: DaprStack) -> list[tuple[Any, ...]]:
    """All that a consumer leaves behind, and what became of the events."""
    return stack.query(
        "SELECT (SELECT count(*) FROM dapr_bridge_receipt), (SELECT count(*) FROM todos_activity), (SELECT count(*) FROM todos_todo),"
        " (SELECT md5(string_agg(o::text, '' ORDER BY position)) FROM dapr_bridge_outbox o)"
    )


def delivered(stack: DaprStack) -> str:
    ((id,),) = stack.query("SELECT id FROM dapr_bridge_outbox WHERE type = 'todo.completed.v1'")
    return str(id)


def forgeries(stack: DaprStack) -> list[str]:
    real = {"specversion": "1.0", "id": delivered(stack), "source": "dapr_bridge", "type": "todo.completed.v1", "subject": "todo/1"}
    return [
        json.dumps(real),
        json.dumps(real | {"id": NOBODYS}),
        json.dumps(real | {"type": "user.deleted.v1", "data": {"owner": "someone"}}),
        json.dumps(real | {"id": 7}),
        json.dumps(real | {"id": ""}),
        json.dumps({"data": "no envelope"}),
        json.dumps(real | {"data": "x" * 100_000}),
        json.dumps(real | {"id": NOBODYS, "data": "x" * 3_000_000}),
        "{",
        "",
        "[]",
        "\\xff",
    ]


def refusals(stack: DaprStack) -> int:
    return stack.events.log().count('"events.refused"')


def test_entries_written_into_the_broker_have_no_effect(stack: DaprStack) -> None:
    before, refused = effects(stack), refusals(stack)
    for forgery in forgeries(stack):
        assert stack.valkey.ask("XADD", TOPIC, "*", "data", forgery, "metadata", "").startswith("$")
    assert stack.valkey.ask("XADD", TOPIC, "*", "nothing", "of this").startswith("$")
    eventually(lambda: refusals(stack) >= refused + 4)
    eventually(lambda: stack.pending() == 0)
    assert effects(stack) == before
    assert '"status": 500' not in stack.events.log()
    assert stack.worker_sidecar.is_running()


def test_an_entry_that_crashes_the_sidecar_stops_no_event(stack: DaprStack) -> None:
    """daprd 1.18.2 ends when a `traceid` is no string (mended in 1.18.3), and again each time it meets the entry. Events do without it."""
    before = effects(stack)
    try:
        stack.valkey.ask("XADD", TOPIC, "*", "data", json.dumps({"id": NOBODYS, "traceid": 7}), "metadata", "")
        time.sleep(1)
        assert effects(stack) == before
        person = Person(stack.port, "undisturbed@example.com")
        person.sign_up()
        person.close()
        eventually(lambda: not stack.query("SELECT FROM dapr_bridge_outbox WHERE delivered_at IS NULL"), within=10)
    finally:
        stack.valkey.flushall()
        stack.worker_sidecar.restart()
        eventually(stack.is_subscribed)


def test_calls_of_the_route_by_another_app_have_no_effect(stack: DaprStack, stranger: Sidecar) -> None:
    before, refused = effects(stack), refusals(stack)
    path = f"/v1.0/invoke/{WORKER}/method{ROUTE}"
    for forgery in forgeries(stack)[:7]:
        status, body = post(stranger.http_port, path, forgery, stranger.api_token)
        assert (status, json.loads(body)["status"]) in ((200, "DROP"), (200, "SUCCESS"))
    assert refusals(stack) > refused
    assert effects(stack) == before


def test_calls_with_a_wrong_token_are_refused_in_every_role(stack: DaprStack) -> None:
    before = effects(stack)
    tokens = ("", "wrong", stack.worker_sidecar.api_token, stack.backend_sidecar.api_token)
    for port, right, others in (
        (stack.events_port, stack.worker_sidecar.app_token, (*tokens, stack.backend_sidecar.app_token)),
        (stack.port, stack.backend_sidecar.app_token, (*tokens, stack.worker_sidecar.app_token)),
    ):
        for token in others:
            assert post(port, ROUTE, forgeries(stack)[0], token)[0] == 401
        assert post(port, ROUTE, forgeries(stack)[0], right) == (200, '{"status": "SUCCESS"}')
    assert effects(stack) == before


def post(port: int, path: str, body: str, token: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/cloudevents+json", "dapr-api-token": token}
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()
