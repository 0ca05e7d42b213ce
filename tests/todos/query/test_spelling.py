"""One text for equal queries: what caches are keyed by."""

from datetime import date

from hypothesis import example, given

from tests.todos.query.texts import queries
from todos.query import QueryError, canonical, parse

TODAY = date(2026, 1, 14)


@given(queries)
@example('due:week -due:overdue is:open "a \\\\ b" \\p1')
def test_the_canonical_text_says_the_same_on_any_day(text: str) -> None:
    try:
        query = parse(text, today=TODAY)
    except QueryError:
        return
    normal = canonical(query)
    again = parse(normal, today=date(2031, 5, 6))
    assert set(again.terms) == set(query.terms)
    assert canonical(again) == normal


def test_equal_queries_have_one_canonical_text() -> None:
    one, other = parse("milk p1 due:today milk", today=TODAY), parse("due:2026-01-14  priority:1 milk", today=date(2030, 1, 1))
    assert canonical(one) == canonical(other) == "due:2026-01-14 milk p1"


def test_queries_on_two_days_differ_only_where_days_are_relative() -> None:
    tomorrow = date(2026, 1, 15)
    for text in ("due:today", "due:overdue", "due:week", "due:fri..", "due:<=tomorrow"):
        assert (canonical(parse(text, today=TODAY)) != canonical(parse(text, today=tomorrow))) is (text != "due:fri..")
    assert canonical(parse("milk due:none", today=TODAY)) == canonical(parse("milk due:none", today=tomorrow))
