"""Who takes the short way to the event route, and that it is closed to everybody else."""

import json
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from uuid import UUID
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from django.core.signals import request_finished, request_started
from django.test import RequestFactory
from pytest_django import Settings
from structlog.testing import capture_logs

from dapr_bridge import events_http, scope
from dapr_bridge.consumers import Outcome
from dapr_bridge.wsgi import Deliveries
from tests.dapr_bridge.conftest import effects, enqueue

TOKEN = "t" * 32
ROUTE = "/dapr/events/events"
CLOUD_EVENT = "application/cloudevents+json"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _token(settings: Settings) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"APP_TOKENS": [TOKEN]}


def long_way(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """In place of Django's application."""
    start_response("418 the long way", [])
    return []


def asked(*, method: str = "POST", path: str = ROUTE, token: str | None = TOKEN, id: UUID | None = None) -> tuple[str, bytes]:
    """Status line and body of the answer."""
    body = json.dumps({"id": str(id or enqueue(number=1))}).encode()
    headers = {} if token is None else {"dapr-api-token": token}
    environ = RequestFactory().generic(method, path, body, content_type=CLOUD_EVENT, headers=headers).environ | {
        "wsgi.input": BytesIO(body)
    }
    begun: list[str] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
        begun.append(status)
        return begun.append  # type: ignore[return-value]  # nobody writes that way

    answer = Deliveries(long_way)(environ, start_response)
    content = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    return begun[0], content


def test_a_delivery_goes_to_its_view_directly() -> None:
    status, body = asked()
    assert (status, json.loads(body)) == ("200 OK", {"status": "SUCCESS"})
    assert effects("ledger") == [1]


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", "é" * 16])
def test_who_does_not_show_the_token_is_refused_on_the_long_way(token: str | None) -> None:
    assert asked(token=token)[0] == "418 the long way"
    assert effects("ledger") == []


def test_nobody_takes_it_where_no_token_is_configured(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APP_API_TOKEN", raising=False)
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"APP_TOKENS": None}
    assert asked(token="")[0] == "418 the long way"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ROUTE), ("PUT", ROUTE), ("POST", "/dapr/subscribe"), ("POST", "/dapr/events"), ("POST", "/x/dapr/events/x")],
)
def test_everything_else_takes_the_long_way(method: str, path: str) -> None:
    assert asked(method=method, path=path)[0] == "418 the long way"


def test_a_path_below_the_route_that_is_none_is_not_found() -> None:
    assert asked(path=f"{ROUTE}/more")[0] == "404 Not Found"
    assert effects("ledger") == []


def test_what_happens_around_a_request_happens_here_too() -> None:
    """Django closes broken and old connections then."""
    heard: list[str] = []

    def started(**kwargs: Any) -> None:
        heard.append("started")

    def finished(**kwargs: Any) -> None:
        heard.append("finished")

    request_started.connect(started)
    request_finished.connect(finished)
    try:
        asked()
    finally:
        request_started.disconnect(started)
        request_finished.disconnect(finished)
    assert heard == ["started", "finished"]


@pytest.mark.usefixtures("dapr_allowed")
def test_a_delivery_has_a_scope_like_any_request(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[scope.Scope] = []

    def looks(id: UUID) -> Outcome:
        seen.extend([scope.current(), scope.current()])
        return Outcome.DELIVERED

    monkeypatch.setattr(events_http, "dispatch", looks)
    asked()
    assert seen[0] is seen[1]
    assert seen[0].request is not None
    assert seen[0].request.path == ROUTE


def test_an_error_nobody_foresaw_is_a_500_and_logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fails(id: UUID) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(events_http, "dispatch", fails)
    with capture_logs():
        assert asked()[0] == "500 Internal Server Error"
    assert [record.name for record in caplog.records if record.exc_info] == ["django.request"]
