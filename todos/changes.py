"""The sync feed: everything changed or deleted since a cursor, complete under concurrent writers.

Every row carries the id of the transaction that last changed it. A cursor holds a `horizon`, the oldest transaction
that was still running when the cursor was made: whatever commits later has an id at or above it and is found next time.
Rows above the horizon are given at once all the same, and perhaps once more: clients apply changes by id, so that is harmless.
"""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils import timezone

from todos import selectors
from todos.models import Revision, User
from todos.services.trash import KEPT_TOMBSTONES

PAGE = 500
_FIRST = UUID(int=0)
_KINDS = ("todo", "project", "label")

_SELECT = """
  (SELECT changed_in, id, '{kind}' AS kind, false AS gone FROM todos_{kind}
    WHERE owner_id = %(owner)s AND (changed_in, id) > (%(changed_in)s, %(id)s) ORDER BY changed_in, id LIMIT %(limit)s)
"""
_TOMBSTONES = """
  (SELECT changed_in, object_id AS id, kind, true AS gone FROM todos_tombstone
    WHERE owner_id = %(owner)s AND (changed_in, object_id) > (%(changed_in)s, %(id)s) ORDER BY changed_in, object_id LIMIT %(limit)s)
"""
_CHANGED = (
    "SELECT * FROM ("  # noqa: S608  made of constants of this module
    + " UNION ALL ".join([*(_SELECT.format(kind=kind) for kind in _KINDS), _TOMBSTONES])
    + ") AS changed ORDER BY changed_in, id LIMIT %(limit)s"
)


class CursorExpired(Exception):
    """The cursor's history is not known any more: the client starts again without one."""


@dataclass(frozen=True)
class Cursor:
    """Where a client stands: everything up to (`changed_in`, `id`) is given; `horizon` is where it starts again after the last page."""

    epoch: UUID
    horizon: int = 0
    changed_in: int = 0
    id: UUID = _FIRST
    made_on: int = field(default_factory=lambda: timezone.now().date().toordinal())

    def encode(self) -> str:
        """As opaque text."""
        parts = [self.epoch.hex, self.horizon, self.changed_in, self.id.hex, self.made_on]
        return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """From that text. Raises ValueError for any other."""
        try:
            parts = orjson.loads(base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True))
            epoch, horizon, changed_in, id_, made_on = parts
            if not all(isinstance(number, int) and 0 <= number < 2**63 for number in (horizon, changed_in, made_on)):
                raise ValueError("out of range")
            return cls(UUID(epoch), horizon, changed_in, UUID(id_), made_on)
        except (binascii.Error, ValueError, TypeError, AttributeError) as error:
            raise ValueError("This is no cursor of `changes`. Start again without one.") from error


@dataclass(frozen=True)
class Changes:
    """One page of the feed."""

    todos: list[selectors.Document]
    projects: list[selectors.Document]
    labels: list[selectors.Document]
    deleted: list[dict[str, Any]] = field(default_factory=list)
    next_cursor: str = ""
    has_more: bool = False


def changes_since(owner: User, cursor: Cursor | None) -> Changes:
    """What changed since the cursor, oldest first, in pages; without a cursor everything there is.

    Raises CursorExpired when rows vanished without a mark, or the cursor comes from another database.
    """
    with connection.cursor() as database:
        database.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        (now,) = database.fetchone()
        epoch = Revision.objects.values_list("epoch", flat=True).get(user=owner)
        since = cursor or Cursor(epoch)
        age = timezone.now().date().toordinal() - since.made_on
        if since.epoch != epoch or since.horizon > now or age >= KEPT_TOMBSTONES.days:
            raise CursorExpired
        horizon = since.horizon if since.id != _FIRST and since.horizon else now
        place: dict[str, Any] = {"owner": owner.pk, "changed_in": since.changed_in, "id": since.id, "limit": PAGE + 1}
        database.execute(_CHANGED, place)
        found = database.fetchall()
    page, more = found[:PAGE], len(found) > PAGE
    reached = page[-1][:2] if more else (horizon, _FIRST)
    following = Cursor(epoch, horizon, *reached)
    ids = {kind: [id_ for _, id_, of, gone in page if of == kind and not gone] for kind in _KINDS}
    return Changes(
        todos=selectors.todos_by_id(owner, ids["todo"]),
        projects=selectors.projects_by_id(owner, ids["project"]),
        labels=selectors.labels_by_id(owner, ids["label"]),
        deleted=[{"type": kind, "id": id_} for _, id_, kind, gone in page if gone],
        next_cursor=following.encode(),
        has_more=more,
    )
