"""todo.txt, https://github.com/todotxt/todo.txt: one line a todo, `(A) 2026-01-01 Call mum +family @phone due:2026-01-31 rec:+1w`.

Beyond the format itself these tags are understood: `due:` (also with a time, `due:2026-01-31T09:00`), `rec:` (`2w` after completion, `+2w`
after the due date), `pri:` (of completed todos), `id:` and `p:` (a subtask names its parent), and of our own `tz:`, `remind:`
and `rrule:` (rules that `rec:` cannot say). Other tags, among them `t:`, stay in the title, as does a second project. Priorities after D
are read as D. Notes, positions and deleted todos are not written, blanks in names become `_`, times are exact to the minute and
days of creation and completion to the day. A backslash before a word of a title takes away its special meaning.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time
from itertools import takewhile
from typing import Any, Literal
from zoneinfo import ZoneInfo

from todos import recurrence
from todos.formats import phrases
from todos.formats.lines import numbered
from todos.formats.records import LineError, ProjectRecord, Record, TodoRecord
from todos.formats.zones import zone_of

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_LINE = re.compile(rf"(?P<done>x )?(?:\((?P<priority>[A-Z])\) )?(?:(?P<one>{_DATE}) (?:(?P<two>{_DATE}) )?)?(?P<text>.*)", re.DOTALL)
_TAG = re.compile(r"(?P<key>due|rec|pri|id|p|tz|remind|rrule):(?P<value>\S+)")
_SPECIAL = re.compile(rf"[+@]\S+|{_TAG.pattern}")
_SPECIAL_FIRST = re.compile(rf"x|\([A-Z]\)|{_DATE}|{_SPECIAL.pattern}")
_REC = re.compile(r"(?P<strict>\+)?(?P<number>[0-9]{1,4})(?P<unit>[dwmyb])")
_UNITS = {"d": "DAILY", "w": "WEEKLY", "m": "MONTHLY", "y": "YEARLY"}
_WORKING_DAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
_Repetition = tuple[str, Literal["due", "completion"]]
_SIMPLE_RULE = re.compile(r"FREQ=([DWMY])[A-Z]+(?:;INTERVAL=([0-9]+))?")


def write(records: Iterable[Record]) -> Iterator[bytes]:
    """A line for each todo that is not deleted. A subtask must follow its parent, with only its siblings between, to stay one."""
    names: dict[str, str | None] = {}
    parents = 0
    top, waiting = "", ""
    for record in records:
        if isinstance(record, ProjectRecord):
            names[record.key] = None if record.is_inbox else record.name
        elif isinstance(record, TodoRecord) and not record.deleted_at:
            line = _line(record, None if record.project is None else names.get(record.project, record.project))
            if record.parent and record.parent == top:
                if waiting:
                    parents += 1
                    yield f"{waiting} id:{parents}\n".encode()
                yield f"{line} p:{parents}\n".encode()
                waiting = ""
            else:
                if waiting:
                    yield f"{waiting}\n".encode()
                top, waiting = record.key, line
    if waiting:
        yield f"{waiting}\n".encode()


def _line(todo: TodoRecord, project: str | None) -> str:
    zone = zone_of(todo.time_zone or "UTC") or ZoneInfo("UTC")
    letter = "ABCD"[todo.priority - 1] if todo.priority else ""
    words = todo.title.split()
    parts = ["x" if todo.completed_at else "", f"({letter})" if letter and not todo.completed_at else ""]
    parts += [f"{moment.astimezone(zone):%Y-%m-%d}" if moment else "" for moment in (todo.completed_at, todo.created_at)]
    parts += [_escaped(word, first=place == 0) for place, word in enumerate(words)]
    parts += [f"+{'_'.join(project.split())}" if project else "", *(f"@{'_'.join(label.split())}" for label in todo.labels)]
    due = todo.due_on.isoformat() if todo.due_on else _minute(todo.due_at, zone)
    tags = {
        "due": due,
        **_repetition(todo),
        "pri": letter if todo.completed_at else "",
        "remind": _minute(todo.remind_at, zone),
        "tz": todo.time_zone or "",
    }
    return " ".join(filter(None, [*parts, *(f"{key}:{value}" for key, value in tags.items() if value)]))


def _escaped(word: str, *, first: bool) -> str:
    special = _SPECIAL_FIRST if first else _SPECIAL
    return f"\\{word}" if special.fullmatch(word.lstrip("\\")) else word


def _minute(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%dT%H:%M}" if moment else ""


def _repetition(todo: TodoRecord) -> dict[str, str]:
    strict = "+" if todo.recurs_from == "due" else ""
    if todo.recurrence == _WORKING_DAYS:
        return {"rec": f"{strict}1b"}
    if simple := _SIMPLE_RULE.fullmatch(todo.recurrence):
        return {"rec": f"{strict}{simple[2] or 1}{simple[1].lower()}"}
    return {"rrule": f"{strict}{todo.recurrence}"} if todo.recurrence else {}


def read(lines: Iterable[bytes], *, time_zone: str, today: date) -> Iterator[Record | LineError]:
    """A todo for each line that has a title; a tag that makes no sense stays in the title and is reported.

    `time_zone` (of the person) is where lines without `tz:` are. A todo completed on no day was completed `today`.
    """
    for number, text in numbered(lines):
        if isinstance(text, LineError):
            yield text
        elif text.strip():
            yield from _read_line(number, text.strip(), ZoneInfo(time_zone), today)


def _read_line(number: int, text: str, zone: ZoneInfo, today: date) -> Iterator[Record | LineError]:
    head = _LINE.fullmatch(text)
    assert head  # noqa: S101 - every part of the pattern may be missing
    done = bool(head["done"])
    written = [day for day in (head["one"], head["two"]) if day]
    days = list(takewhile(_is_day, written[: 2 if done else 1]))
    title, project, labels, tags = _sorted_out(written[len(days) :] + head["text"].split())
    zone = zone_of(tags.get("tz", "")) or zone
    values: dict[str, Any] = {key: _READERS[key](value, zone, today) for key, value in tags.items()}
    for key in [key for key, value in values.items() if value is None]:
        title.append(f"{key}:{tags[key]}")
        yield LineError(number, f"{key}:{tags[key]:.60} is not understood and stays in the title.", skipped=False)
    due: phrases.When = values.get("due") or phrases.When()
    repetition: _Repetition = values.get("rrule") or values.get("rec") or ("", "due")
    rule, recurs_from = repetition
    if rule and due == phrases.When():
        rule, recurs_from = "", "due"
        yield LineError(number, "A todo repeats from its date: add due:2026-01-31. The repetition is left out.", skipped=False)
    if not title:
        yield LineError(number, "This todo has no title: there are no words besides its projects, contexts and tags.")
        return
    letter = head["priority"] or values.get("pri") or ""
    created = days[1:] if done else days
    yield TodoRecord(
        title=" ".join(title),
        key=tags.get("id", ""),
        project=project,
        labels=tuple(labels),
        priority=("ABCD".find(letter) + 1 or 4) if letter else 0,
        due_at=due.due_at,
        due_on=due.due_on,
        time_zone=zone.key if values.get("tz") else None,
        remind_at=values["remind"].due_at if values.get("remind") else None,
        parent=tags.get("p"),
        recurrence=rule,
        recurs_from=recurs_from,
        completed_at=_midnight(days[0] if days else today.isoformat(), zone) if done else None,
        created_at=_midnight(created[0], zone) if created else None,
        line=number,
    )


def _sorted_out(words: list[str]) -> tuple[list[str], str | None, list[str], dict[str, str]]:
    """The words that are the title, the project, the labels, and the tags."""
    title: list[str] = []
    project: str | None = None
    labels: dict[str, None] = {}
    tags: dict[str, str] = {}
    for place, word in enumerate(words):
        tag = _TAG.fullmatch(word)
        if tag and tag["key"] not in tags:
            tags[tag["key"]] = tag["value"]
        elif word[0] == "@" and len(word) > 1:
            labels[word[1:]] = None
        elif word[0] == "+" and len(word) > 1 and project is None:
            project = word[1:]
        else:
            special = _SPECIAL_FIRST if place == 0 else _SPECIAL
            title.append(word[1:] if word[0] == "\\" and special.fullmatch(word.lstrip("\\")) else word)
    return title, project, list(labels), tags


def _is_day(text: str) -> bool:
    return phrases.read(text, today=date.min, zone=ZoneInfo("UTC")) is not None


def _midnight(day: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), zone).astimezone(UTC)


def _when(value: str, zone: ZoneInfo, today: date) -> phrases.When | None:
    when = phrases.read(value.replace("T", " "), today=today, zone=zone)
    return None if when is None or when.rule else when


def _reminder(value: str, zone: ZoneInfo, today: date) -> phrases.When | None:
    when = _when(value, zone, today)
    return when if when and when.due_at else None


def _rec(value: str, _zone: ZoneInfo, _today: date) -> _Repetition | None:
    found = _REC.fullmatch(value)
    if not found or (found["unit"] == "b" and found["number"] != "1"):
        return None
    rule = _WORKING_DAYS if found["unit"] == "b" else f"FREQ={_UNITS[found['unit']]};INTERVAL={found['number']}"
    return _rrule(f"{found['strict'] or ''}{rule}", _zone, _today)


def _rrule(value: str, _zone: ZoneInfo, _today: date) -> _Repetition | None:
    try:
        return str(recurrence.parse(value.removeprefix("+"))), "due" if value.startswith("+") else "completion"
    except recurrence.InvalidRecurrence:
        return None


_READERS: dict[str, Callable[[str, ZoneInfo, date], Any]] = {
    "due": _when,
    "remind": _reminder,
    "rec": _rec,
    "rrule": _rrule,
    "tz": lambda value, _zone, _today: zone_of(value),
    "pri": lambda value, _zone, _today: value if re.fullmatch("[A-Z]", value) else None,
    "id": lambda value, _zone, _today: value,
    "p": lambda value, _zone, _today: value,
}
