"""Lines from bytes, whatever the bytes are."""

from itertools import repeat

from hypothesis import given
from hypothesis import strategies as st

from todos.formats.lines import MAX_LINE, numbered, split
from todos.formats.records import LineError


@given(st.lists(st.binary(max_size=20) | st.sampled_from([b"a\n", b"\n", b"b"]), max_size=20))
def test_chunks_of_any_size_give_the_same_lines(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    lines = whole.split(b"\n")
    assert list(split(chunks)) == (lines if lines[-1] else lines[:-1])


def test_an_endless_line_is_kept_only_as_far_as_needed_to_refuse_it() -> None:
    lines = list(split([*repeat(b"x" * 10_000, 1000), b"\nshort"]))
    assert [len(line) for line in lines] == [MAX_LINE + 1, 5]
    first, second = numbered(lines)
    assert first == (1, LineError(1, "This line is longer than 256 KiB."))
    assert second == (2, "short")


def test_lines_that_are_no_text_are_reported_by_their_number() -> None:
    found = list(numbered([b"\xef\xbb\xbfgood\r\n", b"f\xfcr\n", b"a\0b\n", "für\n".encode()]))
    assert found[0] == (1, "good")
    assert found[3] == (4, "für")
    assert found[1] == (2, LineError(2, "Byte 2 of this line is not UTF-8. Save the file with the encoding UTF-8."))
    assert isinstance(found[2][1], LineError)
