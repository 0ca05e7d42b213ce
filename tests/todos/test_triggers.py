"""The database moves tokens, versions, sync marks and tombstones, whoever writes."""

from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection, transaction

from todos.models import NO_DUE, Label, Project, Revision, Todo, TodoLabel, Tombstone, User
from todos.services import labels as label_services
from todos.services import projects as project_services
from todos.services import todos as todo_services

pytestmark = pytest.mark.django_db(transaction=True)


def token_of(user: User) -> str:
    return str(Revision.objects.get(user=user).token)


@pytest.fixture
def todo(alice: User) -> Todo:
    label = label_services.create_label(owner=alice, name="home")
    todo = todo_services.create_todo(owner=alice, title="Water the plants", labels=[label.id])
    project_services.create_project(owner=alice, name="Garden")
    return todo


def _execute(sql: str) -> Callable[[Todo], None]:
    def run(todo: Todo) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"id": todo.id, "owner": todo.owner_id})

    return run


def _copy(todo: Todo, position: str) -> Todo:
    return Todo(owner=todo.owner, project=todo.project, title="copy", position=position)


WRITES: dict[str, Callable[[Todo], object]] = {
    "save": lambda todo: todo.save(),
    "update": lambda todo: Todo.objects.filter(id=todo.id).update(title="other"),
    "bulk_create": lambda todo: Todo.objects.bulk_create([_copy(todo, "b00"), _copy(todo, "b01")]),
    "bulk_update": lambda todo: Todo.objects.bulk_update([todo], ["title"]),
    "delete": lambda todo: todo.delete(),
    "queryset delete": lambda todo: Todo.objects.filter(id=todo.id).delete(),
    "cascade from project": lambda todo: Project.objects.filter(owner=todo.owner).delete(),
    "label added": lambda todo: TodoLabel.objects.create(
        owner=todo.owner, todo=todo, label=Label.objects.create(owner=todo.owner, name="x")
    ),
    "label removed": lambda todo: TodoLabel.objects.all().delete(),
    "label renamed": lambda todo: Label.objects.update(name="renamed"),
    "project renamed": lambda todo: Project.objects.filter(is_inbox=False).update(name="renamed"),
    "project created": lambda todo: Project.objects.create(owner=todo.owner, name="n", position="b99"),
    "raw update": _execute("UPDATE todos_todo SET priority = 3 WHERE id = %(id)s"),
    "raw delete": _execute("DELETE FROM todos_todolabel WHERE todo_id = %(id)s"),
    "raw insert": _execute("INSERT INTO todos_label (id, owner_id, name, colour) VALUES (gen_random_uuid(), %(owner)s, 'raw', '#000000')"),
    "truncate of todos": _execute("TRUNCATE todos_todo CASCADE"),
    "truncate of labels on todos": _execute("TRUNCATE todos_todolabel"),
    "truncate of labels": _execute("TRUNCATE todos_label CASCADE"),
}


@pytest.mark.parametrize("how", WRITES)
def test_every_kind_of_write_moves_the_owners_token_and_nobody_elses(how: str, todo: Todo, bob: User) -> None:
    before, bobs = token_of(todo.owner), token_of(bob)
    WRITES[how](todo)
    assert token_of(todo.owner) != before
    if not how.startswith("truncate"):
        assert token_of(bob) == bobs


def test_a_todo_that_changes_hands_moves_both_tokens(todo: Todo, bob: User) -> None:
    before = token_of(todo.owner), token_of(bob)
    Todo.objects.filter(id=todo.id).update(owner=bob)
    assert token_of(todo.owner) != before[0]
    assert token_of(bob) != before[1]


def test_a_read_moves_nothing(todo: Todo) -> None:
    before = token_of(todo.owner)
    list(Todo.objects.all())
    assert token_of(todo.owner) == before


def test_a_token_of_a_rolled_back_write_never_comes_back(todo: Todo) -> None:
    before = token_of(todo.owner)
    with transaction.atomic():
        Todo.objects.filter(id=todo.id).update(title="never committed")
        during = token_of(todo.owner)
        transaction.set_rollback(True)
    assert token_of(todo.owner) == before
    Todo.objects.filter(id=todo.id).update(title="committed")
    assert token_of(todo.owner) not in (before, during)


def test_a_change_in_a_rolled_back_savepoint_does_not_hide_the_change_after_it(todo: Todo) -> None:
    before = token_of(todo.owner)
    with transaction.atomic():
        with transaction.atomic():
            Todo.objects.filter(id=todo.id).update(title="undone")
            transaction.set_rollback(True)
        Todo.objects.filter(id=todo.id).update(title="kept")
    assert token_of(todo.owner) != before


def test_a_user_gets_a_revision_however_they_are_made(db: None) -> None:
    User.objects.bulk_create([User(email="bulk@example.com")])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO todos_user (id, email, password, is_superuser, is_staff, is_active, time_zone, email_reminders)"
            " VALUES (gen_random_uuid(), 'raw@example.com', '', false, false, true, 'UTC', true)"
        )
    assert Revision.objects.filter(user__email__in=["bulk@example.com", "raw@example.com"]).count() == 2


def test_deleting_a_user_leaves_no_revision_behind(todo: Todo) -> None:
    todo.owner.delete()
    assert not Revision.objects.filter(user=todo.owner_id).exists()
    assert not Todo.objects.exists()


@pytest.mark.parametrize("how", ["save", "update", "bulk_update", "raw update", "label added", "label removed"])
def test_whatever_changes_what_a_todo_shows_makes_a_new_version(how: str, todo: Todo) -> None:
    Todo.objects.filter(id=todo.id).update(title="now")
    before = Todo.objects.get(id=todo.id)
    WRITES[how](before)
    after = Todo.objects.get(id=todo.id)
    assert after.version > before.version
    assert after.updated_at > before.updated_at
    assert after.changed_in > before.changed_in


def test_labels_given_with_a_new_todo_belong_to_its_first_version(todo: Todo) -> None:
    assert Todo.objects.get(id=todo.id).version == 1


def test_noting_that_a_reminder_went_out_makes_no_new_version(todo: Todo) -> None:
    Todo.objects.filter(id=todo.id).update(reminded_at="2026-01-01T00:00:00Z")
    assert Todo.objects.get(id=todo.id).version == todo.version


def test_the_due_date_sorts_by_the_day_where_the_todo_is(todo: Todo) -> None:
    Todo.objects.filter(id=todo.id).update(due_on=date(2026, 7, 1), time_zone="Asia/Tokyo")
    assert Todo.objects.get(id=todo.id).due_sort.isoformat() == "2026-06-30T15:00:00+00:00"
    Todo.objects.filter(id=todo.id).update(time_zone="UTC")
    assert Todo.objects.get(id=todo.id).due_sort.isoformat() == "2026-07-01T00:00:00+00:00"
    Todo.objects.filter(id=todo.id).update(due_on=None)
    assert Todo.objects.get(id=todo.id).due_sort == NO_DUE


@pytest.mark.parametrize("model", [Todo, Project, Label])
def test_a_row_deleted_for_good_leaves_a_tombstone(model: type[Todo] | type[Project] | type[Label], todo: Todo) -> None:
    gone = set(model.objects.values_list("id", flat=True))
    model.objects.all().delete()
    assert gone <= set(Tombstone.objects.filter(owner_id=todo.owner_id, kind=model._meta.model_name).values_list("object_id", flat=True))
