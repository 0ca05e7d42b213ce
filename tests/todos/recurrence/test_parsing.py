"""What is taken as a rule, and what is said about the rest."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.todos.recurrence.rules import rules
from todos.recurrence import MAX_LENGTH, InvalidRecurrence, describe, parse

PIECES = [
    "FREQ=",
    "DAILY",
    "WEEKLY",
    "MONTHLY",
    "YEARLY",
    ";",
    ";BYDAY=",
    "MO",
    ",",
    "1FR",
    "-1SU",
    ";COUNT=",
    "3",
    "-",
    ";UNTIL=",
    "20260101",
    "T000000Z",
]


@given(rules())
def test_the_normal_spelling_means_the_same_and_stays_as_it_is(rule: str) -> None:
    normal = str(parse(rule))
    assert parse(normal) == parse(rule)
    assert str(parse(normal)) == normal
    assert len(normal) <= len(rule)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("freq=daily", "FREQ=DAILY"),
        (" RRULE:FREQ=WEEKLY;BYDAY=FR,MO,FR;INTERVAL=1 ", "FREQ=WEEKLY;BYDAY=MO,FR"),
        ("COUNT=05;FREQ=MONTHLY;BYMONTHDAY=-1,15,+1;WKST=MO", "FREQ=MONTHLY;BYMONTHDAY=1,15,-1;COUNT=5"),
        ("FREQ=MONTHLY;BYDAY=-1FR,+1MO", "FREQ=MONTHLY;BYDAY=1MO,-1FR"),
        ("FREQ=WEEKLY;WKST=SU;UNTIL=20261231T235959z", "FREQ=WEEKLY;WKST=SU;UNTIL=20261231T235959Z"),
        ("FREQ=DAILY;UNTIL=20261231T120000", "FREQ=DAILY;UNTIL=20261231T120000"),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;UNTIL=20301231", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;UNTIL=20301231"),
    ],
)
def test_a_rule_is_brought_into_its_normal_spelling(written: str, normal: str) -> None:
    assert str(parse(written)) == normal


@pytest.mark.parametrize(
    ("rule", "field", "sentence"),
    [
        ("", "", "NAME=VALUE"),
        ("every day", "", "NAME=VALUE"),
        ("FREQ=", "", "NAME=VALUE"),
        ("INTERVAL=2", "FREQ", "DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=SECONDLY", "FREQ", "DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=HOURLY;COUNT=2", "FREQ", "DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=DAILY;BYHOUR=9", "BYHOUR", "due time"),
        ("FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO", "not supported"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ", "only once"),
        ("DTSTART:20260101\nRRULE:FREQ=DAILY", "DTSTART", "Leave DTSTART out"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL", "from 1 to 3650"),
        ("FREQ=YEARLY;INTERVAL=11", "INTERVAL", "from 1 to 10"),
        ("FREQ=DAILY;INTERVAL=٣", "INTERVAL", "from 1 to 3650"),
        ("FREQ=DAILY;COUNT=1001", "COUNT", "from 1 to 1000"),
        ("FREQ=DAILY;COUNT=-1", "COUNT", "from 1 to 1000"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20260101", "COUNT", "not both"),
        ("FREQ=DAILY;BYMONTH=13", "BYMONTH", "from 1 to 12"),
        ("FREQ=DAILY;BYMONTH=-1", "BYMONTH", "from 1 to 12"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY", "from 1 to 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,", "BYMONTHDAY", "from 1 to 31"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY", "FREQ=MONTHLY"),
        ("FREQ=WEEKLY;BYDAY=MONDAY", "BYDAY", "MO, TU, WE"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY", "FREQ=MONTHLY or FREQ=YEARLY"),
        ("FREQ=MONTHLY;BYDAY=6MO", "BYDAY", "from 1 to 5"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY", "from 1 to 5"),
        ("FREQ=YEARLY;BYDAY=54MO", "BYDAY", "from 1 to 53"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS", "add one of them"),
        ("FREQ=WEEKLY;WKST=XX", "WKST", "MO, TU"),
        ("FREQ=DAILY;UNTIL=20260230", "UNTIL", "20261231"),
        ("FREQ=DAILY;UNTIL=99991231T235959Z", "UNTIL", "20261231"),
        ("FREQ=DAILY;UNTIL=2026-01-01", "UNTIL", "20261231"),
        ("FREQ=DAILY" + ";" * MAX_LENGTH, "", "at most 255 characters"),
    ],
)
def test_a_rule_that_cannot_be_taken_is_answered_with_the_remedy(rule: str, field: str, sentence: str) -> None:
    with pytest.raises(InvalidRecurrence) as caught:
        parse(rule)
    assert caught.value.field == field
    assert sentence in caught.value.message
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=4,6;BYMONTHDAY=31",
        "FREQ=DAILY;BYDAY=MO;BYSETPOS=2",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=-2",
        "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=20",
        "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=366,-366;BYMONTH=1,2,3,4,5,6,7,8,9,10,11",
    ],
)
def test_a_rule_that_never_comes_true_is_refused_at_once(rule: str) -> None:
    start = time.process_time()
    with pytest.raises(InvalidRecurrence, match="No day ever matches"):
        parse(rule)
    assert time.process_time() - start < 0.5


@given(st.text(max_size=300) | st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_no_text_makes_the_parser_fail_in_another_way(text: str) -> None:
    try:
        rule = parse(text)
    except InvalidRecurrence:
        return
    assert describe(str(rule))
