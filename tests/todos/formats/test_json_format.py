"""The product's own format loses nothing and reports each bad line."""

import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.todos.formats.samples import damaged, labels, projects, read_all, todos
from todos.formats.json_format import read, write
from todos.formats.lines import split
from todos.formats.records import LabelRecord, LineError, ProjectRecord, Record, TodoRecord

SOUND = b"".join(
    write(
        [
            ProjectRecord(name="Home", key="p"),
            LabelRecord(name="work"),
            TodoRecord(title="Milk", key="t", project="p", due_at=datetime(2026, 1, 1, tzinfo=UTC), recurrence="FREQ=DAILY"),
            TodoRecord(title="Oats", parent="t", priority=4),
        ]
    )
)


def with_todo(line: str) -> bytes:
    return b"".join(write([])).replace(b'"todos":[', b'"todos":[\n' + line.encode())


@given(st.lists(projects, max_size=3), st.lists(labels, max_size=3), st.lists(todos(), max_size=4))
def test_what_is_written_is_read_again_exactly(some: list[Record], more: list[Record], most: list[Record]) -> None:
    records = some + more + most
    document = b"".join(write(records))
    assert read_all(read, document) == records
    assert set(json.loads(document)) == {"format", "version", "projects", "labels", "todos"}


def test_each_item_has_a_line_of_its_own_and_knows_it() -> None:
    assert SOUND.count(b"\n") == 8
    assert [record.line for record in read_all(read, SOUND)] == [2, 4, 6, 7]


def test_records_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="Projects come first"):
        list(write([LabelRecord(name="work"), ProjectRecord(name="Home", key="p")]))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nonsense", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ("{}", "title is missing"),
        ('{"title":""}', "title is missing"),
        ('{"title":7}', "title: must be text"),
        ('{"title":"a\\u0000"}', "title: must not contain a NUL"),
        ('{"title":"a","labels":"b"}', "labels: must be a list"),
        ('{"title":"a","labels":[1]}', "labels: must be text"),
        ('{"title":"a","priority":5}', "priority: must be 0 (none), 1"),
        ('{"title":"a","priority":true}', "priority: must be 0 (none), 1"),
        ('{"title":"a","due_on":"31.1.2026"}', "due_on: must be a date such as 2026-01-31"),
        ('{"title":"a","due_at":"2026-01-31T09:00:00"}', "due_at: must end in Z"),
        ('{"title":"a","due_at":"0001-01-01T00:00:00+05:00"}', "due_at: date value out of range"),
        ('{"title":"a","due_on":"2026-01-31","due_at":"2026-01-31T09:00:00Z"}', "Keep one"),
        ('{"title":"a","recurrence":"FREQ=HOURLY"}', "recurrence: Say how often"),
        ('{"title":"a","recurs_from":"birth"}', "recurs_from: must be due or completion"),
        ('{"title":"a","position":"00"}', "position: must be an order key"),
        ('{"title":"a","notes":null}', "notes: must be text"),
    ],
)
def test_a_bad_item_is_reported_by_its_line_and_the_rest_is_read(line: str, message: str) -> None:
    good, bad, after = read_all(read, with_todo(f'{{"title":"first"}},\n{line},\n{{"title":"after"}}'))
    assert good == TodoRecord(title="first")
    assert after == TodoRecord(title="after")
    assert isinstance(bad, LineError)
    assert bad.line == 5
    assert message in bad.message
    assert bad.skipped


def test_a_field_of_another_release_is_named_and_the_todo_is_taken() -> None:
    todo, note = read_all(read, with_todo('{"title":"a","mood":"fine"}'))
    assert todo == TodoRecord(title="a")
    assert note == LineError(4, "Not known and left out: mood.", skipped=False)


@pytest.mark.parametrize(
    ("document", "line", "message"),
    [
        (b"", 1, "ends too early"),
        (b"[]", 1, "not an export"),
        (b'{"format":"other","version":1,"projects":[\n', 1, "not an export"),
        (SOUND.replace(b'"version":1', b'"version":2'), 1, "version 2"),
        (json.dumps(json.loads(SOUND)).encode(), 1, "not an export"),
        (SOUND[: SOUND.rindex(b"]}")], 7, "ends too early"),
        (SOUND + b"{}", 9, "ended before this line"),
        (b"\xff\xfe" + SOUND, 1, "UTF-8"),
    ],
)
def test_a_document_that_is_none_or_not_whole_is_reported(document: bytes, line: int, message: str) -> None:
    *_, problem = read_all(read, document)
    assert isinstance(problem, LineError)
    assert problem.line == line
    assert message in problem.message


@given(st.binary(max_size=300) | damaged(SOUND))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    lines = data.count(b"\n") + 1
    assert all(1 <= found.line <= lines for found in read_all(read, data.split(b"\n")))


def test_a_file_of_many_todos_is_read_in_little_memory() -> None:
    def lines() -> Iterator[bytes]:
        yield from write(TodoRecord(title=f"Todo {number}", notes="x" * 2000) for number in range(5000))

    tracemalloc.start()
    try:
        count = sum(isinstance(record, TodoRecord) for record in read(split(lines()), time_zone="UTC", today=datetime(2026, 1, 1).date()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 5000
    assert peak < 500_000
