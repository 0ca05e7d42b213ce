"""The query language finds what people mean by it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from time_machine import TimeMachineFixture

from todos.models import Todo, User
from todos.services import labels, projects, todos

pytestmark = pytest.mark.django_db

TODAY = timezone.now().astimezone(ZoneInfo("Europe/Berlin")).date()
DAY = timedelta(days=1)


@pytest.fixture
def things(alice: User, bob: User) -> None:
    home = projects.create_project(owner=alice, name="Home")
    two_words = projects.create_project(owner=alice, name="Summer House")
    work, urgent = (labels.create_label(owner=alice, name=name) for name in ("Work", "urgent"))
    todos.create_todo(owner=alice, title="Buy milk and bread", project=home.id, priority=1, due_on=TODAY)
    todos.create_todo(owner=alice, title="Milking the cow", labels=[work.id], due_on=TODAY - DAY)
    done = todos.create_todo(
        owner=alice, title="Paint the fence", project=two_words.id, labels=[work.id, urgent.id], due_on=TODAY - 2 * DAY
    )
    todos.complete_todo(owner=alice, todo_id=done.id)
    todos.create_todo(owner=alice, title="Call mum", notes="about the birthday cake", due_on=TODAY + DAY, recurrence="FREQ=YEARLY")
    late = datetime(TODAY.year, TODAY.month, TODAY.day, 23, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    parent = todos.create_todo(owner=alice, title="Late call", due_at=late.astimezone(UTC))
    todos.create_todo(owner=alice, title='5 % off: it\'s <b>"quoted"</b> \\ !!', parent=parent.id)
    todos.create_todo(owner=alice, title="Reminder", remind_at=timezone.now(), due_on=TODAY + 30 * DAY)
    gone = todos.create_todo(owner=alice, title="Deleted milk")
    todos.delete_todo(owner=alice, todo_id=gone.id)
    todos.create_todo(owner=bob, title="Bob's milk")


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("milk", ["Buy milk and bread", "Milking the cow"]),
        ("MILK -cow", ["Buy milk and bread"]),
        ("-milk call", ["Call mum", "Late call"]),
        ("birthd", ["Call mum"]),
        ('"milk and"', ["Buy milk and bread"]),
        ('"milk bread"', []),
        ("brithday", []),
        ("piant", ["Paint the fence"]),
        ("fnece", ["Paint the fence"]),
        ("remindr", ["Reminder"]),
        ("breda call", []),
        ("gardne", []),
        ("cake mum", ["Call mum"]),
        ("#home", ["Buy milk and bread"]),
        ("#HOME milk", ["Buy milk and bread"]),
        ('#"summer house"', ["Paint the fence"]),
        ("#nowhere", []),
        ("@work", ["Milking the cow", "Paint the fence"]),
        ("@work @urgent", ["Paint the fence"]),
        ("@work -@urgent", ["Milking the cow"]),
        ("p1", ["Buy milk and bread"]),
        ("p0 milk", ["Milking the cow"]),
        ("due:today", ["Buy milk and bread", "Late call"]),
        ("due:tomorrow", ["Call mum"]),
        ("due:yesterday", ["Milking the cow"]),
        ("due:overdue", ["Milking the cow"]),
        ("due:<today", ["Milking the cow", "Paint the fence"]),
        ("due:week", ["Buy milk and bread", "Call mum", "Late call"]),
        ("due:none", ['5 % off: it\'s <b>"quoted"</b> \\ !!']),
        ("due:today..", ["Buy milk and bread", "Call mum", "Late call", "Reminder"]),
        ("is:done", ["Paint the fence"]),
        ("-done @work", ["Milking the cow"]),
        ("is:recurring", ["Call mum"]),
        ("is:subtask", ['5 % off: it\'s <b>"quoted"</b> \\ !!']),
        ("has:subtasks", ["Late call"]),
        ("has:notes", ["Call mum"]),
        ("has:reminder", ["Reminder"]),
        ("has:labels", ["Milking the cow", "Paint the fence"]),
        ("!!", ['5 % off: it\'s <b>"quoted"</b> \\ !!']),
        ("it's", ['5 % off: it\'s <b>"quoted"</b> \\ !!']),
        ("due:9998-12-31", []),
        ("due:1900-01-01..9998-12-31 milk", ["Buy milk and bread", "Milking the cow"]),
    ],
)
def test_a_query_finds_what_it_says(q: str, expected: list[str], things: None, api: Client) -> None:
    response = api.get("/api/v1/todos", {"q": q})
    assert response.status_code == 200, response.content
    assert sorted(todo["title"] for todo in response.json()["results"]) == sorted(expected)


@pytest.mark.parametrize(
    ("q", "word", "position"), [("milk due:someday", "due:someday", 5), ("colour:red", "colour:red", 0), ("p1 is:lost milk", "is:lost", 3)]
)
def test_an_error_points_at_the_word(q: str, word: str, position: int, api: Client) -> None:
    response = api.get("/api/v1/todos", {"q": q})
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["field"] == "q"
    assert q[error["position"] : error["position"] + error["length"]] == error["word"]
    assert error["word"] in word
    assert error["position"] >= position


def test_today_is_the_day_where_the_user_is(alice: User, api: Client) -> None:
    alice.time_zone = "Pacific/Kiritimati"
    alice.save()
    there = timezone.now().astimezone(ZoneInfo("Pacific/Kiritimati")).date()
    todos.create_todo(owner=alice, title="there", due_on=there)
    todos.create_todo(owner=alice, title="elsewhere", due_on=there, time_zone="Pacific/Pago_Pago")
    titles = [todo["title"] for todo in api.get("/api/v1/todos", {"q": "due:today"}).json()["results"]]
    assert titles == ["there", "elsewhere"], "an all-day todo is due on its day, wherever it was written"


def test_an_etag_does_not_outlive_the_day_it_was_right_for(alice: User, api: Client, time_machine: TimeMachineFixture) -> None:
    todos.create_todo(owner=alice, title="today", due_on=date(2026, 5, 1))
    time_machine.move_to(datetime(2026, 5, 1, 12, tzinfo=UTC))
    first = api.get("/api/v1/todos", {"q": "due:today"})
    assert len(first.json()["results"]) == 1
    same = api.get("/api/v1/todos", {"q": "due:today"}, headers={"If-None-Match": first["ETag"]})
    assert same.status_code == 304
    time_machine.move_to(datetime(2026, 5, 2, 12, tzinfo=UTC))
    next_day = api.get("/api/v1/todos", {"q": "due:today"}, headers={"If-None-Match": first["ETag"]})
    assert next_day.status_code == 200
    assert next_day.json()["results"] == []


def test_words_in_a_list_of_other_peoples_todos_stay_theirs(alice: User, bob: User, api: Client) -> None:
    todos.create_todo(owner=bob, title="secretword")
    assert api.get("/api/v1/todos", {"q": "secretword"}).json()["results"] == []
    assert Todo.objects.filter(title="secretword").exists()
