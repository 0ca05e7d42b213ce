"""When the next occurrence is due: compared with python-dateutil, and by hand where clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.todos.recurrence.rules import days_of_the_calendar, rules, zones
from todos.recurrence import RecursFrom, next_due, parse


def series(rule: str, due: date, length: int) -> list[date]:
    """The due days that follow `due` when each occurrence is completed in turn."""
    found: list[date] = []
    for _ in range(length):
        following = next_due(rule, time_zone="UTC", recurs_from="due", due_on=due)
        if following is None:
            break
        assert following.due_on is not None
        rule, due = following.rule, following.due_on
        found.append(due)
    return found


def moment(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def anchored_series(rule: str, start: date, length: int) -> list[date]:
    """The same, all counted from the first."""
    found, due = [], start
    for _ in range(length):
        following = next_due(rule, time_zone="UTC", recurs_from="due", due_on=due, anchor=start)
        if following is None:
            break
        assert following.due_on is not None
        due = following.due_on
        found.append(due)
    return found


@given(rules(ends=False), days_of_the_calendar)
def test_all_day_series_are_those_of_dateutil(rule: str, start: date) -> None:
    parsed = parse(rule)
    # dateutil chooses BYSETPOS of the first week among the days from the start on; RFC 5545 chooses in the whole week.
    assume(not (parsed.frequency == "WEEKLY" and parsed.set_positions))
    # dateutil takes BYDAY=MO,1FR as days that are both; RFC 5545 as days that are either.
    assume(len({which == 0 for which, _ in parsed.weekdays}) < 2)
    ours = anchored_series(rule, start, 5)
    assume(len(ours) == 5)  # dateutil would search for the missing ones until the year 9999
    begin = datetime.combine(start, time())
    theirs = islice(rrulestr(rule, dtstart=begin).xafter(begin), 5)
    assert ours == [day.date() for day in theirs]


@given(rules(ends=False), days_of_the_calendar)
def test_a_series_from_one_of_its_own_days_needs_no_anchor(rule: str, start: date) -> None:
    first = anchored_series(rule, start, 1)
    assume(first)
    assert series(rule, first[0], 4) == anchored_series(rule, first[0], 4)


@given(rules(), days_of_the_calendar, st.times().map(lambda value: value.replace(microsecond=0)), zones, days_of_the_calendar)
def test_the_next_due_time_is_later_and_keeps_the_wall_clock(rule: str, day: date, clock: time, zone: str, completed: date) -> None:
    tz = ZoneInfo(zone)
    due_at = datetime.combine(day, clock, tz).astimezone(UTC)
    ways: tuple[RecursFrom, ...] = ("due", "completion")
    for recurs_from in ways:
        completed_at = datetime.combine(completed, time(12), UTC)
        following = next_due(rule, time_zone=zone, recurs_from=recurs_from, due_at=due_at, completed_at=completed_at)
        if following is None:
            continue
        assert following.due_at is not None
        assert following.due_on is None
        assert following.due_at > due_at
        assert following.due_at.utcoffset() == timedelta(0)
        wall = following.due_at.astimezone(tz)
        expected = due_at.astimezone(tz).time()
        exists = datetime.combine(wall.date(), expected, tz).astimezone(UTC).astimezone(tz).time() == expected
        assert not exists or wall.time().replace(fold=0) == expected.replace(fold=0)
        if recurs_from == "completion":
            assert following.due_at.astimezone(tz).date() > completed_at.astimezone(tz).date()


@given(rules(ends=False), days_of_the_calendar, st.integers(1, 6))
def test_a_counted_series_has_exactly_that_many_occurrences(rule: str, start: date, count: int) -> None:
    endless = series(rule, start, 6)
    assume(len(endless) == 6)
    assert series(f"{rule};COUNT={count}", start, 10) == endless[: count - 1]


def test_the_rule_carries_what_is_left_of_its_count() -> None:
    following = next_due("FREQ=DAILY;COUNT=3", time_zone="UTC", recurs_from="due", due_on=date(2026, 1, 1))
    assert following is not None
    assert following.rule == "FREQ=DAILY;COUNT=2"
    assert next_due("FREQ=DAILY;COUNT=1", time_zone="UTC", recurs_from="due", due_on=date(2026, 1, 1)) is None


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=MONTHLY", "2026-01-31", ["2026-03-31", "2026-05-31", "2026-07-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31", ["2026-02-28", "2026-03-31", "2026-04-30"]),
        ("FREQ=YEARLY", "2096-02-29", ["2104-02-29", "2108-02-29"]),
        ("FREQ=YEARLY;INTERVAL=9", "2068-02-29", ["2104-02-29", "2140-02-29"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR", "2026-01-05", ["2026-01-09", "2026-01-19", "2026-01-23"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", "1997-08-05", ["1997-08-10", "1997-08-19", "1997-08-24"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "1997-08-05", ["1997-08-17", "1997-08-19", "1997-08-31"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "1997-09-29", ["1997-10-30", "1997-11-27", "1997-12-30"]),
        ("FREQ=MONTHLY;BYDAY=WE,1FR", "2026-01-01", ["2026-01-02", "2026-01-07", "2026-01-14"]),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1", "2026-01-07", ["2026-01-09", "2026-01-16"]),
        ("FREQ=YEARLY;BYDAY=20MO", "1997-05-19", ["1998-05-18", "1999-05-17"]),
        ("FREQ=DAILY;UNTIL=20260103", "2026-01-01", ["2026-01-02", "2026-01-03"]),
        ("FREQ=DAILY;UNTIL=20260103T000000Z", "2026-01-01", ["2026-01-02", "2026-01-03"]),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "2026-01-06", []),
        ("FREQ=DAILY", "9998-12-30", ["9998-12-31"]),
    ],
)
def test_series_are_as_the_rfc_has_them(rule: str, start: str, expected: list[str]) -> None:
    found = series(rule, date.fromisoformat(start), max(len(expected), 1) if "UNTIL" not in rule and "9998" not in start else 5)
    assert [day.isoformat() for day in found] == expected


@pytest.mark.parametrize(
    ("zone", "due", "expected"),
    [
        ("Europe/Berlin", "2026-03-28T09:00", "2026-03-29T07:00Z"),  # summer time starts: 09:00 stays 09:00
        ("Europe/Berlin", "2026-10-24T09:00", "2026-10-25T08:00Z"),  # and ends
        ("Europe/Berlin", "2026-03-28T02:30", "2026-03-29T01:30Z"),  # 02:30 does not exist: 03:30 summer time
        ("Europe/Berlin", "2026-10-24T02:30", "2026-10-25T00:30Z"),  # 02:30 comes twice: the first
        ("America/New_York", "2026-03-07T02:30", "2026-03-08T07:30Z"),
        ("Australia/Lord_Howe", "2026-10-03T02:15", "2026-10-03T15:45Z"),  # a gap of half an hour: 02:45
        ("Pacific/Apia", "2011-12-29T10:00", "2011-12-30T20:00Z"),  # the 30th does not exist there
    ],
)
def test_wall_clock_time_holds_across_clock_changes(zone: str, due: str, expected: str) -> None:
    following = next_due("FREQ=DAILY", time_zone=zone, recurs_from="due", due_at=moment(due, zone))
    assert following is not None
    assert following.due_at == datetime.fromisoformat(expected)


def test_an_occurrence_moved_by_a_clock_change_does_not_move_the_ones_behind_it() -> None:
    zone = "Europe/Berlin"
    first, moved = moment("2026-03-28T02:30", zone), moment("2026-03-29T03:30", zone)
    following = next_due("FREQ=DAILY", time_zone=zone, recurs_from="due", due_at=moved, anchor=first)
    assert following is not None
    assert following.due_at == moment("2026-03-30T02:30", zone)


def test_an_occurrence_moved_by_hand_does_not_change_the_rhythm_of_an_anchored_series() -> None:
    monday, wednesday_after = date(2026, 1, 5), date(2026, 1, 14)
    following = next_due("FREQ=WEEKLY;INTERVAL=2", time_zone="UTC", recurs_from="due", due_on=wednesday_after, anchor=monday)
    assert following is not None
    assert following.due_on == date(2026, 1, 19)


@pytest.mark.parametrize(
    ("due_on", "completed_at", "expected"),
    [
        (date(2026, 1, 1), "2026-01-10T12:00Z", date(2026, 1, 13)),
        (date(2026, 1, 1), "2026-01-10T23:30Z", date(2026, 1, 14)),  # already the 11th in Berlin
        (date(2026, 1, 10), "2026-01-09T12:00Z", date(2026, 1, 12)),
        (date(2026, 1, 12), "2026-01-09T12:00Z", date(2026, 1, 15)),  # never the same day again
        (None, "2026-01-10T12:00Z", date(2026, 1, 13)),
    ],
)
def test_days_after_completion_are_counted_where_the_todo_is(due_on: date | None, completed_at: str, expected: date) -> None:
    done = datetime.fromisoformat(completed_at)
    following = next_due("FREQ=DAILY;INTERVAL=3", time_zone="Europe/Berlin", recurs_from="completion", due_on=due_on, completed_at=done)
    assert following is not None
    assert following.due_on == expected


def test_counting_from_completion_keeps_the_time_of_day() -> None:
    following = next_due(
        "FREQ=WEEKLY;BYDAY=MO",
        time_zone="Europe/Berlin",
        recurs_from="completion",
        due_at=moment("2026-03-23T18:00", "Europe/Berlin"),
        completed_at=datetime(2026, 3, 25, 8, tzinfo=UTC),
    )
    assert following is not None
    assert following.due_at == moment("2026-03-30T18:00", "Europe/Berlin")


@pytest.mark.parametrize(
    ("until", "goes_on"),
    [("20260102", True), ("20260101", False), ("20260102T080000Z", True), ("20260102T075959Z", False), ("20260102T090000", True)],
)
def test_the_end_of_a_series_is_inclusive(until: str, goes_on: bool) -> None:
    due_at = moment("2026-01-01T09:00", "Europe/Berlin")
    following = next_due(f"FREQ=DAILY;UNTIL={until}", time_zone="Europe/Berlin", recurs_from="due", due_at=due_at)
    assert (following is not None) is goes_on


def test_a_day_to_count_from_is_demanded() -> None:
    with pytest.raises(ValueError, match="due_on or due_at"):
        next_due("FREQ=DAILY", time_zone="UTC", recurs_from="due")
    with pytest.raises(ValueError, match="completed_at"):
        next_due("FREQ=DAILY", time_zone="UTC", recurs_from="completion", due_on=date(2026, 1, 1))
