"""Walking the pages gives every row once, in order, whatever the order and however many rows are equal."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.todos.api.conftest import API
from todos import positions
from todos.api.params import SORTS
from todos.models import Project, Todo, User
from todos.services.labels import create_label
from todos.services.todos import create_todo

pytestmark = pytest.mark.django_db

COUNT = 23


@pytest.fixture
def many(alice: User) -> list[Todo]:
    inbox = Project.objects.get(owner=alice)
    made = [
        Todo(
            owner=alice,
            project=inbox,
            title=f"Title {number % 3}",
            priority=number % 5,
            due_on=date(2026, 1, 1) + timedelta(days=number // 4) if number % 2 else None,
            position=position,
        )
        for number, position in enumerate(positions.evenly(COUNT))
    ]
    return Todo.objects.bulk_create(made)


def walk(api: Client, limit: int, **params: Any) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    url = "/api/v1/todos"
    query: dict[str, Any] | None = {"limit": limit, **params}
    while True:
        response = api.get(url, query)
        assert response.status_code == 200, response.content
        page = response.json()
        assert len(page["results"]) <= limit
        seen += page["results"]
        if page["next_cursor"] is None:
            assert "Link" not in response
            return seen
        link = response["Link"]
        assert link.endswith('; rel="next"')
        assert page["next_cursor"] in link
        url, query = link[1 : link.index(">")], None


def test_the_link_asks_the_same_question_with_each_of_its_parameters(alice: User, api: Client) -> None:
    labels = [create_label(owner=alice, name=name).id for name in ("home", "money")]
    for number in range(3):
        create_todo(owner=alice, title=f"Pay {number}", labels=labels)
    query = f"label={labels[0]}&label={labels[1]}&limit=2&q=pay"
    first = api.get(f"{API}/todos?{query}")
    assert first["Link"] == f'<{API}/todos?{query}&cursor={first.json()["next_cursor"]}>; rel="next"'


def test_a_question_may_be_sent_as_plain_utf_8(alice: User, api: Client) -> None:
    for _ in range(2):
        create_todo(owner=alice, title="Müll")
    create_todo(owner=alice, title="Mull")
    asked = "q=Müll&limit=1".encode()  # as `curl` sends what it is given
    page = api.get(f"{API}/todos", QUERY_STRING=asked.decode("latin-1"))
    (found,) = page.json()["results"]
    assert found["title"] == "Müll"
    assert page["Link"].startswith(f"<{API}/todos?q=M%C3%BCll&limit=1&cursor=")


@pytest.mark.parametrize("limit", [1, 7, 22, 23, 200])
@pytest.mark.parametrize("sort", [sign + name for name in SORTS for sign in ("", "-")])
def test_every_row_comes_once_in_every_order(sort: str, limit: int, many: list[Todo], api: Client) -> None:
    seen = walk(api, limit, sort=sort)
    assert len(seen) == COUNT
    assert {todo["id"] for todo in seen} == {str(todo.id) for todo in many}
    column = SORTS[sort.lstrip("-")].column
    keys = dict(Todo.objects.values_list("id", column))
    values = [keys[next(one.id for one in many if str(one.id) == todo["id"])] for todo in seen]
    assert values == sorted(values, reverse=sort.startswith("-"))


def test_todos_without_a_date_come_last(many: list[Todo], api: Client) -> None:
    dates = [todo["due_on"] for todo in walk(api, 5, sort="due")]
    assert None not in dates[: sum(1 for day in dates if day)]


def test_filters_hold_on_every_page(many: list[Todo], api: Client) -> None:
    assert {todo["priority"] for todo in walk(api, 2, priority=[1, 2])} == {1, 2}
    assert len(walk(api, 3, due="none")) == len(walk(api, 50, due="none")) > 3


@pytest.mark.parametrize(
    "cursor", ["x", "W10", "WyJwb3NpdGlvbiJd", "WyJkdWUiLDEsMl0", "é", "WyJwb3NpdGlvbiIsMV0", "A" * 5000, "WyJwb3NpdGlvbiIsIlx1MDAwMCJd"]
)
def test_what_is_no_cursor_of_this_list_is_refused(cursor: str, alice: User, api: Client) -> None:
    response = api.get("/api/v1/todos", {"cursor": cursor})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "cursor"


def test_a_cursor_of_another_order_is_refused(many: list[Todo], api: Client) -> None:
    cursor = api.get("/api/v1/todos?limit=1&sort=due").json()["next_cursor"]
    assert api.get(f"/api/v1/todos?limit=1&sort=-due&cursor={cursor}").status_code == 400


@pytest.mark.parametrize("sort", [name for name in SORTS if name != "completed_at"])
def test_a_deep_page_is_read_from_an_index(sort: str, many: list[Todo], api: Client) -> None:
    """The plan, not the clock: the rows before the page are not read."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        column = SORTS[sort].column
        keys = f"owner_id = %s AND deleted_at IS NULL AND ({column}, id) > (SELECT {column}, id FROM todos_todo LIMIT 1)"
        if SORTS[sort].unique:
            keys = f"owner_id = %s AND deleted_at IS NULL AND {column} > (SELECT {column} FROM todos_todo LIMIT 1)"
        order = column if SORTS[sort].unique else f"{column}, id"
        cursor.execute(f"EXPLAIN (FORMAT JSON) SELECT id FROM todos_todo WHERE {keys} ORDER BY {order} LIMIT 50", [many[0].owner_id])
        plan = str(cursor.fetchone()[0])
    assert "Index" in plan
    assert "Sort" not in plan.replace("_sort", "")
    assert "Index Cond" in plan
