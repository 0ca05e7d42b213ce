"""Records and broken files for the tests of the formats."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime

from hypothesis import strategies as st

from tests.todos.recurrence.rules import rules
from todos import recurrence
from todos.formats.lines import split
from todos.formats.records import LabelRecord, LineError, ProjectRecord, Record, TodoRecord
from todos.positions import evenly

TODAY = date(2026, 1, 14)  # a Wednesday
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
NAMES = TEXT.filter(bool)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
RULES = rules().map(lambda rule: str(recurrence.parse(rule)))

projects = st.builds(
    ProjectRecord,
    name=NAMES,
    key=NAMES,
    colour=st.none() | st.just("#64748b"),
    position=st.none() | st.sampled_from(evenly(20)),
    archived=st.booleans(),
    is_inbox=st.booleans(),
)
labels = st.builds(LabelRecord, name=NAMES, colour=st.none() | st.just("#64748b"))


@st.composite
def todos(draw: st.DrawFn) -> TodoRecord:
    """Any todo, with everything it may have."""
    due = draw(st.sampled_from(["at", "on", "none"]))
    optional_moment = st.none() | MOMENTS
    return TodoRecord(
        title=draw(NAMES),
        key=draw(TEXT),
        notes=draw(TEXT),
        project=draw(st.none() | NAMES),
        labels=tuple(draw(st.lists(NAMES, max_size=3))),
        priority=draw(st.integers(0, 4)),
        due_at=draw(MOMENTS) if due == "at" else None,
        due_on=draw(DAYS) if due == "on" else None,
        time_zone=draw(st.none() | ZONES),
        remind_at=draw(optional_moment),
        parent=draw(st.none() | NAMES),
        position=draw(st.none() | st.sampled_from(evenly(20))),
        recurrence=draw(st.just("") | RULES),
        recurs_from=draw(st.sampled_from(["due", "completion"])),
        completed_at=draw(optional_moment),
        deleted_at=draw(optional_moment),
        created_at=draw(optional_moment),
        updated_at=draw(optional_moment),
    )


def read_all(
    read: Callable[..., Iterator[Record | LineError]], data: bytes | Iterable[bytes], time_zone: str = "Europe/Berlin"
) -> list[Record | LineError]:
    """What a reader makes of a file, read by a person in Berlin on TODAY."""
    lines = split([data]) if isinstance(data, bytes) else data
    return list(read(lines, time_zone=time_zone, today=TODAY))


@st.composite
def damaged(draw: st.DrawFn, sound: bytes) -> bytes:
    """A file of which some bytes were changed, doubled, or lost."""
    data = bytearray(sound)
    for _ in range(draw(st.integers(1, 8))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        length = draw(st.integers(0, 30))
        piece = draw(st.binary(max_size=4) | st.sampled_from([b"\n", b'"', b",", b"\0", b":", b";", bytes(data[place : place + length])]))
        data[place : place + draw(st.sampled_from([0, 0, 1, length]))] = piece
    return bytes(data)
