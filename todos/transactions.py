"""The one place where a write begins: transaction, lock order, retry of what the database gave up.

Lock order, everywhere: first the `Revision` rows of the users concerned, sorted; then aggregates by primary key.
"""

import random
import time
from collections.abc import Callable, Container
from functools import wraps
from typing import ParamSpec, TypeAlias, TypeVar
from uuid import UUID

from django.db import OperationalError, connection, transaction

from todos.errors import NotFound, VersionConflict
from todos.models import Label, Project, Revision, Todo, User
from todos.models.work import OwnedQuerySet

P = ParamSpec("P")
T = TypeVar("T")
Row = TypeVar("Row", Todo, Project, Label)
Versions: TypeAlias = Container[int]  # those that the caller's change was made for

TRIES = 5
_GIVEN_UP = {"40P01", "40001"}  # deadlock detected, serialization failure: nothing was written, so trying again is safe


def write(function: Callable[P, T]) -> Callable[P, T]:
    """Run the function in a transaction, again from the start when PostgreSQL rolled it back for another's sake.

    Inside a transaction it joins that one and leaves retrying to whoever began it.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.in_atomic_block:
            return function(*args, **kwargs)
        for attempt in range(1, TRIES + 1):
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", None) not in _GIVEN_UP or attempt == TRIES:
                    raise
                time.sleep(random.uniform(0, 0.02 * attempt))  # noqa: S311  jitter, not a secret
        raise AssertionError("unreachable")

    return run


def lock_users(*user_ids: UUID) -> set[UUID]:
    """Take the locks of these users' data, in order, until the transaction ends; returns those who (still) exist."""
    locked = Revision.objects.filter(user_id__in=user_ids).order_by("user_id").select_for_update(no_key=True)
    return set(locked.values_list("user_id", flat=True))


def lock_row(rows: OwnedQuerySet[Row], *, owner: User, row_id: UUID, versions: Versions | None) -> Row:
    """The owner's row, locked after the owner; `versions` None takes any. Raises NotFound, and VersionConflict for another version."""
    lock_users(owner.id)
    row = rows.owned_by(owner).select_for_update(no_key=True, of=("self",)).filter(pk=row_id).first()
    if row is None:
        raise NotFound
    if versions is not None and row.version not in versions:
        raise VersionConflict(row.version)
    return row
