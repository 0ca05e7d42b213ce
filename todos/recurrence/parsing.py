"""From the text of a rule to a Recurrence, or to a sentence that says what to change."""

import re
from datetime import UTC, date, datetime
from functools import lru_cache

from todos.recurrence.days import LAST_YEAR, first_day_after
from todos.recurrence.rule import WEEKDAYS, InvalidRecurrence, Recurrence

MAX_LENGTH = 255
MAX_COUNT = 1000
# At most ten years between two periods: whatever a rule asks for then shows within the horizon of `days`.
_MAX_INTERVAL = {"DAILY": 3650, "WEEKLY": 520, "MONTHLY": 120, "YEARLY": 10}
_FIRST_YEAR = 1900
_NUMBER = re.compile(r"[+-]?[0-9]{1,4}")
_WEEKDAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?")
_KNOWN = ("FREQ", "INTERVAL", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST", "COUNT", "UNTIL")


@lru_cache(maxsize=1024)
def parse(rule: str) -> Recurrence:
    """The rule that `rule` (RFC 5545 section 3.3.10, with or without "RRULE:") spells.

    Raises InvalidRecurrence for anything else, for rules faster than daily, and for rules that can never come true.
    """
    parts = _parts(rule)
    frequency = parts.get("FREQ", "")
    if frequency not in _MAX_INTERVAL:
        raise InvalidRecurrence("Say how often: FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY.", "FREQ")
    if "COUNT" in parts and "UNTIL" in parts:
        raise InvalidRecurrence("Give either COUNT or UNTIL, not both.", "COUNT")
    interval_limit = _MAX_INTERVAL[frequency]
    recurrence = Recurrence(
        frequency,
        interval=_number(parts, "INTERVAL", limit=interval_limit) or 1,
        months=_numbers(parts, "BYMONTH", limit=12, negative=False),
        month_days=_numbers(parts, "BYMONTHDAY", limit=31),
        weekdays=_weekdays(parts, frequency),
        set_positions=_numbers(parts, "BYSETPOS", limit=366),
        week_start=_week_start(parts),
        count=_number(parts, "COUNT", limit=MAX_COUNT),
        until=_until(parts),
    )
    _refuse_senseless(recurrence)
    return recurrence


def _parts(rule: str) -> dict[str, str]:
    if len(rule) > MAX_LENGTH:
        raise InvalidRecurrence(f"A rule may have at most {MAX_LENGTH} characters.")
    text = rule.strip().upper().removeprefix("RRULE:")
    if "DTSTART" in text:
        raise InvalidRecurrence("Leave DTSTART out: the due date is where the rule starts.", "DTSTART")
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise InvalidRecurrence('A rule is written as NAME=VALUE parts joined by ";", for example FREQ=WEEKLY;BYDAY=MO.')
        if name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
            raise InvalidRecurrence(f"Leave {name} out: the time of day comes from the due time.", name)
        if name not in _KNOWN:
            raise InvalidRecurrence(f"{name[:20]!r} is not supported. Use {', '.join(_KNOWN)}.", name[:20])
        if name in parts:
            raise InvalidRecurrence(f"Give {name} only once.", name)
        parts[name] = value
    return parts


def _number(parts: dict[str, str], name: str, *, limit: int) -> int | None:
    if name not in parts:
        return None
    value = int(parts[name]) if _NUMBER.fullmatch(parts[name]) else 0
    if not 1 <= value <= limit:
        raise InvalidRecurrence(f"{name} must be a whole number from 1 to {limit}.", name)
    return value


def _numbers(parts: dict[str, str], name: str, *, limit: int, negative: bool = True) -> tuple[int, ...]:
    if name not in parts:
        return ()
    values = set()
    for text in parts[name].split(","):
        value = int(text) if _NUMBER.fullmatch(text) else 0
        if not 1 <= abs(value) <= limit or (value < 0 and not negative):
            counted = f", or -1 to -{limit} counted from the end" if negative else ""
            raise InvalidRecurrence(f"{name} takes numbers from 1 to {limit}{counted}, separated by commas.", name)
        values.add(value)
    return tuple(sorted(values, key=_from_start_then_from_end))


def _from_start_then_from_end(value: int) -> tuple[bool, int]:
    return value < 0, value


def _weekdays(parts: dict[str, str], frequency: str) -> tuple[tuple[int, int], ...]:
    if "BYDAY" not in parts:
        return ()
    highest = {"MONTHLY": 5, "YEARLY": 5 if "BYMONTH" in parts else 53}.get(frequency, 0)
    days = set()
    for text in parts["BYDAY"].split(","):
        found = _WEEKDAY.fullmatch(text)
        if not found:
            raise InvalidRecurrence("BYDAY takes the days MO, TU, WE, TH, FR, SA, SU, separated by commas.", "BYDAY")
        which = int(found[1] or 0)
        if found[1] and not 1 <= abs(which) <= highest:
            if not highest:
                raise InvalidRecurrence(f"A numbered day such as {text} needs FREQ=MONTHLY or FREQ=YEARLY.", "BYDAY")
            raise InvalidRecurrence(
                f"The number before a day goes from 1 to {highest}, or from -1 to -{highest} counted from the end.", "BYDAY"
            )
        days.add((which, WEEKDAYS.index(found[2])))
    return tuple(sorted(days, key=lambda day: (_from_start_then_from_end(day[0]), day[1])))


def _week_start(parts: dict[str, str]) -> int:
    day = parts.get("WKST", "MO")
    if day not in WEEKDAYS:
        raise InvalidRecurrence("WKST must be one of MO, TU, WE, TH, FR, SA, SU.", "WKST")
    return WEEKDAYS.index(day)


def _until(parts: dict[str, str]) -> date | datetime | None:
    text = parts.get("UNTIL")
    if text is None:
        return None
    try:
        if _UNTIL.fullmatch(text):
            moment = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d")
            if _FIRST_YEAR <= moment.year <= LAST_YEAR:
                return (moment.replace(tzinfo=UTC) if text.endswith("Z") else moment) if "T" in text else moment.date()
    except ValueError:
        pass
    raise InvalidRecurrence("UNTIL must be a date such as 20261231, or a time in UTC such as 20261231T120000Z.", "UNTIL")


def _refuse_senseless(rule: Recurrence) -> None:
    if rule.frequency == "WEEKLY" and rule.month_days:
        raise InvalidRecurrence("BYMONTHDAY does not go with FREQ=WEEKLY. Use FREQ=MONTHLY.", "BYMONTHDAY")
    if rule.set_positions and not (rule.weekdays or rule.month_days or rule.months):
        raise InvalidRecurrence("BYSETPOS chooses among the days of BYDAY or BYMONTHDAY: add one of them.", "BYSETPOS")
    # A leap year that starts before everything the rule could wait for; the interval only spreads matches, it makes none impossible.
    start = date(2000, 1, 1)
    every_period = Recurrence(rule.frequency, 1, rule.months, rule.month_days, rule.weekdays, rule.set_positions, rule.week_start)
    if first_day_after(every_period, start=start, after=start) is None:
        raise InvalidRecurrence("No day ever matches this rule. Check BYMONTH, BYMONTHDAY, BYDAY and BYSETPOS against each other.")
