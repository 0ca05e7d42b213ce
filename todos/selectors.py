"""Reads with shape: rows as the API shows them, written as JSON by PostgreSQL itself.

That is what makes a list fast: no model instances, no dates parsed and formatted again, one column to fetch. The keys and
their order are the API's contract; the serializers document it and a test compares the two.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from django.db.models import F, Model, QuerySet, TextField
from django.db.models.expressions import RawSQL

from todos.errors import NotFound
from todos.models import Activity, ApiToken, Label, Notification, Project, Todo, User

Document = orjson.Fragment  # JSON text that `to_json` passes on as it is
_MOMENT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def _json(model: type[Model], *names: str, **sources: str) -> RawSQL:
    """The row as JSON text: `names` in this order, each from the column of that name or from the SQL in `sources`."""
    table = model._meta.db_table
    columns = []
    for name in names:
        column = f"{table}.{name}"
        source = sources.get(name) or (_MOMENT.format(column) if name.endswith("_at") else column)
        columns.append(f'{source} AS "{name}"')
    # row_to_json writes no spaces, unlike json_build_object.
    sql = f"(SELECT row_to_json(shown)::text FROM (SELECT {', '.join(columns)}) AS shown)"  # noqa: S608  names of ours only
    return RawSQL(sql, (), output_field=TextField())  # noqa: S611  as above


_TODO = _json(
    Todo,
    *("id", "title", "notes", "project", "labels", "priority", "due_at", "due_on", "time_zone", "remind_at", "parent", "position"),
    *("recurrence", "recurs_from", "completed_at", "deleted_at", "created_at", "updated_at", "version"),
    project="todos_todo.project_id",
    parent="todos_todo.parent_id",
    labels="ARRAY(SELECT carried.label_id FROM todos_todolabel AS carried WHERE carried.todo_id = todos_todo.id ORDER BY carried.label_id)",
)
_PROJECT_KEYS = ("id", "name", "colour", "position", "archived", "is_inbox", "created_at", "updated_at", "version")
_PROJECT = _json(Project, *_PROJECT_KEYS)
_LISTED_PROJECT = _json(
    Project,
    *(*_PROJECT_KEYS, "open_todos"),
    open_todos="(SELECT count(*) FROM todos_todo AS held WHERE held.project_id = todos_project.id"
    " AND held.deleted_at IS NULL AND held.completed_at IS NULL)",
)
_LABEL = _json(Label, "id", "name", "colour", "created_at", "updated_at", "version")
_ACTIVITY = _json(Activity, "id", "type", "subject_id", "title", "data", "happened_at")
_NOTIFICATION = _json(
    Notification, "id", "kind", "todo", "title", "remind_at", "created_at", "read_at", kind="'reminder'", todo="todos_notification.todo_id"
)
_TOKEN = _json(ApiToken, "id", "name", "scopes", "expires_at", "last_used_at", "created_at")


def _all(rows: QuerySet[Any], shape: RawSQL) -> list[Document]:
    return [Document(text) for (text,) in rows.values_list(shape)]


def _one(rows: QuerySet[Any], shape: RawSQL) -> tuple[Document, int]:
    for text, version in rows.values_list(shape, F("version")):
        return Document(text), version
    raise NotFound


class Shown:
    """Rows of one kind as documents, each with the columns that a page's cursor is made of."""

    def __init__(self, shape: RawSQL) -> None:
        self._shape = shape

    def __call__(self, rows: QuerySet[Any], keys: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        """(document, *keys) of each row, in the queryset's order, in one query."""
        return [(Document(text), *values) for text, *values in rows.values_list(self._shape, *keys)]


todo_rows = Shown(_TODO)
activity_rows = Shown(_ACTIVITY)
notification_rows = Shown(_NOTIFICATION)


def todo_row(owner: User, todo_id: UUID, *, trashed: bool = False) -> tuple[Document, int]:
    """One todo of the owner's and its version; `trashed` allows one in the trash. Raises NotFound."""
    rows = Todo.objects.owned_by(owner).filter(id=todo_id)
    return _one(rows if trashed else rows.live(), _TODO)


def todos_by_id(owner: User, ids: Sequence[UUID]) -> list[Document]:
    """These todos of the owner, those in the trash too."""
    return _all(Todo.objects.owned_by(owner).filter(id__in=ids), _TODO)


def project_rows(owner: User) -> list[Document]:
    """All projects of the owner in their order, each with the number of its open todos."""
    return _all(Project.objects.owned_by(owner).order_by("position"), _LISTED_PROJECT)


def project_row(owner: User, project_id: UUID) -> tuple[Document, int]:
    """One project, without the count: its ETag comes from its version, which a count would not move. Raises NotFound."""
    return _one(Project.objects.owned_by(owner).filter(id=project_id), _PROJECT)


def projects_by_id(owner: User, ids: Sequence[UUID]) -> list[Document]:
    """These projects of the owner, without counts."""
    return _all(Project.objects.owned_by(owner).filter(id__in=ids), _PROJECT)


def label_rows(owner: User) -> list[Document]:
    """All labels of the owner by name."""
    return _all(Label.objects.owned_by(owner).order_by("name", "id"), _LABEL)


def label_row(owner: User, label_id: UUID) -> tuple[Document, int]:
    """One label. Raises NotFound."""
    return _one(Label.objects.owned_by(owner).filter(id=label_id), _LABEL)


def labels_by_id(owner: User, ids: Sequence[UUID]) -> list[Document]:
    """These labels of the owner."""
    return _all(Label.objects.owned_by(owner).filter(id__in=ids), _LABEL)


def token_rows(owner: User) -> list[Document]:
    """The owner's API tokens, newest first; never their secrets."""
    return _all(ApiToken.objects.filter(owner=owner).order_by("-created_at", "id"), _TOKEN)


def token_row(token: ApiToken) -> dict[str, Any]:
    """One API token, as values: whoever makes it adds the secret."""
    return dict(orjson.loads(ApiToken.objects.values_list(_TOKEN, flat=True).get(id=token.id)))


def user_row(user: User) -> dict[str, Any]:
    """What a user may see of their own account."""
    return {name: getattr(user, name) for name in ("id", "email", "time_zone", "email_reminders", "created_at")}
