"""What PostgreSQL writes is what the serializers document, key by key."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from rest_framework.serializers import Serializer

from dapr_bridge.testing import drain
from todos import selectors
from todos.api import account_serializers, serializers
from todos.api.renderers import to_json
from todos.models import Activity, Notification, Todo, User
from todos.services import accounts, labels, projects, todos

pytestmark = pytest.mark.django_db


def read(document: Any) -> dict[str, Any]:
    value: dict[str, Any] = orjson.loads(to_json(document))
    return value


def first_activity(alice: User) -> Any:
    drain()
    return selectors.activity_rows(Activity.objects.owned_by(alice))[0][0]


def a_notification(alice: User) -> Any:
    Notification.objects.create(owner=alice, todo_id=uuid.uuid4(), title="x", remind_at=datetime(2026, 1, 1, tzinfo=UTC))
    return selectors.notification_rows(Notification.objects.owned_by(alice))[0][0]


SHOWN: list[tuple[Callable[[User], Any], type[Serializer[Any]]]] = [
    (lambda alice: selectors.todo_row(alice, todos.create_todo(owner=alice, title="x").id)[0], serializers.TodoOutput),
    (lambda alice: selectors.project_rows(alice)[0], serializers.ListedProjectOutput),
    (lambda alice: selectors.project_row(alice, projects.create_project(owner=alice, name="p").id)[0], serializers.ProjectOutput),
    (lambda alice: selectors.label_row(alice, labels.create_label(owner=alice, name="l").id)[0], serializers.LabelOutput),
    (first_activity, serializers.ActivityOutput),
    (a_notification, serializers.NotificationOutput),
    (lambda alice: selectors.user_row(alice), account_serializers.UserOutput),
]


@pytest.mark.parametrize(("show", "documented"), SHOWN, ids=[documented.__name__ for _, documented in SHOWN])
def test_a_document_has_the_documented_keys_in_their_order(
    show: Callable[[User], Any], documented: type[Serializer[Any]], alice: User
) -> None:
    assert list(read(show(alice))) == list(documented().fields)


def test_a_todo_is_shown_exactly_as_stored(alice: User) -> None:
    made = [labels.create_label(owner=alice, name=name) for name in ("b", "a")]
    todo = todos.create_todo(
        owner=alice,
        title='quotes " and \\ and ümläut 🎉',
        notes="two\nlines",
        labels=[label.id for label in made],
        priority=2,
        due_at=datetime(2026, 1, 31, 8, 0, 0, 5, tzinfo=UTC),
    )
    shown = read(selectors.todo_row(alice, todo.id)[0])
    assert shown["title"] == todo.title
    assert shown["notes"] == "two\nlines"
    assert shown["labels"] == sorted(str(label.id) for label in made)
    assert shown["due_at"] == "2026-01-31T08:00:00.000005Z"
    assert (shown["due_on"], shown["parent"], shown["completed_at"], shown["version"]) == (None, None, None, 1)
    todos.update_todo(owner=alice, todo_id=todo.id, changes={"due_on": date(2026, 2, 1)})
    assert read(selectors.todo_row(alice, todo.id)[0])["due_on"] == "2026-02-01"


def test_counts_are_of_open_todos_only(alice: User) -> None:
    project = projects.create_project(owner=alice, name="p")
    kept, done, gone = (todos.create_todo(owner=alice, title=title, project=project.id) for title in "abc")
    todos.complete_todo(owner=alice, todo_id=done.id)
    todos.delete_todo(owner=alice, todo_id=gone.id)
    counts = {row["name"]: row["open_todos"] for row in map(read, selectors.project_rows(alice))}
    assert counts == {"Inbox": 0, "p": 1}
    assert Todo.objects.get(id=kept.id).completed_at is None


def test_a_token_is_listed_without_its_secret(alice: User) -> None:
    token, secret = accounts.create_token(owner=alice, name="cli", scopes=["read"])
    (document,) = selectors.token_rows(alice)
    assert read(document)["id"] == str(token.id)
    assert secret not in str(read(document))
    assert token.digest not in str(read(document))
