"""Signing up, in and out, settings, passwords, API tokens and leaving, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django.fixtures import Settings

from dapr_bridge.models import OutboxEvent
from tests.todos.api.conftest import API, Browser, assert_problem
from tests.todos.conftest import PASSWORD
from todos.models import ApiToken, IdempotencyRecord, Project, Session, Todo, User
from todos.services import todos

NEW = {"email": "Carol@Example.com", "password": "a brand new secret 1", "time_zone": "Asia/Tokyo"}

BrowserOf = Callable[[User], Browser]


def test_a_stranger_learns_that_nobody_is_signed_in_and_gets_a_csrf_token(db: None, browser: Browser) -> None:
    answer = browser.get(f"{API}/auth/session")
    assert answer.json()["user"] is None
    assert len(answer.json()["csrf_token"]) == 64
    assert "csrftoken" in answer.cookies
    assert answer["Cache-Control"] == "no-store"
    assert "sessionid" not in answer.cookies


def test_the_session_shows_exactly_what_a_user_may_see(alice: User, browser_of: BrowserOf) -> None:
    shown = browser_of(alice).get(f"{API}/auth/session").json()["user"]
    assert list(shown) == ["id", "email", "time_zone", "email_reminders", "created_at"]
    assert shown["id"] == str(alice.id)


def test_settings_change_by_merge_patch(alice: User, browser_of: BrowserOf) -> None:
    answer = browser_of(alice).send("PATCH", "auth/session", {"time_zone": "America/New_York", "email_reminders": False})
    assert answer.status_code == 200
    alice.refresh_from_db()
    assert (alice.time_zone, alice.email_reminders) == ("America/New_York", False)
    assert answer.json()["time_zone"] == "America/New_York"


def test_a_time_zone_that_is_none_is_refused(alice: User, browser_of: BrowserOf) -> None:
    problem = assert_problem(browser_of(alice).send("PATCH", "auth/session", {"time_zone": "Mars/Olympus"}), 400)
    assert problem["errors"][0]["field"] == "time_zone"


def test_strangers_have_no_settings(db: None, browser: Browser) -> None:
    assert_problem(browser.send("PATCH", "auth/session", {"email_reminders": False}), 401)


def test_signing_up_makes_an_account_with_an_inbox_and_signs_in(db: None, browser: Browser) -> None:
    answer = browser.send("POST", "auth/signup", NEW)
    assert answer.status_code == 201
    user = User.objects.get(email="carol@example.com")
    assert answer.json()["user"]["id"] == str(user.id)
    assert Project.objects.get(owner=user).is_inbox
    assert user.time_zone == "Asia/Tokyo"
    assert browser.get(f"{API}/auth/session").json()["user"]["email"] == "carol@example.com"
    assert OutboxEvent.objects.filter(type="user.signed_up.v1", subject=f"user/{user.id}").count() == 1


def test_signing_up_again_with_the_same_password_within_a_day_answers_as_the_first_time(db: None) -> None:
    first, again = Browser(), Browser()
    was = first.send("POST", "auth/signup", NEW)
    repeated = again.send("POST", "auth/signup", NEW)
    assert (repeated.status_code, repeated.json()) == (201, was.json())
    assert again.get(f"{API}/auth/session").json()["user"]["email"] == "carol@example.com"
    assert User.objects.count() == 1


def test_signing_up_again_with_another_password_tells_that_the_address_is_taken(db: None) -> None:
    Browser().send("POST", "auth/signup", NEW)
    problem = assert_problem(Browser().send("POST", "auth/signup", {**NEW, "password": "quite another 77"}), 400)
    assert problem["errors"] == [
        {"field": "email", "code": "unique", "detail": "There is an account with this e-mail address. Sign in instead."}
    ]


def test_signing_up_again_after_a_day_is_no_way_to_sign_in(db: None) -> None:
    Browser().send("POST", "auth/signup", NEW)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        assert_problem(Browser().send("POST", "auth/signup", NEW), 400)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": "a@b"}, "email"),
        ({"email": "ünï@example.com"}, "email"),
        ({"email": "\u212a@example.com"}, "email"),  # the Kelvin sign, which lower() makes a plain k
        ({"email": "x" * 250 + "@example.com"}, "email"),
        ({"email": ["a@example.com"]}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "1234567890123"}, "password"),
        ({"password": "carol@example.com"}, "password"),
        ({"password": "x1" * 65}, "password"),
        ({"password": ""}, "password"),
        ({"password": None}, "password"),
        ({"time_zone": "Nowhere"}, "time_zone"),
        ({"is_staff": True}, "is_staff"),
        ({"id": "00000000-0000-0000-0000-000000000000"}, "id"),
    ],
)
def test_a_sign_up_that_cannot_be_names_the_field_at_fault(db: None, browser: Browser, change: dict[str, Any], field: str) -> None:
    problem = assert_problem(browser.send("POST", "auth/signup", {**NEW, **change}), 400)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert not User.objects.exists()


def test_a_password_of_128_characters_with_blanks_at_its_ends_counts_as_typed(db: None, browser: Browser) -> None:
    password = " " + "pass word " * 12 + "123456 "
    assert len(password) == 128
    assert browser.send("POST", "auth/signup", {**NEW, "password": password}).status_code == 201
    assert Browser().log_in("carol@example.com", password).status_code == 200
    assert_problem(Browser().log_in("carol@example.com", password.strip()), 400)


def test_signing_in_takes_the_address_in_any_case(alice: User, browser: Browser) -> None:
    answer = browser.log_in("ALICE@example.com")
    assert answer.status_code == 200
    assert answer.json()["user"]["email"] == "alice@example.com"
    assert answer.cookies["sessionid"]["httponly"]
    assert answer.cookies["sessionid"]["samesite"] == "Lax"


def test_a_wrong_password_an_unknown_address_and_a_closed_account_get_the_same_answer(alice: User, bob: User) -> None:
    User.objects.filter(id=bob.id).update(is_active=False)
    answers = [Browser().log_in("alice@example.com", "not it 12345"), Browser().log_in("nobody@example.com"), Browser().log_in(bob.email)]
    for answer in answers:
        assert_problem(answer, 400)
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(set(answer.headers.items()) - {("X-Request-Id", answer["X-Request-Id"])})) for answer in answers}) == 1


def test_an_unknown_address_costs_a_hash_as_a_known_one_does(alice: User, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counting(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    Browser().log_in(alice.email, "not it 12345")
    known = len(hashed)
    hashed.clear()
    Browser().log_in("nobody@example.com", "not it 12345")
    assert len(hashed) == known == 1


@pytest.mark.parametrize("path", ["auth/login", "auth/signup"])
@pytest.mark.parametrize("headers", [{}, {"X-CSRFToken": "x" * 64}])
def test_strangers_need_the_csrf_token_to_sign_in_or_up(alice: User, browser: Browser, path: str, headers: dict[str, str]) -> None:
    browser.csrf()
    body = {"email": alice.email, "password": PASSWORD}
    problem = assert_problem(browser.post(f"{API}/{path}", body, "application/json", headers=headers), 403)
    assert "CSRF" in problem["detail"]
    assert not Session.objects.exists()


def test_a_foreign_origin_cannot_sign_its_visitors_in(alice: User, browser: Browser) -> None:
    body = {"email": alice.email, "password": PASSWORD}
    assert_problem(browser.send("POST", "auth/login", body, Origin="https://evil.example"), 403)


def test_signing_in_makes_a_new_session_and_a_new_csrf_token(alice: User, bob: User, browser: Browser) -> None:
    browser.log_in(alice.email)
    before = browser.cookies["sessionid"].value
    csrf_before = browser.cookies["csrftoken"].value
    browser.log_in(alice.email)
    assert browser.cookies["sessionid"].value != before
    assert browser.cookies["csrftoken"].value != csrf_before
    assert not Session.objects.filter(session_key=before).exists()
    browser.log_in(bob.email)
    assert browser.get(f"{API}/auth/session").json()["user"]["id"] == str(bob.id)
    assert Session.objects.count() == 1


def test_a_session_key_chosen_by_somebody_else_is_not_taken_over(alice: User, browser: Browser) -> None:
    browser.cookies["sessionid"] = "chosen0by0an0attacker0000000000"
    browser.log_in(alice.email)
    assert browser.cookies["sessionid"].value != "chosen0by0an0attacker0000000000"


def test_signing_out_ends_the_session_for_whoever_kept_its_cookie(alice: User, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    kept = browser.cookies["sessionid"].value
    assert browser.send("POST", "auth/logout").status_code == 204
    thief = Browser()
    thief.cookies["sessionid"] = kept
    assert thief.get(f"{API}/auth/session").json()["user"] is None
    assert_problem(thief.get(f"{API}/todos"), 401)


def test_signing_out_twice_is_fine(alice: User, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    assert [browser.send("POST", "auth/logout").status_code for _ in range(2)] == [204, 204]


def test_another_site_cannot_sign_people_out(alice: User, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    assert_problem(browser.post(f"{API}/auth/logout"), 403)
    assert browser.get(f"{API}/auth/session").json()["user"] is not None


def test_a_closed_account_is_signed_out_at_once(alice: User, browser_of: BrowserOf, client_of: Callable[..., Client]) -> None:
    browser, client = browser_of(alice), client_of(alice)
    User.objects.filter(id=alice.id).update(is_active=False)
    assert browser.get(f"{API}/auth/session").json()["user"] is None
    assert_problem(browser.get(f"{API}/todos"), 401)
    assert_problem(client.get(f"{API}/todos"), 401)


def test_changing_the_password_keeps_this_session_under_a_new_key_and_ends_all_others(alice: User, browser_of: BrowserOf) -> None:
    here, elsewhere = browser_of(alice), browser_of(alice)
    before = here.cookies["sessionid"].value
    body = {"current_password": PASSWORD, "new_password": "something new 42"}
    assert here.send("POST", "auth/password", body).status_code == 204
    assert here.get(f"{API}/todos").status_code == 200
    assert here.cookies["sessionid"].value != before
    assert_problem(elsewhere.get(f"{API}/todos"), 401)
    assert Session.objects.filter(user=alice).count() == 1
    assert Browser().log_in(alice.email, "something new 42").status_code == 200
    assert_problem(Browser().log_in(alice.email, PASSWORD), 400)


def test_a_session_whose_row_survived_a_change_of_password_still_ends(alice: User, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    alice.set_password("something new 42")
    alice.save()
    assert_problem(browser.get(f"{API}/todos"), 401)


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [
        ("wrong one 123", "something new 42", "current_password"),
        (PASSWORD, "alice@example.com", "new_password"),
        (PASSWORD, "", "new_password"),
    ],
)
def test_a_password_does_not_change_without_the_old_one_or_to_a_weak_one(
    alice: User, browser_of: BrowserOf, current: str, new: str, field: str
) -> None:
    browser = browser_of(alice)
    problem = assert_problem(browser.send("POST", "auth/password", {"current_password": current, "new_password": new}), 400)
    assert {error["field"] for error in problem["errors"]} == {field}
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_deleting_the_account_removes_everything_and_signs_out(alice: User, bob: User, browser_of: BrowserOf) -> None:
    todos.create_todo(owner=alice, title="Mine")
    todos.create_todo(owner=bob, title="Bob's")
    browser = browser_of(alice)
    answer = browser.send("DELETE", "auth/account", {"password": PASSWORD}, Idempotency_Key="k")
    assert answer.status_code == 204
    assert not User.objects.filter(id=alice.id).exists()
    assert [todo.title for todo in Todo.objects.all()] == ["Bob's"]
    assert not Session.objects.filter(user_id=alice.id).exists()
    assert browser.get(f"{API}/auth/session").json()["user"] is None
    assert OutboxEvent.objects.filter(type="user.deleted.v1", subject=f"user/{alice.id}").exists()
    assert_problem(browser.send("DELETE", "auth/account", {"password": PASSWORD}), 401)


def test_an_account_is_not_deleted_without_its_password(alice: User, browser_of: BrowserOf) -> None:
    assert_problem(browser_of(alice).send("DELETE", "auth/account", {"password": "wrong one 123"}), 400)
    assert User.objects.filter(id=alice.id).exists()


def test_a_token_is_shown_once_and_kept_as_a_hash(alice: User, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    answer = browser.send("POST", "auth/tokens", {"name": "cron", "scopes": ["write", "read"], "expires_at": None})
    assert answer.status_code == 201
    assert list(answer.json()) == ["id", "name", "scopes", "expires_at", "last_used_at", "created_at", "token"]
    secret = answer.json()["token"]
    assert answer.json()["scopes"] == ["read", "write"]
    assert answer["Cache-Control"] == "no-store"
    assert Client(headers={"Authorization": f"Bearer {secret}"}).get(f"{API}/todos").status_code == 200
    (listed,) = browser.get(f"{API}/auth/tokens").json()["results"]
    assert listed == {name: value for name, value in answer.json().items() if name != "token"} | {"last_used_at": listed["last_used_at"]}
    assert listed["last_used_at"] is not None
    assert secret not in str(list(ApiToken.objects.values()))


def test_a_token_asked_for_twice_with_one_key_is_the_same_and_its_secret_is_not_stored(alice: User, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    answers = [browser.send("POST", "auth/tokens", {"name": "cron", "scopes": ["read"]}, Idempotency_Key="again") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert ApiToken.objects.count() == 1
    secret = answers[0].json()["token"]
    assert secret.encode() not in bytes(IdempotencyRecord.objects.get().body)
    assert Client(headers={"Authorization": f"Bearer {secret}"}).get(f"{API}/todos").status_code == 200


def test_a_revoked_token_opens_nothing(alice: User, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    made = browser.send("POST", "auth/tokens", {"name": "cron", "scopes": ["read"]}).json()
    assert browser.send("DELETE", f"auth/tokens/{made['id']}").status_code == 204
    client = Client(headers={"Authorization": f"Bearer {made['token']}"})
    answer = client.get(f"{API}/todos")
    assert_problem(answer, 401)
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert_problem(browser.send("DELETE", f"auth/tokens/{made['id']}"), 404)


def test_an_expired_token_opens_nothing(alice: User, browser_of: BrowserOf) -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    made = browser_of(alice).send("POST", "auth/tokens", {"name": "cron", "scopes": ["read"], "expires_at": end.isoformat()}).json()
    client = Client(headers={"Authorization": f"Bearer {made['token']}"})
    assert client.get(f"{API}/todos").status_code == 200
    with time_machine.travel(end):
        assert_problem(client.get(f"{API}/todos"), 401)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["admin"]}, "scopes.0"),
        ({"scopes": "read"}, "scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2999-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-12:00"}, "expires_at"),
        ({"owner": "00000000-0000-0000-0000-000000000000"}, "owner"),
        ({"digest": "0" * 64}, "digest"),
        ({"token": "tdo_mine"}, "token"),
    ],
)
def test_a_token_that_cannot_be_names_the_field_at_fault(alice: User, browser_of: BrowserOf, change: dict[str, Any], field: str) -> None:
    problem = assert_problem(browser_of(alice).send("POST", "auth/tokens", {"name": "cron", "scopes": ["read"], **change}), 400)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert not ApiToken.objects.exists()


def test_two_tokens_of_one_name_in_any_case_are_refused(alice: User, browser_of: BrowserOf) -> None:
    browser = browser_of(alice)
    browser.send("POST", "auth/tokens", {"name": "Cron", "scopes": ["read"]})
    problem = assert_problem(browser.send("POST", "auth/tokens", {"name": "cron", "scopes": ["read"]}), 400)
    assert problem["errors"][0]["code"] == "unique"


def test_people_cannot_revoke_each_others_tokens(alice: User, bob: User, browser_of: BrowserOf) -> None:
    made = browser_of(alice).send("POST", "auth/tokens", {"name": "cron", "scopes": ["read"]}).json()
    theirs = browser_of(bob).send("DELETE", f"auth/tokens/{made['id']}")
    assert_problem(theirs, 404)
    assert ApiToken.objects.filter(id=made["id"]).exists()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "auth/tokens", None),
        ("POST", "auth/tokens", {"name": "another", "scopes": ["read"]}),
        ("DELETE", "auth/tokens/00000000-0000-0000-0000-000000000000", None),
        ("POST", "auth/password", {"current_password": PASSWORD, "new_password": "something new 42"}),
        ("DELETE", "auth/account", {"password": PASSWORD}),
    ],
)
def test_a_token_manages_neither_tokens_nor_passwords_nor_the_account(api: Client, method: str, path: str, body: Any) -> None:
    assert_problem(api.generic(method, f"{API}/{path}", "" if body is None else str(body).replace("'", '"'), "application/json"), 403)
    assert ApiToken.objects.count() == 1
