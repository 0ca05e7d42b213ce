"""A request sent twice with one Idempotency-Key has one effect and one answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from dapr_bridge.models import OutboxEvent
from tests.todos.api.conftest import API, assert_problem
from tests.todos.conftest import PASSWORD
from todos.models import IdempotencyRecord, Label, Project, Todo, User
from todos.services import accounts, labels, projects, todos, trash

JSON = "application/json"
# (method, path, body) of every write that takes a key; {…} are ids of what is there already.
WRITES: list[tuple[str, str, Any]] = [
    ("POST", "todos", {"title": "New"}),
    ("POST", "projects", {"name": "New"}),
    ("POST", "labels", {"name": "new"}),
    ("POST", "todos/bulk", {"commands": [{"op": "create", "data": {"title": "New"}}]}),
    ("PATCH", "todos/{todo}", {"title": "Changed"}),
    ("DELETE", "todos/{todo}", None),
    ("POST", "todos/{todo}/complete", None),
    ("POST", "todos/{todo}/reopen", None),
    ("POST", "todos/{trashed}/restore", None),
    ("POST", "todos/{todo}/move", {"project": "{project}"}),
    ("PATCH", "projects/{project}", {"name": "Changed"}),
    ("DELETE", "projects/{project}", None),
    ("PATCH", "labels/{label}", {"name": "changed"}),
    ("DELETE", "labels/{label}", None),
    ("DELETE", "trash/{trashed}", None),
    ("DELETE", "trash", None),
    ("POST", "notifications/read-all", None),
    ("PATCH", "auth/session", {"email_reminders": False}),
]


@pytest.fixture
def mine(alice: User) -> dict[str, str]:
    """One of everything."""
    trashed = todos.create_todo(owner=alice, title="Thrown away")
    todos.delete_todo(owner=alice, todo_id=trashed.id)
    return {
        "todo": str(todos.create_todo(owner=alice, title="Mine").id),
        "trashed": str(trashed.id),
        "project": str(projects.create_project(owner=alice, name="Mine").id),
        "label": str(labels.create_label(owner=alice, name="mine").id),
    }


def _filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, str) and value.startswith("{"):
        return value.format(**ids)
    if isinstance(value, dict):
        return {key: _filled(inner, ids) for key, inner in value.items()}
    return value


def _send(client: Client, method: str, path: str, body: Any, mine: dict[str, str], key: str | None = "key", **headers: str) -> Any:
    from todos.api.renderers import to_json

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None:
        named["Idempotency-Key"] = key
    data = to_json(_filled(body, mine)) if body is not None else b""
    return client.generic(method, f"{API}/{path.format(**mine)}", data, JSON, headers=named)


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=lambda value: str(value))
def test_the_same_request_has_one_effect_and_one_answer(api: Client, mine: dict[str, str], method: str, path: str, body: Any) -> None:
    first = _send(api, method, path, body, mine)
    assert first.status_code < 300
    effects = OutboxEvent.objects.count()
    state = [list(model.objects.order_by("pk").values()) for model in (Todo, Project, Label)]
    again = _send(api, method, path, body, mine)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for header in ("Content-Type", "ETag", "Location", "Cache-Control", "Vary"):
        assert again.headers.get(header) == first.headers.get(header), header
    assert OutboxEvent.objects.count() == effects
    assert [list(model.objects.order_by("pk").values()) for model in (Todo, Project, Label)] == state


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("POST", "todos", {"title": "Other"}, {}),
        ("POST", "projects", {"title": "New"}, {}),
        ("PATCH", "todos/{todo}", {"title": "New"}, {}),
        ("POST", "todos?x=1", {"title": "New"}, {}),
        ("POST", "todos", {"title": "New"}, {"If_Match": '"1"'}),
        ("POST", "todos", None, {}),
    ],
)
def test_another_request_with_a_used_key_is_422(
    api: Client, mine: dict[str, str], method: str, path: str, body: Any, headers: dict[str, str]
) -> None:
    assert _send(api, "POST", "todos", {"title": "New"}, mine).status_code == 201
    before = Todo.objects.count()
    assert_problem(_send(api, method, path, body, mine, **headers), 422)
    assert Todo.objects.count() == before


def test_another_key_is_another_request(api: Client, mine: dict[str, str]) -> None:
    ids = {_send(api, "POST", "todos", {"title": "New"}, mine, key=key).json()["id"] for key in ("a", "b", None, None)}
    assert len(ids) == 4


@pytest.mark.django_db(transaction=True)
def test_a_refused_request_has_no_effect_and_its_key_may_be_used_again(client_of: Callable[..., Client]) -> None:
    api = client_of(accounts.sign_up(email="alice@example.com", password=PASSWORD))
    for body, status in (({"title": ""}, 400), ({"title": "x", "time_zone": "Mars"}, 400), ({"title": "x"}, 201), ({"title": "x"}, 201)):
        assert _send(api, "POST", "todos", body, {}).status_code == status
    assert Todo.objects.count() == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a\u0001b", "\u0000", "\x7f"])
def test_a_key_that_is_none_is_400(api: Client, key: str) -> None:
    problem = assert_problem(_send(api, "POST", "todos", {"title": "New"}, {}, key=key), 400)
    assert problem["errors"][0]["field"].startswith("Idempotency-Key")
    assert not Todo.objects.exists()


@pytest.mark.parametrize("key", ["x" * 255, '"quoted"', "\u00e9", "'; DROP TABLE todos_todo; --", "%s"])
def test_any_printable_key_is_taken(api: Client, key: str) -> None:
    answers = [_send(api, "POST", "todos", {"title": "New"}, {}, key=key) for _ in range(2)]
    assert answers[0].status_code == 201
    assert answers[0].content == answers[1].content


def test_an_answer_is_forgotten_after_a_day(api: Client, mine: dict[str, str]) -> None:
    from datetime import timedelta

    from django.utils import timezone

    _send(api, "POST", "todos", {"title": "New"}, mine)
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=23))
    trash.purge_expired()
    assert IdempotencyRecord.objects.count() == 1
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=25))
    trash.purge_expired()
    assert not IdempotencyRecord.objects.exists()


def test_reading_takes_no_key(api: Client) -> None:
    assert api.get(f"{API}/todos", headers={"Idempotency-Key": "key"}).status_code == 200
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_simultaneous_requests_have_one_effect(in_threads: Callable[..., None], client_of: Callable[..., Client], turn: int) -> None:
    alice = accounts.sign_up(email="alice@example.com", password=PASSWORD)
    api = client_of(alice)
    before = OutboxEvent.objects.count()
    answers: list[Any] = []
    lock = threading.Lock()

    def send() -> None:
        answer = _send(api, "POST", "todos", {"title": "New"}, {})
        with lock:
            answers.append(answer)

    in_threads(*[send] * 12)
    assert Todo.objects.count() == 1
    assert OutboxEvent.objects.count() == before + 1
    made = [answer for answer in answers if answer.status_code == 201]
    assert made
    assert len({answer.content for answer in made}) == 1
    for answer in answers:
        if answer.status_code != 201:
            assert_problem(answer, 409)
            assert answer["Retry-After"] == "1"
    assert _send(api, "POST", "todos", {"title": "New"}, {}).content == made[0].content
