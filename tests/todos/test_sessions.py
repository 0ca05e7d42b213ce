"""Sessions while the database goes away, or while somebody signs out elsewhere."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from todos.models import Session, User
from todos.sessions import SessionStore

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "correct horse battery 9"
SIGN_IN = "/api/v1/auth/login"


@pytest.fixture
def client() -> Client:
    User.objects.create_user("alice@example.com", PASSWORD)
    return Client(raise_request_exception=False)


def sign_in(client: Client) -> Any:
    return client.post(SIGN_IN, {"email": "alice@example.com", "password": PASSWORD}, "application/json")


def at_the_last_save(act: Callable[[], None]) -> Callable[..., Any]:
    """Let something happen when the session, which was just made, is saved once more."""

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith('UPDATE "todos_session"'):
            act()
        return execute(sql, params, many, context)

    return wrapper


def test_a_database_that_goes_away_while_a_session_is_saved_is_worth_another_try(client: Client) -> None:
    def away() -> None:
        raise OperationalError("terminating connection due to administrator command")

    with connection.execute_wrapper(at_the_last_save(away)):
        answer = sign_in(client)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "1"
    assert sign_in(client).status_code == 200


def test_a_session_that_was_ended_meanwhile_is_not(client: Client) -> None:
    def end_it() -> None:
        Session.objects.all().delete()

    with connection.execute_wrapper(at_the_last_save(end_it)):
        assert sign_in(client).status_code == 400


@pytest.fixture
def signed() -> str:
    return SessionStore().encode({"_auth_user_id": "1", "seen": [1]})


def test_each_reader_of_a_session_has_data_of_its_own(signed: str) -> None:
    SessionStore().decode(signed)["seen"].append(2)
    assert SessionStore().decode(signed) == {"_auth_user_id": "1", "seen": [1]}


def test_what_we_did_not_sign_is_an_empty_session(signed: str, settings: Any) -> None:
    assert SessionStore().decode(signed)
    for changed in (f"x{signed}", signed[:-1], "", "a:b"):
        assert SessionStore().decode(changed) == {}
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert SessionStore().decode(signed)
    settings.SECRET_KEY_FALLBACKS = []
    assert SessionStore().decode(signed) == {}
