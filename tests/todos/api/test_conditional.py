"""ETags, 304, 412 and 428."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.todos.api.conftest import API, assert_problem
from todos.models import Todo, User
from todos.services import accounts, labels, projects, todos

JSON = "application/json"

LISTS = ["todos", "todos?limit=1&sort=-due", "projects", "labels", "trash"]
FEEDS = ["changes", "activity", "notifications"]
# (method, path, body) of every write to one object.
WRITES: list[tuple[str, str, Any]] = [
    ("PATCH", "todos/{todo}", {"title": "Changed"}),
    ("DELETE", "todos/{todo}", None),
    ("POST", "todos/{todo}/complete", None),
    ("POST", "todos/{todo}/reopen", None),
    ("POST", "todos/{todo}/restore", None),
    ("POST", "todos/{todo}/move", {"project": "{project}"}),
    ("PATCH", "projects/{project}", {"name": "Changed"}),
    ("DELETE", "projects/{project}", None),
    ("PATCH", "labels/{label}", {"name": "changed"}),
    ("DELETE", "labels/{label}", None),
]


@pytest.fixture
def mine(alice: User) -> dict[str, UUID]:
    """One of everything."""
    return {
        "todo": todos.create_todo(owner=alice, title="Mine").id,
        "project": projects.create_project(owner=alice, name="Mine").id,
        "label": labels.create_label(owner=alice, name="mine").id,
    }


def _write(client: Client, method: str, path: str, body: Any, mine: dict[str, UUID], **headers: str) -> Any:
    from todos.api.renderers import to_json

    filled = {key: value.format(**mine) for key, value in (body or {}).items()}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.generic(method, f"{API}/{path.format(**mine)}", to_json(filled) if body else b"", JSON, headers=named)


def _tag(client: Client, path: str, mine: dict[str, UUID]) -> str:
    resource, name = path.split("/")[:2]
    return str(client.get(f"{API}/{resource}/{name.format(**mine)}")["ETag"])


@pytest.mark.parametrize("path", LISTS + FEEDS)
def test_lists_carry_a_weak_etag_that_gives_304_until_something_changes(api: Client, alice: User, mine: dict[str, UUID], path: str) -> None:
    first = api.get(f"{API}/{path}")
    assert first["ETag"].startswith('W/"')
    assert first["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Cookie"} <= set(first["Vary"].split(", "))
    again = api.get(f"{API}/{path}", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert "Content-Type" not in again
    for header in ('"nonsense"', "nonsense", "", first["ETag"].removeprefix("W/")[:-2] + '"'):
        assert api.get(f"{API}/{path}", headers={"If-None-Match": header}).status_code == 200
    assert api.get(f"{API}/{path}", headers={"If-None-Match": f'"a", {first["ETag"]}, "b"'}).status_code == 304


@pytest.mark.django_db(transaction=True)  # a token moves once per transaction
def test_any_change_of_what_lists_are_made_of_moves_their_etags(api: Client, mine: dict[str, UUID]) -> None:
    for path in ("todos", "projects", "labels", "trash", "changes"):
        for method in ("GET", "HEAD"):
            before = api.get(f"{API}/{path}")["ETag"]
            api.patch(f"{API}/todos/{mine['todo']}", {"title": f"{path} {method}"}, JSON)
            after = api.generic(method, f"{API}/{path}", headers={"If-None-Match": before})
            assert after.status_code == 200
            assert after["ETag"] != before


def test_etags_of_lists_differ_between_people_pages_filters_and_languages(alice: User, bob: User, client_of: Callable[..., Client]) -> None:
    one, other = client_of(alice), client_of(bob)
    tags = [
        one.get(f"{API}/todos")["ETag"],
        other.get(f"{API}/todos")["ETag"],
        one.get(f"{API}/todos?limit=1")["ETag"],
        one.get(f"{API}/todos?completed=true")["ETag"],
        one.get(f"{API}/todos", headers={"Accept-Language": "de"})["ETag"],
        one.get(f"{API}/labels")["ETag"],
    ]
    assert len(set(tags)) == len(tags)


def test_two_spellings_of_one_question_share_an_etag(api: Client) -> None:
    tags = {api.get(f"{API}/todos?{query}")["ETag"] for query in ("limit=50&sort=position", "sort=position", "", "limit=050")}
    assert len(tags) == 1


@pytest.mark.parametrize("path", ["todos/{todo}", "projects/{project}", "labels/{label}"])
def test_one_object_carries_its_version_as_a_strong_etag(api: Client, mine: dict[str, UUID], path: str) -> None:
    answer = api.get(f"{API}/{path.format(**mine)}")
    assert answer["ETag"] == f'"{answer.json()["version"]}"'
    again = api.get(f"{API}/{path.format(**mine)}", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert api.get(f"{API}/{path.format(**mine)}", headers={"If-None-Match": "*"}).status_code == 304


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=lambda value: str(value))
def test_writes_with_the_present_etag_happen(api: Client, mine: dict[str, UUID], method: str, path: str, body: Any) -> None:
    answer = _write(api, method, path, body, mine, If_Match=_tag(api, path, mine))
    assert answer.status_code in (200, 204)
    if answer.status_code == 200:
        assert answer["ETag"] == f'"{answer.json()["version"]}"' == _tag(api, path, mine)


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=lambda value: str(value))
@pytest.mark.parametrize("header", ['"99"', 'W/"1"', "1", '"x"', '"0"', '"-1"', '"1 "', "", '"' + "9" * 40 + '"'])
def test_writes_with_another_etag_are_412_and_change_nothing(
    api: Client, mine: dict[str, UUID], method: str, path: str, body: Any, header: str
) -> None:
    before = _tag(api, path, mine)
    assert_problem(_write(api, method, path, body, mine, If_Match=header), 412)
    assert _tag(api, path, mine) == before


def test_one_of_several_etags_is_enough(api: Client, mine: dict[str, UUID]) -> None:
    tag = _tag(api, "todos/{todo}", mine)
    assert _write(api, "PATCH", "todos/{todo}", {"title": "Changed"}, mine, If_Match=f'"99", {tag}, W/"1"').status_code == 200
    assert_problem(_write(api, "PATCH", "todos/{todo}", {"title": "Again"}, mine, If_Match=f'"99", {tag}'), 412)


def test_a_conflict_tells_the_present_version(api: Client, mine: dict[str, UUID]) -> None:
    api.patch(f"{API}/todos/{mine['todo']}", {"title": "Changed"}, JSON)
    answer = _write(api, "PATCH", "todos/{todo}", {"title": "Mine"}, mine, If_Match='"1"')
    assert_problem(answer, 412)
    assert answer["ETag"] == _tag(api, "todos/{todo}", mine)


@pytest.mark.parametrize("header", ["*", " * ", None])
def test_writes_happen_for_any_version_when_asked_so(api: Client, mine: dict[str, UUID], header: str | None) -> None:
    headers = {} if header is None else {"If_Match": header}
    assert _write(api, "PATCH", "todos/{todo}", {"title": "Changed"}, mine, **headers).status_code == 200


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=lambda value: str(value))
def test_a_setting_demands_if_match_on_every_write_to_an_object(
    api: Client, mine: dict[str, UUID], settings: Settings, method: str, path: str, body: Any
) -> None:
    settings.TODOS_REQUIRE_IF_MATCH = True
    before = _tag(api, path, mine)
    assert_problem(_write(api, method, path, body, mine), 428)
    assert _tag(api, path, mine) == before
    assert _write(api, method, path, body, mine, If_Match=before).status_code in (200, 204)


def test_if_match_on_what_is_not_there_is_404(api: Client) -> None:
    unknown = dict.fromkeys(("todo", "project", "label"), UUID("0197a4f0-0000-7000-8000-000000000000"))
    for method, path, body in WRITES:
        assert_problem(_write(api, method, path, body, unknown, If_Match='"1"'), 404)


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_writes_with_one_etag_one_wins(in_threads: Callable[..., None], client_of: Callable[..., Client]) -> None:
    alice = accounts.sign_up(email="alice@example.com", password="correct horse battery 9")
    todo = todos.create_todo(owner=alice, title="Mine")
    client = client_of(alice)
    statuses: list[int] = []

    def change(number: int) -> Callable[[], None]:
        def run() -> None:
            statuses.append(
                client.patch(f"{API}/todos/{todo.id}", {"title": f"Title {number}"}, JSON, headers={"If-Match": '"1"'}).status_code
            )

        return run

    in_threads(*(change(number) for number in range(8)))
    assert sorted(statuses) == [200] + [412] * 7
    assert Todo.objects.get().version == 2
