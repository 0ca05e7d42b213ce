"""iCalendar's layer of lines (RFC 5545 section 3.1): folding, properties with parameters, escaped text, and VTODOs one at a time.

The icalendar package reads and writes this too, and the tests check against it. At 1.6 ms per VTODO it would need most of a minute for a
large file, and it wants the whole file in memory.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from todos.formats.lines import MAX_LINE, decoded
from todos.formats.records import LineError

_PARAMETER_VALUE = r'(?:"[^"]*"|[^";:,]*)'
_PARAMETER = rf";[A-Za-z0-9-]+={_PARAMETER_VALUE}(?:,{_PARAMETER_VALUE})*"
_PROPERTY = re.compile(rf"([A-Za-z0-9-]+)((?:{_PARAMETER})*):(.*)", re.DOTALL)
_ONE_PARAMETER = re.compile(rf";([A-Za-z0-9-]+)=({_PARAMETER_VALUE})")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_DEEPEST = 8  # VALARM in VTODO in VCALENDAR is 3
_OVERHEAD = 100  # about what a property costs in memory beside its value
_FOLD_AT = 75  # bytes, RFC 5545 section 3.1


@dataclass(frozen=True, slots=True)
class Property:
    """One content line; names in upper case, of a parameter with several values the first."""

    name: str
    parameters: dict[str, str]
    value: str
    line: int


@dataclass(slots=True)
class Component:
    """The properties of a VTODO by name, in order, and those of the alarms within it."""

    line: int
    properties: dict[str, list[Property]] = field(default_factory=dict)
    alarms: list[dict[str, Property]] = field(default_factory=list)
    _size: int = 0

    def grow(self, by: int) -> bool:
        """Count what is added; False once it is too much to keep."""
        self._size += by
        return self._size <= MAX_LINE

    def first(self, name: str) -> Property | None:
        """The first property of this name."""
        return self.properties.get(name, [None])[0]


def components(lines: Iterable[bytes]) -> Iterator[Component | Property | LineError]:
    """The VTODOs of a file, each when its END is reached, and the properties of the calendar itself; everything else is passed over."""
    path: list[str] = []
    todo = Component(0)
    kinds: set[str] = set()
    for found in _properties(lines):
        if isinstance(found, LineError):
            yield found
            continue
        kind = found.value.strip().upper()
        if found.name == "BEGIN":
            path = [*path[:_DEEPEST], kind]
            if kind == "VTODO":
                todo = Component(found.line)
            elif kind == "VALARM" and "VTODO" in path and todo.grow(_OVERHEAD):
                todo.alarms.append({})
            elif kind == "VEVENT" and kind not in kinds:
                yield LineError(found.line, "Events are left out: only VTODO components are todos.", skipped=False)
            kinds |= {kind} & {"VCALENDAR", "VTODO", "VEVENT"}
        elif found.name == "END":
            inside = "VTODO" in path
            path = path[: path.index(kind)] if kind in path else path
            if inside and "VTODO" not in path:
                yield _ended(todo, kind)
        elif "VTODO" in path:
            if todo.grow(_OVERHEAD + len(found.value)):
                _add(todo, path[-1], found)
        elif path == ["VCALENDAR"]:
            yield found
    if "VTODO" in path:
        yield _ended(todo, "")
    elif not kinds:
        yield LineError(1, "This is not an iCalendar file: BEGIN:VCALENDAR is missing.")


def _ended(todo: Component, by: str) -> Component | LineError:
    if by != "VTODO":
        return LineError(todo.line, "This VTODO never ends: END:VTODO is missing.")
    if not todo.grow(0):
        return LineError(todo.line, f"This VTODO is longer than {MAX_LINE // 1024} KiB.")
    return todo


def _add(todo: Component, innermost: str, found: Property) -> None:
    if innermost == "VTODO":
        todo.properties.setdefault(found.name, []).append(found)
    elif innermost == "VALARM" and todo.alarms:
        todo.alarms[-1].setdefault(found.name, found)


def _properties(lines: Iterable[bytes]) -> Iterator[Property | LineError]:
    for number, line in _unfolded(lines):
        text = decoded(number, line)
        if isinstance(text, LineError):
            yield replace(text, skipped=False)
        elif text.strip():
            found = _PROPERTY.fullmatch(text)
            if found:
                parameters = {name.upper(): value.strip('"') for name, value in _ONE_PARAMETER.findall(found[2])}
                yield Property(found[1].upper(), parameters, found[3], number)
            else:
                yield LineError(number, "This is not a line of iCalendar, which reads NAME:value. It is left out.", skipped=False)


def _unfolded(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Logical lines: one that starts with a blank continues the one before. Bytes, because a fold may cut a character in two."""
    start, pieces, size = 1, [b""], 0
    for number, line in enumerate(lines, start=1):
        line = line.rstrip(b"\r\n")
        if line[:1] in (b" ", b"\t"):
            size += len(line)
            if size <= MAX_LINE:
                pieces.append(line[1:])
            else:
                pieces = [b"x" * (MAX_LINE + 1)]  # will be refused as too long; nothing more is kept of it
            continue
        yield start, b"".join(pieces)
        start, pieces, size = number, [line], len(line)
    yield start, b"".join(pieces)


def property_line(name: str, value: str) -> bytes:
    """A content line as it goes into a file: folded, with its line end. `name` may carry parameters, `value` is as it stands."""
    rest = f"{name}:{value}".encode()
    folded = []
    limit = _FOLD_AT
    while len(rest) > limit:
        cut = limit
        while rest[cut] & 0xC0 == 0x80:  # never within a character
            cut -= 1
        folded.append(rest[:cut])
        rest, limit = rest[cut:], _FOLD_AT - 1
    return b"\r\n ".join([*folded, rest]) + b"\r\n"


def escaped(text: str) -> str:
    """Text as a property's value; control characters, which the format has no way to write, are left out."""
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return re.sub(r"([\\;,])", r"\\\1", text).replace("\n", "\\n")


def unescaped(value: str) -> str:
    """The text that a property's value stands for."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def listed(value: str) -> list[str]:
    """The texts of a value with several, separated by commas."""
    return [unescaped(item) for item in re.findall(r"(?:\\.|[^,\\])+", value, re.DOTALL)]
