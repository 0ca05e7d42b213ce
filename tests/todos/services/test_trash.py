"""The trash keeps things for 30 days, then they go for good, and so does what was only kept for a while."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dapr_bridge.models import OutboxEvent
from todos.errors import NotFound
from todos.models import Attempt, IdempotencyRecord, Todo, Tombstone, User
from todos.services import todos, trash

pytestmark = pytest.mark.django_db


def test_what_lay_in_the_trash_for_30_days_goes_for_good(alice: User, bob: User) -> None:
    old, fresh = (todos.create_todo(owner=owner, title="x") for owner in (alice, bob))
    child = todos.create_todo(owner=alice, title="child", parent=old.id)
    kept = todos.create_todo(owner=alice, title="kept")
    for owner, todo in ((alice, old), (bob, fresh)):
        todos.delete_todo(owner=owner, todo_id=todo.id)
    Todo.objects.filter(id__in=[old.id, child.id]).update(deleted_at=timezone.now() - timedelta(days=30, minutes=1))
    assert trash.purge_expired() == 2
    assert set(Todo.objects.all()) == {fresh, kept}
    assert OutboxEvent.objects.filter(type="todo.purged.v1").count() == 2
    assert trash.purge_expired() == 0


def test_only_the_trash_can_be_purged_and_only_by_its_owner(alice: User, bob: User) -> None:
    todo = todos.create_todo(owner=alice, title="x")
    with pytest.raises(NotFound):
        trash.purge_todo(owner=alice, todo_id=todo.id)
    todos.delete_todo(owner=alice, todo_id=todo.id)
    with pytest.raises(NotFound):
        trash.purge_todo(owner=bob, todo_id=todo.id)
    assert trash.empty_trash(owner=bob) == 0
    assert trash.empty_trash(owner=alice) == 1
    assert not Todo.objects.exists()


def test_what_is_kept_for_a_while_only_goes_in_time(alice: User) -> None:
    now = timezone.now()
    for age in (timedelta(hours=23), timedelta(hours=25)):
        record = IdempotencyRecord.objects.create(owner=alice, key=str(age), fingerprint="", status=200, body=b"")
        IdempotencyRecord.objects.filter(id=record.id).update(created_at=now - age)
    Attempt.objects.create(key="old", count=1, window_ends=now - timedelta(seconds=1))
    Attempt.objects.create(key="new", count=1, window_ends=now + timedelta(minutes=1))
    for days in (89, 91):
        Tombstone.objects.create(owner_id=alice.id, kind="todo", object_id=alice.id, changed_in=1, created_at=now - timedelta(days=days))
    trash.purge_expired()
    assert [record.key for record in IdempotencyRecord.objects.all()] == ["23:00:00"]
    assert [attempt.key for attempt in Attempt.objects.all()] == ["new"]
    assert Tombstone.objects.count() == 1
