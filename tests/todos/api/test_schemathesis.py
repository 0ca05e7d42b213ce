"""Whatever the OpenAPI document allows or forbids is sent: no answer is a 5xx, and every answer is as the document says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from pytest_django.fixtures import Settings
from schemathesis.checks import CHECKS, load_all_checks

from tests.todos.conftest import PASSWORD
from todo_project.wsgi import application
from todos.models import Notification, User
from todos.models.ids import new_id
from todos.services import accounts, labels, projects, todos

pytestmark = pytest.mark.django_db(transaction=True)  # requests commit and roll back as real ones do

load_all_checks()
# What is well-formed may still be refused (a project that is not there, a weak password), and the product decides that.
SEMANTIC = {"positive_data_acceptance"}
CHECKED = [check for name, check in ((check.__name__, check) for check in CHECKS.get_all()) if name not in SEMANTIC]


@pytest.fixture
def owner(settings: Settings) -> User:
    """Somebody, with no limit on trying: what lies behind the limits is to be reached."""
    settings.TODOS_LIMITS = dict.fromkeys(settings.TODOS_LIMITS, "1000000/60")
    return accounts.sign_up(email="alice@example.com", password=PASSWORD, time_zone="Europe/Berlin")


@pytest.fixture
def seeded(owner: User) -> dict[str, UUID]:
    """One of everything, by the names of the path parameters."""
    project = projects.create_project(owner=owner, name="Home").id
    label = labels.create_label(owner=owner, name=f"garden {new_id()}").id
    todo = todos.create_todo(owner=owner, title="Water the plants", project=project, labels=[label])
    todos.create_todo(owner=owner, title="Fill the can", parent=todo.id)
    notification = Notification.objects.create(owner=owner, todo_id=todo.id, title=todo.title, remind_at=todo.created_at)
    token, _ = accounts.create_token(owner=owner, name=str(new_id()), scopes=["read"])
    return {"project_id": project, "label_id": label, "todo_id": todo.id, "notification_id": notification.id, "token_id": token.id}


@pytest.fixture
def token(owner: User) -> dict[str, str]:
    """The headers of a program with an API token."""
    _, secret = accounts.create_token(owner=owner, name=str(new_id()), scopes=["read", "write"])
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def session(owner: User) -> dict[str, str]:
    """The headers of a browser in which somebody is signed in."""
    browser = Client()
    browser.force_login(owner)
    csrf = browser.get("/api/v1/auth/session").json()["csrf_token"]
    cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in browser.cookies.items())
    return {"Cookie": cookies, "X-CSRFToken": csrf}


def _call(case: Any, headers: dict[str, str], seeded: dict[str, UUID]) -> None:
    """Send the case, half of those with good ids about something that is there."""
    wrong = {location.value for location, made in case.meta.components.items() if made.mode.is_negative}
    for name, value in case.path_parameters.items():
        if "path" not in wrong and name in seeded and str(value)[-1] in "02468ace":
            case.path_parameters[name] = str(seeded[name])
    # Wrong headers are replaced by ours here, and an If-Match that names another version is answered before the body is read.
    judged = wrong <= {"path", "query", "body"} and "If-Match" not in case.headers
    case.call_and_validate(headers=headers, checks=[check for check in CHECKED if judged or check.__name__ != "negative_data_rejection"])


def _bounded(examples: int) -> hypothesis_settings:
    phases = [Phase.explicit, Phase.generate]
    return hypothesis_settings(max_examples=examples, deadline=None, phases=phases, suppress_health_check=list(HealthCheck))


def _served(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The application as a server calls it: answers are closed, which schemathesis leaves out."""
    answer = application(environ, start_response)
    try:
        return [b"".join(answer)]
    finally:
        if hasattr(answer, "close"):
            answer.close()


everything = schemathesis.openapi.from_wsgi("/api/v1/schema", _served)
accounts_only = everything.include(path_regex=r"/auth/")


@everything.parametrize()
@_bounded(10)
def test_a_token_gets_what_the_document_says(case: Any, token: dict[str, str], seeded: dict[str, UUID]) -> None:
    _call(case, token, seeded)


@everything.parametrize()
@_bounded(3)
def test_strangers_get_what_the_document_says(case: Any, seeded: dict[str, UUID]) -> None:
    _call(case, {}, seeded)


@accounts_only.parametrize()
@_bounded(10)
def test_a_session_gets_what_the_document_says(case: Any, session: dict[str, str], seeded: dict[str, UUID]) -> None:
    _call(case, session, seeded)
