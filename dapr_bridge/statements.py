"""SQL as it may be shown: the statement's shape, without the values that somebody wrote into it."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

LONGEST = 4000  # characters of a statement

# What comes first wins: words with digits in them and names in double quotes stay as they are.
_VALUES = re.compile(
    r"""
      (?<!\w) E'(?:[^'\\]|''|\\.)*'
    | (?P<kept> "(?:[^"]|"")*" | [^\W\d]\w* | %\(\w+\)s | %s )
    | '(?:[^']|'')*'
    | \$(?P<tag>\w*)\$ .*? \$(?P=tag)\$
    | -- [^\n]* | /\* .*? \*/
    | \d+ (?: \.\d+ )? (?: e[+-]?\d+ )?
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_TABLE = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+"?([a-z_]\w*)', re.IGNORECASE)
_SAVEPOINT = re.compile(r'(SAVEPOINT\s+)"?\w+"?', re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """What is shown of a statement."""

    operation: str  # its first word
    summary: str  # the operation and the first table, where there is one
    text: str


def described(sql: Any) -> Statement:
    """The statement as it may be shown; `sql` is a string, or what psycopg composes one of."""
    return _described(sql if isinstance(sql, str) else sql.as_string())


@lru_cache(maxsize=512)
def _described(sql: str) -> Statement:
    text = _VALUES.sub(lambda found: found["kept"] or "?", sql)
    text = _SAVEPOINT.sub(r"\1?", text).strip()  # the name of a savepoint is a thread's number: a statement of its own each time
    operation = text.split(maxsplit=1)[0].upper() if text else ""
    table = _TABLE.search(text)
    return Statement(operation, f"{operation} {table[1]}" if table else operation, text[:LONGEST])
