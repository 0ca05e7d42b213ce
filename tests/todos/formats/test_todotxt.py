"""todo.txt: the format's own examples, the usual extensions, and what survives."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.todos.formats.samples import damaged, read_all, todos
from todos.formats.records import LabelRecord, LineError, ProjectRecord, Record, TodoRecord
from todos.formats.todotxt import read, write

LAST = date(2026, 1, 31)
SOUND = b"""(A) 2026-01-01 Call mum +family @phone due:2026-01-31 rec:+1w
x 2026-01-03 2026-01-01 Pay rent pri:B id:7 due:2026-01-31T09:00 tz:America/New_York
Ask landlord p:7 remind:2026-01-30T18:00 rrule:FREQ=MONTHLY;BYDAY=1MO due:today
"""


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Buy milk", TodoRecord(title="Buy milk")),
        ("(A) Thank Mum @phone", TodoRecord(title="Thank Mum", priority=1, labels=("phone",))),
        ("(Z) Some day", TodoRecord(title="Some day", priority=4)),
        ("(b) Get back", TodoRecord(title="(b) Get back")),
        ("(B)->Submit", TodoRecord(title="(B)->Submit")),
        ("2026-01-02 Paint +Home", TodoRecord(title="Paint", project="Home", created_at=berlin("2026-01-02"))),
        ("2026-01-02 2026-01-01 Paint", TodoRecord(title="2026-01-01 Paint", created_at=berlin("2026-01-02"))),
        ("2026-02-30 Paint", TodoRecord(title="2026-02-30 Paint")),
        ("x 2026-01-03 2026-01-02 Done", TodoRecord(title="Done", completed_at=berlin("2026-01-03"), created_at=berlin("2026-01-02"))),
        ("x (A) 2026-01-03 Done", TodoRecord(title="Done", priority=1, completed_at=berlin("2026-01-03"))),
        ("x Done", TodoRecord(title="Done", completed_at=berlin("2026-01-14"))),
        ("xylophone lesson", TodoRecord(title="xylophone lesson")),
        ("X 2026-01-03 lesson", TodoRecord(title="X 2026-01-03 lesson")),
        ("a+b me@example.org + @ 9:30 http://x t:2026-01-01", TodoRecord(title="a+b me@example.org + @ 9:30 http://x t:2026-01-01")),
        ("Paint +Home +Garden @a @a", TodoRecord(title="Paint +Garden", project="Home", labels=("a",))),
        ("Paint due:2026-01-31", TodoRecord(title="Paint", due_on=date(2026, 1, 31))),
        ("Paint due:2026-01-31T09:00", TodoRecord(title="Paint", due_at=berlin("2026-01-31T09:00"))),
        (
            "Paint due:2026-01-31 rec:2d",
            TodoRecord(title="Paint", due_on=LAST, recurrence="FREQ=DAILY;INTERVAL=2", recurs_from="completion"),
        ),
        (
            "Paint due:2026-01-31 rec:+1b",
            TodoRecord(title="Paint", due_on=LAST, recurrence="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ),
        ("\\+1 \\due:today \\@home", TodoRecord(title="+1 due:today @home")),
        ("\\x marks", TodoRecord(title="x marks")),
        ("C:\\x \\d", TodoRecord(title="C:\\x \\d")),
    ],
)
def test_a_line_is_understood(line: str, expected: TodoRecord) -> None:
    assert read_all(read, line.encode()) == [expected]


def test_subtasks_name_their_parents_and_tags_of_our_own_are_read() -> None:
    _, parent, child = read_all(read, SOUND)
    assert isinstance(parent, TodoRecord)
    assert isinstance(child, TodoRecord)
    assert (parent.key, parent.priority, parent.time_zone) == ("7", 2, "America/New_York")
    assert parent.due_at == datetime(2026, 1, 31, 14, tzinfo=UTC)
    assert (child.parent, child.remind_at, child.recurrence) == ("7", berlin("2026-01-30T18:00"), "FREQ=MONTHLY;BYDAY=1MO")
    assert child.line == 3


@pytest.mark.parametrize(
    ("line", "title", "message"),
    [
        ("Paint due:soon", "Paint due:soon", "due:soon is not understood"),
        ("Paint due:2026-02-30", "Paint due:2026-02-30", "is not understood"),
        ("Paint due:2026-01-01 rec:9h", "Paint rec:9h", "rec:9h is not understood"),
        ("Paint due:2026-01-01 rec:2b", "Paint rec:2b", "rec:2b is not understood"),
        ("Paint due:2026-01-01 rrule:FREQ=HOURLY", "Paint rrule:FREQ=HOURLY", "is not understood"),
        ("Paint tz:Mars", "Paint tz:Mars", "tz:Mars is not understood"),
        ("Paint remind:2026-01-01", "Paint remind:2026-01-01", "is not understood"),
        ("Paint pri:high", "Paint pri:high", "pri:high is not understood"),
        ("Paint rec:1d", "Paint", "add due:2026-01-31"),
    ],
)
def test_a_tag_that_makes_no_sense_is_reported_and_the_todo_is_taken(line: str, title: str, message: str) -> None:
    problem, todo = read_all(read, line.encode())
    assert todo == replace(TodoRecord(title=title), due_on=date(2026, 1, 1) if "due:2026-01-01" in line else None)
    assert isinstance(problem, LineError)
    assert message in problem.message
    assert not problem.skipped


@pytest.mark.parametrize("line", ["+home @work", "x 2026-01-01 @work", "(A) due:today"])
def test_a_line_without_a_title_is_reported(line: str) -> None:
    todo, problem = read_all(read, f"Good\n\n{line} \n".encode())
    assert todo == TodoRecord(title="Good")
    assert isinstance(problem, LineError)
    assert (problem.line, problem.skipped) == (3, True)


@given(st.lists(todos(), max_size=4))
def test_what_fits_into_a_line_survives(records: list[TodoRecord]) -> None:
    bare: dict[str, Any] = {"labels": (), "project": None, "parent": None, "deleted_at": None}
    written = [replace(todo, title=" ".join(todo.title.split()) or "x", **bare) for todo in records]
    found = read_all(read, b"".join(write(written)), time_zone="UTC")
    todos_found = [todo for todo in found if isinstance(todo, TodoRecord)]
    for before, after in zip(written, todos_found, strict=True):
        zone = ZoneInfo(before.time_zone or "UTC")
        assert (after.title, after.priority, after.time_zone) == (before.title, before.priority, before.time_zone)
        assert after.due_on == before.due_on
        assert (after.completed_at is None) is (before.completed_at is None)
        if before.due_on or before.due_at:
            assert (after.recurrence, after.recurs_from) == (before.recurrence, before.recurs_from if before.recurrence else "due")
        for one, other, exactness in [
            (before.due_at, after.due_at, "%Y-%m-%dT%H:%M"),
            (before.remind_at, after.remind_at, "%Y-%m-%dT%H:%M"),
            (before.completed_at, after.completed_at, "%Y-%m-%d"),
            (before.created_at, after.created_at, "%Y-%m-%d"),
        ]:
            assert (one is None) is (other is None)
            assert one is None or other is None or one.astimezone(zone).strftime(exactness) == other.astimezone(zone).strftime(exactness)


def test_projects_labels_and_subtasks_survive() -> None:
    records: list[Record] = [
        ProjectRecord(name="Inbox", key="i", is_inbox=True),
        ProjectRecord(name="My home", key="p"),
        LabelRecord(name="at work"),
        TodoRecord(title="x +y @z due:today", key="a", project="p", labels=("at work",)),
        TodoRecord(title="Sub", key="b", parent="a", project="p"),
        TodoRecord(title="Sub 2", key="c", parent="a", project="p"),
        TodoRecord(title="Gone", key="d", project="i", deleted_at=datetime(2026, 1, 1, tzinfo=UTC)),
        TodoRecord(title="Orphan", key="e", parent="d", project="i"),
    ]
    data = b"".join(write(records))
    assert data.decode().splitlines()[0] == "\\x \\+y \\@z \\due:today +My_home @at_work id:1"
    found = [todo for todo in read_all(read, data) if isinstance(todo, TodoRecord)]
    assert [todo.title for todo in found] == ["x +y @z due:today", "Sub", "Sub 2", "Orphan"]
    assert [todo.parent for todo in found] == [None, "1", "1", None]
    assert [todo.project for todo in found] == ["My_home"] * 3 + [None]


@given(st.binary(max_size=300) | damaged(SOUND))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    lines = data.count(b"\n") + 1
    assert all(1 <= found.line <= lines for found in read_all(read, data))
