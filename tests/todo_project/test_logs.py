import io
import json
import logging
import logging.config
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span

from todo_project import logs

CANARY = "canary-7f3a91"

Lines = Callable[[], list[dict[str, Any]]]


def explode(request: HttpRequest, word: str) -> HttpResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::uuid", [word])
    except Exception as error:
        raise ValueError(f"cannot handle {word}") from error
    return HttpResponse()


urlpatterns = [path("explode/<str:word>", explode), path("", include("todo_project.urls"))]
handler404, handler500 = "todo_project.errors.not_found", "todo_project.errors.server_error"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """What the production configuration of logging writes, parsed."""
    configuration = logs.configure(level="DEBUG", pretty=False)
    monkeypatch.setattr(logs, "log", structlog.get_logger(logs.__name__))  # the one that is there goes by the configuration before
    of_libraries = io.StringIO()
    for handler in configuration["handlers"].values():
        handler["stream"] = of_libraries
    logging.config.dictConfig(configuration)
    ours: list[str] = []

    def so_far() -> list[dict[str, Any]]:
        ours.extend(capsys.readouterr().out.splitlines())
        both = [json.loads(line) for line in [*ours, *of_libraries.getvalue().splitlines()]]
        return sorted(both, key=lambda line: line["timestamp"])

    yield so_far
    logging.config.dictConfig(settings.LOGGING)


@pytest.mark.django_db
def test_a_request_is_one_line_without_its_query_string(written: Lines) -> None:
    Client().get(f"/api/v1/projects/01a20ccf-ced3-70e3-85a9-c7e533cdaeff?word={CANARY}", headers={"X-Request-Id": "from-the-gateway"})
    (line,) = written()
    assert line["event"] == "request"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/v1/projects/<uuid:project_id>", 401)
    assert line["request_id"] == "from-the-gateway"
    assert line["duration_ms"] >= 0
    assert "user" not in line


@pytest.mark.django_db
def test_a_signed_in_user_is_named_by_id_alone(written: Lines, account: Any) -> None:
    client = Client()
    client.force_login(account)
    client.get("/api/v1/projects")
    assert written()[-1]["user"] == str(account.id)
    assert account.email not in json.dumps(written())


def test_probes_are_quiet_unless_they_fail(written: Lines) -> None:
    Client().get("/livez")
    Client().post("/livez")
    assert [(line["status"], line["level"]) for line in written()] == [(200, "debug"), (405, "info")]


@pytest.mark.parametrize("given", ["a", "Az.09_-", "x" * 128])
def test_a_harmless_request_id_is_kept(given: str) -> None:
    assert Client().get("/livez", headers={"X-Request-Id": given})["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", " ", "x" * 129, "a b", "ä", "a\nb", '{"a":1}', "a;b"])
def test_any_other_request_id_is_replaced(given: str) -> None:
    answered = Client().get("/livez", headers={"X-Request-Id": given})["X-Request-Id"]
    assert answered != given
    assert re.fullmatch(r"[0-9a-f-]{36}", answered)


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_every_answer_carries_the_request_id(account: Any) -> None:
    client = Client(raise_request_exception=False, headers={"X-Request-Id": "one"})
    client.force_login(account)
    etag = client.get("/api/v1/projects")["ETag"]
    answers = {
        200: client.get("/static/admin/css/base.css"),
        304: client.get("/api/v1/projects", headers={"If-None-Match": etag}),
        302: client.get("/admin"),
        400: client.get("/livez", headers={"host": "elsewhere.example"}),
        404: client.get("/nowhere"),
        405: client.delete("/livez"),
        500: client.get("/explode/x"),
    }
    for status, answer in answers.items():
        assert (answer.status_code, answer["X-Request-Id"]) == (status, "one")
        answer.close()


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_secrets_and_texts_of_people_never_reach_the_log(written: Lines) -> None:
    client = Client(raise_request_exception=False)
    email, password = f"{CANARY}@example.com", "orbit-vase-horse-83"
    body = {"email": email, "password": password}
    assert client.post("/api/v1/auth/signup", body, content_type="application/json").status_code == 201
    taken = {"email": email, "password": f"{CANARY} vase 21"}
    assert client.post("/api/v1/auth/signup", taken, content_type="application/json").status_code == 400
    assert client.post("/api/v1/auth/login", {**body, "password": CANARY}, content_type="application/json").status_code in (400, 401, 403)
    assert client.post("/api/v1/todos", {"title": CANARY, "notes": CANARY}, content_type="application/json").status_code == 201
    client.get(f"/api/v1/todos?q={CANARY}")
    client.get("/api/v1/todos", headers={"Authorization": f"Bearer tdo_{CANARY}"})
    client.get(f"/{CANARY}")
    client.get("/livez", headers={"host": f"{CANARY}.example"})
    client.post("/admin/login/", {"username": email, "password": CANARY})
    assert client.get(f"/explode/{CANARY}").status_code == 500
    logging.getLogger("some.library").warning("told of %s", "something harmless")
    assert len(written()) >= 10
    told = json.dumps(written())
    assert CANARY not in told
    assert password not in told


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_an_exception_is_logged_with_its_causes_and_places_but_not_its_message(written: Lines) -> None:
    Client(raise_request_exception=False).get("/explode/x", headers={"X-Request-Id": "broken"})
    (line,) = [line for line in written() if "exception" in line]
    assert line["request_id"] == "broken"
    assert [link["type"] for link in line["exception"]] == [
        "builtins.ValueError",
        "django.db.utils.DataError",
        "psycopg.errors.InvalidTextRepresentation",
    ]
    assert line["exception"][2]["sqlstate"] == "22P02"
    assert any("test_logs.py" in frame and frame.endswith(" explode") for frame in line["exception"][0]["frames"])


def test_our_own_events_and_those_of_libraries_look_alike(written: Lines) -> None:
    structlog.get_logger("todos.somewhere").warning("thing_happened", count=2)
    logging.getLogger("some.library").warning("counted %d", 3)
    ours, theirs = written()
    assert (ours["event"], ours["count"], ours["level"], ours["logger"]) == ("thing_happened", 2, "warning", "todos.somewhere")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("counted 3", "warning", "some.library")
    assert ours.keys() - {"count"} == theirs.keys()


def test_lines_written_within_a_request_carry_its_ids_and_later_lines_do_not(written: Lines) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        structlog.get_logger("todos").info("inside")
        return HttpResponse()

    request = HttpRequest()
    request.META["HTTP_X_REQUEST_ID"] = "one"
    request.META["HTTP_TRACEPARENT"] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    logs.RequestLog(view)(request)
    structlog.get_logger("todos").info("outside")
    inside, line, outside = written()
    for each in (inside, line):
        assert (each["request_id"], each["trace_id"]) == ("one", "4bf92f3577b34da6a3ce929d0e0e4736")
    assert not {"request_id", "trace_id"} & outside.keys()


def test_a_malformed_trace_is_ignored(written: Lines) -> None:
    Client().post("/livez", headers={"traceparent": f"00-{CANARY}"})
    assert "trace_id" not in written()[0]


def test_a_line_written_in_a_span_has_its_ids_and_not_the_callers(written: Lines) -> None:
    span = NonRecordingSpan(SpanContext(0xA1, 0xB2, is_remote=False, trace_flags=TraceFlags(1)))
    with structlog.contextvars.bound_contextvars(trace_id="of the caller"):
        with use_span(span):
            structlog.get_logger("ours").info("inside")
            logging.getLogger("a.library").warning("inside, too")
        structlog.get_logger("ours").info("outside")
    *inside, outside = written()
    for line in inside:
        assert (line["trace_id"], line["span_id"]) == (f"{0xA1:032x}", f"{0xB2:016x}")
    assert outside["trace_id"] == "of the caller"
    assert "span_id" not in outside


def test_whatever_is_logged_becomes_a_line(written: Lines) -> None:
    structlog.get_logger("ours").info("odd", half="\ud800", large=2**70, thing=UUID(int=1))
    assert written() == [written()[0] | {"half": "\ud800", "large": 2**70, "thing": str(UUID(int=1))}]


def test_a_reader_that_is_gone_fails_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    monkeypatch.setattr(sys, "stdout", os.fdopen(writing, "w"))
    logs.configure(level="INFO", pretty=False)
    structlog.get_logger("ours").info("nobody reads this")
    with pytest.raises(BrokenPipeError):  # as it would have been
        sys.stdout.close()
