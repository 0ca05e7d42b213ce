"""Reactions happen once, whatever is retried, and never to what is gone."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.utils import timezone

from dapr_bridge.models import OutboxEvent, Receipt
from dapr_bridge.testing import drain
from todos.models import Activity, Notification, Todo, User
from todos.services import accounts, labels, projects, reminders, todos

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_happened_is_written_down_in_order(alice: User) -> None:
    todo = todos.create_todo(owner=alice, title="Buy milk")
    todos.update_todo(owner=alice, todo_id=todo.id, changes={"priority": 1})
    todos.complete_todo(owner=alice, todo_id=todo.id)
    drain()
    happened = Activity.objects.filter(subject_id=todo.id).order_by("happened_at").values_list("type", "title")
    assert list(happened) == [(f"todo.{what}.v1", "Buy milk") for what in ("created", "updated", "completed")]
    assert Activity.objects.get(type="todo.updated.v1").data["fields"] == ["priority"]


def test_an_event_handled_twice_is_written_down_once(alice: User) -> None:
    todos.create_todo(owner=alice, title="a")
    drain()
    before = Activity.objects.count()
    Receipt.objects.all().delete()
    OutboxEvent.objects.update(delivered_at=None)
    drain()
    assert Activity.objects.count() == before


def test_nothing_is_written_for_a_user_who_is_gone(alice: User) -> None:
    todos.create_todo(owner=alice, title="a")
    accounts.delete_account(user=alice)
    drain()
    assert not Activity.objects.exists()
    assert not OutboxEvent.objects.filter(delivered_at=None).exists()


def test_completing_a_recurring_todo_makes_the_next_one_with_all_it_carries(alice: User) -> None:
    label = labels.create_label(owner=alice, name="money")
    project = projects.create_project(owner=alice, name="Flat")
    rent = todos.create_todo(
        owner=alice,
        title="Pay rent",
        notes="by bank",
        project=project.id,
        labels=[label.id],
        priority=1,
        due_at=datetime(2026, 3, 1, 8, 0, tzinfo=UTC),  # 9:00 in Berlin
        remind_at=datetime(2026, 2, 28, 17, 0, tzinfo=UTC),  # 18:00 the evening before
        recurrence="FREQ=MONTHLY",
    )
    todos.create_todo(owner=alice, title="check the amount", parent=rent.id)
    todos.complete_todo(owner=alice, todo_id=rent.id)
    drain()
    following = Todo.objects.get(repeats=rent)
    assert following.completed_at is None
    assert following.due_at == datetime(2026, 4, 1, 7, 0, tzinfo=UTC), "9:00 in Berlin, in summer time"
    assert following.remind_at == datetime(2026, 3, 31, 16, 0, tzinfo=UTC), "18:00 the evening before, in summer time"
    same = ("title", "notes", "project_id", "priority", "recurrence", "time_zone")
    assert [getattr(following, name) for name in same] == [getattr(rent, name) for name in same]
    assert list(following.labels.all()) == [label]
    assert [(subtask.title, subtask.completed_at) for subtask in following.subtasks.all()] == [("check the amount", None)]


def test_the_last_occurrence_has_no_successor(alice: User) -> None:
    todo = todos.create_todo(owner=alice, title="twice", due_on=date(2026, 1, 1), recurrence="FREQ=DAILY;COUNT=2")
    todos.complete_todo(owner=alice, todo_id=todo.id)
    drain()
    second = Todo.objects.get(repeats=todo)
    todos.complete_todo(owner=alice, todo_id=second.id)
    drain()
    assert not Todo.objects.open().exists()


def test_every_n_days_after_completion_counts_from_the_day_it_was_done(alice: User) -> None:
    todo = todos.create_todo(
        owner=alice, title="Water", due_on=date(2020, 1, 1), recurrence="FREQ=DAILY;INTERVAL=3", recurs_from="completion"
    )
    todos.complete_todo(owner=alice, todo_id=todo.id)
    drain()
    done = Todo.objects.get(id=todo.id).completed_at
    assert done is not None
    local = timezone.localtime(done, ZoneInfo("Europe/Berlin")).date()
    assert Todo.objects.get(repeats=todo).due_on == local + timedelta(days=3)


def test_a_todo_reopened_before_the_reaction_has_no_successor_until_it_is_done_again(alice: User) -> None:
    todo = todos.create_todo(owner=alice, title="daily", due_on=date(2026, 1, 1), recurrence="FREQ=DAILY")
    todos.complete_todo(owner=alice, todo_id=todo.id)
    todos.reopen_todo(owner=alice, todo_id=todo.id)
    drain()
    assert not Todo.objects.filter(repeats=todo).exists()
    todos.complete_todo(owner=alice, todo_id=todo.id)
    todos.reopen_todo(owner=alice, todo_id=todo.id)
    todos.complete_todo(owner=alice, todo_id=todo.id)
    drain()
    assert Todo.objects.filter(repeats=todo).count() == 1


def test_twenty_parallel_completions_make_exactly_one_occurrence(alice: User, in_threads: Callable[..., None]) -> None:
    todo = todos.create_todo(owner=alice, title="daily", due_on=date(2026, 1, 1), recurrence="FREQ=DAILY")
    in_threads(*[lambda: todos.complete_todo(owner=alice, todo_id=todo.id)] * 20)
    in_threads(drain, drain)
    drain()
    assert [one.due_on for one in Todo.objects.open()] == [date(2026, 1, 2)]


def test_a_reminder_is_announced_once_noted_once_and_mailed(alice: User) -> None:
    due = timezone.now() - timedelta(seconds=1)
    todo = todos.create_todo(owner=alice, title="Call mum", remind_at=due, due_on=date(2026, 1, 5))
    todos.create_todo(owner=alice, title="later", remind_at=due + timedelta(hours=1))
    assert reminders.announce_due() == 1
    assert reminders.announce_due() == 0
    drain()
    notification = Notification.objects.get()
    assert (notification.todo_id, notification.title, notification.remind_at) == (todo.id, "Call mum", due)
    assert [(message.subject, message.to) for message in mail.outbox] == [("Reminder: Call mum", ["alice@example.com"])]
    assert "2026-01-05" in mail.outbox[0].body


def test_a_reminder_moved_to_another_time_is_announced_again(alice: User) -> None:
    todo = todos.create_todo(owner=alice, title="Call mum", remind_at=timezone.now() - timedelta(hours=1))
    assert reminders.announce_due() == 1
    todos.update_todo(owner=alice, todo_id=todo.id, changes={"remind_at": timezone.now() - timedelta(seconds=1)})
    assert reminders.announce_due() == 1
    drain()
    assert Notification.objects.count() == 2


def test_nobody_is_reminded_of_what_is_done_or_in_the_trash_or_mailed_against_their_will(alice: User) -> None:
    past = timezone.now() - timedelta(minutes=1)
    done = todos.create_todo(owner=alice, title="done", remind_at=past)
    todos.complete_todo(owner=alice, todo_id=done.id)
    deleted = todos.create_todo(owner=alice, title="deleted", remind_at=past)
    todos.delete_todo(owner=alice, todo_id=deleted.id)
    assert reminders.announce_due() == 0
    accounts.update_account(user=alice, changes={"email_reminders": False})
    todos.create_todo(owner=alice, title="open", remind_at=past)
    assert reminders.announce_due() == 1
    drain()
    assert Notification.objects.count() == 1
    assert mail.outbox == []
