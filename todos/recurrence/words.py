"""A rule in plain English."""

from datetime import date, datetime

from todos.recurrence.parsing import parse
from todos.recurrence.rule import Recurrence

_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WORKING_DAYS = tuple((0, day) for day in range(5))


def describe(rule: str) -> str:
    """`rule` as people would say it: "every 2 weeks on Monday and Friday". Raises InvalidRecurrence as `parse` does."""
    recurrence = parse(rule)
    words = [_how_often(recurrence), _which_days(recurrence), _which_months(recurrence)]
    return " ".join(filter(None, words)) + _which_of_these(recurrence) + _how_long(recurrence)


def _how_often(rule: Recurrence) -> str:
    if rule.frequency in ("DAILY", "WEEKLY") and rule.interval == 1 and rule.weekdays == _WORKING_DAYS:
        return "every weekday"
    unit = "week" if rule.frequency == "DAILY" and rule.interval == 1 and rule.weekdays else _UNITS[rule.frequency]
    return f"every {unit}" if rule.interval == 1 else f"every {rule.interval} {unit}s"


def _which_days(rule: Recurrence) -> str:
    if _how_often(rule) == "every weekday":
        return _day_condition(rule)
    if _is_one_working_day(rule):
        return f"on the {_and([_ordinal(which) for which in rule.set_positions])} weekday"
    if not rule.weekdays:
        return f"on {_month_days(rule)}" if rule.month_days else ""
    every = "every " if rule.frequency in ("MONTHLY", "YEARLY") else ""
    names = _and([f"the {_ordinal(which)} {_DAYS[day]}" if which else f"{every}{_DAYS[day]}" for which, day in rule.weekdays])
    return " ".join(filter(None, [f"on {names}", _day_condition(rule)]))


def _day_condition(rule: Recurrence) -> str:
    return f"that is {_month_days(rule)}" if rule.month_days and rule.weekdays else ""


def _month_days(rule: Recurrence) -> str:
    return "the " + _and([_ordinal(day) if day > 0 else f"{_ordinal(day)} day" for day in rule.month_days])


def _which_months(rule: Recurrence) -> str:
    if not rule.months:
        return "of the month" if rule.month_days and rule.frequency in ("DAILY", "YEARLY") else ""
    link = "of" if rule.month_days or any(which for which, _ in rule.weekdays) or _is_one_working_day(rule) else "in"
    return f"{link} {_and([_MONTHS[month - 1] for month in rule.months])}"


def _is_one_working_day(rule: Recurrence) -> bool:
    return bool(rule.set_positions) and rule.frequency == "MONTHLY" and rule.weekdays == _WORKING_DAYS and not rule.month_days


def _which_of_these(rule: Recurrence) -> str:
    if not rule.set_positions or _is_one_working_day(rule):
        return ""
    return f", only the {_and([_ordinal(which) for which in rule.set_positions])} of these days"


def _how_long(rule: Recurrence) -> str:
    if rule.count is not None:
        return ", once" if rule.count == 1 else f", {rule.count} times"
    if rule.until is None:
        return ""
    day: date = rule.until.date() if isinstance(rule.until, datetime) else rule.until
    return f", until {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _ordinal(number: int) -> str:
    if number == -1:
        return "last"
    if number < 0:
        return f"{_ordinal(-number)} last"
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
