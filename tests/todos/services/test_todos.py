"""Todos are created, changed, finished and thrown away as their owner means it, and every change is published once."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from dapr_bridge.models import OutboxEvent
from todos.errors import NotFound, Refused, VersionConflict
from todos.models import Todo, User
from todos.services import labels, projects, todos

pytestmark = pytest.mark.django_db


def types_since(position: int) -> list[str]:
    return list(OutboxEvent.objects.filter(position__gt=position).order_by("position").values_list("type", flat=True))


@pytest.fixture
def published(alice: User) -> Callable[[], list[str]]:
    """The types of events published since the test began."""
    last = OutboxEvent.objects.order_by("-position").values_list("position", flat=True).first() or 0
    return lambda: types_since(last)


def test_a_new_todo_goes_to_the_end_of_the_inbox(alice: User, published: Callable[[], list[str]]) -> None:
    first = todos.create_todo(owner=alice, title="first")
    second = todos.create_todo(owner=alice, title="second")
    assert first.project.is_inbox
    assert second.position > first.position
    assert second.time_zone == "Europe/Berlin"
    assert published() == ["todo.created.v1", "todo.created.v1"]


def test_a_subtask_lives_in_the_project_of_its_parent_and_has_none_of_its_own(alice: User) -> None:
    project = projects.create_project(owner=alice, name="Garden")
    parent = todos.create_todo(owner=alice, title="parent", project=project.id)
    child = todos.create_todo(owner=alice, title="child", parent=parent.id)
    assert child.project_id == project.id
    with pytest.raises(Refused, match="subtasks of its own"):
        todos.create_todo(owner=alice, title="grandchild", parent=child.id)
    other = todos.create_todo(owner=alice, title="other")
    with pytest.raises(Refused, match="with subtasks"):
        todos.update_todo(owner=alice, todo_id=parent.id, changes={"parent": other.id})
    with pytest.raises(Refused, match="its own parent"):
        todos.update_todo(owner=alice, todo_id=parent.id, changes={"parent": parent.id})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"due_on": date(2026, 1, 1), "due_at": datetime(2026, 1, 1, tzinfo=UTC)}, "due_on"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"recurrence": "FREQ=DAILY"}, "recurrence"),
        ({"due_on": date(2026, 1, 1), "recurrence": "FREQ=SECONDLY"}, "recurrence"),
        ({"due_on": date(2026, 1, 1), "recurrence": "nonsense"}, "recurrence"),
        ({"due_at": datetime(1, 1, 1, tzinfo=UTC)}, "due_at"),
        ({"remind_at": datetime(9999, 12, 31, 23, tzinfo=UTC)}, "remind_at"),
        ({"due_on": date(9999, 12, 31)}, "due_on"),
        ({"project": uuid4()}, "project"),
        ({"parent": uuid4()}, "parent"),
        ({"labels": [uuid4()]}, "labels"),
    ],
)
def test_what_cannot_be_is_refused_by_the_name_of_its_field(fields: dict[str, Any], field: str, alice: User) -> None:
    with pytest.raises(Refused) as refused:
        todos.create_todo(owner=alice, title="x", **fields)
    assert refused.value.field == field
    assert not Todo.objects.exists() or field == "labels"


def test_another_persons_things_cannot_be_used(alice: User, bob: User) -> None:
    label = labels.create_label(owner=bob, name="his")
    project = projects.create_project(owner=bob, name="his")
    todo = todos.create_todo(owner=bob, title="his")
    for fields in ({"labels": [label.id]}, {"project": project.id}, {"parent": todo.id}):
        with pytest.raises(Refused) as refused:
            todos.create_todo(owner=alice, title="x", **fields)
        assert refused.value.code == "does_not_exist"
    for act in (todos.complete_todo, todos.reopen_todo, todos.delete_todo, todos.restore_todo):
        with pytest.raises(NotFound):
            act(owner=alice, todo_id=todo.id)


def test_a_patch_changes_what_it_names_and_nothing_else(alice: User, published: Callable[[], list[str]]) -> None:
    todo = todos.create_todo(owner=alice, title="a", notes="n", priority=2, due_on=date(2026, 1, 1))
    todos.update_todo(owner=alice, todo_id=todo.id, changes={"title": "b"})
    after = Todo.objects.get(id=todo.id)
    assert (after.title, after.notes, after.priority, after.due_on, after.version) == ("b", "n", 2, date(2026, 1, 1), 2)
    event = OutboxEvent.objects.get(type="todo.updated.v1")
    assert event.data["fields"] == ["title"]


def test_a_change_to_the_present_value_is_no_change(alice: User, published: Callable[[], list[str]]) -> None:
    label = labels.create_label(owner=alice, name="l")
    todo = todos.create_todo(owner=alice, title="a", labels=[label.id], due_on=date(2026, 1, 1), recurrence="FREQ=DAILY")
    changes = {"title": "a", "labels": [label.id], "recurrence": "FREQ=DAILY", "due_on": date(2026, 1, 1)}
    todos.update_todo(owner=alice, todo_id=todo.id, changes=changes)
    assert Todo.objects.get(id=todo.id).version == 1
    assert "todo.updated.v1" not in published()


def test_giving_one_kind_of_date_takes_away_the_other(alice: User) -> None:
    todo = todos.create_todo(owner=alice, title="a", due_on=date(2026, 1, 1))
    todos.update_todo(owner=alice, todo_id=todo.id, changes={"due_at": datetime(2026, 1, 2, tzinfo=UTC)})
    todo.refresh_from_db()
    assert (todo.due_on, todo.due_at) == (None, datetime(2026, 1, 2, tzinfo=UTC))


def test_moving_a_parent_to_another_project_takes_its_subtasks_along(alice: User) -> None:
    project = projects.create_project(owner=alice, name="Garden")
    parent = todos.create_todo(owner=alice, title="parent")
    child = todos.create_todo(owner=alice, title="child", parent=parent.id)
    todos.update_todo(owner=alice, todo_id=parent.id, changes={"project": project.id})
    child.refresh_from_db()
    assert child.project_id == project.id
    with pytest.raises(Refused, match="project of its parent"):
        todos.update_todo(
            owner=alice, todo_id=child.id, changes={"project": Todo.objects.get(id=parent.id).owner.projects.get(is_inbox=True).id}
        )


def test_an_archived_project_takes_no_new_todos(alice: User) -> None:
    project = projects.create_project(owner=alice, name="Old", archived=True)
    with pytest.raises(Refused, match="archived"):
        todos.create_todo(owner=alice, title="a", project=project.id)


def test_completing_takes_the_open_subtasks_along_and_happens_once(alice: User, published: Callable[[], list[str]]) -> None:
    parent = todos.create_todo(owner=alice, title="parent")
    child = todos.create_todo(owner=alice, title="child", parent=parent.id)
    for _ in range(3):
        todos.complete_todo(owner=alice, todo_id=parent.id)
    assert not Todo.objects.open().exists()
    assert published().count("todo.completed.v1") == 2
    todos.reopen_todo(owner=alice, todo_id=child.id)
    assert Todo.objects.open().count() == 2
    assert published().count("todo.reopened.v1") == 2


def test_what_was_deleted_together_is_restored_together(alice: User) -> None:
    parent = todos.create_todo(owner=alice, title="parent")
    kept = todos.create_todo(owner=alice, title="kept", parent=parent.id)
    earlier = todos.create_todo(owner=alice, title="deleted earlier", parent=parent.id)
    todos.delete_todo(owner=alice, todo_id=earlier.id)
    todos.delete_todo(owner=alice, todo_id=parent.id)
    assert not Todo.objects.live().exists()
    todos.restore_todo(owner=alice, todo_id=parent.id)
    assert set(Todo.objects.live()) == {parent, kept}


def test_a_subtask_restored_without_its_parent_stands_alone(alice: User) -> None:
    parent = todos.create_todo(owner=alice, title="parent")
    child = todos.create_todo(owner=alice, title="child", parent=parent.id)
    todos.delete_todo(owner=alice, todo_id=parent.id)
    todos.restore_todo(owner=alice, todo_id=child.id)
    child.refresh_from_db()
    assert child.parent is None
    assert child.deleted_at is None


def test_a_todo_in_the_trash_cannot_be_changed(alice: User) -> None:
    todo = todos.create_todo(owner=alice, title="a")
    todos.delete_todo(owner=alice, todo_id=todo.id)
    with pytest.raises(NotFound):
        todos.update_todo(owner=alice, todo_id=todo.id, changes={"title": "b"})


def test_an_old_version_is_refused_and_the_present_one_named(alice: User) -> None:
    todo = todos.create_todo(owner=alice, title="a")
    todos.update_todo(owner=alice, todo_id=todo.id, changes={"title": "b"}, versions={1})
    with pytest.raises(VersionConflict) as conflict:
        todos.update_todo(owner=alice, todo_id=todo.id, changes={"title": "c"}, versions={1})
    assert conflict.value.current == 2


@pytest.mark.django_db(transaction=True)
def test_parallel_creates_all_succeed_and_keep_an_order(alice: User, api: Client, in_threads: Callable[..., None]) -> None:
    def create() -> None:
        for number in range(5):
            response = api.post("/api/v1/todos", {"title": str(number)}, content_type="application/json")
            assert response.status_code == 201, response.content

    in_threads(*[create] * 8)
    positions = list(Todo.objects.values_list("position", flat=True))
    assert len(positions) == len(set(positions)) == 40
