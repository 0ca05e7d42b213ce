"""Counts tries at what is guarded (signing in, signing up, passwords, tokens) and refuses those above the limit.

The counts live in PostgreSQL: every process shares them, and losing a cache admits nobody. Windows are fixed and short,
so nobody is locked out for longer than one of them, whatever somebody else keeps trying.
"""

from hashlib import sha256
from typing import NamedTuple

from django.conf import settings
from django.db import connection

from todos.errors import TooManyAttempts

# One statement counts and reads, so of any number of simultaneous tries exactly `tries` see a count within the limit.
_COUNT = """
INSERT INTO todos_attempt AS known (key, count, window_ends) VALUES (%(key)s, 1, now() + make_interval(secs => %(seconds)s))
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN known.window_ends <= now() THEN 1 ELSE LEAST(known.count + 1, 1000000) END,
  window_ends = CASE WHEN known.window_ends <= now() THEN excluded.window_ends ELSE known.window_ends END
RETURNING count, ceil(extract(epoch FROM window_ends - now()))::integer
"""
_GIVE_BACK = "UPDATE todos_attempt SET count = count - 1 WHERE key = %s AND count > 0"


class Limit(NamedTuple):
    """So many tries within so many seconds."""

    tries: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """From `tries/seconds`, such as `10/300`. Raises ValueError for anything else and for numbers below 1."""
        tries, seconds = (int(number) for number in text.split("/"))
        if tries < 1 or seconds < 1:
            raise ValueError("tries and seconds are at least 1")
        return cls(tries, seconds)


def count(limit: str, *subject: str) -> None:
    """Count one try by `subject` against a limit named in TODOS_LIMITS. Raises TooManyAttempts above it.

    Call it outside the transaction of what it guards: a count that is rolled back with a failed try limits nothing.
    """
    tries, seconds = Limit.parse(settings.TODOS_LIMITS[limit])
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"key": _key(limit, subject), "seconds": seconds})
        counted, left = cursor.fetchone()
    if counted > tries:
        raise TooManyAttempts(max(left, 1))


def give_back(limit: str, *subject: str) -> None:
    """Take back one counted try that turned out to be rightful, so that people are limited in their mistakes only."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, [_key(limit, subject)])


def _key(limit: str, subject: tuple[str, ...]) -> str:
    """Hashed: of one length, and the table holds no addresses of people."""
    return f"{limit}:{sha256(chr(0).join(subject).encode()).hexdigest()[:40]}"
