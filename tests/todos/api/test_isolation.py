"""People are kept apart, tokens keep to their scopes, and nobody sets what is not theirs to set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from tests.todos.api.conftest import API, Browser, assert_problem
from todos.models import Activity, ApiToken, IdempotencyRecord, Label, Notification, Project, Todo, User
from todos.models.ids import new_id
from todos.services import accounts, labels, projects, todos

JSON = "application/json"
UNKNOWN = UUID("0197a4f0-0000-7000-8000-000000000000")


@pytest.fixture
def theirs(bob: User) -> dict[str, UUID]:
    """One of everything, Bob's."""
    trashed = todos.create_todo(owner=bob, title="Thrown away")
    todos.delete_todo(owner=bob, todo_id=trashed.id)
    notification = Notification.objects.create(owner=bob, todo_id=new_id(), title="x", remind_at=datetime.now(UTC))
    token, _ = accounts.create_token(owner=bob, name="bob's", scopes=["read"])
    return {
        "project": projects.create_project(owner=bob, name="Secret project").id,
        "label": labels.create_label(owner=bob, name="secret").id,
        "todo": todos.create_todo(owner=bob, title="Secret todo").id,
        "trashed": trashed.id,
        "notification": notification.id,
        "token": token.id,
    }


# (method, path, body, what {id} is of)
OBJECTS: list[tuple[str, str, Any, str]] = [
    ("GET", "projects/{id}", None, "project"),
    ("PATCH", "projects/{id}", {"name": "Taken"}, "project"),
    ("DELETE", "projects/{id}", None, "project"),
    ("GET", "labels/{id}", None, "label"),
    ("PATCH", "labels/{id}", {"name": "taken"}, "label"),
    ("DELETE", "labels/{id}", None, "label"),
    ("GET", "todos/{id}", None, "todo"),
    ("HEAD", "todos/{id}", None, "todo"),
    ("PATCH", "todos/{id}", {"title": "Taken"}, "todo"),
    ("DELETE", "todos/{id}", None, "todo"),
    ("POST", "todos/{id}/complete", None, "todo"),
    ("POST", "todos/{id}/reopen", None, "todo"),
    ("POST", "todos/{id}/restore", None, "trashed"),
    ("POST", "todos/{id}/move", {"before": "{id}"}, "todo"),
    ("GET", "todos/{id}", None, "trashed"),
    ("DELETE", "trash/{id}", None, "trashed"),
    ("POST", "notifications/{id}/read", None, "notification"),
    ("POST", "notifications/{id}/unread", None, "notification"),
]
# Places in a body that name an object: another's must look as unknown there too.
MENTIONS: list[tuple[str, str, Any, str]] = [
    ("POST", "todos", {"title": "x", "project": "{id}"}, "project"),
    ("POST", "todos", {"title": "x", "parent": "{id}"}, "todo"),
    ("POST", "todos", {"title": "x", "labels": ["{id}"]}, "label"),
    ("PATCH", "todos/{mine}", {"project": "{id}"}, "project"),
    ("PATCH", "todos/{mine}", {"parent": "{id}"}, "todo"),
    ("PATCH", "todos/{mine}", {"labels": ["{id}"]}, "label"),
    ("POST", "todos/{mine}/move", {"before": "{id}"}, "todo"),
    ("POST", "todos/{mine}/move", {"after": "{id}"}, "todo"),
    ("POST", "todos/{mine}/move", {"project": "{id}"}, "project"),
    ("PATCH", "projects/{my_project}", {"before": "{id}"}, "project"),
    ("PATCH", "projects/{my_project}", {"after": "{id}"}, "project"),
    ("POST", "todos/bulk", {"commands": [{"op": "update", "id": "{id}", "data": {"title": "Taken"}}]}, "todo"),
    ("POST", "todos/bulk", {"commands": [{"op": "complete", "id": "{id}"}]}, "todo"),
    ("POST", "todos/bulk", {"commands": [{"op": "delete", "id": "{id}"}]}, "todo"),
    ("POST", "todos/bulk", {"commands": [{"op": "restore", "id": "{id}"}]}, "trashed"),
    ("POST", "todos/bulk", {"commands": [{"op": "move", "id": "{id}", "data": {"project": "{id}"}}]}, "todo"),
]


def _filled(value: Any, ids: dict[str, object]) -> Any:
    if isinstance(value, str):
        return value.format(**ids)
    if isinstance(value, dict):
        return {key: _filled(inner, ids) for key, inner in value.items()}
    return [_filled(inner, ids) for inner in value] if isinstance(value, list) else value


def _send(client: Client, method: str, path: str, body: Any, **ids: object) -> Any:
    from todos.api.renderers import to_json

    data = b"" if body is None else to_json(_filled(body, ids))
    return client.generic(method, f"{API}/{path.format(**ids)}", data, JSON)


def _everything_of(user: User) -> Iterator[Any]:
    for model in (Project, Label, Todo, Notification, Activity):
        yield list(model.objects.owned_by(user).order_by("id").values())
    yield list(ApiToken.objects.filter(owner=user).values())


@pytest.mark.parametrize(("method", "path", "body", "kind"), OBJECTS, ids=lambda value: str(value))
def test_anothers_object_cannot_be_told_from_an_unknown_one(
    api: Client, bob: User, theirs: dict[str, UUID], method: str, path: str, body: Any, kind: str
) -> None:
    before = list(_everything_of(bob))
    unknown = _send(api, method, path, body, id=UNKNOWN)
    another = _send(api, method, path, body, id=theirs[kind])
    assert another.status_code == unknown.status_code == 404
    assert another.content == unknown.content
    assert {*another.headers.items()} - {*unknown.headers.items()} == {("X-Request-Id", another["X-Request-Id"])}
    assert list(_everything_of(bob)) == before


@pytest.mark.parametrize(("method", "path", "body", "kind"), MENTIONS, ids=lambda value: str(value))
def test_anothers_object_cannot_be_used_nor_told_from_an_unknown_one(
    api: Client, alice: User, bob: User, theirs: dict[str, UUID], method: str, path: str, body: Any, kind: str
) -> None:
    mine = {"mine": todos.create_todo(owner=alice, title="Mine").id, "my_project": projects.create_project(owner=alice, name="Mine").id}
    before = list(_everything_of(bob))
    unknown = _send(api, method, path, body, id=UNKNOWN, **mine)
    another = _send(api, method, path, body, id=theirs[kind], **mine)
    assert_problem(another, 400)
    assert another.content == unknown.content
    assert list(_everything_of(bob)) == before


def test_lists_filters_and_feeds_show_ones_own_only(api: Client, theirs: dict[str, UUID]) -> None:
    hidden = [str(id_) for id_ in theirs.values()]
    for path in (
        "projects",
        "labels",
        "todos",
        f"todos?project={theirs['project']}",
        f"todos?label={theirs['label']}",
        f"todos?parent={theirs['todo']}",
        "trash",
        "changes",
        "activity",
        f"activity?subject={theirs['todo']}",
        "notifications",
    ):
        text = api.get(f"{API}/{path}").content.decode()
        assert not [id_ for id_ in hidden if id_ in text], path
        assert "ecret" not in text, path


def test_a_cursor_of_anothers_list_shows_ones_own_todos(api: Client, alice: User, bob: User, client_of: Callable[..., Client]) -> None:
    for number in range(3):
        todos.create_todo(owner=bob, title=f"Bob {number}")
        todos.create_todo(owner=alice, title=f"Alice {number}")
    cursor = client_of(bob).get(f"{API}/todos?limit=1").json()["next_cursor"]
    shown = api.get(f"{API}/todos?limit=1&cursor={cursor}").json()["results"]
    assert all(todo["title"].startswith("Alice") for todo in shown)


def test_an_idempotency_key_belongs_to_its_user(alice: User, bob: User, client_of: Callable[..., Client]) -> None:
    headers = {"Idempotency-Key": "same"}
    answers = [client_of(user).post(f"{API}/todos", {"title": user.email}, JSON, headers=headers) for user in (alice, bob)]
    assert [answer.json()["title"] for answer in answers] == [alice.email, bob.email]
    assert IdempotencyRecord.objects.count() == 2


READS = ["projects", "labels", "todos", "trash", "changes", "activity", "notifications", "auth/session"]
WRITES: list[tuple[str, str, Any]] = [
    ("POST", "projects", {"name": "x"}),
    ("POST", "labels", {"name": "x"}),
    ("POST", "todos", {"title": "x"}),
    ("POST", "todos/bulk", {"commands": [{"op": "create", "data": {"title": "x"}}]}),
    ("PATCH", "todos/{id}", {"title": "y"}),
    ("DELETE", "todos/{id}", None),
    ("POST", "todos/{id}/complete", None),
    ("POST", "todos/{id}/reopen", None),
    ("POST", "todos/{id}/restore", None),
    ("POST", "todos/{id}/move", {"after": "{id}"}),
    ("DELETE", "trash", None),
    ("POST", "notifications/read-all", None),
    ("PATCH", "auth/session", {"email_reminders": False}),
]


@pytest.mark.parametrize("path", READS)
def test_reading_takes_the_scope_read(alice: User, client_of: Callable[..., Client], path: str) -> None:
    assert client_of(alice, "read").get(f"{API}/{path}").status_code == 200
    assert client_of(alice, "read", "write").get(f"{API}/{path}").status_code == 200
    writer = client_of(alice, "write")
    assert [getattr(writer, method)(f"{API}/{path}").status_code for method in ("get", "head", "options")] == [403, 403, 403]


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=lambda value: str(value))
def test_writing_takes_the_scope_write(alice: User, client_of: Callable[..., Client], method: str, path: str, body: Any) -> None:
    todo = todos.create_todo(owner=alice, title="Mine")
    before = list(_everything_of(alice))
    assert_problem(_send(client_of(alice, "read"), method, path, body, id=todo.id), 403)
    assert list(_everything_of(alice))[:-1] == before[:-1]
    assert _send(client_of(alice, "write"), method, path, body, id=todo.id).status_code < 300


FOREIGN: dict[str, Any] = {
    "id": str(UNKNOWN),
    "owner": str(UNKNOWN),
    "owner_id": str(UNKNOWN),
    "version": 99,
    "created_at": "2000-01-01T00:00:00Z",
    "updated_at": "2000-01-01T00:00:00Z",
    "changed_in": 1,
    "position": "a",
    "is_inbox": True,
    "deleted_at": "2000-01-01T00:00:00Z",
    "completed_at": "2000-01-01T00:00:00Z",
    "reminded_at": "2000-01-01T00:00:00Z",
    "series_start": "2000-01-01T00:00:00Z",
    "repeats": str(UNKNOWN),
    "due_sort": "2000-01-01T00:00:00Z",
    "search": "x",
    "open_todos": 7,
    "pk": str(UNKNOWN),
    "__class__": "x",
    "email": "mallory@example.com",
    "is_staff": True,
    "is_superuser": True,
    "password": "something new 42",
}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "todos", {"title": "x"}),
        ("PATCH", "todos/{todo}", {"title": "x"}),
        ("POST", "projects", {"name": "x"}),
        ("PATCH", "projects/{project}", {"name": "x"}),
        ("POST", "labels", {"name": "x"}),
        ("PATCH", "labels/{label}", {"name": "x"}),
        ("PATCH", "auth/session", {"email_reminders": False}),
    ],
)
def test_nothing_but_the_documented_fields_can_be_set(api: Client, alice: User, method: str, path: str, body: Any) -> None:
    mine = {
        "todo": todos.create_todo(owner=alice, title="Mine").id,
        "project": projects.create_project(owner=alice, name="Mine").id,
        "label": labels.create_label(owner=alice, name="mine").id,
    }
    before = [*_everything_of(alice)][:-1], User.objects.filter(id=alice.id).values().get()
    for name, value in FOREIGN.items():
        problem = assert_problem(_send(api, method, path, {**body, name: value}, **mine), 400)
        assert [error["field"] for error in problem["errors"]] == [name]
    assert ([*_everything_of(alice)][:-1], User.objects.filter(id=alice.id).values().get()) == before


def test_nor_by_a_bulk_command(api: Client, alice: User) -> None:
    todo = todos.create_todo(owner=alice, title="Mine")
    for name, value in FOREIGN.items():
        for command in ({"op": "create"}, {"op": "update", "id": str(todo.id)}):
            commands = [{**command, "data": {"title": "x", name: value}}]
            problem = assert_problem(api.post(f"{API}/todos/bulk", {"commands": commands}, JSON), 400)
            assert [error["field"] for error in problem["errors"]] == [f"commands.0.data.{name}"]
    assert [row.title for row in Todo.objects.all()] == ["Mine"]


def test_operators_see_their_own_todos_only_too(browser_of: Callable[[User], Browser], theirs: dict[str, UUID]) -> None:
    operator = User.objects.create_superuser("root@example.com", "correct horse battery 9")
    assert_problem(browser_of(operator).get(f"{API}/todos/{theirs['todo']}"), 404)
