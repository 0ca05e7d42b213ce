"""Reads with shape: rows as the API shows them, plain dictionaries ready to be written as JSON.

The keys and their order are the API's contract; the serializers document it and a test compares the two.
Rows come from `values_list` without model instances, which is most of what makes a list fast.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Q, QuerySet, Value

from todos.errors import NotFound
from todos.models import Activity, ApiToken, Label, Notification, Project, Todo, TodoLabel, User

Row = dict[str, Any]
Extra = Mapping[str, Any]

# What is shown -> where it comes from, for everything that is not simply the column of that name.
_TODO: dict[str, Any] = {
    "id": "id",
    "title": "title",
    "notes": "notes",
    "project": "project_id",
    "labels": ArraySubquery(TodoLabel.objects.filter(todo=OuterRef("pk")).order_by("label_id").values("label_id")),
    "priority": "priority",
    "due_at": "due_at",
    "due_on": "due_on",
    "time_zone": "time_zone",
    "remind_at": "remind_at",
    "parent": "parent_id",
    "position": "position",
    "recurrence": "recurrence",
    "recurs_from": "recurs_from",
    "completed_at": "completed_at",
    "deleted_at": "deleted_at",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "version": "version",
}
_PROJECT = {name: name for name in ("id", "name", "colour", "position", "archived", "is_inbox", "created_at", "updated_at", "version")}
_LABEL = {name: name for name in ("id", "name", "colour", "created_at", "updated_at", "version")}
_ACTIVITY = {name: name for name in ("id", "type", "subject_id", "title", "data", "happened_at")}
_NOTIFICATION = {
    "id": "id",
    "kind": Value("reminder"),
    "todo": "todo_id",
    "title": "title",
    "remind_at": "remind_at",
    "created_at": "created_at",
    "read_at": "read_at",
}
_TOKEN = {name: name for name in ("id", "name", "scopes", "expires_at", "last_used_at", "created_at")}

_OPEN_TODOS = Count("todos", filter=Q(todos__completed_at=None, todos__deleted_at=None))


def _rows(queryset: QuerySet[Any], shape: dict[str, Any]) -> list[Row]:
    names = tuple(shape)
    return [dict(zip(names, row, strict=True)) for row in queryset.values_list(*shape.values())]


def _one(queryset: QuerySet[Any], shape: dict[str, Any]) -> Row:
    for row in _rows(queryset, shape):
        return row
    raise NotFound


def todo_rows(todos: QuerySet[Todo], extra: Extra = MappingProxyType({})) -> list[Row]:
    """These todos as the API shows them, in the queryset's order, in one query; `extra` adds columns by name."""
    return _rows(todos, {**_TODO, **extra})


def todo_row(owner: User, todo_id: UUID, *, trashed: bool = False) -> Row:
    """One todo of the owner's; `trashed` allows one in the trash. Raises NotFound."""
    todos = Todo.objects.owned_by(owner).filter(id=todo_id)
    return _one(todos if trashed else todos.live(), _TODO)


def each_todo_row(owner: User, *, batch: int = 1000) -> Iterator[Row]:
    """Every todo of the owner's, trash included, parents before their subtasks, fetched in batches that bound memory."""
    names = tuple(_TODO)
    todos = Todo.objects.owned_by(owner).order_by(F("parent_id").asc(nulls_first=True), "position")
    for row in todos.values_list(*_TODO.values()).iterator(chunk_size=batch):
        yield dict(zip(names, row, strict=True))


def project_rows(owner: User) -> list[Row]:
    """All projects of the owner in their order, each with the number of its open todos."""
    projects = Project.objects.owned_by(owner).order_by("position").annotate(open_todos=_OPEN_TODOS)
    return _rows(projects, {**_PROJECT, "open_todos": "open_todos"})


def project_row(owner: User, project_id: UUID) -> Row:
    """One project, without the count: its ETag comes from its version, which a count would not move. Raises NotFound."""
    return _one(Project.objects.owned_by(owner).filter(id=project_id), _PROJECT)


def label_rows(owner: User) -> list[Row]:
    """All labels of the owner by name."""
    return _rows(Label.objects.owned_by(owner).order_by("name", "id"), _LABEL)


def label_row(owner: User, label_id: UUID) -> Row:
    """One label. Raises NotFound."""
    return _one(Label.objects.owned_by(owner).filter(id=label_id), _LABEL)


def projects_by_id(owner: User, ids: Sequence[UUID]) -> list[Row]:
    """These projects of the owner, without counts."""
    return _rows(Project.objects.owned_by(owner).filter(id__in=ids), _PROJECT)


def labels_by_id(owner: User, ids: Sequence[UUID]) -> list[Row]:
    """These labels of the owner."""
    return _rows(Label.objects.owned_by(owner).filter(id__in=ids), _LABEL)


def activity_rows(activity: QuerySet[Activity], extra: Extra = MappingProxyType({})) -> list[Row]:
    """What happened, as the API shows it."""
    return _rows(activity, {**_ACTIVITY, **extra})


def notification_rows(notifications: QuerySet[Notification], extra: Extra = MappingProxyType({})) -> list[Row]:
    """Reminders, as the API shows them."""
    return _rows(notifications, {**_NOTIFICATION, **extra})


def token_rows(owner: User) -> list[Row]:
    """The owner's API tokens, newest first; never their secrets."""
    return _rows(ApiToken.objects.filter(owner=owner).order_by("-created_at", "id"), _TOKEN)


def user_row(user: User) -> Row:
    """What a user may see of their own account."""
    return {name: getattr(user, name) for name in ("id", "email", "time_zone", "email_reminders", "created_at")}
