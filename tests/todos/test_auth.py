"""The limits on guessing passwords, at the API's door and at the admin's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from pytest_django.fixtures import Settings

from tests.todos.conftest import PASSWORD
from tests.todos.test_client_address import signed
from todos.models import User

LOGIN = "/api/v1/auth/login"


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.GATEWAY_SECRET = "shared by gateway and API"
    settings.TODOS_LIMITS = {
        **settings.TODOS_LIMITS,
        "LOGINS_PER_ACCOUNT_AND_ADDRESS": "3/60",
        "LOGINS_PER_ACCOUNT": "7/60",
        "LOGINS_PER_ADDRESS": "12/60",
        "SIGN_UPS_PER_ADDRESS": "2/60",
        "PASSWORDS_PER_ACCOUNT": "3/60",
        "TOKENS_PER_ACCOUNT": "2/60",
    }


def log_in(email: str, password: str = "guess 123456", address: str = "192.0.2.1", **headers: str) -> Any:
    """Try to sign in from an address, as the gateway reports it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client().post(
        LOGIN, {"email": email, "password": password}, "application/json", headers={"X-Client-Address": signed(address), **named}
    )


def test_too_many_wrong_passwords_lock_and_say_for_how_long(alice: User) -> None:
    assert [log_in(alice.email).status_code for _ in range(5)] == [400, 400, 400, 429, 429]
    answer = log_in(alice.email, PASSWORD)
    assert answer.status_code == 429
    assert answer["Content-Type"] == "application/problem+json"
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert "Try again in" in answer.json()["detail"]


def test_an_account_is_known_in_every_spelling_of_its_address(alice: User) -> None:
    for spelling in ("alice@example.com", "ALICE@example.com", " Alice@Example.com "):
        log_in(spelling)
    assert log_in(alice.email).status_code == 429


def test_unknown_accounts_lock_as_known_ones_do(alice: User) -> None:
    known = [log_in(alice.email) for _ in range(5)]
    unknown = [log_in("nobody@example.com", address="192.0.2.2") for _ in range(5)]
    assert [answer.status_code for answer in known] == [answer.status_code for answer in unknown]


def test_right_passwords_use_up_nothing(alice: User) -> None:
    assert {log_in(alice.email, PASSWORD).status_code for _ in range(15)} == {200}


def test_one_attacker_cannot_lock_a_victim_out(alice: User) -> None:
    for _ in range(20):
        log_in(alice.email, address="203.0.113.9")
    assert log_in(alice.email, PASSWORD, address="192.0.2.1").status_code == 200


def test_many_attackers_share_what_one_account_allows(alice: User) -> None:
    passed = sum(log_in(alice.email, address=f"203.0.113.{number}").status_code == 400 for number in range(30))
    assert passed == 7


def test_one_address_cannot_try_one_password_on_everybody(db: None) -> None:
    assert sum(log_in(f"user{number}@example.com").status_code == 400 for number in range(20)) == 12


def test_an_attackers_own_account_buys_no_more_tries(alice: User, bob: User) -> None:
    wrong = 0
    for number in range(20):
        wrong += log_in(f"user{number}@example.com").status_code == 400
        log_in(bob.email, PASSWORD)
    assert wrong == 12


def test_forwarding_headers_buy_no_more_tries(alice: User) -> None:
    statuses = [
        log_in(alice.email, X_Forwarded_For=f"198.51.100.{number}", Forwarded=f"for=198.51.100.{number}").status_code for number in range(6)
    ]
    assert statuses == [400, 400, 400, 429, 429, 429]


def test_the_lock_covers_the_admins_door_and_both_doors_count_together(db: None) -> None:
    User.objects.create_superuser("root@example.com", PASSWORD)
    headers = {"X-Client-Address": signed("192.0.2.1")}
    admin = [
        Client().post("/admin/login/", {"username": "root@example.com", "password": "guess 123456"}, headers=headers).status_code
        for _ in range(2)
    ]
    assert admin == [200, 200]
    assert log_in("root@example.com").status_code == 400
    locked = Client().post("/admin/login/", {"username": "root@example.com", "password": PASSWORD}, headers=headers)
    assert locked.status_code == 429
    assert 1 <= int(locked["Retry-After"]) <= 60
    assert "Too many tries" in locked.content.decode()


def test_people_still_sign_in_to_the_admin(db: None) -> None:
    User.objects.create_superuser("root@example.com", PASSWORD)
    client = Client()
    assert client.post("/admin/login/?next=/admin/", {"username": "root@example.com", "password": PASSWORD}).status_code == 302
    assert client.get("/admin/").status_code == 200


def _sign_up(number: int, address: str) -> int:
    body = {"email": f"user{number}@example.com", "password": "a brand new secret 1"}
    headers = {"X-Client-Address": signed(address)}
    return Client().post("/api/v1/auth/signup", body, "application/json", headers=headers).status_code


def test_sign_ups_are_limited_per_address(db: None) -> None:
    assert [_sign_up(number, "192.0.2.1") for number in range(4)] == [201, 201, 429, 429]
    assert _sign_up(5, "192.0.2.2") == 201


def test_signing_up_is_no_way_around_the_limit_on_guessing(alice: User, settings: Settings) -> None:
    settings.TODOS_LIMITS = {**settings.TODOS_LIMITS, "SIGN_UPS_PER_ADDRESS": "100/60"}
    headers = {"X-Client-Address": signed("192.0.2.1")}
    statuses = [
        Client()
        .post("/api/v1/auth/signup", {"email": alice.email, "password": f"guess 12345{number}"}, "application/json", headers=headers)
        .status_code
        for number in range(5)
    ]
    assert statuses == [400, 400, 400, 429, 429]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "auth/password", {"current_password": "guess 123456", "new_password": "something new 42"}),
        ("DELETE", "auth/account", {"password": "guess 123456"}),
    ],
)
def test_a_stolen_session_cannot_guess_the_password(alice: User, method: str, path: str, body: dict[str, str]) -> None:
    client = Client()
    client.force_login(alice)
    statuses = [client.generic(method, f"/api/v1/{path}", str(body).replace("'", '"'), "application/json").status_code for _ in range(5)]
    assert statuses == [400, 400, 400, 429, 429]


def test_making_tokens_is_limited_per_account(alice: User, bob: User) -> None:
    def make(user: User, name: str) -> int:
        client = Client()
        client.force_login(user)
        return client.post("/api/v1/auth/tokens", {"name": name, "scopes": ["read"]}, "application/json").status_code

    assert [make(alice, name) for name in "abcd"] == [201, 201, 429, 429]
    assert make(bob, "a") == 201


def test_a_password_stored_by_an_older_hasher_is_stored_anew_at_sign_in(alice: User, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["todos.auth.Argon2Hasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    User.objects.filter(id=alice.id).update(password=make_password(PASSWORD, hasher="pbkdf2_sha256"))
    assert log_in(alice.email, PASSWORD).status_code == 200
    alice.refresh_from_db()
    assert alice.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_user_comes_with_the_session_and_the_revision_in_one_query(alice: User, django_assert_num_queries: Callable[..., Any]) -> None:
    client = Client()
    client.force_login(alice)
    with django_assert_num_queries(1):
        assert client.get("/api/v1/auth/session").json()["user"]["id"] == str(alice.id)
