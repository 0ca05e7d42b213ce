"""What must hold within one todo, whoever writes it: dates, time zone, recurrence, reminder."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from todos import recurrence
from todos.errors import Refused
from todos.models import Todo

_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


def settle(todo: Todo) -> set[str]:
    """Check the todo as a whole and bring its recurrence into its normal form; returns the fields this changed.

    Raises Refused, naming the field at fault.
    """
    zone_named(todo.time_zone)
    if todo.due_at is not None and todo.due_on is not None:
        raise Refused("A todo is due at a moment or on a day, not both.", field="due_on")
    for field in ("due_at", "remind_at"):
        moment = getattr(todo, field)
        if moment is not None and not _EARLIEST <= moment < _LATEST:
            raise Refused("Dates are understood from 1900 to 9998.", field=field)
    if todo.due_on is not None and not _EARLIEST.year <= todo.due_on.year < _LATEST.year:
        raise Refused("Dates are understood from 1900 to 9998.", field="due_on")
    if not todo.recurrence:
        return set()
    if todo.due_at is None and todo.due_on is None:
        raise Refused("A todo that repeats needs a date to repeat from.", field="recurrence")
    if todo.parent_id is not None:
        raise Refused("A subtask repeats with its parent and cannot repeat by itself.", field="recurrence")
    try:
        normal = str(recurrence.parse(todo.recurrence))
    except recurrence.InvalidRecurrence as error:
        raise Refused(str(error), field="recurrence") from error
    if normal == todo.recurrence:
        return set()
    todo.recurrence = normal
    return {"recurrence"}


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_named(name: str, *, field: str = "time_zone") -> ZoneInfo:
    """The IANA time zone of this name. Raises Refused for any other text."""
    if name not in _zones():
        raise Refused("This is no time zone of the IANA database, such as Europe/Berlin.", field=field)
    return ZoneInfo(name)


def shifted_reminder(todo: Todo, due_at: datetime) -> datetime | None:
    """When to remind of a successor due at `due_at`: as long before as the todo reminded, by the clock on the wall."""
    if todo.remind_at is None:
        return None
    zone = zone_named(todo.time_zone)
    ahead: timedelta = todo.due_sort.astimezone(zone).replace(tzinfo=None) - todo.remind_at.astimezone(zone).replace(tzinfo=None)
    return (due_at.astimezone(zone).replace(tzinfo=None) - ahead).replace(tzinfo=zone).astimezone(UTC)
