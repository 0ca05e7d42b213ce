"""Rows of CSV as a stream: bad lines cost only their row, endless rows end, and no cell is a formula to a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from todos.formats.lines import MAX_LINE, numbered
from todos.formats.records import LineError

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n]")


def write_row(cells: list[str]) -> bytes:
    """One row. A cell that a spreadsheet would run gets an apostrophe in front, which `read_rows` takes away."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerow([f"'{cell}" if _FORMULA.match(cell) else cell for cell in cells])
    return buffer.getvalue().encode()


def read_rows(lines: Iterable[bytes]) -> Iterator[tuple[int, list[str] | LineError]]:
    """Each row that is not blank, with the number of its first line; the first line tells whether commas, semicolons or tabs separate."""
    feed = _Feed(lines)
    reader: Iterator[list[str]] | None = None
    while True:
        start, feed.row_length = feed.number + 1, 0
        try:
            if reader is None:
                first = next(feed)
                reader = csv.reader(chain([first], feed), delimiter=max(",;\t", key=first.count))
            row = next(reader)
        except StopIteration:
            return
        except _BadLineError as bad:
            yield start, bad.error
        except csv.Error as error:
            yield start, LineError(start, f"This is not a row of CSV: {error}. Is a quote never closed?")
        else:
            if any(cell.strip() for cell in row):
                yield start, [cell[1:] if _GUARDED.match(cell) else cell for cell in row]


class _BadLineError(Exception):
    def __init__(self, error: LineError) -> None:
        super().__init__(error.message)
        self.error = error


class _Feed:
    """The lines for csv.reader. One that is no text, or makes a row endless, is raised: it ends its row and the next one starts anew."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = numbered(lines)
        self.number = 0
        self.row_length = 0

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        self.number, text = next(self._lines)
        if isinstance(text, LineError):
            raise _BadLineError(text)
        self.row_length += len(text)
        if self.row_length > MAX_LINE:
            raise _BadLineError(LineError(self.number, "A row ends here that is too long. Is a quote before it never closed?"))
        return f"{text}\n"
