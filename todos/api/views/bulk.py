"""Up to 100 commands on todos in one request, all or nothing."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request

from todos import selectors
from todos.api import idempotency, schema
from todos.api.conditional import json_response
from todos.api.fields import StrictSerializer
from todos.api.problems import FieldErrors
from todos.api.serializers import MoveInput, TodoInput, TodoOutput
from todos.api.views.base import View, checked
from todos.errors import NotFound, Refused, VersionConflict
from todos.models import Todo, User
from todos.services import ordering, todos

MAX_COMMANDS = 100


class BulkCommand(StrictSerializer):
    """One command. `create` takes `data`, `update` and `move` take `id` and `data`, the others take `id`."""

    op = serializers.ChoiceField(choices=["create", "update", "complete", "reopen", "delete", "restore", "move"])
    id = serializers.UUIDField(required=False)
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=2_000_000_000, help_text="As If-Match: refuse when changed since."
    )
    data = serializers.DictField(required=False)  # type: ignore[assignment]


class BulkInput(StrictSerializer):
    """The commands, carried out in this order."""

    commands = serializers.ListField(child=BulkCommand(), allow_empty=False, max_length=MAX_COMMANDS)


_RESULT = inline_serializer(
    "BulkResult", {"op": serializers.CharField(), "id": serializers.UUIDField(), "todo": TodoOutput(allow_null=True)}, many=True
)


class BulkView(View):
    """Many changes at once."""

    @extend_schema(
        operation_id="bulk_todos",
        parameters=[schema.IDEMPOTENCY_KEY],
        request=BulkInput,
        responses={200: inline_serializer("BulkResults", {"results": _RESULT}), **schema.WRITE_ERRORS},
    )
    def post(self, request: Request) -> HttpResponse:
        """Carry out up to 100 commands, all or nothing; the result of each is the todo as it is at the end (null: deleted)."""

        def change() -> HttpResponse:
            commands = checked(BulkInput, request)["commands"]
            ids = [_carry_out(self.owner, number, command) for number, command in enumerate(commands)]
            live = Todo.objects.owned_by(self.owner).live().filter(id__in=ids)
            rows = {id_: document for document, id_ in selectors.todo_rows(live, ["id"])}
            results = [{"op": command["op"], "id": id_, "todo": rows.get(id_)} for command, id_ in zip(commands, ids, strict=True)]
            return json_response({"results": results})

        return idempotency.perform(request, change)


def _carry_out(owner: User, number: int, command: dict[str, Any]) -> UUID:
    """Do one command and return the todo's id. Raises FieldErrors that name the command: the transaction then undoes them all."""
    try:
        return _OPERATIONS[command["op"]](owner, command)
    except NotFound as error:
        raise _at(number, [{"field": "id", "code": "does_not_exist", "detail": "There is no such todo."}]) from error
    except VersionConflict as error:
        raise _at(number, [{"field": "version", "code": "conflict", "detail": str(error)}]) from error
    except Refused as error:
        raise _at(number, [{"field": f"data.{error.field}" if error.field else "", "code": error.code, "detail": error.message}]) from error
    except serializers.ValidationError as error:
        details = error.detail if isinstance(error.detail, dict) else {"": error.detail}
        raise _at(number, list(_flat(details))) from error


def _flat(details: Any, path: str = "data") -> Any:
    if isinstance(details, dict):
        for name, inner in details.items():
            yield from _flat(inner, f"{path}.{name}")
    elif isinstance(details, list):
        for inner in details:
            yield from _flat(inner, path)
    else:
        yield {"field": path, "code": details.code, "detail": str(details)}


def _at(number: int, errors: list[dict[str, Any]]) -> FieldErrors:
    named = [{**error, "field": f"commands.{number}.{error['field']}".rstrip(".")} for error in errors]
    return FieldErrors(f"Command {number} cannot be carried out, so none was.", named)


def _create(owner: User, command: dict[str, Any]) -> UUID:
    return todos.create_todo(owner=owner, **_data(TodoInput, command)).id


def _update(owner: User, command: dict[str, Any]) -> UUID:
    changes = _data(TodoInput, command, partial=True)
    return todos.update_todo(owner=owner, todo_id=_id(command), changes=changes, versions=_versions(command)).id


def _move(owner: User, command: dict[str, Any]) -> UUID:
    return ordering.move_todo(owner=owner, todo_id=_id(command), versions=_versions(command), **_data(MoveInput, command)).id


def _plain(service: Callable[..., Any]) -> Callable[[User, dict[str, Any]], UUID]:
    def run(owner: User, command: dict[str, Any]) -> UUID:
        service(owner=owner, todo_id=_id(command), versions=_versions(command))
        return _id(command)

    return run


_OPERATIONS: dict[str, Callable[[User, dict[str, Any]], UUID]] = {
    "create": _create,
    "update": _update,
    "move": _move,
    "complete": _plain(todos.complete_todo),
    "reopen": _plain(todos.reopen_todo),
    "delete": _plain(todos.delete_todo),
    "restore": _plain(todos.restore_todo),
}


def _id(command: dict[str, Any]) -> UUID:
    try:
        id_: UUID = command["id"]
    except KeyError as error:
        raise Refused("This command needs the todo's id.", field="id", code="required") from error
    return id_


def _versions(command: dict[str, Any]) -> set[int] | None:
    version = command.get("version")
    return None if version is None else {version}


def _data(form: type[StrictSerializer], command: dict[str, Any], *, partial: bool = False) -> dict[str, Any]:
    checked_form = form(data=command.get("data", {}), partial=partial)
    checked_form.is_valid(raise_exception=True)
    data: dict[str, Any] = checked_form.validated_data
    return data
