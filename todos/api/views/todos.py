"""Todos: the list, one of them, what can be done with them, and the trash."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from todos import selectors
from todos.api import idempotency, schema
from todos.api.conditional import Answer, expected_versions, read, row_response, version_etag
from todos.api.filters import TodoFilter
from todos.api.pagination import Sort, paginate
from todos.api.params import PageParams, TodoListParams, canonical, list_params, sort_of
from todos.api.renderers import to_json
from todos.api.serializers import MoveInput, TodoInput, TodoOutput
from todos.api.views.base import View, checked, no_content
from todos.models import Todo
from todos.services import ordering, todos, trash
from todos.transactions import Versions

_NEWEST_DELETED = Sort("deleted_at", "deleted_at", descending=True)


class TodoListView(View):
    """The todos of the user that are not in the trash."""

    @extend_schema(
        operation_id="list_todos",
        parameters=[TodoListParams, schema.LINK],
        responses={200: schema.page_of(TodoOutput), 304: None, **schema.ERRORS},
    )
    def get(self, request: Request) -> HttpResponse:
        """List todos."""
        params = list_params(TodoListParams, request)
        found = TodoFilter(self.owner, params)
        return read(
            request,
            canonical({**params, **found.resolved}),
            lambda: paginate(found.todos(), sort_of(params), limit=params["limit"], cursor=params["cursor"], show=selectors.todo_rows),
        )

    @extend_schema(
        operation_id="create_todo",
        parameters=[schema.IDEMPOTENCY_KEY],
        request=TodoInput,
        responses={201: TodoOutput, **schema.WRITE_ERRORS},
    )
    def post(self, request: Request) -> HttpResponse:
        """Create a todo."""

        def change() -> HttpResponse:
            todo = todos.create_todo(owner=self.owner, **checked(TodoInput, request))
            return row_response(*selectors.todo_row(self.owner, todo.id), status=201, location=f"{request.path}/{todo.id}")

        return idempotency.perform(request, change)


class TodoView(View):
    """One todo."""

    @extend_schema(operation_id="read_todo", responses={200: TodoOutput, 304: None, **schema.ERRORS})
    def get(self, request: Request, todo_id: UUID) -> HttpResponse:
        """Read a todo, in the trash too."""

        def build() -> Answer:
            document, version = selectors.todo_row(self.owner, todo_id, trashed=True)
            return Answer(to_json(document), etag=version_etag(version))

        return read(request, "", build)

    @extend_schema(
        operation_id="update_todo",
        parameters=[schema.IF_MATCH, schema.IDEMPOTENCY_KEY],
        request=schema.merge_patch(TodoInput),
        responses={200: TodoOutput, **schema.WRITE_ERRORS},
    )
    def patch(self, request: Request, todo_id: UUID) -> HttpResponse:
        """Change what the body names (RFC 7396)."""

        def change() -> HttpResponse:
            changes = checked(TodoInput, request, partial=True)
            todos.update_todo(owner=self.owner, todo_id=todo_id, changes=changes, versions=expected_versions(request))
            return row_response(*selectors.todo_row(self.owner, todo_id))

        return idempotency.perform(request, change)

    @extend_schema(
        operation_id="delete_todo", parameters=[schema.IF_MATCH, schema.IDEMPOTENCY_KEY], responses={204: None, **schema.WRITE_ERRORS}
    )
    def delete(self, request: Request, todo_id: UUID) -> HttpResponse:
        """Put a todo into the trash."""

        def change() -> HttpResponse:
            todos.delete_todo(owner=self.owner, todo_id=todo_id, versions=expected_versions(request))
            return no_content()

        return idempotency.perform(request, change)


class _ActionView(View):
    """Something done with one todo, answered with the todo as it is then; doing it again changes nothing."""

    def act(self, todo_id: UUID, versions: Versions | None) -> None:
        raise NotImplementedError

    def answer(self, request: Request, todo_id: UUID) -> HttpResponse:
        def change() -> HttpResponse:
            self.act(todo_id, expected_versions(request))
            return row_response(*selectors.todo_row(self.owner, todo_id))

        return idempotency.perform(request, change)


_ACTION: dict[str, Any] = {
    "parameters": [schema.IF_MATCH, schema.IDEMPOTENCY_KEY],
    "request": None,
    "responses": {200: TodoOutput, **schema.WRITE_ERRORS},
}


class CompleteView(_ActionView):
    """Done."""

    def act(self, todo_id: UUID, versions: Versions | None) -> None:
        todos.complete_todo(owner=self.owner, todo_id=todo_id, versions=versions)

    @extend_schema(operation_id="complete_todo", **_ACTION)
    def post(self, request: Request, todo_id: UUID) -> HttpResponse:
        """Mark a todo done, its open subtasks with it."""
        return self.answer(request, todo_id)


class ReopenView(_ActionView):
    """Not done after all."""

    def act(self, todo_id: UUID, versions: Versions | None) -> None:
        todos.reopen_todo(owner=self.owner, todo_id=todo_id, versions=versions)

    @extend_schema(operation_id="reopen_todo", **_ACTION)
    def post(self, request: Request, todo_id: UUID) -> HttpResponse:
        """Mark a todo open again."""
        return self.answer(request, todo_id)


class RestoreView(_ActionView):
    """Out of the trash."""

    def act(self, todo_id: UUID, versions: Versions | None) -> None:
        todos.restore_todo(owner=self.owner, todo_id=todo_id, versions=versions)

    @extend_schema(operation_id="restore_todo", **_ACTION)
    def post(self, request: Request, todo_id: UUID) -> HttpResponse:
        """Take a todo out of the trash, with the subtasks that went with it."""
        return self.answer(request, todo_id)


class MoveView(_ActionView):
    """Elsewhere."""

    def act(self, todo_id: UUID, versions: Versions | None) -> None:
        ordering.move_todo(owner=self.owner, todo_id=todo_id, versions=versions, **checked(MoveInput, self.request))

    @extend_schema(operation_id="move_todo", **{**_ACTION, "request": MoveInput})
    def post(self, request: Request, todo_id: UUID) -> HttpResponse:
        """Move a todo before or after another, or into a project."""
        return self.answer(request, todo_id)


class TrashView(View):
    """What was deleted within the last 30 days."""

    @extend_schema(
        operation_id="list_trash",
        parameters=[PageParams, schema.LINK],
        responses={200: schema.page_of(TodoOutput), 304: None, **schema.ERRORS},
    )
    def get(self, request: Request) -> HttpResponse:
        """List the trash, newest first."""
        params = list_params(PageParams, request)
        trashed = Todo.objects.owned_by(self.owner).trashed()
        return read(
            request,
            canonical(params),
            lambda: paginate(trashed, _NEWEST_DELETED, limit=params["limit"], cursor=params["cursor"], show=selectors.todo_rows),
        )

    @extend_schema(operation_id="empty_trash", parameters=[schema.IDEMPOTENCY_KEY], responses={204: None, **schema.WRITE_ERRORS})
    def delete(self, request: Request) -> HttpResponse:
        """Delete everything in the trash for good."""

        def change() -> HttpResponse:
            trash.empty_trash(owner=self.owner)
            return no_content()

        return idempotency.perform(request, change)


class TrashedView(View):
    """One todo in the trash."""

    @extend_schema(operation_id="purge_todo", parameters=[schema.IDEMPOTENCY_KEY], responses={204: None, **schema.WRITE_ERRORS})
    def delete(self, request: Request, todo_id: UUID) -> HttpResponse:
        """Delete a todo of the trash for good."""

        def change() -> HttpResponse:
            trash.purge_todo(owner=self.owner, todo_id=todo_id)
            return no_content()

        return idempotency.perform(request, change)
