"""Order keys: always room, never equal, never long."""

import random
from bisect import bisect
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todos.positions import MAX_LENGTH, between, evenly, is_position

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@st.composite
def positions(draw: st.DrawFn) -> str:
    head = draw(st.sampled_from(ALPHABET[10:]))
    digits = ord(head) - ord("a") + 1 if head >= "a" else ord("Z") - ord(head) + 1
    integer = head + draw(st.text(ALPHABET, min_size=digits, max_size=digits))
    fraction = draw(st.text(ALPHABET, max_size=40)).rstrip("0")
    return integer + (fraction or "V" * (integer == "A" + "0" * 26))


@given(st.lists(st.floats(min_value=0, max_value=1), max_size=150))
def test_any_sequence_of_inserts_keeps_the_order_and_never_makes_two_keys_equal(places: list[float]) -> None:
    keys: list[str] = []
    for place in places:
        index = round(place * len(keys))
        before = keys[index - 1] if index else None
        after = keys[index] if index < len(keys) else None
        key = between(before, after)
        assert is_position(key)
        assert before is None or before < key
        assert after is None or key < after
        keys.insert(index, key)
    assert [key.encode() for key in keys] == sorted({key.encode() for key in keys})


@given(positions(), positions())
def test_there_is_room_between_any_two_keys_and_at_both_ends(one: str, other: str) -> None:
    low, high = sorted((one, other))
    before, after = between(None, low), between(high, None)
    assert before < low <= high < after
    assert all(is_position(key) for key in (one, other, before, after))
    if low != high:
        middle = between(low, high)
        assert low < middle < high
        assert is_position(middle)


@pytest.mark.parametrize("at_the_end", [True, False])
def test_ten_thousand_inserts_at_one_end_cost_four_characters(at_the_end: bool) -> None:
    key = between(None, None)
    for _ in range(10_000):
        key = between(key, None) if at_the_end else between(None, key)
    assert len(key) <= 4


@pytest.mark.parametrize("side", ["after the first", "before the second", "alternating", "random"])
def test_three_hundred_inserts_at_one_place_stay_below_the_length_at_which_lists_are_renumbered(side: str) -> None:
    low, high = evenly(2)
    chance = random.Random(7)
    for number in range(300):
        key = between(low, high)
        assert low < key < high
        up = {"after the first": False, "before the second": True, "alternating": number % 2 == 0}.get(side, chance.random() < 0.5)
        low, high = (key, high) if up else (low, key)
    assert len(key) <= MAX_LENGTH


@given(st.integers(min_value=0, max_value=5000))
def test_renumbering_gives_as_many_short_rising_keys_as_asked(count: int) -> None:
    keys = evenly(count)
    assert len(keys) == count
    assert keys == sorted(set(keys))
    assert all(is_position(key) and len(key) <= 4 for key in keys)


def test_renumbered_keys_leave_room_everywhere() -> None:
    keys = evenly(500)
    for low, high in pairwise(keys):
        assert low < between(low, high) < high
    assert bisect(keys, between(keys[-1], None)) == len(keys)


@pytest.mark.parametrize("text", ["", "a", "a00", "a1V0", "00", "9", "b1", "a-", "ä0", "a0 ", "A" + "0" * 26, "a０"])
def test_a_text_that_is_no_key_is_refused(text: str) -> None:
    assert not is_position(text)
    with pytest.raises(ValueError, match="not an order key"):
        between(text, None)
    with pytest.raises(ValueError, match="not an order key"):
        between(None, text)


def test_even_a_key_of_many_thousand_characters_has_neighbours() -> None:
    key = "a0" + "z" * 5000
    assert key < between(key, "a1") < "a1"
    assert "a0" < between("a0", key) < key


def test_keys_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="must come before"):
        between("a1", "a0")
    with pytest.raises(ValueError, match="must come before"):
        between("a0", "a0")


def test_the_ends_of_the_number_line_are_no_ends() -> None:
    smallest, largest = "A" + "0" * 26, "z" * 27
    first, last = "A" + "0" * 25 + "1", largest
    for _ in range(50):
        earlier, later = between(None, first), between(last, None)
        assert smallest < earlier < first
        assert last < later
        first, last = earlier, later
