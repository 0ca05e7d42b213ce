"""A life-like account to try the product with: made through the services, with dates relative to today."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from todos.demo_items import COLOURS_OF_LABELS, COLOURS_OF_PROJECTS, ITEMS, Item
from todos.models import Todo, User
from todos.services import accounts
from todos.services.labels import create_label
from todos.services.projects import create_project
from todos.services.todos import complete_todo, create_todo, delete_todo
from todos.transactions import lock_users, write

EMAIL = "demo@example.com"
_CONSONANTS = "bdfghjklmnprstvz"
_VOWELS = "aeiou"


@write
def create_demo(*, email: str = EMAIL, password: str, time_zone: str = "UTC", staff: bool = False) -> User:
    """Make the account with its projects, labels and todos. Raises Refused when the address is taken."""
    owner = accounts.sign_up(email=email, password=password, time_zone=time_zone, is_staff=staff, is_superuser=staff)
    lock_users(owner.id)
    projects = {name: create_project(owner=owner, name=name, colour=colour).id for name, colour in COLOURS_OF_PROJECTS.items()}
    labels = {name: create_label(owner=owner, name=name, colour=colour).id for name, colour in COLOURS_OF_LABELS.items()}
    for item in ITEMS:
        _add(owner, item, projects, labels)
    return owner


def remove_demo(*, email: str = EMAIL) -> bool:
    """Delete the account with everything in it; False when there is none."""
    owner = User.objects.filter(email=email.lower()).first()
    if owner is None:
        return False
    accounts.delete_account(user=owner)
    return True


def readable_password() -> str:
    """Four words that can be said and typed, of 50 random bits together."""
    words = ("".join(secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(2)) for _ in range(4))
    return "-".join(words)


def _add(owner: User, item: Item, projects: Mapping[str, UUID], labels: Mapping[str, UUID]) -> None:
    todo = create_todo(
        owner=owner,
        title=item.title,
        notes=item.notes,
        project=projects.get(item.project),
        labels=[labels[name] for name in item.labels],
        priority=item.priority,
        recurrence=item.repeats,
        recurs_from=Todo.RecursFrom.COMPLETION if item.after_completion else Todo.RecursFrom.DUE,
        **_dates(owner, item),
    )
    parts = [create_todo(owner=owner, title=title, parent=todo.id) for title in item.parts]
    if item.done is not None:
        complete_todo(owner=owner, todo_id=todo.id)
        _backdate([todo, *parts], days=item.done)
    elif parts:
        complete_todo(owner=owner, todo_id=parts[0].id)
    if item.trashed:
        delete_todo(owner=owner, todo_id=todo.id)


def _dates(owner: User, item: Item) -> dict[str, Any]:
    if item.day is None:
        return {}
    zone = ZoneInfo(owner.time_zone)
    day = timezone.now().astimezone(zone).date() + timedelta(days=item.day)
    if not item.at:
        return {"due_on": day}
    due = datetime.combine(day, time.fromisoformat(item.at), zone)
    return {"due_at": due, "remind_at": due - timedelta(minutes=item.remind) if item.remind is not None else None}


def _backdate(todos: Iterable[Todo], *, days: int) -> None:
    """Completed some days ago instead of just now, so that the list of done things looks lived in."""
    moment = timezone.now() - timedelta(days=days)
    Todo.objects.filter(id__in=[todo.id for todo in todos]).update(completed_at=moment)
