"""What is measured on: users with so many todos, a session each, in a database of the bench's own."""

from dataclasses import dataclass
from datetime import date, timedelta

from todos import positions
from todos.models import Label, Project, Todo, TodoLabel, User
from todos.services import accounts, labels

BATCH = 2_000


@dataclass(frozen=True)
class Subject:
    """A user to measure with."""

    cookie: str  # the Cookie header of a signed-in browser
    csrf: str
    some_todo: str  # an id from the middle of the list
    deep_position: str  # where the last twentieth of the list begins
    deep_offset: int


def make_user(email: str, todos: int) -> User:
    """A user with this many todos, every other one labelled, a third due, one in five of each priority."""
    user = accounts.sign_up(email=email, password="correct horse battery 9")
    made = [labels.create_label(owner=user, name=f"label {number}") for number in range(8)]
    inbox = Project.objects.get(owner=user)
    keys = positions.evenly(todos)
    for begin in range(0, todos, BATCH):
        batch = [_todo(user, inbox, number, keys[number]) for number in range(begin, min(begin + BATCH, todos))]
        Todo.objects.bulk_create(batch)
        TodoLabel.objects.bulk_create(list(_carried(user, batch, begin, made)))
    return user


def _todo(user: User, inbox: Project, number: int, position: str) -> Todo:
    due = date(2026, 1, 1) + timedelta(days=number % 400) if number % 3 == 0 else None
    title = f"{WORDS[number % len(WORDS)]} the {WORDS[number * 7 % len(WORDS)]} number {number}"
    return Todo(owner=user, project=inbox, title=title, notes="As discussed. " * 5, priority=number % 5, due_on=due, position=position)


def _carried(user: User, batch: list[Todo], begin: int, made: list[Label]) -> list[TodoLabel]:
    return [
        TodoLabel(owner=user, todo=todo, label=made[(number + nth) % len(made)])
        for number, todo in enumerate(batch, begin)
        for nth in range(number % 3)
    ]


WORDS = (
    *("paint", "kitchen", "water", "garden", "call", "doctor", "write", "letter", "book", "train", "clean", "window", "repair", "bicycle"),
    *(
        "invite",
        "neighbour",
        "plan",
        "holiday",
        "cook",
        "dinner",
        "send",
        "invoice",
        "check",
        "insurance",
        "learn",
        "piano",
        "buy",
        "shoes",
    ),
)
