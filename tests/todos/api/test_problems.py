"""Every error is a problem document with the right status, whatever is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import URLPattern
from pytest_django.fixtures import Settings

from dapr_bridge.models import OutboxEvent
from tests.todos.api.conftest import API, Browser, assert_problem
from todos.models import Todo, User
from todos.services import todos

JSON = "application/json"
SOME_ID = "0197a4f0-0000-7000-8000-000000000000"


def routes() -> list[tuple[str, type[Any]]]:
    """(path with example ids, view) of every route of the API."""
    from todos.api.urls import urlpatterns

    found = []
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        path = str(pattern.pattern).replace("<str:name>", "start.js")
        while "<" in path:
            path = path[: path.index("<")] + SOME_ID + path[path.index(">") + 1 :]
        found.append((f"{API}/{path}", pattern.callback.view_class))  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/api/v1", "/api/v1/", "/api/v2/todos", "/api", "/nothing", "/api/v1/todos/", "/api/v1/todos/1"]
)
def test_unknown_routes_are_404(db: None, path: str) -> None:
    assert_problem(Client().get(path), 404)


def test_every_method_that_a_route_lacks_is_405_and_told_which_there_are(api: Client) -> None:
    for path, view in routes():
        there = {method.upper() for method in ("get", "post", "put", "patch", "delete") if hasattr(view, method)}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - there:
            answer = api.generic(method, path, "{}", JSON)
            if view.permission_classes and answer.status_code == 403 and "session" in answer.json()["detail"]:
                continue  # a token is turned away before the method is looked at
            assert_problem(answer, 405)
            assert set(answer["Allow"].replace(" ", "").split(",")) - {"HEAD", "OPTIONS"} == there, path


def test_options_tells_the_methods(api: Client) -> None:
    answer = api.options(f"{API}/todos")
    assert answer.status_code == 204
    assert set(answer["Allow"].split(", ")) == {"GET", "POST", "HEAD", "OPTIONS"}


def test_head_answers_as_get_without_a_body(api: Client, alice: User) -> None:
    todo = todos.create_todo(owner=alice, title="Write")
    for path in (
        "todos",
        f"todos/{todo.id}",
        "projects",
        "labels",
        "trash",
        "changes",
        "activity",
        "notifications",
        "auth/session",
        "schema",
    ):
        get, head = api.get(f"{API}/{path}"), api.head(f"{API}/{path}")
        assert (head.status_code, head.content) == (200, b""), path
        assert head.headers.get("ETag") == get.headers.get("ETag"), path
        assert head["Content-Type"] == get["Content-Type"], path


def test_strangers_are_told_how_to_prove_who_they_are(db: None) -> None:
    open_to_all = {
        f"{API}/{path}" for path in ("schema", "docs", "docs/start.js", "auth/session", "auth/signup", "auth/login", "auth/logout")
    }
    checked = 0
    for path, view in routes():
        for method in ("get", "post", "patch", "delete"):
            if hasattr(view, method) and path not in open_to_all:
                answer = Client().generic(method.upper(), path, "{}", JSON)
                assert_problem(answer, 401)
                assert answer["WWW-Authenticate"].startswith("Bearer "), path
                checked += 1
    assert checked > 25


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer nonsense", "Bearer tdo_ tdo_", "bearer \u00e9", "Bearer " + "x" * 5000])
def test_a_token_that_is_none_is_refused_and_never_ignored(alice: User, value: str) -> None:
    client = Client()
    client.force_login(alice)
    assert_problem(client.get(f"{API}/todos", headers={"Authorization": value.encode().decode("latin-1")}), 401)


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*", "nonsense"])
def test_what_cannot_be_given_is_406(api: Client, accept: str) -> None:
    assert_problem(api.get(f"{API}/todos", headers={"Accept": accept}), 406)


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/*", "text/html, */*;q=0.1", "application/json; charset=utf-8"])
def test_what_can_be_given_is_given(api: Client, accept: str) -> None:
    assert api.get(f"{API}/todos", headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "", "nonsense"]
)
def test_bodies_of_other_types_are_415(api: Client, media_type: str) -> None:
    assert_problem(api.generic("POST", f"{API}/todos", b'{"title": "x"}', media_type), 415)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"title": "x"',
        b'{"title": "x"} trailing',
        b"{'title': 'x'}",
        b'{"title": NaN}',
        b'{"title": Infinity}',
        b'{"title": "\xff"}',
        b'\xef\xbb\xbf{"title": "x"}',
        '{"title": "x"}'.encode("utf-16"),
        '{"title": "x"}'.encode("utf-16-le"),
        '{"title": "\u00e9"}'.encode("latin-1"),
        b'{"title": "\\ud800"}',
        b'{"title": "\\udc00\\ud800"}',
        b'{"title": "a\\u0000b"}',
        b'{"title": "a\x00b"}',
        b'{"\\u0000": 1}',
        b'{"labels": ["\\u0000"]}',
        b"[" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b"\x1f\x8b\x08\x00",
    ],
)
@pytest.mark.parametrize("media_type", [JSON, "application/json; charset=utf-16"])
def test_bodies_that_are_no_json_in_utf_8_are_400(api: Client, body: bytes, media_type: str) -> None:
    assert_problem(api.generic("POST", f"{API}/todos", body, media_type), 400)
    assert not Todo.objects.exists()


@pytest.mark.parametrize("body", ["null", "[]", "1", '"text"', "true", "1e999", "[[[[]]]]", "1" * 5000, '{"title": 1' + "0" * 400 + "}"])
def test_bodies_that_are_no_object_are_400(api: Client, body: str) -> None:
    for method, path in (("POST", "todos"), ("POST", "projects"), ("POST", "labels"), ("POST", "todos/bulk")):
        assert_problem(api.generic(method, f"{API}/{path}", body, JSON), 400)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
def test_a_body_above_the_limit_is_413(api: Client, settings: Settings, headers: dict[str, str]) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = '{"title": "' + "x" * 2000 + '"}'
    assert_problem(api.generic("POST", f"{API}/todos", body, JSON, headers=headers), 413)


@pytest.mark.parametrize("path", ["todos/%00", "todos/a%00b", "%00", "todos/%FF", "todos/..%2f..%2fetc", "todos/%C0%80", "todos/\u00e9"])
def test_paths_that_mean_nothing_are_404(api: Client, path: str) -> None:
    assert_problem(api.get(f"{API}/{path}"), 404)


@pytest.mark.parametrize(
    "query",
    [
        "cursor=%00",
        "cursor=%FF",
        "cursor=abc",
        "cursor=" + "A" * 5000,
        "cursor=WyJwb3NpdGlvbiIsIlx1MDAwMCJd",  # ["position","\u0000"]
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=1e3",
        "limit=" + "9" * 5000,
        "limit=%D9%A3%00",
        "limit=",
        "limit=NaN",
        "sort=nothing",
        "sort=--title",
        "sort=%00",
        "project=x",
        "project=%00",
        "label=x",
        "label=" + "&label=".join([SOME_ID] * 21),
        "priority=5",
        "priority=99999999999999999999999",
        "due_before=yesterday",
        "due_before=2026-01-01T00:00:00",
        "due_before=2026-01-01T00:00:00%2B99:99",
        "due_before=0000-00-00T00:00:00Z",
        "due_after=9999-12-31T23:59:59-12:00",
        "due_after=0001-01-01T00:00:00%2B12:00",
        "due=maybe",
        "completed=perhaps",
        "parent=x",
        "q=" + "x" * 501,
        "q=%00",
        "unknown=1",
        "%00=1",
        "%FF=1",
    ],
)
def test_parameters_that_mean_nothing_are_400_and_name_themselves(api: Client, query: str) -> None:
    problem = assert_problem(api.get(f"{API}/todos?{query}"), 400)
    assert problem["errors"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": None}, "title"),
        ({"title": True}, "title"),
        ({"title": {"a": 1}}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"title": "a\u0007b"}, "title"),
        ({"title": "x", "notes": "n" * 20_001}, "notes"),
        ({"title": "x", "priority": 5}, "priority"),
        ({"title": "x", "priority": -1}, "priority"),
        ({"title": "x", "priority": 1.5}, "priority"),
        ({"title": "x", "priority": 1e300}, "priority"),
        ({"title": "x", "priority": 10**30}, "priority"),
        ({"title": "x", "priority": "9" * 5000}, "priority"),
        ({"title": "x", "due_at": "2026-02-30T00:00:00Z"}, "due_at"),
        ({"title": "x", "due_at": "2026-01-01T00:00:00"}, "due_at"),
        ({"title": "x", "due_at": "2026-01-01"}, "due_at"),
        ({"title": "x", "due_at": "2026-01-01T00:00:00+99:00"}, "due_at"),
        ({"title": "x", "due_at": "0001-01-01T00:00:00+17:24"}, "due_at"),
        ({"title": "x", "due_at": "9999-12-31T23:59:59-17:24"}, "due_at"),
        ({"title": "x", "due_at": "10000-01-01T00:00:00Z"}, "due_at"),
        ({"title": "x", "due_at": 1e18}, "due_at"),
        ({"title": "x", "remind_at": "0001-01-01T00:00:00Z"}, "remind_at"),
        ({"title": "x", "due_on": "0001-01-01"}, "due_on"),
        ({"title": "x", "due_on": "9999-12-31"}, "due_on"),
        ({"title": "x", "due_on": "2026-02-30"}, "due_on"),
        ({"title": "x", "due_on": "2026-01-01T00:00:00Z"}, "due_on"),
        ({"title": "x", "due_at": "2026-01-01T00:00:00Z", "due_on": "2026-01-01"}, "due_on"),
        ({"title": "x", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"title": "x", "time_zone": "../etc/passwd"}, "time_zone"),
        ({"title": "x", "time_zone": ""}, "time_zone"),
        ({"title": "x", "recurrence": "FREQ=SECONDLY"}, "recurrence"),
        ({"title": "x", "recurs_from": "never"}, "recurs_from"),
        ({"title": "x", "project": "x"}, "project"),
        ({"title": "x", "project": None}, "project"),
        ({"title": "x", "project": SOME_ID}, "project"),
        ({"title": "x", "project": 10**40}, "project"),
        ({"title": "x", "project": -1}, "project"),
        ({"title": "x", "parent": SOME_ID}, "parent"),
        ({"title": "x", "labels": [SOME_ID]}, "labels"),
        ({"title": "x", "labels": "x"}, "labels"),
        ({"title": "x", "labels": [None]}, "labels.0"),
        ({"title": "x", "labels": [SOME_ID] * 51}, "labels"),
        ({"title": "x", "labels": {"0": SOME_ID}}, "labels"),
    ],
)
def test_values_that_cannot_be_are_400_and_name_the_field(api: Client, body: dict[str, Any], field: str) -> None:
    from json import dumps

    problem = assert_problem(api.post(f"{API}/todos", dumps(body), JSON), 400)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert all(error["code"] and error["detail"] for error in problem["errors"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
def test_a_write_that_is_refused_half_way_leaves_nothing(alice: User, client_of: Callable[[User], Client], headers: dict[str, str]) -> None:
    client = client_of(alice)
    before = OutboxEvent.objects.count()
    assert_problem(client.post(f"{API}/todos", {"title": "x", "labels": [SOME_ID]}, JSON, headers=headers), 400)
    commands = [{"op": "create", "data": {"title": "x"}}, {"op": "complete", "id": SOME_ID}]
    assert_problem(client.post(f"{API}/todos/bulk", {"commands": commands}, JSON, headers=headers), 400)
    assert not Todo.objects.exists()
    assert OutboxEvent.objects.count() == before


@pytest.mark.parametrize(
    ("moment", "stored"),
    [
        ("2026-01-01T00:00:00+17:24", "2025-12-31T06:36:00.000000Z"),
        ("2026-01-01T00:00:00-17:24", "2026-01-01T17:24:00.000000Z"),
        ("2026-01-01T00:00:00+23:59", "2025-12-31T00:01:00.000000Z"),
        ("2026-01-01T24:00:00Z", None),
        ("2016-12-31T23:59:60Z", None),
        ("2026-01-01t00:00:00z", None),
    ],
)
def test_unusual_offsets_are_taken_and_unusual_times_refused(api: Client, moment: str, stored: str | None) -> None:
    answer = api.post(f"{API}/todos", {"title": "x", "due_at": moment}, JSON)
    if stored is None:
        assert answer.status_code in (201, 400)
    else:
        assert answer.json()["due_at"] == stored


def test_a_host_that_is_not_ours_is_400(db: None) -> None:
    assert_problem(Client().get(f"{API}/todos", headers={"Host": "evil.example"}), 400)


def test_a_defect_is_500_and_tells_nothing(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from todos import selectors

    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(selectors, "project_rows", broken)
    api.raise_request_exception = False
    problem = assert_problem(api.get(f"{API}/projects"), 500)
    assert "secret" not in str(problem)


def test_a_lost_database_is_503_wherever_it_is_noticed(
    alice: User, browser_of: Callable[[User], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    from todos.sessions import SessionStore

    browser = browser_of(alice)

    def lost(*_: object, **__: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(SessionStore, "_get_session_from_db", lost)
    answer = browser.get(f"{API}/todos")
    assert_problem(answer, 503)
    assert answer["Retry-After"] == "1"
    monkeypatch.undo()
    monkeypatch.setattr(SessionStore, "save", lost)
    answer = browser.send("POST", "auth/login", {"email": alice.email, "password": "correct horse battery 9"})
    assert_problem(answer, 503)


def test_errors_are_kept_by_nobody_on_the_way(api: Client) -> None:
    assert api.get(f"{API}/todos/{SOME_ID}")["Cache-Control"] == "no-store"


def test_the_csrf_pages_of_the_admin_stay_pages(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/admin/login/", {"username": "a", "password": "b"})
    assert answer.status_code == 403
    assert answer["Content-Type"].startswith("text/html")
