"""Recurring due dates: the subset of RFC 5545 recurrence rules that makes sense for a todo, with bounded work for any rule.

python-dateutil expands rules too and is what the tests compare with; it is not used here, because a rule that never matches makes it
search until the year 9999 (seconds of work for one request), with or without UNTIL.
"""

from todos.recurrence.occurrence import NextDue, RecursFrom, next_due
from todos.recurrence.parsing import MAX_COUNT, MAX_LENGTH, parse
from todos.recurrence.rule import InvalidRecurrence, Recurrence
from todos.recurrence.words import describe

__all__ = ["MAX_COUNT", "MAX_LENGTH", "InvalidRecurrence", "NextDue", "Recurrence", "RecursFrom", "describe", "next_due", "parse"]
