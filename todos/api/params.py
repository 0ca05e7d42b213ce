"""The query parameters of lists, checked as strictly as bodies are."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.request import Request

from todos.api.fields import MomentField, StrictSerializer
from todos.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, Sort

NONE = "none"
SORTS = {
    sort.name: sort
    for sort in (
        Sort("position", "position", unique=True),
        Sort("due", "due_sort"),
        Sort("priority", "priority_sort"),
        Sort("created_at", "created_at"),
        Sort("updated_at", "updated_at"),
        Sort("title", "title_sort"),
        Sort("completed_at", "completed_sort"),
    )
}


class PageParams(StrictSerializer):
    """Which page of a list."""

    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, default=DEFAULT_LIMIT, required=False)
    cursor = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=4000, help_text="`next_cursor` of the page before."
    )


class UUIDOrNone(serializers.UUIDField):
    """An id, or the word `none`."""

    def to_internal_value(self, data: Any) -> Any:
        return NONE if data == NONE else super().to_internal_value(data)


class TodoListParams(PageParams):
    """Which todos, in which order."""

    sort = serializers.ChoiceField(
        choices=[sign + name for name in SORTS for sign in ("", "-")], default="position", help_text="`-` in front: descending."
    )
    q = serializers.CharField(max_length=500, required=False, allow_blank=True, help_text="The query language; see the documentation.")
    project = serializers.UUIDField(required=False)
    label = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=20, help_text="Repeatable: all of them.")  # type: ignore[assignment]
    priority = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=4), required=False, max_length=5, help_text="Repeatable: any of them."
    )
    due_before = MomentField(required=False)
    due_after = MomentField(required=False, help_text="At this moment or later.")
    due = serializers.ChoiceField(choices=[NONE, "any"], required=False)
    completed = serializers.BooleanField(required=False)
    parent = UUIDOrNone(required=False, help_text="Subtasks of this todo; `none`: no subtasks.")  # type: ignore[assignment]


def list_params(serializer: type[StrictSerializer], request: Request) -> Mapping[str, Any]:
    """The query parameters, checked and typed. Raises ValidationError, also for a parameter that is not known."""
    return _checked(serializer, request.META.get("QUERY_STRING", ""))


@lru_cache(maxsize=1024)
def _checked(serializer: type[StrictSerializer], query_string: str) -> Mapping[str, Any]:
    """Clients ask the same again and again, and building a serializer costs more than the database's part of a list."""
    repeatable = {name for name, field in serializer().fields.items() if isinstance(field, serializers.ListField)}
    query = QueryDict(query_string.encode("latin-1"))  # what PEP 3333 makes of the bytes that came
    # A plain dictionary: in a QueryDict DRF takes an absent boolean for a form's unticked box, which is false.
    given = {name: values if name in repeatable else values[-1] for name, values in query.lists()}
    form = serializer(data=given)
    form.is_valid(raise_exception=True)
    return MappingProxyType(form.validated_data)


def sort_of(params: Mapping[str, Any]) -> Sort:
    """The order asked for."""
    name = params["sort"]
    sort = SORTS[name.lstrip("-")]
    return Sort(sort.name, sort.column, sort.unique, descending=name.startswith("-"))


def canonical(params: Mapping[str, Any]) -> str:
    """One text for all spellings of the same parameters; it goes into cache keys and ETags."""
    return orjson.dumps(sorted(params.items()), default=_plain).decode()


def _plain(value: Any) -> str:
    if isinstance(value, UUID):
        return value.hex
    raise TypeError(value)
