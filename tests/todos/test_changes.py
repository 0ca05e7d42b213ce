"""The sync feed misses nothing, whoever writes at the same time."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.db import connection, transaction

from todos import changes
from todos.api.renderers import to_json
from todos.changes import Cursor, CursorExpired, changes_since
from todos.models import Label, Revision, Todo, Tombstone, User
from todos.services import labels, projects, todos, trash

pytestmark = pytest.mark.django_db(transaction=True)


def page_since(user: User, cursor: str | None) -> dict[str, Any]:
    """One page, as a client reads it."""
    page: dict[str, Any] = orjson.loads(to_json(vars(changes_since(user, Cursor.decode(cursor) if cursor else None))))
    return page


def follow(user: User, cursor: str | None) -> tuple[set[UUID], set[UUID], str]:
    """Everything up to the end of the feed: changed ids, deleted ids, the cursor to go on from."""
    changed: set[UUID] = set()
    deleted: set[UUID] = set()
    while True:
        page = page_since(user, cursor)
        changed |= {UUID(row["id"]) for kind in ("todos", "projects", "labels") for row in page[kind]}
        deleted |= {UUID(row["id"]) for row in page["deleted"]}
        cursor = page["next_cursor"]
        if not page["has_more"]:
            return changed, deleted, page["next_cursor"]


def assert_quiet(user: User, cursor: str) -> None:
    """Nothing more is given, once transactions of others (the whole server's count) no longer hold the horizon back."""
    deadline = time.monotonic() + 20
    while (found := follow(user, cursor))[:2] != (set(), set()):
        assert time.monotonic() < deadline, found
        cursor = found[2]
        time.sleep(0.05)


def test_without_a_cursor_everything_is_given(alice: User, bob: User) -> None:
    todo = todos.create_todo(owner=alice, title="mine")
    label = labels.create_label(owner=alice, name="mine")
    todos.create_todo(owner=bob, title="not mine")
    changed, deleted, _ = follow(alice, None)
    assert changed == {todo.id, label.id, todo.project_id}
    assert deleted == set()


def test_a_cursor_gives_only_what_changed_since(alice: User) -> None:
    old = todos.create_todo(owner=alice, title="old")
    doomed = projects.create_project(owner=alice, name="doomed")
    _, _, cursor = follow(alice, None)
    assert_quiet(alice, cursor)
    todos.complete_todo(owner=alice, todo_id=old.id)
    projects.delete_project(owner=alice, project_id=doomed.id)
    changed, deleted, cursor = follow(alice, cursor)
    assert old.id in changed
    assert deleted == {doomed.id}
    assert_quiet(alice, cursor)


def test_a_todo_in_the_trash_is_a_change_and_a_purged_one_is_deleted(alice: User) -> None:
    todo = todos.create_todo(owner=alice, title="old")
    _, _, cursor = follow(alice, None)
    todos.delete_todo(owner=alice, todo_id=todo.id)
    changed, deleted, cursor = follow(alice, cursor)
    assert todo.id in changed
    assert not deleted
    trash.purge_todo(owner=alice, todo_id=todo.id)
    changed, deleted, cursor = follow(alice, cursor)
    assert todo.id not in changed
    assert deleted == {todo.id}
    assert_quiet(alice, cursor)


def test_long_feeds_come_in_pages(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "PAGE", 3)
    expected = {todos.create_todo(owner=alice, title=str(n)).id for n in range(10)}
    changed, _, _ = follow(alice, None)
    assert expected <= changed


def test_a_bulk_write_larger_than_a_page_is_not_cut_short(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "PAGE", 3)
    ids = {todos.create_todo(owner=alice, title=str(n)).id for n in range(10)}
    _, _, cursor = follow(alice, None)
    Todo.objects.update(priority=1)
    assert follow(alice, cursor)[0] >= ids


def test_a_transaction_that_began_first_and_commits_last_is_not_missed(alice: User, in_thread: Callable[..., None]) -> None:
    _, _, cursor = follow(alice, None)
    begun, may_commit = threading.Event(), threading.Event()

    def write_label() -> None:
        with transaction.atomic(), connection.cursor() as database:
            database.execute("SELECT pg_current_xact_id()")
            begun.set()
            may_commit.wait(10)
            Label.objects.create(owner_id=alice.id, name="late")

    in_thread(write_label)
    assert begun.wait(10)
    fast = todos.create_todo(owner=alice, title="fast")
    changed, _, cursor = follow(alice, cursor)
    assert fast.id in changed
    may_commit.set()
    time.sleep(0.3)
    late = Label.objects.get(name="late")
    changed, _, cursor = follow(alice, cursor)
    assert late.id in changed
    assert_quiet(alice, cursor)


def test_a_follower_of_concurrent_writers_ends_with_exactly_what_there_is(
    alice: User, in_thread: Callable[..., None], in_threads: Callable[..., None]
) -> None:
    stop, finished = threading.Event(), threading.Event()
    known: dict[UUID, int] = {}
    gone: set[UUID] = set()

    def write(seed: int) -> None:
        chance = random.Random(seed)
        for number in range(25):
            todo = todos.create_todo(owner=alice, title=f"{seed}-{number}")
            if chance.random() < 0.3:
                todos.update_todo(owner=alice, todo_id=todo.id, changes={"priority": chance.randint(1, 4)})
            if chance.random() < 0.3:
                todos.delete_todo(owner=alice, todo_id=todo.id)
                if chance.random() < 0.5:
                    trash.purge_todo(owner=alice, todo_id=todo.id)

    def read(cursor: str | None) -> str:
        while True:
            page = page_since(alice, cursor)
            known.update({UUID(row["id"]): row["version"] for row in page["todos"]})
            gone.update(UUID(row["id"]) for row in page["deleted"])
            cursor = page["next_cursor"]
            if not page["has_more"]:
                return page["next_cursor"]  # type: ignore[no-any-return]

    def read_on() -> None:
        cursor = None
        while not stop.is_set():
            cursor = read(cursor)
        read(cursor)
        finished.set()

    in_thread(read_on)
    in_threads(*(lambda seed=seed: write(seed) for seed in range(4)))
    stop.set()
    assert finished.wait(30)
    assert {id_: version for id_, version in known.items() if id_ not in gone} == dict(Todo.objects.values_list("id", "version"))
    assert gone >= set(Tombstone.objects.filter(kind="todo").values_list("object_id", flat=True))


def test_a_cursor_from_before_a_truncate_is_refused(alice: User) -> None:
    _, _, cursor = follow(alice, None)
    with connection.cursor() as database:
        database.execute("TRUNCATE todos_label CASCADE")
    with pytest.raises(CursorExpired):
        changes_since(alice, Cursor.decode(cursor))


def test_a_cursor_older_than_the_tombstones_is_refused(alice: User) -> None:
    epoch = Revision.objects.get(user=alice).epoch
    with pytest.raises(CursorExpired):
        changes_since(alice, Cursor(epoch, 1, 1, made_on=1))


@pytest.mark.parametrize("text", ["", "x", "W10", "WzEsMiwzLDRd", "é", "A" * 400])
def test_what_is_no_cursor_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="no cursor"):
        Cursor.decode(text)
