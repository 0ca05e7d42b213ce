"""What files hold, as plain values: the language between the formats and whoever stores or selects todos."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRecord:
    """A project. `key` is what todos of the same file name it by; formats without keys use its name."""

    name: str
    key: str
    colour: str | None = None
    position: str | None = None
    archived: bool = False
    is_inbox: bool = False
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRecord:
    """A label; todos name it by its name."""

    name: str
    colour: str | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TodoRecord:
    """A todo as a file has it; None is "not said", for the reader of the record to fill in.

    `key` names it within its file ('' when the format has no names). `parent` is the key of another todo: usually one read before, but
    foreign files may put a subtask first, name a parent that they do not hold, or nest deeper than two levels. `project` is the key of a
    ProjectRecord read before, or else a project's name; None is the Inbox. Priority is 0 (none), 1 (most urgent) to 4. Datetimes are UTC,
    and never both `due_at` and `due_on`. `recurrence` is a rule in the normal spelling of `todos.recurrence`. Lengths are not checked.
    """

    title: str
    key: str = ""
    notes: str = ""
    project: str | None = None
    labels: tuple[str, ...] = ()
    priority: int = 0
    due_at: datetime | None = None
    due_on: date | None = None
    time_zone: str | None = None
    remind_at: datetime | None = None
    parent: str | None = None
    position: str | None = None
    recurrence: str = ""
    recurs_from: Literal["due", "completion"] = "due"
    completed_at: datetime | None = None
    deleted_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class LineError:
    """Something in the file that could not be taken, at this line (the first is 1).

    `skipped` says whether the whole todo, project or label is missing, or only the part that `message` names.
    """

    line: int
    message: str
    skipped: bool = True


Record = ProjectRecord | LabelRecord | TodoRecord
Read = Callable[..., Iterator[Record | LineError]]
Write = Callable[[Iterable[Record]], Iterator[bytes]]
