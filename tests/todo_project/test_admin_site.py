from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from todo_project import figures

if TYPE_CHECKING:
    from todos.models import User


@pytest.fixture
def admin(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def tile(label: str) -> str:
    return next(tile.value for tile in figures.read().tiles if tile.label == label)


def series(title: str, name: str) -> list[int]:
    chart = next(chart for chart in figures.read().charts if chart.title == title)
    return list(next(one.values for one in chart.series if one.name == name))


def test_todos_sign_ups_and_events_are_counted_where_they_belong(account: User) -> None:
    from todos.models import Project, Todo
    from todos.services.todos import complete_todo, create_todo

    complete_todo(owner=account, todo_id=create_todo(owner=account, title="Today").id)
    long_ago = timezone.now() - timedelta(days=3)
    Todo.objects.create(
        id=UUID(int=figures.first_id(long_ago).int | 7),
        owner=account,
        project=Project.objects.get(owner=account),
        title="Three days ago",
        position="zz",
        created_at=long_ago,
    )
    created = series("Todos per day", "created")
    assert (len(created), created[-1], created[-4], sum(created)) == (30, 1, 1, 2)
    assert series("Todos per day", "completed")[-1] == 1
    assert series("Sign-ups per day", "sign-ups")[-1] == 1
    events = series("Events per minute", "events")
    assert (len(events), sum(events)) == (60, 3)  # signed up, created, completed


def test_the_outbox_is_shown_as_waiting_failing_and_parked(account: User) -> None:
    from dapr_bridge.models import OutboxEvent
    from todos.services.todos import create_todo

    for number in range(3):
        create_todo(owner=account, title=f"todo {number}")
    now = timezone.now()
    oldest, failing, parked = OutboxEvent.objects.filter(type="todo.created.v1").order_by("position")
    OutboxEvent.objects.filter(pk=oldest.pk).update(created_at=now - timedelta(hours=3))
    OutboxEvent.objects.filter(pk=failing.pk).update(failures=2)
    OutboxEvent.objects.filter(pk=parked.pk).update(parked_at=now, failures=10)
    assert (tile("Events waiting"), tile("Oldest waiting"), tile("Failing"), tile("Parked")) == ("3", "3 h", "1", "1")
    assert {one.label for one in figures.read().tiles if one.alarming} == {"Oldest waiting", "Failing", "Parked"}
    OutboxEvent.objects.update(delivered_at=now, parked_at=None)
    assert (tile("Events waiting"), tile("Oldest waiting")) == ("0", "0 s")
    assert not any(one.alarming for one in figures.read().tiles)


def test_the_page_is_drawn_without_script_or_inline_style(admin: Client, account: User) -> None:
    page = admin.get("/admin/").content.decode()
    assert page.count("<figure") == page.count('role="img"') == 3
    assert " style=" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert "<style" not in page
    assert '<th scope="row">' in page
    assert "Outbox events" in page


def test_the_phase_of_dapr_is_shown_and_leads_to_its_page(admin: Client) -> None:
    from dapr_bridge.models import BlockSwitch

    assert tile("Dapr phase") == "0 of 5"
    for block in ("sidecar", "invocation"):
        BlockSwitch.objects.create(block=block, stage="on")
    assert tile("Dapr phase") == "2 of 5"
    link = next(one.link for one in figures.read().tiles if one.label == "Dapr phase")
    assert "Phase 2 of 5" in admin.get(link).content.decode()


def test_every_number_leads_to_the_list_it_counts(admin: Client, account: User) -> None:
    from todos.services.todos import create_todo

    create_todo(owner=account, title="Only one")
    shown = figures.read()
    links = [one.link for one in shown.tiles] + [chart.series[0].links[-1] for chart in shown.charts]
    page = admin.get("/admin/").content.decode()
    for link in links[:5]:
        assert escape(link) in page
    for link in links:
        answer = admin.get(link)
        assert answer.status_code == 200, link
    assert "Only one" in admin.get(shown.charts[0].series[0].links[-1]).content.decode()
    assert "Only one" not in admin.get(shown.charts[0].series[0].links[-2]).content.decode()


def test_the_page_costs_the_same_number_of_queries_however_much_there_is(
    admin: Client, account: User, django_assert_num_queries: Any
) -> None:
    from todos.services.todos import create_todo

    with django_assert_num_queries(8):  # session, six figures, recent actions
        admin.get("/admin/")
    for number in range(20):
        create_todo(owner=account, title=f"todo {number}")
    with django_assert_num_queries(8):
        admin.get("/admin/")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (3_599, "60 min"), (7_200, "2 h"), (172_800, "2 d")]
)
def test_durations_are_said_in_their_largest_unit(seconds: float, text: str) -> None:
    assert figures.duration(seconds) == text


def test_the_short_address_leads_to_the_admin() -> None:
    assert Client().get("/admin")["Location"] == "/admin/"
