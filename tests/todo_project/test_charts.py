from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todo_project.charts import HEIGHT, Chart, Series


def chart(*values: list[int], mark_every: int = 1) -> Chart:
    steps = [str(step) for step in range(len(values[0]))]
    series = [Series(f"series {number}", row, ["/list"] * len(row)) for number, row in enumerate(values)]
    return Chart(title="A chart", steps=steps, series=series, mark_every=mark_every)


@pytest.mark.parametrize(("highest", "top"), [(0, 2), (1, 2), (2, 2), (3, 5), (9, 10), (11, 20), (51, 100), (1_000_000, 1_000_000)])
def test_the_scale_ends_at_a_round_number(highest: int, top: int) -> None:
    assert chart([highest]).top_of_scale == top


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=60))
def test_bars_stay_within_the_drawing_and_beside_each_other(rows: list[tuple[int, int]]) -> None:
    drawn = chart([first for first, _ in rows], [second for _, second in rows])
    bars = sorted(drawn.bars, key=lambda bar: bar.x)
    assert len(bars) == sum(value > 0 for row in rows for value in row)
    for bar in bars:
        assert drawn.left <= bar.x
        assert bar.x + bar.width <= drawn.right + 0.1
        assert bar.y >= 0
        assert bar.y + bar.height <= HEIGHT
        assert bar.height >= 1
    for one, other in pairwise(bars):
        assert one.x + one.width <= other.x + 0.2


def test_higher_numbers_have_higher_bars() -> None:
    heights = [bar.height for bar in chart([1, 5, 10]).bars]
    assert heights == sorted(heights)
    assert heights[2] == pytest.approx(2 * heights[1], abs=0.2)


def test_the_newest_step_is_always_named() -> None:
    assert [label.text for label in chart([1] * 12, mark_every=5).marks] == ["11", "6", "1"]


def test_the_table_has_every_number_newest_first() -> None:
    assert chart([1, 2], [3, 4]).rows == [("1", [(2, "/list"), (4, "/list")]), ("0", [(1, "/list"), (3, "/list")])]
    assert chart([1, 2], [3, 4]).totals == [("series 0", 3), ("series 1", 7)]
