"""The sidecar's routes: who is let in, what a delivery may do, and that nothing sent to them ends in a 500."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.test.client import ClientHandler
from pytest_django import Settings
from structlog.testing import capture_logs

from dapr_bridge import canary
from dapr_bridge.consumers import dispatch
from dapr_bridge.models import OutboxEvent, Receipt
from dapr_bridge.wsgi import Directly
from tests.dapr_bridge.conftest import effects, enqueue, eventually

TOKEN, OLD_TOKEN = "t" * 32, "o" * 32
ROUTE = "/dapr/events/events"
NOBODYS = "01900000-0000-7000-8000-000000000000"
CLOUD_EVENT = "application/cloudevents+json"


@pytest.fixture(autouse=True)
def _tokens(settings: Settings) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"APP_TOKENS": [TOKEN, OLD_TOKEN], "SUBSCRIBES": True}


class PastMiddleware(ClientHandler):
    """As `wsgi.Deliveries` serves what shows the token."""

    load_middleware = Directly.load_middleware


@pytest.fixture(params=[ClientHandler, PastMiddleware])
def http(request: pytest.FixtureRequest) -> Client:
    """A client that insists on CSRF where it applies, on either way to the view."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=True)
    client.handler = request.param(enforce_csrf_checks=True)
    return client


def deliver(http: Client, body: Any, *, route: str = ROUTE, token: str | None = TOKEN, content_type: str = CLOUD_EVENT) -> tuple[int, str]:
    """Post what a sidecar posts; the answer's code, and the status in its body."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = http.post(route, content, content_type=content_type, headers={"dapr-api-token": token} if token is not None else {})
    return answer.status_code, answer.json()["status"] if answer.status_code == 200 else ""


@pytest.mark.django_db(transaction=True)
def test_a_delivery_lets_the_consumers_of_that_row_react_once_however_often_it_comes(http: Client) -> None:
    id = enqueue(number=1)
    for _ in range(3):
        assert deliver(http, {"specversion": "1.0", "id": str(id), "type": "x", "source": "y"}) == (200, "SUCCESS")
    assert (effects("ledger"), effects("audit")) == ([1], [1])
    assert OutboxEvent.objects.delivered().count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_the_envelope_says_beside_the_id_is_not_believed(http: Client) -> None:
    id = enqueue(number=1)
    lies = {"id": str(id), "type": "order.cancelled.v1", "subject": "order/9", "data": {"number": 99}, "traceid": 7, "topic": "other"}
    assert deliver(http, lies) == (200, "SUCCESS")
    assert (effects("ledger"), effects("ledger", "order/9")) == ([1], [])


@pytest.mark.django_db(transaction=True)
def test_only_the_head_of_a_subject_is_dispatched(http: Client) -> None:
    first, second = enqueue(number=1), enqueue(number=2)
    assert deliver(http, {"id": str(second)}) == (200, "SUCCESS")
    assert effects("ledger") == []
    for id in (first, second):
        deliver(http, {"id": str(id)})
    assert effects("ledger") == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_a_failure_is_recorded_and_the_delivery_is_over(http: Client) -> None:
    id = enqueue(number=1, fails="audit")
    assert deliver(http, {"id": str(id)}) == (200, "SUCCESS")
    row = OutboxEvent.objects.get()
    assert (row.failures, row.state, effects("ledger")) == (1, "pending", [1])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["parked_at", "discarded_at"])
def test_an_event_that_an_operator_stopped_is_not_dispatched(http: Client, end: str) -> None:
    id = enqueue(number=1)
    OutboxEvent.objects.update(**{end: "2026-01-01T00:00Z"})
    assert deliver(http, {"id": str(id)}) == (200, "SUCCESS")
    assert effects("ledger") == []


@pytest.mark.django_db(transaction=True)
def test_a_topic_of_another_name_delivers_too(http: Client) -> None:
    id = enqueue(number=1)
    assert deliver(http, {"id": str(id)}, route="/dapr/events/the-name-before") == (200, "SUCCESS")
    assert effects("ledger") == [1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", f"{TOKEN},{TOKEN}", TOKEN.upper(), "é" * 16])
def test_without_the_token_nothing_is_done(http: Client, token: str | None) -> None:
    id = enqueue(number=1)
    with capture_logs() as logs:
        assert deliver(http, {"id": str(id)}, token=token) == (401, "")
    assert effects("ledger") == []
    assert [log["event"] for log in logs] == ["sidecar.refused"]
    assert "ttt" not in str(logs)
    headers = {"dapr-api-token": token} if token is not None else {}
    assert http.get("/dapr/subscribe", headers=headers).status_code == 401
    assert http.get("/dapr/config", headers=headers).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_both_tokens_of_a_rotation_are_accepted(http: Client) -> None:
    for token in (TOKEN, OLD_TOKEN):
        assert deliver(http, {"id": str(enqueue(number=1))}, token=token) == (200, "SUCCESS")


@pytest.mark.parametrize("tokens", [None, [], [""]])
def test_where_no_token_is_configured_nobody_is_let_in(
    http: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, tokens: list[str] | None
) -> None:
    monkeypatch.delenv("APP_API_TOKEN", raising=False)
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"APP_TOKENS": tokens}
    for token in (None, "", "anything"):
        with capture_logs() as logs:
            assert deliver(http, {"id": NOBODYS}, token=token) == (401, "")
        assert logs[0]["reason"] == "no app token is configured"
        assert "APP_API_TOKEN" in logs[0]["remedy"]


def test_the_token_may_come_from_the_environment(http: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"APP_TOKENS": None}
    monkeypatch.setenv("APP_API_TOKEN", "from the environment")
    assert http.get("/dapr/config", headers={"dapr-api-token": "from the environment"}).json() == {}


def several(*events: Any) -> dict[str, Any]:
    """The envelope of Dapr's bulk subscription."""
    entries = [{"entryId": str(number), "event": event, "contentType": CLOUD_EVENT} for number, event in enumerate(events)]
    return {"id": "", "type": "com.dapr.event.sent.bulk", "topic": "events", "pubsubname": "pubsub", "metadata": None, "entries": entries}


def deliver_together(http: Client, body: Any) -> tuple[int, list[str]]:
    """Post what a sidecar posts when it has more than one; the answer's code, and the status of each event in turn."""
    answer = http.post(ROUTE, json.dumps(body), content_type="application/json", headers={"dapr-api-token": TOKEN})
    if answer.status_code != 200:
        return answer.status_code, []
    statuses = answer.json()["statuses"]
    assert [one["entryId"] for one in statuses] == [str(number) for number in range(len(statuses))]
    return 200, [one["status"] for one in statuses]


@contextmanager
def locked(id: UUID) -> Iterator[psycopg.Connection]:
    """Somebody else's transaction, which holds the event's row."""
    parameters = connection.get_connection_params()
    known = {name: value for name, value in parameters.items() if name in ("dbname", "user", "password", "host", "port")}
    with psycopg.connect(**known) as held:
        held.execute("SELECT FROM dapr_bridge_outbox WHERE id = %s FOR UPDATE", [id])
        yield held


@pytest.mark.django_db(transaction=True)
def test_of_several_events_each_is_dispatched_once_and_judged_alone(http: Client, settings: Settings) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"LEASE_SECONDS": 60.0, "LEASE_MAX_SECONDS": 60.0}  # a busy machine is done by then, too
    good = [enqueue(f"order/{number}", number=number) for number in range(12)]
    failing = enqueue("order/bad", number=1, fails="audit")
    large = {"id": NOBODYS, "data": "x" * 100_000}
    events = [*({"id": str(id)} for id in (*good, failing)), large, {"id": 7}, "text", None]
    with capture_logs() as logs:
        for _ in range(2):
            assert deliver_together(http, several(*events)) == (200, ["SUCCESS"] * 13 + ["DROP"] * 4)
    reasons = [log["reason"] for log in logs if log["event"] == "events.refused"]
    assert sorted(reasons) == ["no id of ours"] * 2 + ["not one event"] * 4 + ["unknown id"] * 2
    assert [effects("ledger", f"order/{number}") for number in range(12)] == [[number] for number in range(12)]
    assert OutboxEvent.objects.delivered().count() == 12


@pytest.mark.django_db(transaction=True)
def test_one_that_takes_long_keeps_neither_the_others_nor_the_answer(http: Client, settings: Settings) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"LEASE_SECONDS": 1.0}
    slow, *quick = (enqueue(f"order/{number}", number=number) for number in range(6))
    with locked(slow) as held:
        begun = time.monotonic()
        assert deliver_together(http, several(*({"id": str(id)} for id in (slow, *quick)))) == (200, ["SUCCESS"] * 6)
        assert 0.4 < time.monotonic() - begun < 2
        assert OutboxEvent.objects.delivered().count() == 5
        held.rollback()
    eventually(lambda: OutboxEvent.objects.delivered().count() == 6)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ([], "not several events"),
        ({"id": NOBODYS}, "not several events"),
        ({"entries": None}, "not several events"),
        ({"entries": [7]}, "not several events"),
        ({"entries": [{"event": {"id": NOBODYS}}]}, "not several events"),
        ({"entries": {"entryId": "1"}}, "not several events"),
        (several(*[{}] * 101), "more than 100 events"),
        (several("x" * 4_194_304), "larger than 4194304 bytes"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_not_several_events_is_answered_so_that_the_sidecar_forgets_it(http: Client, body: Any, reason: str) -> None:
    with capture_logs() as logs:
        assert deliver_together(http, body) == (404, [])
    assert [(log["event"], log["reason"]) for log in logs] == [("events.refused", reason)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b" ", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"1" * 60_000, "not JSON"),
        (b"[]", "not one event"),
        (b"null", "not one event"),
        (b'"text"', "not one event"),
        (several({"id": NOBODYS}), "not one event"),
        (several({"id": NOBODYS}) | {"id": NOBODYS}, "not one event"),
        ([{"id": NOBODYS}], "not one event"),
        ({}, "no id of ours"),
        ({"id": None}, "no id of ours"),
        ({"id": 7}, "no id of ours"),
        ({"id": ["x"]}, "no id of ours"),
        ({"id": {"x": 1}}, "no id of ours"),
        ({"id": "1"}, "no id of ours"),
        ({"id": "\0" * 36}, "no id of ours"),
        ({"id": "x" * 60_000}, "no id of ours"),
        ({"id": NOBODYS}, "unknown id"),
        ({"id": NOBODYS, "data": "x" * 65_536}, "larger than 65536 bytes"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_event_of_ours_is_dropped_and_the_log_says_why(http: Client, body: Any, reason: str) -> None:
    with capture_logs() as logs:
        assert deliver(http, body) == (200, "DROP")
    assert [(log["event"], log["reason"]) for log in logs] == [("events.refused", reason)]
    assert not Receipt.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/json-seq", "application/cloudevents-batch+json", "multipart/form-data", ""]
)
def test_only_a_cloud_event_is_read(http: Client, content_type: str) -> None:
    id = enqueue(number=1)
    assert deliver(http, {"id": str(id)}, content_type=content_type) == (200, "DROP")
    assert effects("ledger") == []
    assert deliver(http, {"id": str(id)}, content_type=f"{CLOUD_EVENT}; charset=utf-8") == (200, "SUCCESS")


def test_other_methods_are_refused(http: Client) -> None:
    headers = {"dapr-api-token": TOKEN}
    assert http.get(ROUTE, headers=headers).status_code == 405
    assert http.post("/dapr/subscribe", headers=headers).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_no_error_of_the_route(http: Client) -> None:
    id = enqueue(number=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((pid,),) = cursor.fetchall()
        other = connection.copy()
        try:
            with other.cursor() as elsewhere:
                elsewhere.execute("SELECT pg_terminate_backend(%s)", [pid])
        finally:
            other.close()
    assert deliver(http, {"id": str(id)}) == (200, "SUCCESS")
    assert effects("ledger") == []
    assert deliver(http, {"id": str(id)}) == (200, "SUCCESS")
    assert effects("ledger") == [1]


def test_a_process_subscribes_only_where_the_setting_says_so(http: Client, settings: Settings) -> None:
    headers = {"dapr-api-token": TOKEN}
    ours = {"pubsubname": "pubsub", "topic": "events", "route": ROUTE}
    together = {"bulkSubscribe": {"enabled": True, "maxMessagesCount": 16, "maxAwaitDurationMs": 20}}
    assert http.get("/dapr/subscribe", headers=headers).json() == [ours | together]
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"BATCH_EVENTS": 1}
    assert http.get("/dapr/subscribe", headers=headers).json() == [ours]
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"SUBSCRIBES": False}
    assert http.get("/dapr/subscribe", headers=headers).json() == []


@pytest.mark.django_db(transaction=True)
def test_a_canary_is_receipted_by_the_route(http: Client) -> None:
    id = canary.send()
    assert deliver(http, {"id": str(id)}) == (200, "SUCCESS")
    assert canary.arrived(id)
    dispatch(id)
    assert Receipt.objects.get().consumer == canary.CONSUMER
