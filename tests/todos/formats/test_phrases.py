"""Dates and repetitions as people type them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.todos.formats.samples import DAYS, MOMENTS, RULES, TODAY, ZONES
from todos.formats.phrases import When, read, write

BERLIN = ZoneInfo("Europe/Berlin")
WORDS = ["every", "every!", "day", "2", "3rd", "last", "monday", "fri", "jan", "of", "on", "the", "and", "at", "9am", "25:00", "starting"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", "2026-01-31"),
        ("2026/1/31", "2026-01-31"),
        ("31.1.2026", "2026-01-31"),
        ("31 Jan 2026", "2026-01-31"),
        ("January 31st, 2026", "2026-01-31"),
        ("1st of May", "2026-05-01"),
        ("13 Jan", "2027-01-13"),  # has passed this year
        ("14 Jan", "2026-01-14"),
        ("Feb 29", "2028-02-29"),
        ("today", "2026-01-14"),
        ("Tomorrow", "2026-01-15"),
        ("fri", "2026-01-16"),
        ("wednesday", "2026-01-14"),
        ("2026-01-31T09:00:00Z", "2026-01-31T09:00Z"),
        ("2026-01-31 09:00", "2026-01-31T08:00Z"),
        ("2026-01-31T09:00:30+05:30", "2026-01-31T03:30:30Z"),
        ("31 Jan 2026 9am", "2026-01-31T08:00Z"),
        ("tomorrow at 12am", "2026-01-14T23:00Z"),
        ("today 12:30 pm", "2026-01-14T11:30Z"),
    ],
)
def test_a_date_is_understood(text: str, expected: str) -> None:
    moment = datetime.fromisoformat(expected) if "T" in expected else None
    assert read(text, today=TODAY, zone=BERLIN) == When(due_at=moment, due_on=None if moment else date.fromisoformat(expected))


@pytest.mark.parametrize(
    ("text", "rule", "first"),
    [
        ("every day", "FREQ=DAILY", "2026-01-14"),
        ("daily", "FREQ=DAILY", "2026-01-14"),
        ("every 3 days", "FREQ=DAILY;INTERVAL=3", "2026-01-14"),
        ("Every Monday", "FREQ=WEEKLY;BYDAY=MO", "2026-01-19"),
        ("every mon, wed and fri", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "2026-01-14"),
        ("every other friday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-01-16"),
        ("every other week", "FREQ=WEEKLY;INTERVAL=2", "2026-01-14"),
        ("every weekday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-01-14"),
        ("every 15th", "FREQ=MONTHLY;BYMONTHDAY=15", "2026-01-15"),
        ("every 1st, 15th", "FREQ=MONTHLY;BYMONTHDAY=1,15", "2026-01-15"),
        ("every last day", "FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31"),
        ("every last day of the month", "FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31"),
        ("every 3rd friday", "FREQ=MONTHLY;BYDAY=3FR", "2026-01-16"),
        ("every first monday", "FREQ=MONTHLY;BYDAY=1MO", "2026-02-02"),
        ("every 2 months on the last friday", "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR", "2026-01-30"),
        ("every jan 27", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=27", "2026-01-27"),
        ("every 1 may", "FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=1", "2026-05-01"),
        ("every year on the 4th thursday of november", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2026-11-26"),
        ("every day starting 1 Feb until 3 Mar 2026", "FREQ=DAILY;UNTIL=20260303", "2026-02-01"),
        ("every week, 3 times", "FREQ=WEEKLY;COUNT=3", "2026-01-14"),
    ],
)
def test_a_repetition_is_understood_and_starts_on_its_next_day(text: str, rule: str, first: str) -> None:
    assert read(text, today=TODAY, zone=BERLIN) == When(due_on=date.fromisoformat(first), rule=rule)


def test_a_repetition_may_have_a_time_and_count_from_completion() -> None:
    expected = When(due_at=datetime(2026, 1, 14, 20, tzinfo=UTC), rule="FREQ=DAILY;INTERVAL=2", recurs_from="completion")
    assert read("every! 2 days at 9pm", today=TODAY, zone=BERLIN) == expected
    assert read("every! 2 days 21:00", today=TODAY, zone=BERLIN) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "someday", "30 Feb", "2026-02-30", "0000-01-01", "2026-02-30 09:00", "today at 25:00", "tomorrow 13pm", "31/01/2026"),
        *("today until monday", "every", "every hour", "every blue moon", "every 5000 days", "every day until never"),
        *("every day starting never", "every 30 february", "every 1 jan, 2 feb", "every week on the 15th", "every monday and 15th"),
        *("jeden montag", "every in", "every day of"),
    ],
)
def test_what_is_not_understood_is_not_guessed(text: str) -> None:
    assert read(text, today=TODAY, zone=BERLIN) is None


@given(DAYS, MOMENTS, st.booleans(), st.just("") | RULES, st.sampled_from(["due", "completion"]), ZONES)
def test_what_is_written_is_read_again_or_loses_only_its_rule(
    day: date, moment: datetime, all_day: bool, rule: str, recurs_from: str, zone_name: str
) -> None:
    zone = ZoneInfo(zone_name)
    moment = moment.replace(second=0, microsecond=0)
    when = When(
        due_on=day if all_day else None,
        due_at=None if all_day else moment,
        rule=rule,
        recurs_from="completion" if rule and recurs_from == "completion" else "due",
    )
    text = write(when, zone=zone)
    again = read(text, today=TODAY, zone=zone)
    assert again is not None
    assert again.due_on == when.due_on
    if not all_day:  # an hour that comes twice is read as the first
        assert again.due_at is not None
        assert again.due_at.astimezone(zone).replace(tzinfo=None) == moment.astimezone(zone).replace(tzinfo=None)
    assert again.rule in ("", rule)
    assert again.recurs_from == when.recurs_from or not again.rule


@pytest.mark.parametrize(
    "rule",
    [
        *("FREQ=DAILY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=MONTHLY;BYMONTHDAY=1,15,-1"),
        *("FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=4", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "FREQ=MONTHLY;INTERVAL=3"),
        *("FREQ=DAILY;UNTIL=20261231", "FREQ=WEEKLY;COUNT=3", "FREQ=YEARLY;INTERVAL=2", "FREQ=MONTHLY;BYMONTHDAY=-2"),
    ],
)
def test_the_usual_rules_survive_in_words(rule: str) -> None:
    when = When(due_on=TODAY, rule=rule)
    assert read(write(when, zone=BERLIN), today=date(2030, 1, 1), zone=BERLIN) == when


@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    when = read(text, today=TODAY, zone=BERLIN)
    assert when is None or (when.due_on is None) is not (when.due_at is None)
