"""Turns reminders that came due into events; run about once a second."""

from collections import defaultdict
from uuid import UUID

from django.utils import timezone

from todos import events
from todos.models import Todo
from todos.transactions import lock_users, write

BATCH = 200


def announce_due() -> int:
    """Publish `todo.reminder_due.v1` once for every reminder whose time has come; returns how many."""
    due: dict[UUID, list[UUID]] = defaultdict(list)
    waiting = Todo.objects.open().filter(remind_at__lte=timezone.now(), reminded_at=None).order_by("remind_at")
    for owner_id, todo_id in waiting.values_list("owner_id", "id")[:BATCH]:
        due[owner_id].append(todo_id)
    return sum(_announce(owner_id, todo_ids) for owner_id, todo_ids in due.items())


@write
def _announce(owner_id: UUID, todo_ids: list[UUID]) -> int:
    lock_users(owner_id)
    now = timezone.now()
    todos = list(
        Todo.objects.open()
        .filter(id__in=todo_ids, owner_id=owner_id, remind_at__lte=now, reminded_at=None)
        .order_by("id")
        .select_for_update(no_key=True)
    )
    Todo.objects.filter(id__in=[todo.id for todo in todos]).update(reminded_at=now)
    for todo in todos:
        assert todo.remind_at is not None  # noqa: S101  the query asked for it
        events.publish(events.TodoReminderDue.of(todo, remind_at=todo.remind_at))
    return len(todos)
