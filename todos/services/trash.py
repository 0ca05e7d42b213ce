"""Deleting for good: what lay in the trash for 30 days, and what is kept for a while only."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from todos import events
from todos.errors import NotFound
from todos.models import Attempt, IdempotencyRecord, Session, Todo, Tombstone, User
from todos.transactions import lock_users, write

KEPT_IN_TRASH = timedelta(days=30)
KEPT_ANSWERS = timedelta(hours=24)
KEPT_TOMBSTONES = timedelta(days=90)
BATCH = 500


@write
def purge_todo(*, owner: User, todo_id: UUID) -> None:
    """Delete a todo of the trash, with its subtasks, for good. Raises NotFound, also for one that is not in the trash."""
    if not _purge(owner.id, [todo_id]):
        raise NotFound


@write
def empty_trash(*, owner: User) -> int:
    """Delete everything in the owner's trash for good; returns how many todos went."""
    return _purge(owner.id, Todo.objects.owned_by(owner).trashed().values_list("id", flat=True))


def purge_expired() -> int:
    """Delete what has been kept long enough: trash, answers to repeated requests, marks of deleted rows, sessions; run hourly."""
    now = timezone.now()
    Attempt.objects.filter(window_ends__lt=now).delete()
    IdempotencyRecord.objects.filter(created_at__lt=now - KEPT_ANSWERS).delete()
    Tombstone.objects.filter(created_at__lt=now - KEPT_TOMBSTONES).delete()
    Session.objects.filter(expire_date__lt=now).delete()
    purged = 0
    while expired := list(Todo.objects.trashed().filter(deleted_at__lt=now - KEPT_IN_TRASH).values_list("owner_id", "id")[:BATCH]):
        for owner_id in sorted({owner_id for owner_id, _ in expired}):
            purged += write(_purge)(owner_id, [todo_id for owner, todo_id in expired if owner == owner_id])
    return purged


def _purge(owner_id: UUID, todo_ids: Iterable[UUID]) -> int:
    lock_users(owner_id)
    todos = list(Todo.objects.trashed().filter(owner_id=owner_id, id__in=list(todo_ids)).order_by("id").select_for_update(no_key=True))
    for todo in todos:
        events.publish(events.TodoPurged.of(todo))
    Todo.objects.filter(id__in=[todo.id for todo in todos]).delete()
    return len(todos)
