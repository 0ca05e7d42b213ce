"""Which todos a list request means: its filters and its text query, as one queryset."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils import timezone

from todos import query, search
from todos.api.params import NONE
from todos.api.problems import FieldErrors
from todos.models import NO_DUE, Todo, TodoLabel, User


class TodoFilter:
    """The todos that checked parameters ask for.

    `resolved` is what the text query means today: "due:today" is another question tomorrow, so cache keys need it.
    """

    def __init__(self, owner: User, params: Mapping[str, Any]) -> None:
        self.owner = owner
        self.params = params
        self.query = self._parsed(params.get("q", ""))
        self.resolved = {"q": query.canonical(self.query)} if self.query else {}

    def todos(self) -> QuerySet[Todo]:
        """The queryset, owner's and live todos only."""
        live = Todo.objects.owned_by(self.owner).live()
        if "due_before" in self.params:
            live = live.due_before(self.params["due_before"])
        found: QuerySet[Todo] = live.filter(self._conditions())
        for label in self.params.get("label", ()):
            found = found.filter(id__in=TodoLabel.objects.filter(label=label).values("todo_id"))
        if self.query:
            found = search.matching(found, self.query, owner=self.owner)
        return found

    def _conditions(self) -> Q:
        asked = Q()
        params = self.params
        if "project" in params:
            asked &= Q(project=params["project"])
        if "priority" in params:
            asked &= Q(priority__in=params["priority"])
        if "due_after" in params:
            asked &= Q(due_sort__gte=params["due_after"], due_sort__lt=NO_DUE)
        if "due" in params:
            asked &= Q(due_sort=NO_DUE) if params["due"] == NONE else Q(due_sort__lt=NO_DUE)
        if "completed" in params:
            asked &= Q(completed_at__isnull=not params["completed"])
        if "parent" in params:
            asked &= Q(parent=None) if params["parent"] == NONE else Q(parent=params["parent"])
        return asked

    def _parsed(self, text: str) -> query.Query | None:
        if not text.strip():
            return None
        try:
            return query.parse(text, today=today_of(self.owner))
        except query.QueryError as error:
            place = {"position": error.position, "length": error.length, "word": error.word}
            raise FieldErrors(error.message, [{"field": "q", "code": "query", "detail": error.message, **place}]) from error


def today_of(owner: User) -> date:
    """The day it is where the user is."""
    return timezone.now().astimezone(ZoneInfo(owner.time_zone)).date()
