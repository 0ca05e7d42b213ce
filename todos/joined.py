"""A row and the rows it belongs to, read by one statement that is written once.

Whoever calls is looked up in every request. The ORM would build the same three-table join each time, which costs more than PostgreSQL
takes to answer it.
"""

from typing import Any

from django.db import connection
from django.db.models import Model


class Joined:
    """`SELECT` of all columns of `models`, in this order; `source` is the rest of the statement, its tables under their own names."""

    def __init__(self, *models: type[Model], source: str) -> None:
        self._models = models
        columns = ", ".join(f'{model._meta.db_table}."{field.column}"' for model in models for field in model._meta.concrete_fields)
        self._sql = f"SELECT {columns} {source}"

    def first(self, *params: Any) -> tuple[Any, ...] | None:
        """An instance of each model, None in place of one that an outer join did not find; None when there is no row."""
        with connection.cursor() as cursor:
            cursor.execute(self._sql, params)
            row = cursor.fetchone()
        if row is None:
            return None
        found: list[Model | None] = []
        for model in self._models:
            fields = model._meta.concrete_fields
            values, row = row[: len(fields)], row[len(fields) :]
            names = [field.attname for field in fields]
            is_there = values[names.index(model._meta.pk.attname)] is not None
            found.append(model.from_db(connection.alias, names, values) if is_there else None)
        return tuple(found)
