"""What a recurrence rule is made of, and its one normal spelling."""

from dataclasses import dataclass
from datetime import date, datetime

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")  # in the order of date.weekday()


class InvalidRecurrence(ValueError):
    """A rule that cannot be taken: `message` says what to do about it, `field` names the part of the rule ('' is the whole)."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


@dataclass(frozen=True, slots=True)
class Recurrence:
    """One rule. `str(rule)` is its normal spelling: parts in one order, defaults left out, lists sorted and without repeats.

    `weekdays` holds pairs of (which one, day): 0 is every such day, 1 the first of the month (or year), -1 the last; Monday is 0.
    `count` is how many occurrences are left, the present one included. `until` is inclusive: a date, a time
    in UTC, or (naive) a wall-clock time.
    """

    frequency: str
    interval: int = 1
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    weekdays: tuple[tuple[int, int], ...] = ()
    set_positions: tuple[int, ...] = ()
    week_start: int = 0
    count: int | None = None
    until: date | datetime | None = None

    def __str__(self) -> str:
        parts = [f"FREQ={self.frequency}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        for name, numbers in (("BYMONTH", self.months), ("BYMONTHDAY", self.month_days)):
            if numbers:
                parts.append(f"{name}={','.join(map(str, numbers))}")
        if self.weekdays:
            parts.append("BYDAY=" + ",".join(f"{which or ''}{WEEKDAYS[day]}" for which, day in self.weekdays))
        if self.set_positions:
            parts.append(f"BYSETPOS={','.join(map(str, self.set_positions))}")
        if self.week_start:
            parts.append(f"WKST={WEEKDAYS[self.week_start]}")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            parts.append(f"UNTIL={_until_text(self.until)}")
        return ";".join(parts)


def _until_text(until: date | datetime) -> str:
    text = until.isoformat().replace("-", "").replace(":", "")
    return text.replace("+0000", "Z") if isinstance(until, datetime) else text
