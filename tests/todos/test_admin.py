from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

if TYPE_CHECKING:
    from todos.models import User

from tests.todos.conftest import PASSWORD

pytestmark = pytest.mark.django_db
TODO = {"notes": "", "priority": "0", "recurrence": "", "recurs_from": "due", "due_at_0": "", "due_at_1": "", "due_on": ""}
NO_REMINDER = {"remind_at_0": "", "remind_at_1": ""}


@pytest.fixture
def operator(db: None) -> User:
    from todos.services import accounts

    return accounts.sign_up(email="operator@example.com", password=PASSWORD, is_staff=True, is_superuser=True)


@pytest.fixture
def admin(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def events_of(subject: str) -> list[str]:
    from dapr_bridge.models import OutboxEvent

    return list(OutboxEvent.objects.filter(subject=subject).order_by("position").values_list("type", flat=True))


def errors_in(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return " ".join(re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', answer.content.decode(), re.S))


def created(owner: User, title: str = "Milk", **fields: Any) -> Any:
    from todos.services.todos import create_todo

    return create_todo(owner=owner, title=title, **fields)


def form_of(todo: Any, **differences: Any) -> dict[str, Any]:
    values = {**TODO, **NO_REMINDER, "title": todo.title, "project": str(todo.project_id), "parent": "", "time_zone": todo.time_zone}
    return {**values, **differences}


def act(admin: Client, model: str, action: str, *rows: Any, **more: Any) -> str:
    answer = admin.post(
        f"/admin/todos/{model}/", {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}, follow=True
    )
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("model", ["user", "project", "label", "todo", "activity", "notification", "apitoken"])
def test_lists_cost_the_same_number_of_queries_however_many_rows(
    admin: Client, alice: User, bob: User, model: str, django_assert_max_num_queries: Any
) -> None:
    from todos.models import Activity, Label, Notification
    from todos.services import accounts

    for number in range(5):
        for owner in (alice, bob):
            todo = created(owner, f"todo {number}")
            Label.objects.create(owner=owner, name=f"label {number}")
            accounts.create_token(owner=owner, name=f"token {number}", scopes=["read"])
            Notification.objects.create(owner=owner, todo_id=todo.id, title="x", remind_at=timezone.now())
            Activity.objects.create(
                id=todo.id, owner=owner, type="todo.created.v1", subject_id=todo.id, title="x", happened_at=timezone.now()
            )
    with django_assert_max_num_queries(3):  # session, bounded count, rows
        answer = admin.get(f"/admin/todos/{model}/")
    assert answer.status_code == 200
    assert answer.content.count(b"action-select") >= 3 or model in ("activity", "notification")


def test_a_new_user_gets_an_inbox_and_an_event(admin: Client) -> None:
    from todos.models import Project, User

    values = {"email": "New@Example.com", "password": PASSWORD, "time_zone": "Europe/Berlin", "email_reminders": "on"}
    assert admin.post("/admin/todos/user/add/", values).status_code == 302
    user = User.objects.get(email="new@example.com")
    assert user.check_password(PASSWORD)
    assert not user.is_staff
    assert Project.objects.get(owner=user).is_inbox
    assert events_of(f"user/{user.id}") == ["user.signed_up.v1"]


@pytest.mark.parametrize(
    ("differences", "reason"),
    [
        ({"password": "password"}, "too common"),
        ({"time_zone": "Mars/Olympus"}, "time zone"),
        ({"email": "ALICE@example.com"}, "already exists"),
        ({"email": "no address"}, "valid email"),
        ({"email": ""}, "required"),
        ({"email": "a\0b@example.com"}, "Null characters"),
    ],
)
def test_a_wrong_new_user_is_a_form_error(admin: Client, alice: User, differences: dict[str, str], reason: str) -> None:
    values = {"email": "new@example.com", "password": PASSWORD, "time_zone": "UTC", **differences}
    assert reason in errors_in(admin.post("/admin/todos/user/add/", values))


def test_neither_hashes_nor_session_keys_nor_token_digests_are_shown(admin: Client, alice: User) -> None:
    from todos.models import Session
    from todos.services import accounts

    other = Client()
    other.force_login(alice)
    token, secret = accounts.create_token(owner=alice, name="laptop", scopes=["read"])
    on = f"{token.pk}/change/"
    pages = b"".join(
        admin.get(path).content
        for path in (
            "/admin/todos/user/",
            f"/admin/todos/user/{alice.pk}/change/",
            f"/admin/todos/apitoken/{on}",
            "/admin/todos/apitoken/",
        )
    ).decode()
    session = Session.objects.get(user=alice)
    for hidden in (alice.password, alice.password.rsplit("$", 1)[1], session.session_key, token.digest, secret):
        assert hidden not in pages
    assert "Set a new password" in pages


def test_a_deactivated_user_is_out_at_once(admin: Client, alice: User, api: Client) -> None:
    assert api.get("/api/v1/projects").status_code == 200
    assert "Deactivated: 1." in act(admin, "user", "deactivate", alice)
    assert api.get("/api/v1/projects").status_code == 401
    act(admin, "user", "activate", alice)
    assert api.get("/api/v1/projects").status_code == 200


def test_ending_sessions_leaves_nobody_signed_in(admin: Client, alice: User) -> None:
    other = Client()
    other.force_login(alice)
    assert other.get("/api/v1/projects").status_code == 200
    act(admin, "user", "end_sessions", alice)
    assert other.get("/api/v1/projects").status_code == 401


def test_operators_cannot_lock_themselves_out(admin: Client, operator: User) -> None:
    values = {"email": operator.email, "time_zone": "UTC", "email_reminders": "on", "is_staff": "on", "is_superuser": "on"}
    assert "Ask another operator" in errors_in(admin.post(f"/admin/todos/user/{operator.pk}/change/", values))
    act(admin, "user", "deactivate", operator)
    assert "operators do not delete themselves" in act(admin, "user", "delete_selected", operator, post="yes")
    assert admin.get(f"/admin/todos/user/{operator.pk}/delete/").status_code == 403
    operator.refresh_from_db()
    assert operator.is_active
    assert operator.is_superuser


def test_deleting_a_user_publishes_it_and_leaves_nothing(admin: Client, alice: User) -> None:
    from todos.models import Todo, User

    created(alice)
    assert admin.post(f"/admin/todos/user/{alice.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=alice.pk).exists()
    assert not Todo.objects.exists()
    assert events_of(f"user/{alice.pk}")[-1] == "user.deleted.v1"


def test_a_revoked_token_is_refused(admin: Client, alice: User, api: Client) -> None:
    from todos.models import ApiToken

    token = ApiToken.objects.get(owner=alice)
    assert admin.post(f"/admin/todos/apitoken/{token.pk}/delete/", {"post": "yes"}).status_code == 302
    assert api.get("/api/v1/projects").status_code == 401
    assert admin.get("/admin/todos/apitoken/add/").status_code == 403


def test_a_todo_is_added_for_somebody_with_its_event(admin: Client, alice: User) -> None:
    from todos.models import Todo

    answer = admin.post("/admin/todos/todo/add/", {**TODO, **NO_REMINDER, "owner": str(alice.pk), "title": "Milk", "due_on": "2027-01-31"})
    todo = Todo.objects.get(owner=alice)
    assert answer["Location"] == f"/admin/todos/todo/{todo.pk}/change/"
    assert (todo.title, str(todo.due_on), todo.project.is_inbox) == ("Milk", "2027-01-31", True)
    assert events_of(f"todo/{todo.pk}") == ["todo.created.v1"]
    assert "Milk" in admin.get(answer["Location"]).content.decode()


def test_changes_go_through_the_service(admin: Client, alice: User) -> None:
    from dapr_bridge.models import OutboxEvent
    from todos.services.labels import create_label
    from todos.services.projects import create_project

    project, label = create_project(owner=alice, name="Home"), create_label(owner=alice, name="errand")
    todo = created(alice)
    values = form_of(todo, title="Oat milk", project=str(project.pk), chosen_labels=[str(label.pk)], priority="1")
    assert admin.post(f"/admin/todos/todo/{todo.pk}/change/", values).status_code == 302
    todo.refresh_from_db()
    assert (todo.title, todo.project, todo.priority, list(todo.labels.all())) == ("Oat milk", project, 1, [label])
    event = OutboxEvent.objects.get(type="todo.updated.v1")
    assert set(event.data["fields"]) == {"title", "project", "priority", "labels"}


def test_saving_without_a_change_changes_nothing(admin: Client, alice: User) -> None:
    todo = created(alice, due_at=timezone.now(), recurrence="FREQ=DAILY")
    page = admin.get(f"/admin/todos/todo/{todo.pk}/change/").content.decode()
    inputs = dict(re.findall(r'<input type="(?:text|hidden)" name="([^"]+)" value="([^"]*)"', page))
    values = form_of(todo, **{name: value for name, value in inputs.items() if name != "csrfmiddlewaretoken"})
    assert admin.post(f"/admin/todos/todo/{todo.pk}/change/", values).status_code == 302
    assert events_of(f"todo/{todo.pk}") == ["todo.created.v1"]


@pytest.mark.parametrize(
    ("differences", "reason"),
    [
        ({"title": ""}, "required"),
        ({"title": "x" * 501}, "at most 500"),
        ({"title": "a\0b"}, "Null characters"),
        ({"due_at_0": "2027-01-01", "due_at_1": "10:00", "due_on": "2027-01-01"}, "not both"),
        ({"due_on": "1500-01-01"}, "1900"),
        ({"due_on": "tomorrow"}, "valid date"),
        ({"due_at_0": "9999-12-31", "due_at_1": "23:59:59"}, "9998"),
        ({"recurrence": "FREQ=DAILY"}, "needs a date"),
        ({"due_on": "2027-01-01", "recurrence": "FREQ=SECONDLY"}, "FREQ"),
        ({"time_zone": "Mars/Olympus"}, "time zone"),
        ({"priority": "9"}, "valid choice"),
        ({"project": "01a20ccf-ced3-70e3-85a9-c7e533cdaeff"}, "valid choice"),
        ({"parent": "nonsense"}, "not a valid"),
        ({"chosen_labels": "nonsense"}, "not a valid"),
    ],
)
def test_wrong_input_is_a_form_error(admin: Client, alice: User, differences: dict[str, str], reason: str) -> None:
    todo = created(alice)
    assert reason in errors_in(admin.post(f"/admin/todos/todo/{todo.pk}/change/", form_of(todo, **differences)))
    todo.refresh_from_db()
    assert todo.version == 1


def test_other_peoples_projects_labels_and_todos_cannot_be_chosen(admin: Client, alice: User, bob: User) -> None:
    from todos.services.labels import create_label

    todo, label, foreign = created(alice), create_label(owner=bob, name="errand"), created(bob)
    for differences in ({"project": str(foreign.project_id)}, {"chosen_labels": [str(label.pk)]}, {"parent": str(foreign.pk)}):
        assert errors_in(admin.post(f"/admin/todos/todo/{todo.pk}/change/", form_of(todo, **differences)))


def test_actions_complete_reopen_delete_and_restore(admin: Client, alice: User, bob: User) -> None:
    one, two = created(alice), created(bob)
    assert "Completed: 2." in act(admin, "todo", "complete", one, two)
    assert "Reopened: 1." in act(admin, "todo", "reopen", one)
    act(admin, "todo", "delete_selected", one, two, post="yes")
    assert "Left alone, because it does not apply: 2." in act(admin, "todo", "complete", one, two)
    act(admin, "todo", "restore", one)
    assert events_of(f"todo/{one.pk}") == [
        "todo.created.v1",
        "todo.completed.v1",
        "todo.reopened.v1",
        "todo.deleted.v1",
        "todo.restored.v1",
    ]
    assert events_of(f"todo/{two.pk}") == ["todo.created.v1", "todo.completed.v1", "todo.deleted.v1"]


def test_a_todo_in_the_trash_can_only_be_looked_at(admin: Client, alice: User) -> None:
    from todos.services.todos import delete_todo

    todo = created(alice)
    delete_todo(owner=alice, todo_id=todo.id)
    page = admin.get(f"/admin/todos/todo/{todo.pk}/change/")
    assert page.status_code == 200
    assert b'name="_save"' not in page.content
    assert admin.post(f"/admin/todos/todo/{todo.pk}/change/", form_of(todo, title="x")).status_code == 403


def test_too_many_rows_at_once_are_refused_as_a_whole(admin: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from todos.models import Todo

    monkeypatch.setattr("todos.admin.base.AT_ONCE", 2)
    rows = [created(alice, f"todo {number}") for number in range(3)]
    assert "At most 2 rows at once" in act(admin, "todo", "complete", *rows)
    assert Todo.objects.open().count() == 3


def test_deleting_a_project_sends_its_todos_to_the_trash(admin: Client, alice: User) -> None:
    from todos.services.projects import create_project

    project = create_project(owner=alice, name="Home")
    todo = created(alice, project=project.id)
    assert admin.post(f"/admin/todos/project/{project.pk}/delete/", {"post": "yes"}).status_code == 302
    todo.refresh_from_db()
    assert todo.deleted_at is not None
    assert events_of(f"project/{project.pk}") == ["project.created.v1", "project.deleted.v1"]


def test_what_services_refuse_is_said_on_the_page(admin: Client, alice: User) -> None:
    from todos.models import Project
    from todos.services.labels import create_label

    inbox = Project.objects.get(owner=alice, is_inbox=True)
    refused = admin.post(f"/admin/todos/project/{inbox.pk}/delete/", {"post": "yes"}, follow=True)
    assert b"The Inbox cannot be deleted." in refused.content
    renamed = admin.post(f"/admin/todos/project/{inbox.pk}/change/", {"name": "Other", "colour": inbox.colour})
    assert "keeps its name" in errors_in(renamed)
    create_label(owner=alice, name="errand")
    second = create_label(owner=alice, name="phone")
    taken = admin.post(f"/admin/todos/label/{second.pk}/change/", {"name": "ERRAND", "colour": "#112233"})
    assert "label of this name already" in errors_in(taken)
    colour = admin.post("/admin/todos/label/add/", {"owner": str(alice.pk), "name": "x", "colour": "red"})
    assert "six hexadecimal digits" in errors_in(colour)


@pytest.mark.parametrize(
    ("term", "found"),
    [("oat", 1), ("OAT M", 1), ("nothing like it", 0), ("alice@example.com", 2), ("bob@example.com", 0), ("%", 0), ("'\"\\", 0)],
)
def test_todos_are_found_by_words_of_the_title_and_by_owner(admin: Client, alice: User, bob: User, term: str, found: int) -> None:
    created(alice, "Oat milk")
    created(alice, "Bread")
    page = admin.get("/admin/todos/todo/", {"q": term})
    assert f"{found} result" in page.content.decode()


def test_a_todo_is_found_by_id(admin: Client, alice: User) -> None:
    todo = created(alice)
    created(alice)
    assert b"1 result" in admin.get("/admin/todos/todo/", {"q": str(todo.pk)}).content


@pytest.mark.parametrize(("state", "found"), [("open", 2), ("overdue", 1), ("done", 1), ("trash", 1), ("nonsense", 4)])
def test_todos_are_filtered_by_state(admin: Client, alice: User, state: str, found: int) -> None:
    from todos.services.todos import complete_todo, delete_todo

    created(alice)
    created(alice, due_at=timezone.now() - timedelta(days=1))
    complete_todo(owner=alice, todo_id=created(alice).id)
    delete_todo(owner=alice, todo_id=created(alice).id)
    assert f"{found} todo" in admin.get("/admin/todos/todo/", {"state": state}).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "q=" + "x" * 5000,
        "owner__id__exact=nonsense",
        "created_at__gte=nonsense",
        "priority=99999999999999999999",
        "priority__exact=x",
        "title__exact=%00",
        "p=999999",
        "p=-1",
        "p=x",
        "o=99.1",
        "id__gte=1",
        "unknown=1",
        "%00=1",
        "owner__password__startswith=a",
    ],
)
@pytest.mark.parametrize("model", ["todo", "user", "activity"])
def test_no_address_is_a_server_error(admin: Client, model: str, query: str) -> None:
    assert admin.get(f"/admin/todos/{model}/?{query}", follow=True).status_code in (200, 400)


@pytest.mark.parametrize("path", ["nonsense", "%00", "01a20ccf-ced3-70e3-85a9-c7e533cdaeff", "a%2Fb"])
@pytest.mark.parametrize("model", ["todo", "user", "project", "label", "activity", "apitoken"])
def test_an_unknown_object_is_said_to_be_unknown(admin: Client, model: str, path: str) -> None:
    for page in ("change", "delete", "history"):
        answer = admin.get(f"/admin/todos/{model}/{path}/{page}/")
        assert answer.status_code in (302, 400, 403, 404)


def test_long_lists_are_counted_by_estimate(admin: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from todos.admin.base import EstimatingPaginator
    from todos.models import Label

    monkeypatch.setattr(EstimatingPaginator, "EXACT_UP_TO", 5)
    Label.objects.bulk_create(Label(owner=alice, name=f"label {number}") for number in range(20))
    assert 6 <= EstimatingPaginator(Label.objects.order_by("pk"), 100).count < 1000
    assert EstimatingPaginator(Label.objects.filter(name="label 3").order_by("pk"), 100).count == 1
    assert admin.get("/admin/todos/label/").status_code == 200


@pytest.mark.parametrize("model", ["user", "project", "label", "todo"])
def test_what_can_be_added_has_a_form_for_it(admin: Client, model: str) -> None:
    assert b'name="_save"' in admin.get(f"/admin/todos/{model}/add/").content


@pytest.mark.parametrize("model", ["activity", "notification"])
def test_what_happened_cannot_be_edited(admin: Client, model: str) -> None:
    assert admin.get(f"/admin/todos/{model}/add/").status_code == 403
    assert b'value="delete_selected"' not in admin.get(f"/admin/todos/{model}/").content


def test_people_who_are_no_operators_do_not_get_in(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    assert client.get("/admin/")["Location"].startswith("/admin/login/")


def test_the_password_of_a_user_is_set_by_an_operator(admin: Client, alice: User) -> None:
    new = "another horse battery 7"
    values = {"password1": new, "password2": new, "usable_password": "true"}
    assert admin.post(f"/admin/todos/user/{alice.pk}/password/", values).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(new)
