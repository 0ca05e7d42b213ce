"""What may stand behind `due:`."""

import re
from datetime import date, timedelta

from todos.query.terms import Due, Overdue, QueryError, Trait

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RELATIVE = {"yesterday": -1, "today": 0, "tomorrow": 1}
_COMPARED = re.compile(r"(?P<sign><=|>=|<|>)(?P<day>.*)", re.DOTALL)
_FROM_TO = re.compile(r"(?P<first>.*?)\.\.(?P<last>.*)", re.DOTALL)
_OVERDUE = re.compile(r"overdue(?:<(?P<day>.+))?", re.IGNORECASE | re.DOTALL)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY = timedelta(days=1)
_YEARS = range(1900, 9999)
_FORMS = "Use today, tomorrow, a weekday, a date such as 2026-01-31, week, overdue, none, any, <day, >day or day..day."


def read_due(text: str, start: int, end: int, *, today: date) -> Due | Overdue | Trait:
    """Understand `text[start:end]`; raises QueryError for the part of it that is wrong."""
    value = text[start:end]
    word = value.lower()
    if word in ("none", "any"):
        return Trait("has", "due", negated=word == "none")
    if word == "week":
        return Due(today, today + 6 * _DAY)
    if overdue := _OVERDUE.fullmatch(value):
        return Overdue(_day(text, start + overdue.start("day"), end, today) if overdue["day"] else today)
    if compared := _COMPARED.fullmatch(value):
        day = _day(text, start + compared.start("day"), end, today)
        return {
            "<": Due(None, day - _DAY),
            "<=": Due(None, day),
            ">": Due(day + _DAY, None),
            ">=": Due(day, None),
        }[compared["sign"]]
    if (found := _FROM_TO.fullmatch(value)) and (found["first"] or found["last"]):
        first = _day(text, start, start + found.end("first"), today) if found["first"] else None
        last = _day(text, start + found.start("last"), end, today) if found["last"] else None
        if first and last and first > last:
            raise QueryError("The first day of a range must not be later than the last.", text=text, position=start, length=end - start)
        return Due(first, last)
    day = _day(text, start, end, today)
    return Due(day, day)


def _day(text: str, start: int, end: int, today: date) -> date:
    word = text[start:end].lower()
    if word in _RELATIVE:
        return today + _RELATIVE[word] * _DAY
    for number, name in enumerate(_WEEKDAYS):
        if word in (name, name[:3]):
            return today + (number - today.weekday()) % 7 * _DAY
    message = f"This is not a day. {_FORMS}"
    if _DATE.fullmatch(word):
        try:
            day = date.fromisoformat(word)
        except ValueError:
            message = "There is no such day in the calendar."
        else:
            if day.year in _YEARS:
                return day
            message = f"The year must be from {_YEARS.start} to {_YEARS.stop - 1}."
    # An empty day, as in "due:<", still points at something.
    begin = start if start < end else start - 1
    raise QueryError(message, text=text, position=begin, length=end - begin)
