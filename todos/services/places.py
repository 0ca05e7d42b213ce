"""Where a row goes in its owner's line of positions."""

from typing import TypeVar

from django.db.models import QuerySet

from todos import positions
from todos.models import Project, Todo

Row = TypeVar("Row", Todo, Project)


def beside(row: Row, other: Row, line: QuerySet[Row], *, ahead: bool) -> str:
    """The position directly before (`ahead`) or behind `other` in the line; the row's own when it stands there already."""
    if row.pk == other.pk:
        return row.position
    if ahead:
        neighbour = line.filter(position__lt=other.position).order_by("-position").only("id", "position").first()
    else:
        neighbour = line.filter(position__gt=other.position).order_by("position").only("id", "position").first()
    if neighbour is None:
        return positions.between(None, other.position) if ahead else positions.between(other.position, None)
    if neighbour.pk == row.pk:
        return row.position
    return positions.between(*sorted((neighbour.position, other.position)))
