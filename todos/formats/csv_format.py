"""Todoist's CSV template, https://todoist.com/help/articles/YC8YvN: one row a task, its labels in the name as @label, subtasks by INDENT.

The template holds one project and open tasks only. So the export leaves out what is completed or in the trash, and begins a
`section` row for each project; such rows are read as projects. Priority 4 is Todoist's word for none. AUTHOR, RESPONSIBLE and
DURATION have no counterpart and are not read; the reminder, the order and rules without English words are not written.

Spreadsheets run cells that start with = + - @ as formulas. The export puts an apostrophe before such a cell, which the import takes
away again. A word of a title that starts with @ but is no label is written with a backslash before it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from todos.formats import phrases
from todos.formats.csv_rows import read_rows, write_row
from todos.formats.lines import MAX_LINE
from todos.formats.records import LineError, ProjectRecord, Record, TodoRecord
from todos.formats.zones import zone_of

COLUMNS = (
    *("TYPE", "CONTENT", "DESCRIPTION", "PRIORITY", "INDENT", "AUTHOR", "RESPONSIBLE", "DATE", "DATE_LANG", "TIMEZONE"),
    *("DURATION", "DURATION_UNIT", "DEADLINE", "DEADLINE_LANG"),
)
_INBOX = "Inbox"
_LABEL = re.compile(r"(?:^|(?<=\s))@(\S+)")
_LITERAL_AT = re.compile(r"(?:^|(?<=\s))(?=\\*@\S)")
_ESCAPED_AT = re.compile(r"(?:^|(?<=\s))\\(?=\\*@\S)")


def write(records: Iterable[Record]) -> Iterator[bytes]:
    """Rows for the open todos, with a byte order mark so that spreadsheets see UTF-8. A subtask must follow its parent to stay one."""
    yield "\ufeff".encode() + _row(dict(zip(COLUMNS, COLUMNS, strict=True)))
    names: dict[str, str] = {}
    section, top = _INBOX, ""
    for record in records:
        if isinstance(record, ProjectRecord):
            names[record.key] = _INBOX if record.is_inbox else record.name
        elif isinstance(record, TodoRecord) and not record.completed_at and not record.deleted_at:
            project = _INBOX if record.project is None else names.get(record.project, record.project)
            if project != section:
                section, top = project, ""
                yield _row({"TYPE": "section", "CONTENT": project})
            is_subtask = bool(record.parent) and record.parent == top
            if not is_subtask:
                top = record.key
            yield _row(_task(record, 2 if is_subtask else 1))


def _task(todo: TodoRecord, indent: int) -> dict[str, str]:
    zone = zone_of(todo.time_zone or "UTC") or ZoneInfo("UTC")
    labels = "".join(f" @{'_'.join(label.split())}" for label in todo.labels)
    when = phrases.When(todo.due_on, todo.due_at, todo.recurrence, todo.recurs_from)
    return {
        "TYPE": "task",
        "CONTENT": _LITERAL_AT.sub(r"\\", todo.title) + labels,
        "DESCRIPTION": todo.notes,
        "PRIORITY": str(todo.priority or 4),
        "INDENT": str(indent),
        "DATE": phrases.write(when, zone=zone),
        "DATE_LANG": "en",
        "TIMEZONE": todo.time_zone or "UTC",
    }


def _row(cells: dict[str, str]) -> bytes:
    return write_row([cells.get(column, "") for column in COLUMNS])


def read(lines: Iterable[bytes], *, time_zone: str, today: date) -> Iterator[Record | LineError]:
    """The todos of a file with at least the column CONTENT, separated by commas, semicolons or tabs. Line numbers make the keys.

    `time_zone` (of the person) is where rows without TIMEZONE are, `today` what "tomorrow" is counted from.
    """
    rows = read_rows(lines)
    header = next(rows, None)
    if header is None or isinstance(header[1], LineError):
        yield header[1] if header and isinstance(header[1], LineError) else LineError(1, "The file is empty.")
        return
    names = [cell.strip().upper() for cell in header[1]]
    if "CONTENT" not in names:
        yield LineError(1, "The first line must name the columns, and one of them must be CONTENT.")
        return
    reader = _Reader(time_zone, today)
    for line, row in rows:
        if isinstance(row, LineError):
            yield row
            continue
        yield from reader.take(line, dict(zip(names, row, strict=False)))
    yield from reader.finish()


class _Reader:
    """What the rows before say about the next one: the section, the task that subtasks belong to, the task that notes belong to."""

    def __init__(self, time_zone: str, today: date) -> None:
        self._time_zone, self._today = time_zone, today
        self._project: str | None = None
        self._top = ""
        self._task: TodoRecord | None = None

    def take(self, line: int, cells: dict[str, str]) -> Iterator[TodoRecord | LineError]:
        kind, content = cells.get("TYPE", "").strip().lower(), cells["CONTENT"].strip() if "CONTENT" in cells else ""
        if kind == "note":
            yield from self._note(line, content)
            return
        yield from self.finish()
        if kind == "section":
            self._top = ""
            self._project = None if content.casefold() == _INBOX.casefold() else content or None
        elif kind in ("task", ""):
            yield from self._new_task(line, content, cells)
        elif kind != "meta":
            yield LineError(line, f"TYPE must be task, section or note, not {kind!r:.40}.")

    def finish(self) -> Iterator[TodoRecord]:
        """The task that was waiting for its notes."""
        if self._task is not None:
            yield self._task
        self._task = None

    def _note(self, line: int, content: str) -> Iterator[LineError]:
        if self._task is None:
            yield LineError(line, "A note must stand behind the task that it belongs to.")
        elif len(self._task.notes) + len(content) > MAX_LINE:
            yield LineError(line, "The notes of this task are too long.")
        else:
            self._task = replace(self._task, notes=f"{self._task.notes}\n\n{content}".strip())

    def _new_task(self, line: int, content: str, cells: dict[str, str]) -> Iterator[LineError]:
        level = cells.get("INDENT", "").strip()
        is_subtask = level in ("2", "3", "4", "5")
        if not is_subtask:
            self._top = ""
        title, labels = _title_and_labels(content)
        if not title:
            yield LineError(line, "CONTENT is empty, so this todo has no title.")
            return
        zone_name = cells.get("TIMEZONE", "").strip()
        zone = zone_of(zone_name or self._time_zone)
        if zone is None:
            yield LineError(line, f"TIMEZONE {zone_name!r:.60} is not known, so your own is used.", skipped=False)
        when, problems = self._when(cells, zone or ZoneInfo(self._time_zone))
        yield from (LineError(line, problem, skipped=False) for problem in problems)
        if is_subtask and level != "2":
            yield LineError(line, "INDENT above 2 is taken as 2: subtasks have no subtasks.", skipped=False)
        if is_subtask and not self._top:
            yield LineError(line, "There is no task above that this could be a subtask of, so it is none.", skipped=False)
        priority = cells.get("PRIORITY", "").strip()
        if priority not in ("", "1", "2", "3", "4"):
            yield LineError(line, "PRIORITY must be 1 (most urgent), 2, 3 or 4 (none), so it is left out.", skipped=False)
        self._task = TodoRecord(
            title=title,
            key=f"line-{line}",
            notes=cells.get("DESCRIPTION", ""),
            project=self._project,
            labels=labels,
            priority=int(priority) if priority in ("1", "2", "3") else 0,
            time_zone=zone.key if zone and zone_name else None,
            due_on=when.due_on,
            due_at=when.due_at,
            recurrence=when.rule,
            recurs_from=when.recurs_from,
            parent=(self._top or None) if is_subtask else None,
            line=line,
        )
        self._top = self._top or self._task.key

    def _when(self, cells: dict[str, str], zone: ZoneInfo) -> tuple[phrases.When, list[str]]:
        dates, problems = [], []
        for column in ("DATE", "DEADLINE"):
            if text := cells.get(column, "").strip():
                when = phrases.read(text, today=self._today, zone=zone)
                if when is None:
                    problems.append(f"{column} {text!r:.60} is left out: neither a date such as 2026-01-31 09:00 nor English.")
                else:
                    dates.append(when)
        if len(dates) == 2:
            problems.append("A todo has one due date: DATE is kept, DEADLINE left out.")
        return (dates[0] if dates else phrases.When()), problems


def _title_and_labels(content: str) -> tuple[str, tuple[str, ...]]:
    labels = tuple(dict.fromkeys(_LABEL.findall(content)))
    title = _ESCAPED_AT.sub("", _LABEL.sub("", content)).strip()
    return (title, labels) if title else (content, ())
