"""iCalendar (RFC 5545): VTODO components, in both directions one at a time.

PRIORITY 1-2, 3-4, 5, 6-9 are our 1 to 4. CATEGORIES are labels, RELATED-TO is the parent, the first VALARM with a usable TRIGGER the
reminder. A calendar's name (X-WR-CALNAME) is the project of its todos; the export names each todo's project by X-TODO-PROJECT,
and says X-TODO-RECURS-FROM:COMPLETION where a rule counts from completion. A cancelled todo is read as completed. Positions,
deleted todos and the zones of all-day todos are not written; times are exact to the second.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from todos.formats.ical_lines import Property, components, escaped, property_line, unescaped
from todos.formats.ical_todo import TodoReader
from todos.formats.records import LineError, ProjectRecord, Record, TodoRecord
from todos.formats.zones import definition_of, zone_of

_WRITTEN_PRIORITIES = (0, 1, 3, 5, 9)  # theirs for each of ours
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write(records: Iterable[Record]) -> Iterator[bytes]:
    """A calendar of the todos that are not deleted, with the definition of each time zone before its first use."""
    yield b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//todo-dapr//Export//EN\r\n"
    names: dict[str, str | None] = {}
    defined: set[str] = set()
    for number, record in enumerate(records):
        if isinstance(record, ProjectRecord):
            names[record.key] = None if record.is_inbox else record.name
        elif isinstance(record, TodoRecord) and not record.deleted_at:
            zone = _written_zone(record)
            if zone and zone.key not in defined:
                defined.add(zone.key)
                yield definition_of(zone)
            project = None if record.project is None else names.get(record.project, record.project)
            lines = _properties(record, record.key or f"todo-{number}", project, zone)
            yield b"BEGIN:VTODO\r\n" + b"".join(property_line(name, value) for name, value in lines) + b"END:VTODO\r\n"
    yield b"END:VCALENDAR\r\n"


def _written_zone(todo: TodoRecord) -> ZoneInfo | None:
    zone = zone_of(todo.time_zone or "") if todo.due_at else None
    return zone if zone and zone.key != "UTC" else None


def _properties(todo: TodoRecord, uid: str, project: str | None, zone: ZoneInfo | None) -> Iterator[tuple[str, str]]:
    yield "UID", escaped(uid)
    yield "DTSTAMP", _utc(todo.updated_at or todo.created_at or _EPOCH)
    for name, moment in (("CREATED", todo.created_at), ("LAST-MODIFIED", todo.updated_at), ("COMPLETED", todo.completed_at)):
        if moment:
            yield name, _utc(moment)
    yield "STATUS", "COMPLETED" if todo.completed_at else "NEEDS-ACTION"
    yield "SUMMARY", escaped(todo.title)
    if todo.notes:
        yield "DESCRIPTION", escaped(todo.notes)
    if todo.priority:
        yield "PRIORITY", str(_WRITTEN_PRIORITIES[todo.priority])
    if todo.labels:
        yield "CATEGORIES", ",".join(escaped(label) for label in todo.labels)
    parameters, due = _due(todo, zone)
    if due:
        yield f"DUE{parameters}", due
    if todo.recurrence:
        if due:
            yield f"DTSTART{parameters}", due  # RFC 5545 section 3.8.5.3: a rule counts from here
        yield "RRULE", todo.recurrence
        if todo.recurs_from == "completion":
            yield "X-TODO-RECURS-FROM", "COMPLETION"
    if todo.parent:
        yield "RELATED-TO", escaped(todo.parent)
    if project:
        yield "X-TODO-PROJECT", escaped(project)
    if todo.remind_at:
        yield "BEGIN", "VALARM"
        yield "ACTION", "DISPLAY"
        yield "DESCRIPTION", escaped(todo.title)
        yield "TRIGGER;VALUE=DATE-TIME", _utc(todo.remind_at)
        yield "END", "VALARM"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _due(todo: TodoRecord, zone: ZoneInfo | None) -> tuple[str, str]:
    if todo.due_on:
        return ";VALUE=DATE", f"{todo.due_on:%Y%m%d}"
    if todo.due_at and zone:
        return f";TZID={zone.key}", f"{todo.due_at.astimezone(zone):%Y%m%dT%H%M%S}"
    return "", _utc(todo.due_at) if todo.due_at else ""


def read(lines: Iterable[bytes], *, time_zone: str, today: date) -> Iterator[Record | LineError]:
    """The todos of a calendar; what is not understood within one is left out and reported.

    `time_zone` (of the person) is where times without a zone are. A todo completed at no known time was completed `today`.
    """
    calendar_name = None
    for found in components(lines):
        if isinstance(found, LineError):
            yield found
        elif isinstance(found, Property):
            if found.name == "X-WR-CALNAME":
                calendar_name = unescaped(found.value).strip() or None
        else:
            reader = TodoReader(found, ZoneInfo(time_zone), today)
            todo = reader.todo(calendar_name)
            yield from reader.problems
            if todo:
                yield todo
