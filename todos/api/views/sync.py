"""The sync feed."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request

from todos import changes
from todos.api import schema
from todos.api.conditional import Answer, read_uncached, weak_etag
from todos.api.fields import StrictSerializer
from todos.api.params import list_params
from todos.api.problems import MEDIA_TYPE, problem
from todos.api.renderers import to_json
from todos.api.serializers import LabelOutput, ProjectOutput, TodoOutput
from todos.api.views.base import View


class ChangesParams(StrictSerializer):
    """From where."""

    since = serializers.CharField(required=False, max_length=500, help_text="`next_cursor` of the answer before; without it: everything.")


class Deleted(serializers.Serializer[Any]):
    """Something that is gone for good."""

    type = serializers.CharField()
    id = serializers.UUIDField()


_CHANGES = inline_serializer(
    "Changes",
    {
        "todos": TodoOutput(many=True),
        "projects": ProjectOutput(many=True),
        "labels": LabelOutput(many=True),
        "deleted": Deleted(many=True),
        "next_cursor": serializers.CharField(),
        "has_more": serializers.BooleanField(),
    },
)


class ChangesView(View):
    """Incremental sync."""

    @extend_schema(
        operation_id="list_changes",
        parameters=[ChangesParams],
        responses={200: _CHANGES, 304: None, (410, MEDIA_TYPE): schema.Problem, **schema.ERRORS},
    )
    def get(self, request: Request) -> HttpResponse:
        """Everything changed or deleted since a cursor, oldest first; some of it perhaps again, so apply it by id.

        Todos in the trash are among the changed ones, with `deleted_at`. Ask again while `has_more`, then from time to time.
        """
        params = list_params(ChangesParams, request)
        try:
            cursor = changes.Cursor.decode(params["since"]) if "since" in params else None
        except ValueError as error:
            raise serializers.ValidationError({"since": str(error)}) from error
        try:
            found = changes.changes_since(self.owner, cursor)
        except changes.CursorExpired:
            return problem(410, "This cursor is too old. Start again without it, and forget what you have stored.")
        given = {name: value for name, value in vars(found).items() if name != "next_cursor"}
        # The cursor moves with every transaction on the server. Who is told "not modified" goes on with the one they have.
        return read_uncached(request, Answer(to_json(vars(found)), etag=weak_etag(to_json(given))))
