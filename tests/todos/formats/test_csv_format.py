"""Todoist's CSV template: what is understood, what survives an export, and what spreadsheets may not run."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.todos.formats.samples import damaged, read_all, todos
from todos.formats.csv_format import COLUMNS, read, write
from todos.formats.records import LabelRecord, LineError, ProjectRecord, Record, TodoRecord

TODOIST = b"""\xef\xbb\xbf%s
meta,view_style=list,,,,,,,,,,,,
task,Buy milk @shop @quick,"Two litres,
not one",1,1,Evan (14781400),,every monday,en,Europe/Berlin,,,,
task,Find the bag,,4,2,Evan (14781400),,,,,,,,
note,In the car,,,,Evan (14781400),,,,,,,,
,,,,,,,,,,,,,
section,Kitchen,,,,,,,,,,,,
task,Paint,,3,1,Evan (14781400),,2026-02-01 09:00,en,America/New_York,,,,
""" % ",".join(COLUMNS).encode()
SOUND = b"".join(
    write(
        [
            ProjectRecord(name="Home, sweet", key="p"),
            TodoRecord(title="Milk", key="a", notes='say "hi"\n=1', labels=("shop",), due_at=datetime(2026, 1, 1, 8, tzinfo=UTC)),
            TodoRecord(title="Bag", key="b", parent="a", project="p", recurrence="FREQ=DAILY", due_on=date(2026, 1, 1)),
        ]
    )
)


def cells(*rows: str, header: str = "TYPE,CONTENT,DATE,PRIORITY,INDENT,TIMEZONE,DEADLINE") -> list[Record | LineError]:
    return read_all(read, "\n".join([header, *rows]).encode())


def test_a_file_of_todoist_is_understood() -> None:
    milk, bag, paint = read_all(read, TODOIST)
    assert milk == TodoRecord(
        title="Buy milk",
        key="line-3",
        notes="Two litres,\nnot one",
        labels=("shop", "quick"),
        priority=1,
        due_on=date(2026, 1, 19),
        recurrence="FREQ=WEEKLY;BYDAY=MO",
        time_zone="Europe/Berlin",
    )
    assert bag == TodoRecord(title="Find the bag", key="line-5", notes="In the car", parent="line-3")
    assert paint == TodoRecord(
        title="Paint",
        key="line-9",
        project="Kitchen",
        priority=3,
        due_at=datetime(2026, 2, 1, 14, tzinfo=UTC),
        time_zone="America/New_York",
    )
    assert paint.line == 9


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_and_missing_columns_are_fine(separator: str) -> None:
    assert read_all(read, separator.join(["content", "priority\nMilk", "2\n"]).encode()) == [
        TodoRecord(title="Milk", key="line-2", priority=2)
    ]


@pytest.mark.parametrize(
    ("row", "message", "taken"),
    [
        ("task,,,,,,", "CONTENT is empty", False),
        ("epic,Milk,,,,,", "TYPE must be task, section or note, not 'epic'", False),
        ("note,Milk,,,,,", "behind the task", False),
        ("task,Milk,someday,,,,", "DATE 'someday' is left out", True),
        ("task,Milk,2026-01-01,,,,2026-01-02", "DEADLINE left out", True),
        ("task,Milk,,9,,,", "PRIORITY must be 1 (most urgent)", True),
        ("task,Milk,,,,Mars/Base,", "TIMEZONE 'Mars/Base' is not known", True),
        ("task,Milk,,,2,,", "so it is none", True),
    ],
)
def test_what_cannot_be_taken_is_reported_by_its_line(row: str, message: str, taken: bool) -> None:
    found = cells("task,First,,,,,", "section,S,,,,,", row)
    problem = found[1]
    assert isinstance(problem, LineError)
    assert problem.line == 4
    assert message in problem.message
    assert problem.skipped is not taken
    assert [record.title for record in found if isinstance(record, TodoRecord)] == ["First", *["Milk"] * taken]


def test_subtasks_below_the_second_level_are_lifted_to_it() -> None:
    top, second, note, third, other = cells("task,A,,,1,,", "task,B,,,2,,", "task,C,,,3,,", "task,D,,,1,,")
    assert [record.parent for record in (top, second, third, other) if isinstance(record, TodoRecord)] == [None, "line-2", "line-2", None]
    assert note == LineError(4, "INDENT above 2 is taken as 2: subtasks have no subtasks.", skipped=False)


def test_an_indent_that_is_no_level_is_none() -> None:
    assert cells("task,A,,,,,", f"task,B,,,{'9' * 5000},,")[1:] == [TodoRecord(title="B", key="line-3")]


def test_a_deadline_is_the_due_date_where_there_is_no_other() -> None:
    assert cells("task,Milk,,,,,2026-01-02") == [TodoRecord(title="Milk", key="line-2", due_on=date(2026, 1, 2))]


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "empty"), (b"TYPE,DATE\n", "one of them must be CONTENT"), ("Aufgabe;Fällig\n".encode("latin1"), "UTF-8")],
)
def test_a_file_without_the_columns_is_refused_with_the_remedy(data: bytes, message: str) -> None:
    (problem,) = read_all(read, data)
    assert isinstance(problem, LineError)
    assert message in problem.message


def test_a_line_that_is_no_text_costs_only_itself() -> None:
    first, problem, last = sorted(read_all(read, b"CONTENT\nA\n\xff\nB\n"), key=lambda found: found.line)
    assert (first, last) == (TodoRecord(title="A", key="line-2"), TodoRecord(title="B", key="line-4"))
    assert isinstance(problem, LineError)
    assert problem.line == 3


def test_a_quote_that_is_never_closed_is_reported_and_does_not_fill_the_memory() -> None:
    found = read_all(read, (line for line in [b"CONTENT\n", b'"A\n', *[b"x" * 1000] * 1000]))
    assert any(isinstance(problem, LineError) and "never closed" in problem.message for problem in found)
    assert max(len(record.title) for record in found if isinstance(record, TodoRecord)) < 300_000


@given(st.lists(todos(), max_size=4))
def test_open_todos_survive_as_far_as_the_template_goes(records: list[TodoRecord]) -> None:
    simple = [
        replace(todo, title=" ".join(todo.title.split()) or "x", notes=todo.notes.replace("\r", ""), labels=(), completed_at=None)
        for todo in (replace(todo, deleted_at=None) for todo in records)
    ]
    found = read_all(read, b"".join(write(simple)))
    assert not [problem for problem in found if isinstance(problem, LineError)]
    for before, after in zip(simple, found, strict=True):
        assert isinstance(after, TodoRecord)
        assert (after.title, after.notes, after.priority) == (before.title, before.notes, before.priority % 4)
        assert after.due_on == before.due_on
        assert (after.due_at is None) is (before.due_at is None)
        assert after.recurrence in ("", before.recurrence)
        assert after.time_zone == (before.time_zone or "UTC")


def test_projects_labels_and_subtasks_survive() -> None:
    records: list[Record] = [
        ProjectRecord(name="=Home", key="p"),
        LabelRecord(name="at work"),
        TodoRecord(title="In the inbox", key="a"),
        TodoRecord(title="Mail me@example.org @ 9 \\@x @y", key="b", project="p", labels=("at work", "b")),
        TodoRecord(title="Sub", key="c", parent="b", project="p"),
        TodoRecord(title="Done", key="d", project="p", completed_at=datetime(2026, 1, 1, tzinfo=UTC)),
        TodoRecord(title="Orphan", key="e", parent="d", project="p"),
        TodoRecord(title="Back", key="f", project=None),
    ]
    found = [record for record in read_all(read, b"".join(write(records))) if isinstance(record, TodoRecord)]
    assert [record.title for record in found] == ["In the inbox", "Mail me@example.org @ 9 \\@x @y", "Sub", "Orphan", "Back"]
    assert [record.project for record in found] == [None, "=Home", "=Home", "=Home", None]
    assert [record.labels for record in found] == [(), ("at_work", "b"), (), (), ()]
    assert [record.parent for record in found] == [None, None, found[1].key, None, None]


@given(todos())
def test_no_cell_of_an_export_is_a_formula_to_a_spreadsheet(todo: TodoRecord) -> None:
    open_todo = replace(todo, title=f"={todo.title}", notes=f"-{todo.notes}", completed_at=None, deleted_at=None)
    text = b"".join(write([open_todo])).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == list(COLUMNS)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]


@given(st.binary(max_size=300) | damaged(TODOIST) | damaged(SOUND))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    lines = data.count(b"\n") + 1
    assert all(1 <= found.line <= lines for found in read_all(read, data))
