"""From bytes to numbered lines of text, in bounded memory whatever the bytes are."""

from collections.abc import Iterable, Iterator

from todos.formats.records import LineError

# The longest todo (20,000 characters of notes, each escaped as \\uXXXX) fits.
MAX_LINE = 256 * 1024
_BOM = "\ufeff"


def split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut an upload into lines. Of a line longer than `MAX_LINE` only the beginning is kept, enough to be refused as too long."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line[: MAX_LINE + 1]
        rest = rest[: MAX_LINE + 1]
    if rest:
        yield rest


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, str | LineError]]:
    """Each line with its number, decoded and without its line end; a LineError stands for a line that is no text."""
    for number, line in enumerate(lines, start=1):
        yield number, decoded(number, line)


def decoded(number: int, line: bytes) -> str | LineError:
    """The text of one line without its line end, or why it is none."""
    if len(line) > MAX_LINE:
        return LineError(number, f"This line is longer than {MAX_LINE // 1024} KiB.")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return LineError(number, f"Byte {error.start + 1} of this line is not UTF-8. Save the file with the encoding UTF-8.")
    if "\0" in text:
        return LineError(number, "This line contains a NUL character, which text cannot hold. Remove it.")
    return text.rstrip("\r\n").removeprefix(_BOM) if number == 1 else text.rstrip("\r\n")
