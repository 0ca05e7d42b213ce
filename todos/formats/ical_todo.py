"""One VTODO taken apart."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from todos import recurrence
from todos.formats.ical_lines import Component, Property, listed, unescaped
from todos.formats.records import LineError, TodoRecord
from todos.formats.zones import zone_of

_MOMENT = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z)?)?")
_DURATION = re.compile(r"([+-])?P(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,7})S)?)?")
_YEARS = range(1900, 9999)
_PRIORITIES = (0, 1, 1, 2, 2, 3, 4, 4, 4, 4)  # ours for each of theirs


class TodoReader:
    """Takes one VTODO apart and collects what it does not understand."""

    def __init__(self, component: Component, home: ZoneInfo, today: date) -> None:
        self._component, self._home, self._today = component, home, today
        self.problems: list[LineError] = []

    def todo(self, calendar_name: str | None) -> TodoRecord | None:
        """The record, or None when there is none to be had."""
        title = " ".join(self._text("SUMMARY").split())
        if self._component.first("RECURRENCE-ID"):
            self._skip("This is one changed occurrence of a recurring VTODO, which there is no place for.")
            return None
        if not title:
            self._skip("This VTODO has no SUMMARY, which is its title.")
            return None
        due, zone = self._due()
        rule, recurs_from = self._rule(has_due=due is not None)
        return TodoRecord(
            title=title,
            key=self._text("UID"),
            notes=self._text("DESCRIPTION"),
            project=self._text("X-TODO-PROJECT") or calendar_name,
            labels=tuple(dict.fromkeys(self._labels())),
            priority=self._priority(),
            due_at=due if isinstance(due, datetime) else None,
            due_on=due if not isinstance(due, datetime) else None,
            time_zone=zone.key if zone else None,
            remind_at=self._reminder(due),
            parent=self._parent(),
            recurrence=rule,
            recurs_from=recurs_from,
            completed_at=self._completed_at(),
            created_at=self._instant("CREATED"),
            updated_at=self._instant("LAST-MODIFIED"),
            line=self._component.line,
        )

    def _skip(self, why: str) -> None:
        self.problems.append(LineError(self._component.line, why))

    def _left_out(self, found: Property, why: str = "") -> None:
        why = why or f"{found.value!r:.60} is not understood."
        self.problems.append(LineError(found.line, f"{found.name} is left out: {why}", skipped=False))

    def _text(self, name: str) -> str:
        found = self._component.first(name)
        return unescaped(found.value).strip() if found else ""

    def _labels(self) -> Iterator[str]:
        for found in self._component.properties.get("CATEGORIES", []):
            yield from filter(None, (name.strip() for name in listed(found.value)))

    def _priority(self) -> int:
        found = self._component.first("PRIORITY")
        if found is None:
            return 0
        if not re.fullmatch("[0-9]", found.value.strip()):
            self._left_out(found)
            return 0
        return _PRIORITIES[int(found.value)]

    def _parent(self) -> str | None:
        for found in self._component.properties.get("RELATED-TO", []):
            if found.parameters.get("RELTYPE", "PARENT").upper() == "PARENT":
                return unescaped(found.value).strip() or None
        return None

    def _due(self) -> tuple[date | datetime | None, ZoneInfo | None]:
        """DUE, or DTSTART and DURATION, or for a recurring VTODO DTSTART alone."""
        found = self._component.first("DUE")
        if found:
            return self._moment(found)
        start, duration = self._component.first("DTSTART"), self._component.first("DURATION")
        if not start or not (duration or self._component.first("RRULE")):
            return None, None
        begin, zone = self._moment(start)
        if begin is None or duration is None:
            return begin, zone
        length = _length(duration.value)
        if length is None:
            self._left_out(duration)
            return None, None
        try:
            return begin + length, zone
        except OverflowError:
            self._left_out(duration)
            return None, None

    def _moment(self, found: Property) -> tuple[date | datetime | None, ZoneInfo | None]:
        """A day, or a time in UTC with the zone it was written in."""
        read = _MOMENT.fullmatch(found.value.strip().upper())
        try:
            written = datetime.strptime(f"{read[1]}{read[2] or '000000'}", "%Y%m%d%H%M%S") if read else None
        except ValueError:
            written = None
        if read is None or written is None or written.year not in _YEARS:
            self._left_out(found)
            return None, None
        if not read[2]:
            return written.date(), None
        if read[3]:
            return written.replace(tzinfo=UTC), None
        name = found.parameters.get("TZID", "").lstrip("/")
        zone = zone_of(name)
        if name and zone is None:
            self._left_out(found, f"the time zone {name!r:.60} is not known, so your own is used.")
        return written.replace(tzinfo=zone or self._home).astimezone(UTC), zone

    def _instant(self, name: str) -> datetime | None:
        found = self._component.first(name)
        return self._as_instant(self._moment(found)[0]) if found else None

    def _as_instant(self, moment: date | datetime | None) -> datetime | None:
        if moment is None or isinstance(moment, datetime):
            return moment
        return datetime.combine(moment, time(), self._home).astimezone(UTC)

    def _completed_at(self) -> datetime | None:
        status = self._text("STATUS").upper()
        if status in ("NEEDS-ACTION", "IN-PROCESS") or not (status in ("COMPLETED", "CANCELLED") or self._component.first("COMPLETED")):
            return None
        return self._instant("COMPLETED") or self._instant("LAST-MODIFIED") or self._as_instant(self._today)

    def _rule(self, *, has_due: bool) -> tuple[str, Literal["due", "completion"]]:
        found = self._component.first("RRULE")
        if not found:
            return "", "due"
        try:
            rule = str(recurrence.parse(found.value.strip()))
        except recurrence.InvalidRecurrence as problem:
            self._left_out(found, problem.message)
            return "", "due"
        if not has_due:
            self._left_out(found, "a todo repeats from its date, and this one has no DUE.")
            return "", "due"
        return rule, "completion" if self._text("X-TODO-RECURS-FROM").upper() == "COMPLETION" else "due"

    def _reminder(self, due: date | datetime | None) -> datetime | None:
        for trigger in (alarm["TRIGGER"] for alarm in self._component.alarms if "TRIGGER" in alarm):
            length = _length(trigger.value)
            at = self._from_base(trigger, length, due) if length is not None else self._as_instant(self._moment(trigger)[0])
            if at:
                return at
        return None

    def _from_base(self, trigger: Property, length: timedelta, due: date | datetime | None) -> datetime | None:
        start = self._component.first("DTSTART")
        if start and trigger.parameters.get("RELATED", "START").upper() == "START":
            due = self._moment(start)[0]
        base = self._as_instant(due)
        if base is None:
            self._left_out(trigger, "there is no date that it could count from.")
            return None
        try:
            return base + length
        except OverflowError:
            self._left_out(trigger)
            return None


def _length(text: str) -> timedelta | None:
    found = _DURATION.fullmatch(text.strip().upper())
    if not found or not any(found.groups()[1:]):
        return None
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in found.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if found[1] == "-" else length
