from __future__ import annotations

import re
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client

pytestmark = pytest.mark.django_db


def run(**options: Any) -> str:
    output = StringIO()
    call_command("create_demo", stdout=output, **options)
    return output.getvalue()


def password_in(output: str) -> str:
    found = re.search(r"password: (\S+)", output)
    assert found
    return found[1]


def test_the_printed_password_signs_in_and_differs_each_time() -> None:
    first = password_in(run())
    second = password_in(run(reset=True))
    assert first != second
    assert re.fullmatch(r"[a-z]{4}(-[a-z]{4}){3}", second)
    client = Client()
    assert client.login(username="demo@example.com", password=second)
    assert not client.login(username="demo@example.com", password=first)


def test_the_account_shows_all_that_the_product_can_do() -> None:
    from todos.models import Label, Project, Todo, User

    run()
    todos = Todo.objects.all()
    now = datetime.now(UTC)
    today = now.date()
    assert 55 <= todos.count() <= 90
    assert Project.objects.filter(is_inbox=False).values("colour").distinct().count() == 4
    assert Label.objects.count() == 8
    for some in (
        todos.open().due_before(now.replace(hour=0, minute=0)),
        todos.open().filter(due_on=today),
        todos.open().filter(due_on__gt=today),
        todos.open().filter(due_at__isnull=False, remind_at__isnull=False),
        todos.exclude(recurrence=""),
        todos.filter(recurs_from="completion"),
        todos.filter(parent__isnull=False),
        todos.filter(notes__contains="**"),
        todos.filter(project__is_inbox=True),
        todos.filter(completed_at__lt=now.replace(hour=0, minute=0)),
    ):
        assert some.count() >= 2
    assert todos.trashed().count() == 2
    assert set(todos.values_list("priority", flat=True)) == {0, 1, 2, 3, 4}
    user = User.objects.get()
    assert not user.is_staff


def test_every_todo_has_its_event() -> None:
    from dapr_bridge.models import OutboxEvent
    from todos.models import Todo

    run()
    subjects = {f"todo/{todo_id}" for todo_id in Todo.objects.values_list("id", flat=True)}
    assert set(OutboxEvent.objects.filter(type="todo.created.v1").values_list("subject", flat=True)) == subjects


@pytest.mark.parametrize("moment", ["2028-02-29T23:59:30Z", "2027-03-28T01:30:00Z", "2027-12-31T12:00:00Z"])
def test_it_can_be_made_on_any_day(moment: str) -> None:
    from todos.models import Todo

    with time_machine.travel(moment, tick=False):
        run(time_zone="Europe/Berlin")
        local = datetime.fromisoformat(moment).astimezone(ZoneInfo("Europe/Berlin"))
        dentist = Todo.objects.get(title="Call the dentist").due_at
        assert dentist is not None
        assert dentist.astimezone(ZoneInfo("Europe/Berlin")) == local.replace(hour=11, minute=0, second=0)


def test_an_account_that_is_there_is_left_alone() -> None:
    from todos.models import User

    run()
    before = User.objects.get()
    with pytest.raises(CommandError, match="--reset"):
        run()
    with pytest.raises(CommandError, match="time zone"):
        run(reset=True, time_zone="Mars/Olympus")
    assert User.objects.get() == before


def test_another_address_and_the_way_into_the_admin() -> None:
    client = Client()
    assert client.login(username="boss@example.com", password=password_in(run(email="Boss@Example.com", staff=True)))
    assert client.get("/admin/").status_code == 200


def test_createsuperuser_works_by_e_mail_address() -> None:
    from todos.models import User

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse battery 9")
        call_command("createsuperuser", email="Root@Example.com", interactive=False, stdout=StringIO())
    user = User.objects.get(email="root@example.com")
    assert user.is_superuser
    client = Client()
    assert client.login(username="root@example.com", password="correct horse battery 9")
    assert client.get("/admin/").status_code == 200
    client.post("/api/v1/todos", {"title": "A superuser has an Inbox too"}, content_type="application/json")
    assert user.projects.get().is_inbox
