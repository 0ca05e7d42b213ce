"""Order keys: short texts between any two of which there is always room for another, compared byte by byte (COLLATE "C").

A key is an integer part and a fraction, both in base 62. The first letter of the integer part says how many digits follow
('a' one, 'b' two, ...; 'Z' one, 'Y' two, ... for numbers below zero), so that bytewise order is numeric order and a list that grows
at an end costs logarithmically many characters. The fraction never ends in '0', so no two texts mean the same place.
The scheme is David Greenspan's, https://observablehq.com/@dgreensp/implementing-fractional-indexing.
"""

MAX_LENGTH = 64  # a longer key is still right, but then it is time to renumber the list with `evenly`

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUE = {digit: value for value, digit in enumerate(_DIGITS)}
_ZERO, _TOP = _DIGITS[0], _DIGITS[-1]
_START = "a0"
_SMALLEST = "A" + _ZERO * 26  # only ever the integer part of a fraction: nothing could come before it
_LARGEST = "z" + _TOP * 26


def between(before: str | None, after: str | None) -> str:
    """A key strictly after `before` and strictly before `after`; None means the end of the list on that side.

    Raises ValueError for a text that is no key, or when `before` does not come before `after`.
    """
    for key in (before, after):
        if key is not None and not is_position(key):
            raise ValueError(f"{key!r} is not an order key.")
    if before is None:
        return _START if after is None else _ahead_of(after)
    if after is not None and before >= after:
        raise ValueError(f"Nothing lies between {before!r} and {after!r}: the first must come before the second.")
    low, low_fraction = _split(before)
    if after is not None:
        high, high_fraction = _split(after)
        if low == high:
            return low + _midpoint(low_fraction, high_fraction)
    if low != _LARGEST:
        following = _step(low, 1)
        if after is None or following < after:
            return following
    return low + _above(low_fraction)


def evenly(count: int) -> list[str]:
    """`count` rising keys, as short as can be and equally far apart: what a list is renumbered with."""
    keys: list[str] = []
    for _ in range(count):
        keys.append(_step(keys[-1], 1) if keys else _START)
    return keys


def is_position(text: str) -> bool:
    """Whether `text` is a key that `between` takes."""
    if not text or text == _SMALLEST or text[0].isdigit() or any(character not in _VALUE for character in text):
        return False
    integer, fraction = _split(text)
    return len(integer) == _integer_length(text[0]) and not fraction.endswith(_ZERO)


def _ahead_of(after: str) -> str:
    integer, fraction = _split(after)
    if integer == _SMALLEST:
        return integer + _midpoint("", fraction)
    if fraction:
        return integer
    previous = _step(integer, -1)
    return previous if previous != _SMALLEST else previous + _above("")


def _integer_length(head: str) -> int:
    return ord(head) - ord("a") + 2 if head >= "a" else ord("Z") - ord(head) + 2


def _split(key: str) -> tuple[str, str]:
    length = _integer_length(key[0])
    return key[:length], key[length:]


def _step(integer: str, by: int) -> str:
    """The neighbouring integer: `by` is 1 or -1. The caller keeps away from the largest and the smallest."""
    full, empty = (_TOP, _ZERO) if by == 1 else (_ZERO, _TOP)
    head, digits = integer[0], integer[1:]
    kept = digits.rstrip(full)
    if kept:
        return head + kept[:-1] + _DIGITS[_VALUE[kept[-1]] + by] + empty * (len(digits) - len(kept))
    if head == "Z" and by == 1:
        head = "a"
    elif head == "a" and by == -1:
        head = "Z"
    else:
        head = chr(ord(head) + by)
    return head + empty * (_integer_length(head) - 1)


def _midpoint(low: str, high: str) -> str:
    """A fraction strictly between two fractions, as short as can be."""
    shared = 0
    while (low[shared] if shared < len(low) else _ZERO) == high[shared]:
        shared += 1
    prefix, low, high = high[:shared], low[shared:], high[shared:]
    low_digit, high_digit = _VALUE[low[0]] if low else 0, _VALUE[high[0]]
    if high_digit - low_digit > 1:
        return prefix + _DIGITS[(low_digit + high_digit + 1) // 2]
    if len(high) > 1:
        return prefix + high[0]
    return prefix + _DIGITS[low_digit] + _above(low[1:])


def _above(low: str) -> str:
    """A fraction between `low` and the next whole number."""
    rest = low.lstrip(_TOP)
    digit = _VALUE[rest[0]] if rest else 0
    return low[: len(low) - len(rest)] + _DIGITS[(digit + len(_DIGITS) + 1) // 2]
