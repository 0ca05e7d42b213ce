"""The days of a rule, found period by period (day, week, month or year) within a fixed horizon: no rule can make this search long."""

from calendar import monthrange
from dataclasses import replace
from datetime import date

from todos.recurrence.rule import Recurrence

# 29 February every ninth year waits 72 years across 2100, which has none. What would wait longer counts as never.
_HORIZON_YEARS = 72
LAST_YEAR = date.max.year - 1  # one year of room, so that no time zone pushes a time out of the calendar
_MONTHS = 12


def first_day_after(rule: Recurrence, *, start: date, after: date) -> date | None:
    """The first day later than `after` in the series that begins on `start`; None when none comes within the horizon or by the last year.

    COUNT and UNTIL are the caller's business. Days that do not exist are left out, as RFC 5545 says: the 31st skips short months.
    What the rule leaves open (which weekday, which day of the month) is taken from `start`.
    """
    rule = _filled_in(rule, start)
    first = _period_of(rule, start)
    passed = max(0, (_period_of(rule, after) - first) // rule.interval)
    last = _period_of(rule, date(min(after.year + _HORIZON_YEARS, LAST_YEAR), 12, 31))
    for period in range(first + passed * rule.interval, last + 1, rule.interval):
        for day in _matching_days(rule, period):
            if day > after and day >= start:
                return day
    return None


def _filled_in(rule: Recurrence, start: date) -> Recurrence:
    if rule.weekdays or rule.month_days or rule.frequency == "DAILY":
        return rule
    if rule.frequency == "WEEKLY":
        return replace(rule, weekdays=((0, start.weekday()),))
    months = (start.month,) if rule.frequency == "YEARLY" and not rule.months else rule.months
    return replace(rule, months=months, month_days=(start.day,))


def _period_of(rule: Recurrence, day: date) -> int:
    if rule.frequency == "DAILY":
        return day.toordinal()
    if rule.frequency == "WEEKLY":
        return (day.toordinal() - 1 - rule.week_start) // 7
    if rule.frequency == "MONTHLY":
        return day.year * _MONTHS + day.month - 1
    return day.year


def _days_of(rule: Recurrence, period: int) -> range:
    """The days of a period as ordinals."""
    if rule.frequency == "DAILY":
        return range(period, period + 1)
    if rule.frequency == "WEEKLY":
        first = period * 7 + 1 + rule.week_start
        return range(first, min(first + 7, date.max.toordinal() + 1))
    if rule.frequency == "MONTHLY":
        year, month = divmod(period, _MONTHS)
        first = date(year, month + 1, 1).toordinal()
        return range(first, first + monthrange(year, month + 1)[1])
    return range(date(period, 1, 1).toordinal(), date(period, 12, 31).toordinal() + 1)


def _matching_days(rule: Recurrence, period: int) -> list[date]:
    days = [day for ordinal in _days_of(rule, period) if _matches(rule, day := date.fromordinal(ordinal))]
    if not rule.set_positions:
        return days
    size = len(days)
    indexes = {position - 1 if position > 0 else size + position for position in rule.set_positions}
    return [days[index] for index in sorted(indexes) if 0 <= index < size]


def _matches(rule: Recurrence, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days and day.day not in rule.month_days and day.day - _month_length(day) - 1 not in rule.month_days:
        return False
    return not rule.weekdays or any(weekday == day.weekday() and _is_which(which, rule, day) for which, weekday in rule.weekdays)


def _is_which(which: int, rule: Recurrence, day: date) -> bool:
    if not which:
        return True
    if rule.frequency == "YEARLY" and not rule.months:
        before, behind = (day - date(day.year, 1, 1)).days, (date(day.year, 12, 31) - day).days
    else:
        before, behind = day.day - 1, _month_length(day) - day.day
    return which == (before // 7 + 1 if which > 0 else -(behind // 7) - 1)


def _month_length(day: date) -> int:
    return monthrange(day.year, day.month)[1]
