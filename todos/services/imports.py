"""Taking todos from a file: read it once to see what is wrong, a second time to write what is right, in one transaction.

Memory stays bounded by the file's number of todos times the size of an id: records are handled in batches.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID
from zlib import crc32

from django.db.models.functions import Lower

from todos import events, positions
from todos.errors import Refused
from todos.formats import Record
from todos.formats.records import LabelRecord, LineError, ProjectRecord, TodoRecord
from todos.models import Label, Project, Todo, TodoLabel, User
from todos.models.ids import new_id
from todos.services import todo_rules
from todos.services.projects import INBOX_NAME, inbox_of
from todos.services.todos import last_position
from todos.transactions import lock_users

BATCH = 500
COLOURS = ("#dc2626", "#ea580c", "#ca8a04", "#16a34a", "#0d9488", "#2563eb", "#7c3aed", "#db2777")  # those that the web app offers
SHOWN_ERRORS = 200
SHOWN_TODOS = 20
MAX_TODOS = 50_000

Source = Callable[[], Iterator[Record | LineError]]  # each call reads the file from its beginning


@dataclass
class Report:
    """What a file holds, or what was taken from it. Only the first errors and todos are shown, all are counted."""

    todos: int = 0
    projects: int = 0
    labels: int = 0
    skipped: int = 0
    error_count: int = 0
    written: bool = False
    errors: list[dict[str, int | str | bool]] = field(default_factory=list)
    sample: list[dict[str, object]] = field(default_factory=list)

    def add(self, error: LineError) -> None:
        """Count an error."""
        self.error_count += 1
        self.skipped += error.skipped
        if len(self.errors) < SHOWN_ERRORS:
            self.errors.append({"line": error.line, "message": error.message, "skipped": error.skipped})


def preview(owner: User, source: Source) -> Iterator[Report]:
    """Read the whole file and write nothing; yields the report so far now and then, complete at the end."""
    report = Report()
    kinds = {TodoRecord: "todos", ProjectRecord: "projects", LabelRecord: "labels"}
    for number, record in enumerate(source()):
        if isinstance(record, LineError):
            report.add(record)
        elif problem := _problem(owner, record):
            report.add(LineError(record.line, problem))
        else:
            kind = kinds[type(record)]
            setattr(report, kind, getattr(report, kind) + 1)
            if isinstance(record, TodoRecord):
                _refuse_too_many(report.todos)
                if len(report.sample) < SHOWN_TODOS:
                    due = record.due_at or record.due_on
                    report.sample.append({"title": record.title, "project": record.project, "labels": list(record.labels), "due": due})
        if number % BATCH == BATCH - 1:
            yield report
    yield report


def write(owner: User, source: Source) -> Iterator[Report]:
    """Take every record that can be taken; yields the report so far after each batch, complete at the end.

    To be exhausted inside one transaction: until it commits, nothing is there.
    """
    lock_users(owner.id)
    taker = _Taker(owner)
    good = taker.good(source())
    while batch := list(islice(good, BATCH)):
        taker.take(batch)
        yield taker.report
    taker.connect_late_subtasks()
    taker.report.written = True
    if taker.report.todos:
        events.publish(events.TodosImported(id=new_id(), owner=owner.id, title="Import", count=taker.report.todos))
    yield taker.report


class _Taker:
    """What is known while a file is being written: names, keys, and the end of the owner's line."""

    def __init__(self, owner: User) -> None:
        self.owner, self.report = owner, Report()
        self._inbox = inbox_of(owner)
        self._projects = dict(Project.objects.owned_by(owner).annotate(low=Lower("name")).values_list("low", "id"))
        self._labels = dict(Label.objects.owned_by(owner).annotate(low=Lower("name")).values_list("low", "id"))
        self._keys: dict[str, UUID] = {}  # a project's key within the file -> its id
        self._written: dict[str, tuple[UUID, UUID, UUID | None]] = {}  # a todo's key -> its id, project and parent
        self._late: list[tuple[UUID, str, int]] = []  # subtasks that came before their parents
        self._last = last_position(owner)
        self._last_project = Project.objects.owned_by(owner).order_by("-position").values_list("position", flat=True).first()

    def good(self, records: Iterator[Record | LineError]) -> Iterator[TodoRecord]:
        """The todos that can be written; projects and labels are made on the way, errors go to the report."""
        for record in records:
            if isinstance(record, LineError):
                self.report.add(record)
            elif problem := _problem(self.owner, record):
                self.report.add(LineError(record.line, problem))
            elif isinstance(record, ProjectRecord):
                self._keys[record.key or record.name] = self._project(record.name, record)
            elif isinstance(record, LabelRecord):
                self._label(record.name, record.colour)
            else:
                yield record

    def take(self, records: list[TodoRecord]) -> None:
        """Write one batch."""
        todos = [self._todo(record) for record in records]
        Todo.objects.bulk_create(todos)
        carried = [
            TodoLabel(owner_id=self.owner.id, todo_id=todo.id, label_id=label)
            for todo, record in zip(todos, records, strict=True)
            for label in dict.fromkeys(self._label(name, None) for name in record.labels)
        ]
        TodoLabel.objects.bulk_create(carried)
        self.report.todos += len(todos)
        _refuse_too_many(self.report.todos)

    def connect_late_subtasks(self) -> None:
        """Give subtasks that came first their parents; one whose parent never came stays a todo of its own."""
        for number in range(0, len(self._late), BATCH):
            found = []
            for todo_id, parent_key, line in self._late[number : number + BATCH]:
                parent = self._written.get(parent_key)
                if parent is None or parent[0] == todo_id:
                    self.report.add(LineError(line, "Its parent is not in this file, so it was taken as a todo of its own.", skipped=False))
                else:
                    found.append(Todo(id=todo_id, project_id=parent[1], parent_id=parent[2] or parent[0]))
            Todo.objects.bulk_update(found, ["project_id", "parent_id"])

    def _todo(self, record: TodoRecord) -> Todo:
        parent = self._written.get(record.parent) if record.parent else None
        project_id = parent[1] if parent else self._project_of(record.project)
        parent_id = (parent[2] or parent[0]) if parent else None  # deeper levels are brought up to the second
        todo = _unsaved(self.owner, record)
        todo.project_id, todo.parent_id = project_id, parent_id
        self._last = todo.position = positions.between(self._last, None)
        if record.key:
            self._written[record.key] = (todo.id, project_id, parent_id)
        if record.parent and parent is None:
            self._late.append((todo.id, record.parent, record.line))
        return todo

    def _project_of(self, name: str | None) -> UUID:
        if name is None:
            return self._inbox.id
        return self._keys.get(name) or self._project(name, None)

    def _project(self, name: str, record: ProjectRecord | None) -> UUID:
        if (record and record.is_inbox) or name.lower() == INBOX_NAME.lower():
            return self._inbox.id
        known = self._projects.get(name.lower())
        if known:
            return known
        self._last_project = positions.between(self._last_project, None)
        archived, colour = (record.archived, record.colour) if record else (False, None)
        project = Project.objects.create(
            owner=self.owner, name=name, position=self._last_project, archived=archived, colour=colour or _colour(name)
        )
        self._projects[name.lower()] = project.id
        self.report.projects += 1
        return project.id

    def _label(self, name: str, colour: str | None) -> UUID:
        known = self._labels.get(name.lower())
        if known:
            return known
        label = Label.objects.create(owner=self.owner, name=name, colour=colour or _colour(name))
        self._labels[name.lower()] = label.id
        self.report.labels += 1
        return label.id


def _colour(name: str) -> str:
    """The colour of what a file gives none: the same for the same name, so that lists can be told apart."""
    return COLOURS[crc32(name.lower().encode()) % len(COLOURS)]


def _unsaved(owner: User, record: TodoRecord) -> Todo:
    said = ("title", "notes", "priority", "due_at", "due_on", "remind_at", "recurrence", "recurs_from", "completed_at", "deleted_at")
    todo = Todo(owner=owner, time_zone=record.time_zone or owner.time_zone, **{name: getattr(record, name) for name in said})
    for name in ("created_at", "updated_at"):
        if moment := getattr(record, name):
            setattr(todo, name, moment)
    if todo.remind_at is not None:
        todo.reminded_at = todo.remind_at if todo.completed_at or todo.deleted_at else None
    return todo


def _problem(owner: User, record: Record) -> str:
    """Why a record cannot be taken; empty when it can."""
    if isinstance(record, TodoRecord):
        return _too_long(record) or _refusal(owner, record)
    limit = 120 if isinstance(record, ProjectRecord) else 60
    return "" if 0 < len(record.name.strip()) <= limit else f"A name has 1 to {limit} characters."


def _too_long(record: TodoRecord) -> str:
    if not record.title.strip():
        return "There is no title."
    if len(record.title) > 500:
        return "The title is longer than 500 characters."
    if len(record.notes) > 20_000:
        return "The notes are longer than 20,000 characters."
    if record.project is not None and len(record.project) > 120:
        return "The project's name is longer than 120 characters."
    return "A label is longer than 60 characters." if any(len(name) > 60 for name in record.labels) else ""


def _refusal(owner: User, record: TodoRecord) -> str:
    try:
        todo_rules.settle(_unsaved(owner, record))
    except Refused as refused:
        return refused.message
    return ""


def _refuse_too_many(count: int) -> None:
    if count > MAX_TODOS:
        raise Refused(f"A file may hold {MAX_TODOS:,} todos. Split it into smaller ones.", field="file", code="too_many")
