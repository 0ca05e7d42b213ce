"""The table of formats: every name leads to a reader and a writer that fit together."""

import pytest

from tests.todos.formats.samples import read_all
from todos.formats import FORMATS, LabelRecord, ProjectRecord, Record, TodoRecord, format_of


@pytest.mark.parametrize("name", list(FORMATS))
def test_each_format_reads_the_titles_labels_and_subtasks_that_it_writes(name: str) -> None:
    records: list[Record] = [
        ProjectRecord(name="Home", key="p"),
        LabelRecord(name="work"),
        TodoRecord(title="Buy milk", key="a", project="p", labels=("work",), priority=2),
        TodoRecord(title="Find the bag", key="b", project="p", parent="a"),
    ]
    kind = FORMATS[name]
    parent, child = [found for found in read_all(kind.read, b"".join(kind.write(records))) if isinstance(found, TodoRecord)]
    assert (parent.title, parent.labels, parent.priority) == ("Buy milk", ("work",), 2)
    assert (child.title, child.parent) == ("Find the bag", parent.key)
    assert parent.project in ("Home", "p")


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("todos.json", "json"),
        ("Home.CSV", "csv"),
        ("todo.txt", "todotxt"),
        ("a.b.ics", "ical"),
        ("todos", None),
        ("todos.pdf", None),
        (None, None),
        ("", None),
    ],
)
def test_the_ending_of_a_file_name_tells_the_format(file_name: str | None, name: str | None) -> None:
    found = format_of(file_name)
    assert (found and found.name) == name


def test_endings_are_unambiguous() -> None:
    assert len({kind.extension for kind in FORMATS.values()}) == len(FORMATS)
