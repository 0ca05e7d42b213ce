"""Files of other programs are taken and given, whatever is in them."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from todos.api.views import files
from todos.formats import FORMATS
from todos.models import Label, Project, Todo, User
from todos.services import labels, projects, todos

pytestmark = pytest.mark.django_db(transaction=True)

GOOD = b"(A) Pay rent due:2026-02-01 +Flat @money\nx 2026-01-02 Call mum @family\nWater the plants +Garden\n"
BAD = b"(A) Pay rent +Flat\n+OnlyAProject\n\xff\xfe not text\nWater the plants\n"


def send(api: Client, body: bytes, query: str = "format=todotxt", **headers: str) -> dict[str, object]:
    response = api.post(f"/api/v1/import?{query}", body, content_type="text/plain", headers=headers)
    assert response.status_code == 200, response.content
    answer: dict[str, object] = response.json()
    return answer


def test_a_file_is_taken_with_its_projects_and_labels(api: Client, alice: User) -> None:
    report = send(api, GOOD)
    assert (report["todos"], report["projects"], report["labels"], report["written"]) == (3, 2, 2, True)
    rent = Todo.objects.get(title="Pay rent")
    assert (rent.priority, rent.due_on, rent.project.name, [label.name for label in rent.labels.all()]) == (
        1,
        date(2026, 2, 1),
        "Flat",
        ["money"],
    )
    assert Todo.objects.get(title="Call mum").completed_at is not None
    assert list(Todo.objects.order_by("position").values_list("title", flat=True)) == ["Pay rent", "Call mum", "Water the plants"]


def test_a_preview_says_what_would_happen_and_writes_nothing(api: Client, alice: User) -> None:
    report = send(api, BAD, "format=todotxt&mode=preview")
    assert (report["todos"], report["skipped"], report["written"]) == (2, 2, False)
    assert [line["line"] for line in report["lines"]] == [2, 3]  # type: ignore[attr-defined]
    assert not Todo.objects.exists()


def test_bad_lines_stop_everything_or_are_left_out_as_asked(api: Client, alice: User) -> None:
    refused = api.post("/api/v1/import?format=todotxt&mode=all", BAD, content_type="text/plain")
    assert refused.status_code == 400
    assert [error["field"] for error in refused.json()["errors"]] == ["line 2", "line 3"]
    assert not Todo.objects.exists()
    report = send(api, BAD, "format=todotxt&mode=valid")
    assert (report["todos"], report["skipped"]) == (2, 2)
    assert Todo.objects.count() == 2


def test_names_that_exist_are_used_again_in_any_case(api: Client, alice: User) -> None:
    flat = projects.create_project(owner=alice, name="flat")
    money = labels.create_label(owner=alice, name="MONEY")
    send(api, GOOD)
    rent = Todo.objects.get(title="Pay rent")
    assert rent.project == flat
    assert list(rent.labels.all()) == [money]
    assert Project.objects.count() == 3
    assert Label.objects.count() == 2


def test_a_form_is_understood_and_the_format_seen_from_the_name(api: Client, alice: User) -> None:
    response = api.post("/api/v1/import", {"file": SimpleUploadedFile("todo.txt", GOOD)})
    assert response.status_code == 200, response.content
    assert Todo.objects.count() == 3
    assert api.post("/api/v1/import", {"file": SimpleUploadedFile("what.ever", GOOD)}).status_code == 400
    assert api.post("/api/v1/import?format=todotxt", {"other": "x"}).status_code == 400


def test_the_same_file_under_the_same_key_is_taken_once(api: Client, alice: User) -> None:
    first = send(api, GOOD, Idempotency_Key="k")
    assert send(api, GOOD, Idempotency_Key="k") == first
    assert Todo.objects.count() == 3
    other = api.post("/api/v1/import?format=todotxt", BAD, content_type="text/plain", headers={"Idempotency-Key": "k"})
    assert other.status_code == 422


def test_progress_is_told_line_by_line_and_a_problem_at_the_end(api: Client, alice: User) -> None:
    many = b"".join(b"todo number %d\n" % number for number in range(1_200))
    response = api.post("/api/v1/import?format=todotxt", many, content_type="text/plain", headers={"Accept": files.NDJSON})
    lines = [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]  # type: ignore[attr-defined]
    assert lines[-1]["report"]["todos"] == 1_200
    assert [line["progress"]["todos"] for line in lines[:-1]].count(500) >= 1
    response = api.post("/api/v1/import?format=todotxt", BAD, content_type="text/plain", headers={"Accept": files.NDJSON})
    lines = [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]  # type: ignore[attr-defined]
    assert lines[-1]["problem"]["status"] == 400
    assert Todo.objects.count() == 1_200


def test_a_file_that_is_too_large_is_refused(api: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    response = api.post("/api/v1/import?format=todotxt", b"x" * 101, content_type="text/plain")
    assert response.status_code == 413
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [b"", b"\0\0\0", b"{", b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\n", b'TYPE,CONTENT\n"task,"', b"\xef\xbb\xbf\n\n", bytes(range(256)) * 50],
)
@pytest.mark.parametrize("kind", list(FORMATS))
def test_no_file_is_answered_with_a_server_error(kind: str, body: bytes, api: Client, alice: User) -> None:
    for mode in ("preview", "valid", "all"):
        response = api.post(f"/api/v1/import?format={kind}&mode={mode}", body, content_type="application/octet-stream")
        assert response.status_code in (200, 400), response.content


def _life(alice: User) -> None:
    """A bit of everything that a file could lose."""
    flat = projects.create_project(owner=alice, name="Flat, 2nd floor", colour="#ff8800")
    projects.create_project(owner=alice, name="Empty", archived=True)
    for name in ("money", "at home"):
        labels.create_label(owner=alice, name=name)
    money = Label.objects.get(name="money")
    rent = todos.create_todo(
        owner=alice,
        title='Pay "rent", now; (B) x @not +this',
        notes="# Notes\n\n- with, commas\n- and ümläuts 🎉\n\n  indented",
        project=flat.id,
        labels=[money.id],
        priority=1,
        due_at=datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
        time_zone="America/New_York",
        remind_at=datetime(2026, 3, 28, 8, tzinfo=UTC),
        recurrence="FREQ=MONTHLY;BYMONTHDAY=1",
    )
    todos.create_todo(owner=alice, title="a subtask", parent=rent.id, priority=3)  # CSV knows no difference between 4 and none
    todos.create_todo(owner=alice, title="all day", due_on=date(2026, 2, 28), recurrence="FREQ=DAILY;INTERVAL=3", recurs_from="completion")
    done = todos.create_todo(owner=alice, title="done")
    todos.complete_todo(owner=alice, todo_id=done.id)
    gone = todos.create_todo(owner=alice, title="in the trash")
    todos.delete_todo(owner=alice, todo_id=gone.id)


def _told(user: User) -> list[dict[str, object]]:
    names = (
        "title",
        "notes",
        "priority",
        "due_at",
        "due_on",
        "time_zone",
        "remind_at",
        "recurrence",
        "recurs_from",
        "completed_at",
        "deleted_at",
    )
    return [
        {name: getattr(todo, name) for name in names}
        | {"created_at": todo.created_at, "project": todo.project.name, "colour": todo.project.colour}
        | {"parent": todo.parent.title if todo.parent else None, "labels": sorted(label.name for label in todo.labels.all())}
        for todo in Todo.objects.owned_by(user).order_by("position")
    ]


def test_our_own_format_loses_nothing(alice: User, bob: User, api: Client, client_of: Callable[..., Client]) -> None:
    _life(alice)
    exported = api.get("/api/v1/export?format=json")
    assert re.fullmatch(r'attachment; filename="todos-[-0-9]{10}\.json"', exported["Content-Disposition"])
    body = b"".join(exported.streaming_content)  # type: ignore[attr-defined]
    report = client_of(bob).post("/api/v1/import?format=json", body, content_type="application/json")
    assert report.status_code == 200, report.content
    assert _told(bob) == _told(alice)
    assert sorted(Project.objects.owned_by(bob).values_list("name", "colour", "archived")) == sorted(
        Project.objects.owned_by(alice).values_list("name", "colour", "archived")
    )
    assert set(Label.objects.owned_by(bob).values_list("name", flat=True)) == {"money", "at home"}


def test_an_export_takes_as_many_queries_for_many_todos_as_for_few(alice: User, api: Client) -> None:
    api.get("/api/v1/labels")  # the first use of a token in an hour is noted, by a query of its own
    counts = []
    for title in "abcdefgh":
        todos.create_todo(owner=alice, title=title)
        with CaptureQueriesContext(connection) as queries:
            b"".join(api.get("/api/v1/export").streaming_content)  # type: ignore[attr-defined]
        counts.append(len(queries))
    assert len(set(counts)) == 1


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "json"])
def test_other_formats_keep_what_matters(kind: str, alice: User, bob: User, api: Client, client_of: Callable[..., Client]) -> None:
    _life(alice)
    body = b"".join(api.get(f"/api/v1/export?format={kind}").streaming_content)  # type: ignore[attr-defined]
    report = client_of(bob).post(f"/api/v1/import?format={kind}&mode=valid", body, content_type="text/plain")
    assert report.status_code == 200, report.content
    assert report.json()["skipped"] == 0, report.json()
    there = {todo["title"]: todo for todo in _told(bob)}
    for todo in _told(alice):
        if todo["completed_at"] or todo["deleted_at"]:
            continue
        same = ("title", "priority", "due_at", "due_on", "labels")
        assert {name: there[str(todo["title"])][name] for name in same} == {name: todo[name] for name in same}
        # todo.txt has no spaces within names.
        assert str(there[str(todo["title"])]["project"]).replace("_", " ") == todo["project"]
    assert there["a subtask"]["parent"] == 'Pay "rent", now; (B) x @not +this'
