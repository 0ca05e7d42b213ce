"""VTODOs: those of other programs, our own, and both checked against the icalendar package."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.todos.formats.samples import TODAY, damaged, read_all, todos
from todos.formats.ical import read, write
from todos.formats.lines import split
from todos.formats.records import LineError, ProjectRecord, Record, TodoRecord

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
FOREIGN = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
X-WR-CALNAME:Chores\\, daily\r
BEGIN:VTIMEZONE\r
TZID:W. Europe Standard Time\r
BEGIN:STANDARD\r
DTSTART:16010101T030000\r
END:STANDARD\r
END:VTIMEZONE\r
BEGIN:VTODO\r
UID:one@example.org\r
SUMMARY;LANGUAGE=en:Buy milk\\, and a very long list of things that has to be fo\r
 lded \xc3\r
 \xa9ven here\r
DESCRIPTION:Two\\nlines\\; and a \\\\\r
DUE;TZID="W. Europe Standard Time":20260131T090000\r
PRIORITY:3\r
CATEGORIES:shop,at work\r
CATEGORIES:quick\r
RRULE:FREQ=WEEKLY;BYDAY=SA;WKST=MO\r
BEGIN:VALARM\r
ACTION:DISPLAY\r
TRIGGER;RELATED=END:-PT15M\r
SUMMARY:not the title\r
END:VALARM\r
END:VTODO\r
BEGIN:VEVENT\r
SUMMARY:Party\r
END:VEVENT\r
BEGIN:VTODO\r
UID:two\r
RELATED-TO:one@example.org\r
SUMMARY:Child\r
STATUS:COMPLETED\r
COMPLETED:20260102T030405Z\r
DTSTART;VALUE=DATE:20260101\r
DURATION:P2D\r
END:VTODO\r
END:VCALENDAR\r
"""


def calendar(*lines: str) -> list[Record | LineError]:
    return read_all(read, "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VTODO", "SUMMARY:A", *lines, "END:VTODO", "END:VCALENDAR", ""]).encode())


def only(*lines: str) -> TodoRecord:
    (todo,) = calendar(*lines)
    assert isinstance(todo, TodoRecord)
    return todo


def test_todos_of_another_program_are_understood() -> None:
    one, note, two = read_all(read, FOREIGN)
    assert one == TodoRecord(
        title="Buy milk, and a very long list of things that has to be folded éven here",
        key="one@example.org",
        notes="Two\nlines; and a \\",
        project="Chores, daily",
        labels=("shop", "at work", "quick"),
        priority=2,
        due_at=datetime(2026, 1, 31, 8, tzinfo=UTC),
        time_zone="Europe/Berlin",
        remind_at=datetime(2026, 1, 31, 7, 45, tzinfo=UTC),
        recurrence="FREQ=WEEKLY;BYDAY=SA",
    )
    assert note == LineError(27, "Events are left out: only VTODO components are todos.", skipped=False)
    assert two == TodoRecord(
        title="Child",
        key="two",
        parent="one@example.org",
        project="Chores, daily",
        due_on=date(2026, 1, 3),
        completed_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    assert (one.line, two.line) == (10, 30)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["DUE:20260131T090000Z"], {"due_at": AT}),
        (["DUE:20260131T090000"], {"due_at": datetime(2026, 1, 31, 8, tzinfo=UTC)}),  # floating: where the person is
        (["DUE;VALUE=DATE:20260131"], {"due_on": date(2026, 1, 31)}),
        (["DTSTART:20260131T090000Z", "DURATION:PT1H30M"], {"due_at": datetime(2026, 1, 31, 10, 30, tzinfo=UTC)}),
        (["DTSTART;VALUE=DATE:20260131", "RRULE:FREQ=DAILY"], {"due_on": date(2026, 1, 31), "recurrence": "FREQ=DAILY"}),
        (["DTSTART;VALUE=DATE:20260131"], {}),
        (["STATUS:CANCELLED", "LAST-MODIFIED:20260131T090000Z"], {"completed_at": AT, "updated_at": AT}),
        (["STATUS:COMPLETED"], {"completed_at": datetime(2026, 1, 13, 23, tzinfo=UTC)}),
        (["COMPLETED:20260101T000000Z"], {"completed_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        (["STATUS:NEEDS-ACTION", "COMPLETED:20260101T000000Z"], {}),
        (["RELATED-TO;RELTYPE=SIBLING:x", "RELATED-TO;RELTYPE=PARENT:y"], {"parent": "y"}),
        (["BEGIN:VALARM", "TRIGGER;VALUE=DATE-TIME:20260101T080000Z", "END:VALARM"], {"remind_at": datetime(2026, 1, 1, 8, tzinfo=UTC)}),
        (["DUE:20260131T090000Z", "BEGIN:VALARM", "TRIGGER:PT0S", "END:VALARM"], {"due_at": AT, "remind_at": AT}),
        (["DTSTART:20260130T090000Z", "BEGIN:VALARM", "TRIGGER:-P1D", "END:VALARM"], {"remind_at": AT - timedelta(days=2)}),
        (["PRIORITY:0"], {}),
        (["PRIORITY:9"], {"priority": 4}),
    ],
)
def test_a_property_is_understood(lines: list[str], expected: dict[str, Any]) -> None:
    assert only(*lines) == replace(TodoRecord(title="A"), **expected)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["DUE:tomorrow"], "DUE is left out: 'tomorrow' is not understood"),
        (["DUE:20260230T000000Z"], "DUE is left out"),
        (["DTSTART;VALUE=DATE:20260101", "DURATION:long"], "DURATION is left out"),
        (["PRIORITY:high"], "PRIORITY is left out"),
        (["DUE;VALUE=DATE:20260101", "RRULE:FREQ=HOURLY"], "RRULE is left out: Say how often"),
        (["RRULE:FREQ=DAILY"], "RRULE is left out: a todo repeats from its date"),
        (["BEGIN:VALARM", "TRIGGER:-PT5M", "END:VALARM"], "TRIGGER is left out: there is no date"),
        (["what is this"], "not a line of iCalendar"),
        (["DUE;TZID=Mars/Base:20260101T000000"], "the time zone 'Mars/Base' is not known"),
    ],
)
def test_what_is_not_understood_is_left_out_and_reported_by_its_line(lines: list[str], message: str) -> None:
    *problems, todo = calendar(*lines)
    (problem,) = problems
    assert isinstance(problem, LineError)
    assert isinstance(todo, TodoRecord)
    assert message in problem.message
    assert 4 <= problem.line < 4 + len(lines)
    assert not problem.skipped


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"", 1, "not an iCalendar file"),
        (b"hello: world\n", 1, "not an iCalendar file"),
        (FOREIGN.replace(b"SUMMARY:Child\r\n", b""), 30, "no SUMMARY"),
        (FOREIGN.replace(b"SUMMARY:Child", b"RECURRENCE-ID:20260101"), 30, "changed occurrence"),
        (FOREIGN.replace(b"END:VTODO\r\nEND:VCALENDAR", b"END:VCALENDAR"), 30, "never ends"),
        (FOREIGN.replace(b"END:VTODO\r\nEND:VCALENDAR\r\n", b""), 30, "never ends"),
        (FOREIGN.replace(b"UID:two", b"X-A:" + b"x" * 200_000 + b"\r\nX-B:" + b"x" * 200_000), 30, "longer than 256 KiB"),
        (FOREIGN.replace(b"UID:two", b"X-A:" + b"x" * 300_000), 31, "longer than 256 KiB"),
        (FOREIGN.replace(b"UID:two", b"X-A:" + b"x\r\n " * 300_000), 31, "longer than 256 KiB"),
    ],
)
def test_a_todo_that_cannot_be_taken_is_reported_by_its_line(data: bytes, line: int, message: str) -> None:
    problems = [problem for problem in read_all(read, data) if isinstance(problem, LineError) and "Events" not in problem.message]
    assert [(problem.line, message in problem.message) for problem in problems] == [(line, True)]


@given(st.lists(todos(), max_size=3))
def test_what_is_written_is_read_again(records: list[TodoRecord]) -> None:
    written = [_normal(todo, number) for number, todo in enumerate(records)]
    document = b"".join(write(written))
    assert all(len(line) <= 75 for line in document.split(b"\r\n"))
    assert read_all(read, document) == written


@given(todos())
def test_the_icalendar_package_reads_what_is_written(record: TodoRecord) -> None:
    todo = _normal(record, 0)
    calendar: Any = icalendar.Calendar.from_ical(b"".join(write([todo])))
    (found,) = calendar.walk("VTODO")
    assert str(found["SUMMARY"]) == todo.title
    assert str(found.get("DESCRIPTION", "")) == todo.notes
    assert str(found["UID"]) == todo.key
    due = found["DUE"].dt if "DUE" in found else None
    assert due == (todo.due_on or todo.due_at)
    assert [str(name) for name in found["CATEGORIES"].cats] == list(todo.labels) if todo.labels else "CATEGORIES" not in found
    assert ("RRULE" in found) is bool(todo.recurrence)
    if todo.remind_at:
        (alarm,) = found.walk("VALARM")
        assert alarm["TRIGGER"].dt == todo.remind_at


@given(todos())
def test_what_the_icalendar_package_writes_is_read(record: TodoRecord) -> None:
    todo = replace(_normal(record, 0), recurrence="", recurs_from="due", remind_at=None, project=None, priority=0)
    component = icalendar.Todo()
    for name, value in (("uid", todo.key), ("summary", todo.title), ("description", todo.notes), ("related-to", todo.parent)):
        if value:
            component.add(name, value)
    if todo.labels:
        component.add("categories", list(todo.labels))
    due = todo.due_on or todo.due_at
    if due:
        component.add("due", due.astimezone(ZoneInfo(todo.time_zone)) if isinstance(due, datetime) and todo.time_zone else due)
    for name, moment in (("completed", todo.completed_at), ("created", todo.created_at), ("last-modified", todo.updated_at)):
        if moment:
            component.add(name, moment)
    file = icalendar.Calendar()
    file.add_component(component)
    assert read_all(read, file.to_ical()) == [todo]


def _normal(todo: TodoRecord, number: int) -> TodoRecord:
    """The todo as far as a VTODO can hold it."""

    def text(value: str) -> str:
        kept = value.replace("\r", "\n")
        return "".join(character for character in kept if character in "\t\n" or (" " <= character != "\x7f")).strip()

    def second(moment: datetime | None) -> datetime | None:
        return moment and moment.replace(microsecond=0)

    names = dict.fromkeys(" ".join(text(name).split()) for name in todo.labels)
    has_due = todo.due_on or todo.due_at
    return replace(
        todo,
        title=" ".join(text(todo.title).split()) or "x",
        key=f"key {number}",
        notes=text(todo.notes),
        project=text(todo.project or "") or None,
        parent=text(todo.parent or "") or None,
        labels=tuple(filter(None, names)),
        position=None,
        deleted_at=None,
        recurrence=todo.recurrence if has_due else "",
        recurs_from=todo.recurs_from if has_due and todo.recurrence else "due",
        time_zone=todo.time_zone if todo.due_at and todo.time_zone != "UTC" else None,
        due_at=_once(second(todo.due_at), todo.time_zone),
        remind_at=second(todo.remind_at),
        completed_at=second(todo.completed_at),
        created_at=second(todo.created_at),
        updated_at=second(todo.updated_at),
    )


def _once(moment: datetime | None, zone: str | None) -> datetime | None:
    """Of a local time that comes twice when clocks go back, files can only name the first."""
    return moment and moment.astimezone(ZoneInfo(zone or "UTC")).replace(fold=0).astimezone(UTC)


def test_projects_are_named_and_zones_are_defined_once() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    document = b"".join(
        write(
            [
                ProjectRecord(name="Inbox", key="i", is_inbox=True),
                ProjectRecord(name="Home", key="p"),
                TodoRecord(title="A", project="p", due_at=at, time_zone="Europe/Berlin"),
                TodoRecord(title="B", project="i", due_at=at, time_zone="Europe/Berlin"),
                TodoRecord(title="Gone", deleted_at=at),
            ]
        )
    )
    assert document.count(b"BEGIN:VTIMEZONE") == 1
    found = [todo for todo in read_all(read, document) if isinstance(todo, TodoRecord)]
    assert [(todo.title, todo.project) for todo in found] == [("A", "Home"), ("B", None)]


@given(st.binary(max_size=300) | damaged(FOREIGN))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    lines = data.count(b"\n") + 1
    assert all(1 <= found.line <= lines for found in read_all(read, data))


def test_a_calendar_of_many_todos_is_read_in_little_memory() -> None:
    def lines() -> Iterator[bytes]:
        yield from write(TodoRecord(title=f"Todo {number}", notes="x" * 2000) for number in range(3000))

    tracemalloc.start()
    try:
        count = sum(isinstance(record, TodoRecord) for record in read(split(lines()), time_zone="UTC", today=TODAY))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 3000
    assert peak < 500_000
