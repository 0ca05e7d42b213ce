"""What may stand behind "every": "other friday", "2 weeks on Monday and Friday", "3rd friday of the month", "27 january". English only."""

import re
from collections.abc import Sequence

from todos import recurrence
from todos.recurrence.rule import WEEKDAYS

_WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_UNITS = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_SETS = {"weekday": "MO,TU,WE,TH,FR", "workday": "MO,TU,WE,TH,FR", "weekend": "SA"}
_INTERVALS = {"other": "2", "second": "2", "third": "3"}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}

_TIMES = re.compile(r", (?:([0-9]{1,4}) times|once)$")
_PERIOD = re.compile(r"(?:(?P<interval>[0-9]{1,4}|other|second|third) )?(?P<unit>day|week|month|year)s?(?: (?P<days>(?:on|in) .+))?")
_OF_MONTHS = re.compile(r"(?:(?P<days>.+) )?(?:of|in) (?P<months>[a-z, ]+)")
_FILLERS = re.compile(r"^(?:(?:the|every|on) )+")
_MONTH_FIRST = re.compile(r"^([a-z]{3,}) ([0-9]{1,2}(?:st|nd|rd|th)?)$")
_ITEM = re.compile(
    r"(?P<which>[0-9]{1,2}(?=st|nd|rd|th|\b)|first|second|third|fourth|fifth|last)?(?:st|nd|rd|th)?(?P<last> last)?"
    r" ?(?P<name>[a-z]+)?"
)


def rule_of(words: str, *, until: str = "") -> str | None:
    """The rule (normal spelling) that lower-case `words` stand for, None when they stand for none; `until` is the value of UNTIL."""
    end = [f"UNTIL={until}"] if until else []
    if times := _TIMES.search(words):
        words = words[: times.start()]
        end.append(f"COUNT={times[1] or 1}")
    rhythm = _rhythm(words)
    try:
        return str(recurrence.parse(";".join([*rhythm, *end]))) if rhythm else None
    except recurrence.InvalidRecurrence:
        return None


def weekday_of(name: str) -> int | None:
    """0 for "mon", "Mond" or "monday", and so on."""
    return _number(name, _WEEKDAY_NAMES)


def month_of(name: str) -> int | None:
    """1 for "jan", "january", and so on."""
    number = _number(name, _MONTH_NAMES)
    return None if number is None else number + 1


def _number(name: str, names: tuple[str, ...]) -> int | None:
    return next((number for number, full in enumerate(names) if len(name) >= 3 and full.startswith(name.lower())), None)


def _rhythm(words: str) -> list[str]:
    """The parts of a rule; empty when the words are not understood."""
    if words in _SETS:
        return ["FREQ=WEEKLY", f"BYDAY={_SETS[words]}"]
    if period := _PERIOD.fullmatch(words):
        interval = period["interval"] or "1"
        parts = [f"FREQ={_UNITS[period['unit']]}", f"INTERVAL={_INTERVALS.get(interval, interval)}"]
        if not period["days"]:
            return parts
        days = _days(period["days"])
        return parts + days if days else []
    days = _days(words.removeprefix("other "))
    if not days:
        return []
    text = ";".join(days)
    by_month = "BYMONTHDAY" in text or re.search(r"\d[A-Z]{2}", text)
    frequency = "YEARLY" if "BYMONTH=" in text else "MONTHLY" if by_month else "WEEKLY"
    return [f"FREQ={frequency}", *(["INTERVAL=2"] if words.startswith("other ") else []), *days]


def _days(words: str) -> list[str]:
    """The BY parts for "the 1st and last day", "mon, wed", "27 january", "the last friday of may"; empty when not understood."""
    months: list[int | None] = []
    words = words.removesuffix(" of the month")
    if found := _OF_MONTHS.fullmatch(words):
        months = [month_of(name) for name in _listed(found["months"])]
        words = found["days"] or ""
    week_days, month_days = [], []
    items = _listed(words) if words else []
    for item in items:
        read = _ITEM.fullmatch(_MONTH_FIRST.sub(r"\2 \1", _FILLERS.sub("", item)))
        if not read:
            return []
        name = read["name"] or "day"
        which = _ORDINALS.get(read["which"] or "") or int(read["which"] or 0)
        if read["last"]:
            which = -abs(which)
        weekday = weekday_of(name)
        if weekday is not None:
            week_days.append(f"{which or ''}{WEEKDAYS[weekday]}")
        elif which and name == "day":
            month_days.append(which)
        elif which and len(items) == 1 and not months:
            months, month_days = [month_of(name)], [which]
        else:
            return []
    if None in months or (week_days and month_days) or not (months or items):
        return []
    parts: dict[str, Sequence[int | str | None]] = {"BYMONTH": months, "BYMONTHDAY": month_days, "BYDAY": week_days}
    return [f"{name}={','.join(map(str, values))}" for name, values in parts.items() if values]


def _listed(words: str) -> list[str]:
    return re.split(r",? and |, ?", words)
