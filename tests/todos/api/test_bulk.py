"""Many commands in one request: all of them, or none."""

from typing import Any

import pytest
from django.test import Client

from dapr_bridge.models import OutboxEvent
from todos.models import Todo, User
from todos.services import projects, todos

pytestmark = pytest.mark.django_db(transaction=True)  # all or nothing is a matter of real transactions


def bulk(api: Client, *commands: dict[str, Any], **headers: str) -> Any:
    return api.post("/api/v1/todos/bulk", {"commands": list(commands)}, content_type="application/json", headers=headers)


def test_commands_are_carried_out_in_order_and_each_has_its_result(api: Client, alice: User) -> None:
    project = projects.create_project(owner=alice, name="p")
    one, two, three = (todos.create_todo(owner=alice, title=title) for title in ("one", "two", "three"))
    response = bulk(
        api,
        {"op": "create", "data": {"title": "new", "project": str(project.id)}},
        {"op": "update", "id": str(one.id), "data": {"title": "changed"}},
        {"op": "complete", "id": str(one.id)},
        {"op": "move", "id": str(three.id), "data": {"before": str(one.id)}},
        {"op": "delete", "id": str(two.id)},
    )
    assert response.status_code == 200, response.content
    results = response.json()["results"]
    assert [result["op"] for result in results] == ["create", "update", "complete", "move", "delete"]
    assert results[0]["todo"]["title"] == "new"
    assert results[1]["todo"] == results[2]["todo"]
    assert results[2]["todo"]["completed_at"] is not None
    assert results[3]["todo"]["position"] < results[1]["todo"]["position"]
    assert results[4] == {"op": "delete", "id": str(two.id), "todo": None}
    assert Todo.objects.get(id=two.id).deleted_at is not None


@pytest.mark.parametrize(
    ("command", "field", "code"),
    [
        ({"op": "update", "data": {"title": "x"}}, "commands.1.data.id", "required"),
        ({"op": "complete", "id": "01a20cdc-d3bd-74f0-bd44-ec1fc40c1078"}, "commands.1.id", "does_not_exist"),
        ({"op": "create", "data": {"title": " "}}, "commands.1.data.title", "blank"),
        ({"op": "create", "data": {"title": "x", "owner": "me"}}, "commands.1.data.owner", "unknown"),
        ({"op": "create"}, "commands.1.data.title", "required"),
        ({"op": "create", "data": {"title": "x", "recurrence": "FREQ=DAILY"}}, "commands.1.data.recurrence", "invalid"),
        ({"op": "explode"}, "commands.1.op", "invalid_choice"),
    ],
)
def test_one_command_that_cannot_be_carried_out_undoes_all(
    command: dict[str, Any], field: str, code: str, api: Client, alice: User
) -> None:
    before = OutboxEvent.objects.count()
    response = bulk(api, {"op": "create", "data": {"title": "first"}}, command)
    assert response.status_code == 400
    errors = response.json()["errors"]
    assert (errors[0]["field"], errors[0]["code"]) == (field, code)
    assert not Todo.objects.exists()
    assert OutboxEvent.objects.count() == before


def test_an_old_version_undoes_all(api: Client, alice: User) -> None:
    todo = todos.create_todo(owner=alice, title="x")
    response = bulk(api, {"op": "create", "data": {"title": "y"}}, {"op": "delete", "id": str(todo.id), "version": 9})
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "conflict"
    assert Todo.objects.live().count() == 1


@pytest.mark.parametrize("commands", [[], [{"op": "create", "data": {"title": "x"}}] * 101, "x", None, [1], [None]])
def test_a_list_that_is_none_is_refused(commands: Any, api: Client, alice: User) -> None:
    response = api.post("/api/v1/todos/bulk", {"commands": commands}, content_type="application/json")
    assert response.status_code == 400
    assert not Todo.objects.exists()


def test_a_hundred_commands_are_taken_once_per_key(api: Client, alice: User) -> None:
    commands = [{"op": "create", "data": {"title": str(number)}} for number in range(100)]
    first = bulk(api, *commands, Idempotency_Key="bulk")
    assert bulk(api, *commands, Idempotency_Key="bulk").content == first.content
    assert Todo.objects.count() == 100
