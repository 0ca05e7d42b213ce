"""Rules in plain English."""

import pytest
from hypothesis import given

from tests.todos.recurrence.rules import rules
from todos.recurrence import describe


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY", "every day"),
        ("FREQ=DAILY;INTERVAL=3", "every 3 days"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "every weekday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYMONTH=3", "every weekday in March"),
        ("FREQ=DAILY;BYDAY=SA,SU", "every week on Saturday and Sunday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,MO", "every 2 weeks on Monday and Friday"),
        ("FREQ=WEEKLY;COUNT=1", "every week, once"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15,-1", "every month on the 1st, 15th and last day"),
        ("FREQ=MONTHLY;BYMONTHDAY=2,3,11,22,-2", "every month on the 2nd, 3rd, 11th, 22nd and 2nd last day"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "every month on the last Friday"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "every month on every Friday that is the 13th"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "every month on the last weekday"),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1", "every month on every Monday and every Tuesday, only the 1st of these days"),
        ("FREQ=YEARLY", "every year"),
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2", "every 4 years in February"),
        ("FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=4;COUNT=3", "every year on the 4th of July, 3 times"),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "every year on the 4th Thursday of November"),
        ("FREQ=YEARLY;BYMONTHDAY=5", "every year on the 5th of the month"),
        ("FREQ=DAILY;UNTIL=20261231T120000Z", "every day, until 31 December 2026"),
    ],
)
def test_a_rule_reads_as_people_would_say_it(rule: str, words: str) -> None:
    assert describe(rule) == words


@given(rules())
def test_every_rule_has_words_without_a_gap(rule: str) -> None:
    words = describe(rule)
    assert words.startswith("every ")
    assert "  " not in words
    assert words == words.strip()
