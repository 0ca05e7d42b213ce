"""A row and the rows it belongs to, read by one statement that is written once and planned once per connection.

Whoever calls is looked up in every request. The ORM would build the same three-table join each time, and PostgreSQL would plan it
each time: either costs more than answering it.
"""

from collections.abc import Sequence
from typing import Any

from django.db import NotSupportedError, connection
from django.db.models import Model

from todos.prepared import executed


class Joined:
    """`SELECT` of all columns of `models`, in this order; `source` is the rest of the statement, its tables under their own names."""

    def __init__(self, *models: type[Model], source: str) -> None:
        self._parts = [_Part(model) for model in models]
        columns = ", ".join(f'{model._meta.db_table}."{field.column}"' for model in models for field in model._meta.concrete_fields)
        self._sql = f"SELECT {columns} {source}"

    def first(self, *params: Any) -> tuple[Any, ...] | None:
        """An instance of each model, None in place of one that an outer join did not find; None when there is no row."""
        row = self._row(params)
        if row is None:
            return None
        found: list[Model | None] = []
        for part in self._parts:
            found.append(part.instance(row[: part.width]))
            row = row[part.width :]
        return tuple(found)

    def _row(self, params: Sequence[Any]) -> Any:
        try:
            with executed(self._sql, *params) as cursor:
                return cursor.fetchone()
        except NotSupportedError:  # a migration has given a column another type, and this connection's plan is from before
            with connection.cursor() as cursor:
                cursor.execute(self._sql, params)
                return cursor.fetchone()


class _Part:
    """The columns of one model."""

    def __init__(self, model: type[Model]) -> None:
        self._model = model
        self._names = [field.attname for field in model._meta.concrete_fields]
        self._key = self._names.index(model._meta.pk.attname)
        self.width = len(self._names)

    def instance(self, values: Sequence[Any]) -> Model | None:
        return self._model.from_db(connection.alias, self._names, values) if values[self._key] is not None else None
