"""Everything a user has, as records for a file."""

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef
from django.db.models.functions import Coalesce

from todos.formats import Record
from todos.formats.records import LabelRecord, ProjectRecord, TodoRecord
from todos.models import Label, Project, Todo, TodoLabel, User

BATCH = 1000
_SAME = (
    *("title", "notes", "priority", "due_at", "due_on", "time_zone", "remind_at", "position", "recurrence", "recurs_from"),
    *("completed_at", "deleted_at", "created_at", "updated_at"),
)
_GROUPED = ("project__position", Coalesce("parent__position", "position"), F("parent__position").asc(nulls_first=True), "position")
_LABELS = ArraySubquery(TodoLabel.objects.filter(todo=OuterRef("pk")).order_by("label__name").values("label__name"))


def records_of(owner: User, *, grouped: bool) -> Iterator[Record]:
    """Projects in their order, labels by name, then todos, trash included, fetched in batches that bound memory.

    Todos come in their owner's order, or `grouped`: project by project, each subtask behind its parent, for formats that need it.
    """
    for project in Project.objects.owned_by(owner).order_by("position"):
        yield ProjectRecord(
            name=project.name,
            key=str(project.id),
            colour=project.colour,
            position=project.position,
            archived=project.archived,
            is_inbox=project.is_inbox,
        )
    for label in Label.objects.owned_by(owner).order_by("name", "id"):
        yield LabelRecord(name=label.name, colour=label.colour)
    todos = Todo.objects.owned_by(owner).order_by(*(_GROUPED if grouped else ("position",)))
    columns = ("id", "project_id", "parent_id", *_SAME)
    for id_, project_id, parent_id, *values, labels in todos.values_list(*columns, _LABELS).iterator(chunk_size=BATCH):
        said: dict[str, Any] = dict(zip(_SAME, values, strict=True))
        yield TodoRecord(key=str(id_), project=str(project_id), parent=str(parent_id) if parent_id else None, labels=tuple(labels), **said)
