"""The files that todos come from and go to. Nothing here knows the database: bytes to records, records to bytes, both as streams."""

from dataclasses import dataclass
from pathlib import PurePath

from todos.formats import csv_format, ical, json_format, todotxt
from todos.formats.records import LabelRecord, LineError, ProjectRecord, Read, Record, TodoRecord, Write

__all__ = ["FORMATS", "Format", "LabelRecord", "LineError", "ProjectRecord", "Record", "TodoRecord", "format_of"]


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file.

    `read(lines, *, time_zone, today)` yields records and LineErrors and raises nothing, whatever the bytes are; `write(records)` yields
    pieces of the file. JSON alone keeps everything; the module of each other format says what does not fit.
    """

    name: str
    content_type: str
    extension: str
    read: Read
    write: Write


FORMATS = {
    kind.name: kind
    for kind in (
        Format("json", "application/json", "json", json_format.read, json_format.write),
        Format("csv", "text/csv; charset=utf-8", "csv", csv_format.read, csv_format.write),
        Format("todotxt", "text/plain; charset=utf-8", "txt", todotxt.read, todotxt.write),
        Format("ical", "text/calendar; charset=utf-8", "ics", ical.read, ical.write),
    )
}


def format_of(file_name: str | None) -> Format | None:
    """The format that a file's name ends in, None when it tells nothing."""
    extension = PurePath(file_name or "").suffix.lower().removeprefix(".")
    return next((kind for kind in FORMATS.values() if kind.extension == extension), None)
