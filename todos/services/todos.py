"""Creating, changing, completing and deleting todos."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from todos import events, positions
from todos.errors import Refused
from todos.models import Label, Project, Todo, TodoLabel, User
from todos.services import todo_rules
from todos.services.projects import get_project, inbox_of
from todos.transactions import Versions, lock_row, write


@write
def create_todo(*, owner: User, title: str, labels: Iterable[UUID] = (), **fields: Any) -> Todo:
    """Add a todo at the end of the owner's list, in the Inbox unless `project` or `parent` says otherwise.

    `fields`: notes, project, parent, priority, due_at, due_on, time_zone, remind_at, recurrence, recurs_from; `project`
    and `parent` are ids. Raises Refused for what may not be.
    """
    position, inbox_id = _place_for_new(owner)
    parent = _parent(owner, fields.pop("parent", None))
    project_id = fields.pop("project", None)
    if parent is not None:
        if project_id not in (None, parent.project_id):
            raise Refused("A subtask lives in the project of its parent.", field="project")
        project_id = parent.project_id
    elif project_id not in (None, inbox_id):
        project_id = _open_project(owner, project_id).id
    fields.setdefault("time_zone", owner.time_zone)
    todo = Todo(owner=owner, project_id=project_id or inbox_id, parent=parent, title=title, position=position, **fields)
    todo_rules.settle(todo)
    todo.save(force_insert=True)
    _set_labels(todo, labels, had=frozenset())
    events.publish(events.TodoCreated.of(todo, due=todo.due_at or todo.due_on))
    return todo


@write
def update_todo(*, owner: User, todo_id: UUID, changes: Mapping[str, Any], versions: Versions | None = None) -> Todo:
    """Change what is named in `changes` and nothing else; a change to the present value is none.

    Giving one kind of date takes away the other. Raises NotFound, Refused, VersionConflict.
    """
    todo = lock_todo(owner=owner, todo_id=todo_id, versions=versions)
    wanted = dict(changes)
    labels = wanted.pop("labels", None)
    if "parent" in wanted:
        wanted["parent"] = _new_parent(todo, wanted["parent"])
        if wanted["parent"] is not None:
            wanted.setdefault("project", wanted["parent"].project_id)
    if "project" in wanted:
        wanted["project"] = _new_project(todo, wanted["project"], wanted.get("parent", todo.parent))
    for one, other in (("due_at", "due_on"), ("due_on", "due_at")):
        if wanted.get(one) is not None:
            wanted.setdefault(other, None)
    changed = sorted(name for name, value in wanted.items() if getattr(todo, name) != value)
    for name in changed:
        setattr(todo, name, wanted[name])
    if changed:
        if "remind_at" in changed:
            todo.reminded_at = None
        if not {"due_at", "due_on", "time_zone", "recurrence"}.isdisjoint(changed):
            todo.series_start = None
        changed = sorted({*changed, *todo_rules.settle(todo)})
        todo.save(update_fields=[*changed, "reminded_at", "series_start"])
        if "project" in changed:
            todo.subtasks.exclude(project=todo.project).update(project=todo.project)
    if labels is not None and _set_labels(todo, labels):
        changed.append("labels")
    if changed:
        events.publish(events.TodoUpdated.of(todo, fields=tuple(changed)))
    return todo


@write
def complete_todo(*, owner: User, todo_id: UUID, versions: Versions | None = None) -> Todo:
    """Mark it done now, open subtasks with it; done already is fine. A recurring todo gets its successor from the event."""
    todo = lock_todo(owner=owner, todo_id=todo_id, versions=versions)
    if todo.completed_at is None:
        now = timezone.now()
        for one in [*todo.subtasks.open().order_by("id").select_for_update(no_key=True), todo]:
            one.completed_at = now
            one.save(update_fields=["completed_at"])
            events.publish(events.TodoCompleted.of(one, completed_at=now))
    return todo


@write
def reopen_todo(*, owner: User, todo_id: UUID, versions: Versions | None = None) -> Todo:
    """Mark it open again, its parent too, since an open subtask under a finished todo would be lost from sight."""
    todo = lock_todo(owner=owner, todo_id=todo_id, versions=versions)
    for one in [todo, todo.parent]:
        if one is not None and one.completed_at is not None:
            one.completed_at = None
            one.save(update_fields=["completed_at"])
            events.publish(events.TodoReopened.of(one))
    return todo


@write
def delete_todo(*, owner: User, todo_id: UUID, versions: Versions | None = None) -> None:
    """Put it and its subtasks into the trash, from where it can be restored for 30 days; there already is fine."""
    todo = lock_todo(owner=owner, todo_id=todo_id, versions=versions, trashed=True)
    if todo.deleted_at is None:
        trash([todo, *todo.subtasks.live().order_by("id").select_for_update(no_key=True)])


def trash(todos: Iterable[Todo]) -> None:
    """Put locked todos into the trash, all at one moment, by which restoring finds what belongs together."""
    now = timezone.now()
    for todo in todos:
        todo.deleted_at = now
        todo.save(update_fields=["deleted_at", "project"])
        events.publish(events.TodoDeleted.of(todo))


@write
def restore_todo(*, owner: User, todo_id: UUID, versions: Versions | None = None) -> Todo:
    """Take it out of the trash with the subtasks that went with it; not in the trash is fine.

    Its parent still in the trash, it comes back as a todo of its own.
    """
    todo = lock_todo(owner=owner, todo_id=todo_id, versions=versions, trashed=True)
    if todo.deleted_at is None:
        return todo
    together = todo.subtasks.filter(deleted_at=todo.deleted_at).order_by("id").select_for_update(no_key=True)
    if todo.parent is not None and todo.parent.deleted_at is not None:
        todo.parent = None
    for one in [todo, *together]:
        one.deleted_at = None
        one.save(update_fields=["deleted_at", "parent"])
        events.publish(events.TodoRestored.of(one))
    return todo


def lock_todo(*, owner: User, todo_id: UUID, versions: Versions | None = None, trashed: bool = False) -> Todo:
    """The owner's todo, locked; `trashed` allows one in the trash. Raises as `lock_row` does."""
    found = Todo.objects.all() if trashed else Todo.objects.live()
    return lock_row(found.select_related("parent", "project"), owner=owner, row_id=todo_id, versions=versions)


def last_position(owner: User) -> str | None:
    """Where the owner's list ends."""
    return Todo.objects.owned_by(owner).order_by("-position").values_list("position", flat=True).first()


def _place_for_new(owner: User) -> tuple[str, UUID]:
    """Take the owner's lock; the position behind all others, and the Inbox."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_position, inbox FROM todos_place_for_new(%s)", [owner.pk])
        last, inbox_id = cursor.fetchone()
    return positions.between(last, None), inbox_id or inbox_of(owner).id


def _open_project(owner: User, project_id: UUID) -> Project:
    project = get_project(owner, project_id, field="project")
    if project.archived:
        raise Refused("This project is archived. Take it out of the archive first.", field="project")
    return project


def _parent(owner: User, parent_id: UUID | None) -> Todo | None:
    if parent_id is None:
        return None
    parent = Todo.objects.owned_by(owner).live().select_related("project").filter(id=parent_id).first()
    if parent is None:
        raise Refused("There is no such todo.", field="parent", code="does_not_exist")
    if parent.parent_id is not None:
        raise Refused("A subtask cannot have subtasks of its own: choose its parent.", field="parent")
    return parent


def _new_parent(todo: Todo, parent_id: UUID | None) -> Todo | None:
    if parent_id == todo.id:
        raise Refused("A todo cannot be its own parent.", field="parent")
    parent = _parent(todo.owner, parent_id)
    if parent is not None and todo.subtasks.live().exists():
        raise Refused("A todo with subtasks cannot become a subtask.", field="parent")
    return parent


def _new_project(todo: Todo, project_id: UUID, parent: Todo | None) -> Project:
    if project_id == todo.project_id:
        return todo.project
    project = _open_project(todo.owner, project_id)
    if parent is not None and parent.project_id != project.id:
        raise Refused("A subtask lives in the project of its parent. Set its parent to null to move it alone.", field="project")
    return project


def _set_labels(todo: Todo, labels: Iterable[UUID], *, had: Collection[UUID] | None = None) -> bool:
    """Make these the todo's labels; says whether anything changed. `had` saves a query where it is known."""
    wanted = set(labels)
    had = set(TodoLabel.objects.filter(todo=todo).values_list("label_id", flat=True) if had is None else had)
    if wanted == had:
        return False
    added = wanted - had
    if added and Label.objects.owned_by(todo.owner).filter(id__in=added).count() != len(added):
        raise Refused("There is no such label.", field="labels", code="does_not_exist")
    TodoLabel.objects.filter(todo=todo, label_id__in=had - wanted).delete()
    TodoLabel.objects.bulk_create(TodoLabel(owner_id=todo.owner_id, todo=todo, label_id=label) for label in sorted(added))
    return True
