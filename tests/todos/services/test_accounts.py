"""Leaving takes everything along, however much it is."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dapr_bridge.testing import drain
from todos.models import Activity, Label, Notification, Project, Revision, Todo, TodoLabel, Tombstone, User
from todos.services import accounts, labels, todos

pytestmark = pytest.mark.django_db(transaction=True)


def _live(owner: User, count: int) -> None:
    label = labels.create_label(owner=owner, name="home")
    for number in range(count):
        parent = todos.create_todo(owner=owner, title=str(number), labels=[label.id])
        todos.create_todo(owner=owner, title="subtask", parent=parent.id)
    Notification.objects.create(owner=owner, todo_id=uuid4(), title="x", remind_at=datetime(2026, 1, 1, tzinfo=UTC))
    accounts.create_token(owner=owner, name="cli", scopes=["read"])
    drain()


def test_a_deleted_account_leaves_nothing_behind_and_nobody_elses_things_are_touched(alice: User, bob: User) -> None:
    _live(alice, 3)
    _live(bob, 1)
    accounts.delete_account(user=alice)
    drain()
    for model in (Todo, TodoLabel, Label, Project, Activity, Notification):
        assert set(model.objects.values_list("owner_id", flat=True)) == {bob.id}
    assert list(Revision.objects.values_list("user_id", flat=True)) == [bob.id]
    assert not Tombstone.objects.exclude(kind__in=["label", "project"]).exists()


def test_deleting_a_large_account_takes_as_many_queries_as_a_small_one(alice: User, bob: User) -> None:
    _live(alice, 2)
    _live(bob, 12)
    counts = []
    for user in (alice, bob):
        with CaptureQueriesContext(connection) as queries:
            accounts.delete_account(user=user)
        counts.append(len(queries))
    assert counts[0] == counts[1]
