"""How many queries a read takes: at most three with authentication, however many rows there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.todos.api.conftest import API, Browser
from tests.todos.api.test_problems import routes
from todos.models import Activity, Notification, User
from todos.models.ids import new_id
from todos.services import accounts, labels, projects, todos

MOST = 3
SYNC = 7  # who asks, horizon, epoch, what changed, and the rows of three kinds: as many at any size


class Owned:
    """What a user has, in rows of each kind."""

    def __init__(self, owner: User, rows: int) -> None:
        now = datetime.now(UTC)
        for number in range(rows):
            self.project = projects.create_project(owner=owner, name=f"Project {number}").id
            self.label = labels.create_label(owner=owner, name=f"label {rows} {number}").id
            self.todo = todos.create_todo(owner=owner, title=f"Todo {number}", project=self.project, labels=[self.label]).id
            todos.create_todo(owner=owner, title="Subtask", parent=self.todo)
            thrown = todos.create_todo(owner=owner, title="Thrown away", labels=[self.label])
            todos.delete_todo(owner=owner, todo_id=thrown.id)
            accounts.create_token(owner=owner, name=f"token {rows} {number}", scopes=["read"])
            Activity.objects.create(
                id=new_id(), owner=owner, type="todo.created.v1", subject_id=self.todo, happened_at=now + timedelta(seconds=number)
            )
            Notification.objects.create(owner=owner, todo_id=self.todo, title="x", remind_at=now + timedelta(seconds=number))


def _paths(owned: Owned) -> dict[str, int]:
    """Every path that can be read, and how many queries it may take."""
    lists = ["projects", "labels", "trash", "activity", f"activity?subject={owned.todo}", "notifications", "notifications?unread=true"]
    filters = [
        "",
        "?limit=200",
        "?sort=-due",
        "?sort=priority&completed=false",
        f"?project={owned.project}",
        f"?label={owned.label}",
        f"?parent={owned.todo}",
        "?parent=none&due=none&priority=0&priority=4",
        "?due_before=2030-01-01T00:00:00Z&due_after=2020-01-01T00:00:00Z",
    ]
    details = [f"projects/{owned.project}", f"labels/{owned.label}", f"todos/{owned.todo}"]
    paths = dict.fromkeys([*lists, *details, *(f"todos{filter_}" for filter_ in filters), "auth/session"], MOST)
    return {**paths, "changes": SYNC}


def _counts(client: Client, owned: Owned, **headers: str) -> dict[str, int]:
    counts = {}
    for path, most in _paths(owned).items():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = client.get(f"{API}/{path}", headers=headers)
        assert answer.status_code == 200, path
        assert len(queries) <= most, (path, [query["sql"] for query in queries])
        counts[path.replace(str(owned.project), "P").replace(str(owned.label), "L").replace(str(owned.todo), "T")] = len(queries)
    return counts


@pytest.fixture(params=["token", "session"])
def client(request: pytest.FixtureRequest, alice: User, client_of: Callable[..., Client], browser_of: Callable[[User], Browser]) -> Client:
    """Alice's client, by either proof of who she is."""
    if request.param == "session":
        return browser_of(alice)
    client = client_of(alice)
    client.get(f"{API}/todos")  # the first use of a token in an hour is noted, by a query of its own
    return client


def test_reads_take_at_most_three_queries_and_as_many_for_60_rows_as_for_one(client: Client, alice: User) -> None:
    few = _counts(client, Owned(alice, 1))
    many = _counts(client, Owned(alice, 60))
    assert many == few


def test_deep_pages_take_as_many_queries_as_the_first(client: Client, alice: User) -> None:
    Owned(alice, 10)
    for path in ("todos", "trash", "activity", "notifications"):
        cursor = ""
        for _ in range(4):
            with CaptureQueriesContext(connection) as queries:
                page = client.get(f"{API}/{path}?limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
            assert len(queries) <= MOST
            cursor = page["next_cursor"]
            assert cursor


def test_what_a_client_has_already_takes_one_query(client: Client, alice: User) -> None:
    owned = Owned(alice, 2)
    for path in ("todos", "projects", "labels", "trash"):
        tag = client.get(f"{API}/{path}")["ETag"]
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{API}/{path}", headers={"If-None-Match": tag}).status_code == 304
        assert len(queries) == 1, (path, owned)


def test_tokens_are_listed_in_three_queries_at_most(alice: User, browser_of: Callable[[User], Browser]) -> None:
    browser = browser_of(alice)
    for rows in (1, 60):
        accounts.create_token(owner=alice, name=f"only {rows}", scopes=["read"])
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(f"{API}/auth/tokens").status_code == 200
        assert len(queries) <= MOST


def test_every_path_that_can_be_read_is_counted_here(alice: User) -> None:
    owned = Owned(alice, 1)
    some_id = "0197a4f0-0000-7000-8000-000000000000"
    counted = {path.partition("?")[0] for path in _paths(owned)}
    counted = {
        path.replace(str(owned.project), some_id).replace(str(owned.label), some_id).replace(str(owned.todo), some_id) for path in counted
    }
    elsewhere: dict[str, Any] = {
        "auth/tokens": "above",
        "export": "with the files",
        "schema": "no query",
        "docs": "no query",
        "docs/start.js": "no query",
    }
    there = {path.removeprefix(f"{API}/") for path, view in routes() if hasattr(view, "get")}
    assert there == counted | set(elsewhere)
