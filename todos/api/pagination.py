"""Pages by keyset: the next page starts after the last row's sort key, so every page costs the same, however deep."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import BooleanField, F, Func, QuerySet, Value
from rest_framework.exceptions import ValidationError

from todos.api.conditional import Answer
from todos.api.renderers import to_json

Show = Callable[[QuerySet[Any], Sequence[str]], list[tuple[Any, ...]]]

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


@dataclass(frozen=True)
class Sort:
    """An order of rows: by `column`, then by id unless the column alone tells rows apart."""

    name: str
    column: str
    unique: bool = False
    descending: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.column,) if self.unique else (self.column, "id")

    def order(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows in this order."""
        return rows.order_by(*(f"-{key}" if self.descending else key for key in self.keys))


class _After(Func):
    """`(a, b) > (x, y)`: the row comparison that an index on (a, b) answers directly."""

    template = "%(function)s"
    output_field = BooleanField()
    conditional = True

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> tuple[str, tuple[Any, ...]]:
        compiled = [compiler.compile(expression) for expression in self.get_source_expressions()]
        half = len(compiled) // 2
        row, bound = (", ".join(sql for sql, _ in part) for part in (compiled[:half], compiled[half:]))
        return f"({row}) {self.extra['operator']} ({bound})", tuple(param for _, params in compiled for param in params)


def paginate(
    rows: QuerySet[Any],
    sort: Sort,
    *,
    limit: int,
    cursor: str,
    show: Show,
) -> Answer:
    """One page: `{"results": [...], "next_cursor": ...}`.

    `show(queryset, keys)` gives (document, *keys) of each row: `keys` are the columns that the cursor is made of.
    """
    if cursor:
        rows = _after(rows, sort, _values(cursor, sort, rows))
    page = show(sort.order(rows)[: limit + 1], sort.keys)
    next_cursor = _encode(sort, page[limit - 1][1:]) if len(page) > limit else None
    body = to_json({"results": [document for document, *_ in page[:limit]], "next_cursor": next_cursor})
    return Answer(body, next_cursor=next_cursor or "")


def _after(rows: QuerySet[Any], sort: Sort, values: list[Any]) -> QuerySet[Any]:
    fields = [rows.model._meta.get_field(key) for key in sort.keys]
    bounds = [Value(value, output_field=field) for value, field in zip(values, fields, strict=True)]
    return rows.filter(_After(*(F(key) for key in sort.keys), *bounds, operator="<" if sort.descending else ">"))


def _encode(sort: Sort, values: Sequence[Any]) -> str:
    text = orjson.dumps([("-" if sort.descending else "") + sort.name, *values])
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _values(cursor: str, sort: Sort, rows: QuerySet[Any]) -> list[Any]:
    """The sort key within a cursor. Raises ValidationError for anything that `_encode` did not make for this order."""
    try:
        name, *values = orjson.loads(base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise _bad_cursor() from error
    if name != ("-" if sort.descending else "") + sort.name or len(values) != len(sort.keys):
        raise _bad_cursor()
    try:
        return [_typed(rows.model._meta.get_field(key), value) for key, value in zip(sort.keys, values, strict=True)]
    except (TypeError, ValueError, OverflowError) as error:
        raise _bad_cursor() from error


def _typed(field: Any, value: Any) -> Any:
    kind = field.get_internal_type() if field.get_internal_type() != "GeneratedField" else field.output_field.get_internal_type()
    match kind:
        case "DateTimeField":
            moment = datetime.fromisoformat(value)
            if moment.utcoffset() is None or abs(moment.utcoffset().total_seconds()) > 0:  # type: ignore[union-attr]
                raise ValueError("a cursor holds UTC")
            return moment
        case "UUIDField":
            return UUID(value)
        case "SmallIntegerField" | "PositiveSmallIntegerField":
            if not isinstance(value, int) or not 0 <= value < 100:
                raise ValueError("out of range")
            return value
        case _:
            if not isinstance(value, str) or "\0" in value:
                raise ValueError("not a text")
            return value


def _bad_cursor() -> ValidationError:
    return ValidationError({"cursor": "This cursor is not from this list in this order. Start again without it."})
