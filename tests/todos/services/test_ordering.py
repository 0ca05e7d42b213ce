"""Todos keep the order people give them, whoever moves at the same time."""

import random
from collections.abc import Callable
from uuid import UUID

import pytest

from todos import positions
from todos.errors import Refused
from todos.models import Todo, User
from todos.services import ordering, projects, todos

pytestmark = pytest.mark.django_db


def titles(owner: User) -> str:
    return "".join(Todo.objects.owned_by(owner).live().order_by("position").values_list("title", flat=True))


def put(owner: User, todo_id: UUID, *, before: UUID | None = None, after: UUID | None = None) -> Todo:
    return ordering.move_todo(owner=owner, todo_id=todo_id, before=before, after=after)


@pytest.fixture
def line(alice: User) -> dict[str, Todo]:
    return {title: todos.create_todo(owner=alice, title=title) for title in "abcde"}


@pytest.mark.parametrize(
    ("moved", "side", "beside", "expected"),
    [
        ("e", "before", "a", "eabcd"),
        ("a", "after", "e", "bcdea"),
        ("a", "after", "b", "bacde"),
        ("c", "before", "b", "acbde"),
        ("b", "after", "a", "abcde"),
        ("b", "before", "c", "abcde"),
        ("b", "before", "b", "abcde"),
    ],
)
def test_a_todo_stands_where_it_was_put(moved: str, side: str, beside: str, expected: str, line: dict[str, Todo], alice: User) -> None:
    for _ in range(2):
        put(alice, line[moved].id, **{side: line[beside].id})
        assert titles(alice) == expected


def test_moving_beside_a_todo_of_another_project_moves_into_that_project(alice: User, line: dict[str, Todo]) -> None:
    project = projects.create_project(owner=alice, name="Garden")
    there = todos.create_todo(owner=alice, title="x", project=project.id)
    ordering.move_todo(owner=alice, todo_id=line["a"].id, after=there.id)
    assert Todo.objects.get(id=line["a"].id).project_id == project.id


@pytest.mark.parametrize("where", [{}, {"before": "a", "after": "b"}, {"before": "gone"}])
def test_a_place_that_is_none_is_refused(where: dict[str, str], alice: User, line: dict[str, Todo]) -> None:
    todos.delete_todo(owner=alice, todo_id=line["d"].id)
    line["gone"] = line["d"]
    with pytest.raises(Refused):
        put(alice, line["c"].id, **{side: line[title].id for side, title in where.items()})


def test_positions_are_renumbered_before_they_grow_too_long(alice: User, line: dict[str, Todo], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "MAX_LENGTH", 4)
    for number in range(40):
        ordering.move_todo(owner=alice, todo_id=line["de"[number % 2]].id, after=line["a"].id)
    assert sorted(titles(alice)) == list("abcde")
    assert titles(alice)[0] == "a"
    assert max(len(position) for position in Todo.objects.values_list("position", flat=True)) <= 6


@pytest.mark.django_db(transaction=True)
def test_concurrent_moves_never_collide_and_lose_nobody(alice: User, line: dict[str, Todo], in_threads: Callable[..., None]) -> None:
    def shuffle(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(15):
            moved, beside = chance.sample("abcde", 2)
            put(alice, line[moved].id, **{chance.choice(("before", "after")): line[beside].id})

    in_threads(*(lambda seed=seed: shuffle(seed) for seed in range(4)))
    assert sorted(titles(alice)) == list("abcde")
