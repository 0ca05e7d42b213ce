"""Reactions to events. Each runs in the transaction of its receipt, may run again, and ignores what is gone already."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.core.mail import send_mail
from django.utils import timezone
from psycopg.types.json import Jsonb

from todos import events, positions, prepared, recurrence
from todos.models import NO_DUE, Notification, Todo, TodoLabel, User
from todos.services.todo_rules import shifted_reminder, zone_named
from todos.services.todos import last_position
from todos.transactions import lock_users


class DeliveredEvent(Protocol):
    """An event as it comes in."""

    @property
    def id(self) -> UUID: ...
    @property
    def type(self) -> str: ...
    @property
    def data(self) -> dict[str, Any]: ...
    @property
    def created_at(self) -> datetime: ...


# The lock of the owner's data and the row in one statement: it is sent for every event there is.
_RECORD = """
WITH owner AS (SELECT user_id FROM todos_revision WHERE user_id = %s FOR NO KEY UPDATE)
INSERT INTO todos_activity (id, owner_id, type, subject_id, title, data, happened_at)
SELECT %s, user_id, %s, %s, %s, %s, %s FROM owner
ON CONFLICT DO NOTHING
"""


def record_activity(event: DeliveredEvent) -> None:
    """Write down what happened, for its owner to read."""
    owner, subject, title = (event.data[name] for name in ("owner", "id", "title"))
    details = {key: value for key, value in event.data.items() if key not in ("id", "owner", "title")}
    prepared.execute(_RECORD, UUID(owner), event.id, event.type, UUID(subject), title, Jsonb(details), event.created_at)


def schedule_next_occurrence(event: DeliveredEvent) -> None:
    """Make the successor of a completed recurring todo: one, however often the fact arrives."""
    if not lock_users(UUID(event.data["owner"])):
        return
    todo = Todo.objects.live().select_related("owner").filter(id=UUID(event.data["id"])).first()
    if todo is None or not todo.recurrence or todo.completed_at is None or Todo.objects.filter(repeats=todo).exists():
        return
    following = recurrence.next_due(
        todo.recurrence,
        due_at=todo.due_at,
        due_on=todo.due_on,
        time_zone=todo.time_zone,
        recurs_from="due" if todo.recurs_from == Todo.RecursFrom.DUE else "completion",
        completed_at=todo.completed_at,
        anchor=todo.series_start,
    )
    if following is None:
        return
    successor = _copy(
        todo,
        repeats=todo,
        due_at=following.due_at,
        due_on=following.due_on,
        recurrence=following.rule,
        series_start=todo.series_start or todo.due_at,
    )
    reminder = shifted_reminder(todo, successor.due_sort)
    if reminder is not None:
        Todo.objects.filter(id=successor.id).update(remind_at=reminder)
    for subtask in todo.subtasks.live().order_by("position"):
        _copy(subtask, parent=successor, due_at=None, due_on=None)


def _copy(todo: Todo, **differences: Any) -> Todo:
    """A new open todo like this one, with its labels, at the end of the owner's list."""
    same = ("owner", "project", "title", "notes", "priority", "time_zone", "recurs_from")
    copy = Todo(
        **{name: getattr(todo, name) for name in same},
        position=positions.between(last_position(todo.owner), None),
        **differences,
    )
    copy.save(force_insert=True)
    copy.refresh_from_db(fields=["due_sort"])
    labels = TodoLabel.objects.filter(todo=todo).order_by("label_id").values_list("label_id", flat=True)
    TodoLabel.objects.bulk_create(TodoLabel(owner_id=todo.owner_id, todo=copy, label_id=label) for label in labels)
    events.publish(events.TodoCreated.of(copy, due=copy.due_at or copy.due_on))
    return copy


def notify_reminder(event: DeliveredEvent) -> None:
    """Put a reminder among its owner's notifications, once per todo and moment."""
    owner_id = UUID(event.data["owner"])
    if not lock_users(owner_id):
        return
    notification = Notification(
        owner_id=owner_id,
        todo_id=UUID(event.data["id"]),
        title=event.data["title"],
        remind_at=datetime.fromisoformat(event.data["remind_at"]),
    )
    Notification.objects.bulk_create([notification], ignore_conflicts=True)


def email_reminder(event: DeliveredEvent) -> None:
    """Mail a reminder to an owner who wants that. A mail cannot be taken back: after a crash it may be sent a second time."""
    owner = User.objects.filter(id=UUID(event.data["owner"]), is_active=True, email_reminders=True).first()
    todo = Todo.objects.open().filter(id=UUID(event.data["id"])).first()
    if owner is None or todo is None:
        return
    due = "" if todo.due_sort == NO_DUE else f"\nDue: {_when(todo)}"
    send_mail(f"Reminder: {todo.title}", f"{todo.title}{due}\n", None, [owner.email])


def _when(todo: Todo) -> str:
    if todo.due_on is not None:
        return todo.due_on.isoformat()
    return timezone.localtime(todo.due_sort, zone_named(todo.time_zone)).strftime("%Y-%m-%d %H:%M %Z")
