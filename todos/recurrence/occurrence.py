"""When a recurring todo is due again."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from todos.recurrence.days import first_day_after
from todos.recurrence.parsing import parse
from todos.recurrence.rule import Recurrence

RecursFrom = Literal["due", "completion"]


@dataclass(frozen=True, slots=True)
class NextDue:
    """The next occurrence: either an all-day `due_on` or a `due_at` in UTC, and the rule it carries on with."""

    due_on: date | None
    due_at: datetime | None
    rule: str


def next_due(
    rule: str,
    *,
    time_zone: str,
    recurs_from: RecursFrom,
    due_on: date | None = None,
    due_at: datetime | None = None,
    completed_at: datetime | None = None,
    anchor: date | datetime | None = None,
) -> NextDue | None:
    """The first occurrence strictly after the present due one; None when COUNT, UNTIL or the calendar ends the series.

    - Days are counted in `time_zone` (IANA name). Every datetime is aware. An all-day todo stays all-day.
    - The time of day is kept on the wall clock across daylight saving. A time that a clock change skips moves forward by the gap (RFC 5545
      section 3.3.5), one that comes twice is the first. `anchor` is an earlier occurrence (best the first of the series): the time of day
      and, with recurs_from="due", the rhythm come from it. Without one they come from the present due, so that an occurrence which
      a clock change moved would hand its moved time on.
    - recurs_from="completion" starts the rhythm at the day of `completed_at`: "FREQ=DAILY;INTERVAL=3" is three days after that. A todo
      without a due date may recur this way; its next occurrence is all-day.
    - COUNT is what is left, the present occurrence included, so the next occurrence's rule carries one less.
    - The 31st skips shorter months: monthly from 31 January is next due on 31 March.

    Raises InvalidRecurrence for a bad rule, ZoneInfoNotFoundError for an unknown zone, ValueError when the day to count from is missing.
    """
    zone = ZoneInfo(time_zone)
    recurrence = parse(rule)
    if recurrence.count == 1:
        return None
    present = due_at.astimezone(zone).date() if due_at else due_on
    start = _start(zone, recurs_from, present=present, completed_at=completed_at, anchor=anchor)
    after = present or start
    day = first_day_after(recurrence, start=start, after=max(start, after) if recurs_from == "completion" else after)
    if day is None:
        return None
    remaining = replace(recurrence, count=recurrence.count and recurrence.count - 1)
    if due_at is None:
        return NextDue(day, None, str(remaining)) if _lasts_until_day(recurrence, day, zone) else None
    clock = anchor if isinstance(anchor, datetime) else due_at
    wall = datetime.combine(day, clock.astimezone(zone).time().replace(fold=0))
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    return NextDue(None, moment, str(remaining)) if _lasts_until(recurrence, wall, moment) else None


def _start(
    zone: ZoneInfo, recurs_from: RecursFrom, *, present: date | None, completed_at: datetime | None, anchor: date | datetime | None
) -> date:
    if recurs_from == "completion":
        if completed_at is None:
            raise ValueError("A todo that recurs from its completion needs completed_at.")
        return completed_at.astimezone(zone).date()
    if present is None:
        raise ValueError("A todo that recurs from its due date needs due_on or due_at.")
    if isinstance(anchor, datetime):
        return anchor.astimezone(zone).date()
    return anchor or present


def _lasts_until_day(rule: Recurrence, day: date, zone: ZoneInfo) -> bool:
    until = rule.until
    if isinstance(until, datetime):
        until = (until.astimezone(zone) if until.tzinfo else until).date()
    return until is None or day <= until


def _lasts_until(rule: Recurrence, wall: datetime, moment: datetime) -> bool:
    if isinstance(rule.until, datetime):
        return (moment if rule.until.tzinfo else wall) <= rule.until
    return rule.until is None or wall.date() <= rule.until
