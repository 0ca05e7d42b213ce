"""Due dates as people type them: "31 Jan 2026 9am", "every other friday", "every month on the 15th at 09:00 starting 2026-01-15"."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from todos import recurrence
from todos.formats.repetitions import month_of, rule_of, weekday_of
from todos.recurrence.days import first_day_after

_ONE_WORD = {"daily": "every day", "weekly": "every week", "monthly": "every month", "yearly": "every year", "annually": "every year"}
_RELATIVE = {"yesterday": -1, "today": 0, "tomorrow": 1}
_YEARS = range(1900, 9999)
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?\.?"
_MONTH = r"(?P<month>[a-z]{3,9})\.?"
_YEAR = r"(?:,? (?P<year>[0-9]{4}))?"
_DATES = [
    re.compile(r"(?P<year>[0-9]{4})[-/](?P<month>[0-9]{1,2})[-/](?P<day>[0-9]{1,2})"),
    re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})"),
    re.compile(rf"{_DAY} (?:of )?{_MONTH}{_YEAR}"),
    re.compile(rf"{_MONTH} {_DAY}{_YEAR}"),
]
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[t ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(z|[+-][0-9]{2}:[0-9]{2})?")
_CLOCK = re.compile(r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2}))? ?(?P<half>am|pm)?")
_BARE_CLOCK = re.compile(r"(?P<day>.+) (?P<clock>[0-9]{1,2}:[0-9]{2}(?: ?[ap]m)?|[0-9]{1,2} ?[ap]m)")
_ADDITION = re.compile(r",? (starting|until|ending|at) (?:on )?")
_EVERY = re.compile(r"every(?P<completion>!)? (?P<words>.+)")


@dataclass(frozen=True, slots=True)
class When:
    """A due date (`due_at` in UTC) and, if it recurs, the rule in its normal spelling."""

    due_on: date | None = None
    due_at: datetime | None = None
    rule: str = ""
    recurs_from: Literal["due", "completion"] = "due"


def read(text: str, *, today: date, zone: ZoneInfo) -> When | None:
    """Understand an English date or repetition; None when it is none. What names no year or no first day means the next from `today`."""
    phrase = " ".join(text.lower().split())
    if _INSTANT.fullmatch(phrase):
        return _instant(phrase, zone)
    body, *additions = _ADDITION.split(_ONE_WORD.get(phrase, phrase))
    added = dict(zip(additions[::2], additions[1::2], strict=True))
    if "at" not in added and (found := _BARE_CLOCK.fullmatch(body)):
        body, added["at"] = found["day"], found["clock"]
    clock = _clock(added["at"]) if "at" in added else None
    if clock is None and "at" in added:
        return None
    if every := _EVERY.fullmatch(body):
        when = _repeating(every["words"], added, today)
        if when and every["completion"]:
            when = replace(when, recurs_from="completion")
    else:
        day = None if added.keys() - {"at"} else _day(body, today)
        when = When(due_on=day) if day else None
    if when is None or clock is None or when.due_on is None:
        return when
    return replace(when, due_on=None, due_at=datetime.combine(when.due_on, clock, zone).astimezone(UTC))


def write(when: When, *, zone: ZoneInfo) -> str:
    """Text that `read` understands as `when`, to the minute. A rule that has no words is left out and its date is kept."""
    local = when.due_at.astimezone(zone).replace(second=0, microsecond=0) if when.due_at else None
    day = local.date() if local else when.due_on
    if day is None:
        return ""
    if when.rule:
        words = recurrence.describe(when.rule)
        if when.recurs_from == "completion":
            words = words.replace("every", "every!", 1)
        text = f"{words} at {local:%H:%M} starting {day}" if local else f"{words} starting {day}"
        if read(text, today=day, zone=zone) == replace(when, due_at=local and local.astimezone(UTC)):
            return text
    return f"{day} {local:%H:%M}" if local else f"{day}"


def _repeating(words: str, added: dict[str, str], today: date) -> When | None:
    until = added.get("until") or added.get("ending")
    last = _day(until, today) if until else None
    if until and last is None:
        return None
    rule = rule_of(words, until=f"{last:%Y%m%d}" if last else "")
    if rule is None:
        return None
    if "starting" in added:
        first = _day(added["starting"], today)
    else:
        first = first_day_after(recurrence.parse(rule), start=today, after=today - timedelta(days=1))
    return When(due_on=first, rule=rule) if first else None


def _instant(text: str, zone: ZoneInfo) -> When | None:
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    if moment.year not in _YEARS:
        return None
    return When(due_at=(moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC))


def _clock(text: str) -> time | None:
    found = _CLOCK.fullmatch(text)
    if not found:
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (found["half"] == "pm")
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _day(text: str, today: date) -> date | None:
    if text in _RELATIVE:
        return today + timedelta(days=_RELATIVE[text])
    weekday = weekday_of(text)
    if weekday is not None:
        return today + timedelta(days=(weekday - today.weekday()) % 7)
    for form in _DATES:
        if found := form.fullmatch(text):
            month = int(found["month"]) if found["month"].isdigit() else month_of(found["month"])
            # Nine years on there has been a 29 February, whatever the century.
            years = [int(found["year"])] if found["year"] else range(today.year, today.year + 9)
            days = (_date(year, month or 0, int(found["day"])) for year in years)
            return next((day for day in days if day and (found["year"] or day >= today)), None)
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None
