"""The product's own format: one JSON document that loses nothing, with one item on each line, so that it streams."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any

import orjson

from todos import recurrence
from todos.formats.lines import numbered
from todos.formats.records import LabelRecord, LineError, ProjectRecord, Record, TodoRecord
from todos.positions import is_position

VERSION = 1
_HEADER = '{"format":"todo-export","version":%d,"projects":['
_KINDS: dict[str, type[Record]] = {"projects": ProjectRecord, "labels": LabelRecord, "todos": TodoRecord}
_ORDER = tuple(_KINDS)
_NEXT_LIST = re.compile(r'\]\s*,\s*"(labels|todos)"\s*:\s*\[')
_END = re.compile(r"\]\s*\}")


def write(records: Iterable[Record]) -> Iterator[bytes]:
    """The document, line by line. Raises ValueError unless projects come first, then labels, then todos."""
    yield (_HEADER % VERSION).encode()
    current, first = 0, True
    for record in records:
        place = next(index for index, kind in enumerate(_KINDS.values()) if isinstance(record, kind))
        if place < current:
            raise ValueError("Projects come first, then labels, then todos.")
        while current < place:
            current, first = current + 1, True
            yield f'\n],"{_ORDER[current]}":['.encode()
        yield (b"\n" if first else b",\n") + orjson.dumps(_item(record))
        first = False
    for kind in _ORDER[current + 1 :]:
        yield f'\n],"{kind}":['.encode()
    yield b"\n]}\n"


def _item(record: Record) -> dict[str, Any]:
    item = {}
    for each in fields(record):
        if each.name != "line":
            value = getattr(record, each.name)
            item[each.name] = value.isoformat().replace("+00:00", "Z") if isinstance(value, date) else value
    return item


def read(lines: Iterable[bytes], *, time_zone: str, today: date) -> Iterator[Record | LineError]:
    """The records of a document that `write` made, and an error for each bad line. Its times are absolute: the keywords play no part."""
    current, number, ended = "", 0, False
    for number, text in numbered(lines):
        if isinstance(text, LineError):
            yield text
            if not current:
                return
            continue
        text = text.strip()
        if not current:
            if problem := _header_problem(text):
                yield LineError(number, problem)
                return
            current = "projects"
        elif ended and text:
            yield LineError(number, "The document ended before this line. Remove it.")
            return
        elif found := _NEXT_LIST.fullmatch(text):
            current = found[1]
        elif _END.fullmatch(text):
            ended = True
        elif text:
            yield from _read_item(number, text.removesuffix(","), _KINDS[current])
    if not ended:
        yield LineError(max(number, 1), "The file ends too early: its last line, ]}, is missing. Todos may be missing too: export again.")


def _header_problem(text: str) -> str:
    try:
        header = orjson.loads(text + "]}")
    except orjson.JSONDecodeError:
        header = None
    if not isinstance(header, dict) or header.get("format") != "todo-export" or header.get("projects") != []:
        return "This is not an export of this product. The first line must be as the export wrote it, with one item on each line behind it."
    if header.get("version") != VERSION:
        return f"This export has version {header.get('version')!r:.20}; version {VERSION} can be read. Export it again with this release."
    return ""


def _read_item(line: int, text: str, kind: type[Record]) -> Iterator[Record | LineError]:
    try:
        item = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        yield LineError(line, f"This line is not a JSON object: {error.msg} (column {error.colno}).")
        return
    if not isinstance(item, dict):
        yield LineError(line, "This line is not a JSON object.")
        return
    known = kind.__dataclass_fields__.keys() - {"line"}
    values: dict[str, Any] = {}
    for name in sorted(item.keys() & known):
        reader: Callable[[Any], Any] = _READERS.get(name, _text)
        try:
            values[name] = reader(item[name])
        except (ValueError, OverflowError) as error:
            yield LineError(line, f"{name}: {error}")
            return
    if problem := _item_problem(kind, values):
        yield LineError(line, problem)
        return
    yield kind(**values, line=line)
    if unknown := item.keys() - known:
        names = ", ".join(sorted(name[:40] for name in unknown)[:5])
        yield LineError(line, f"Not known and left out: {names}.", skipped=False)


def _item_problem(kind: type[Record], values: dict[str, Any]) -> str:
    required = {TodoRecord: ("title",), ProjectRecord: ("key", "name"), LabelRecord: ("name",)}[kind]
    for name in required:
        if not values.get(name):
            return f"{name} is missing."
    if values.get("due_at") and values.get("due_on"):
        return "due_at and due_on are both given. Keep one."
    return ""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text.")
    if "\0" in value:
        raise ValueError("must not contain a NUL character.")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false.")
    return value


def _labels(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("must be a list of names.")
    return tuple(_text(name) for name in value)


def _priority(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 4:
        raise ValueError("must be 0 (none), 1 (most urgent), 2, 3 or 4.")
    return value


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        raise ValueError("must be a time such as 2026-01-31T09:00:00Z.") from None
    if moment.tzinfo is None:
        raise ValueError("must end in Z or an offset such as +02:00.")
    return moment.astimezone(UTC)


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        raise ValueError("must be a date such as 2026-01-31.") from None


def _position(value: Any) -> str:
    if not is_position(_text(value)):
        raise ValueError("must be an order key as the export wrote it.")
    return str(value)


def _rule(value: Any) -> str:
    return str(recurrence.parse(value)) if _text(value) else ""


def _recurs_from(value: Any) -> str:
    if value not in ("due", "completion"):
        raise ValueError("must be due or completion.")
    return str(value)


def _or_none(reader: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else reader(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "archived": _truth,
    "is_inbox": _truth,
    "labels": _labels,
    "priority": _priority,
    "due_on": _or_none(_day),
    "position": _or_none(_position),
    "recurrence": _rule,
    "recurs_from": _recurs_from,
    **dict.fromkeys(("due_at", "remind_at", "completed_at", "deleted_at", "created_at", "updated_at"), _or_none(_moment)),
    **dict.fromkeys(("colour", "project", "time_zone", "parent"), _or_none(_text)),
}
