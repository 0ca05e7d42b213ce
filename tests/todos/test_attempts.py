"""The limits on trying, in PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from tests.todos.conftest import PASSWORD
from todos import attempts
from todos.errors import TooManyAttempts
from todos.models import Attempt, User


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.TODOS_LIMITS = {
        **settings.TODOS_LIMITS,
        "THINGS": "3/60",
        "LOGINS_PER_ACCOUNT_AND_ADDRESS": "5/60",
        "LOGINS_PER_ACCOUNT": "8/60",
        "LOGINS_PER_ADDRESS": "20/60",
    }


def _count(times: int, *subject: str) -> int:
    """How many of so many tries are let through."""
    passed = 0
    for _ in range(times):
        try:
            attempts.count("THINGS", *subject)
            passed += 1
        except TooManyAttempts:
            pass
    return passed


def test_tries_above_the_limit_are_refused_and_told_when_to_come_back(db: None) -> None:
    assert _count(3, "x") == 3
    with pytest.raises(TooManyAttempts) as refused:
        attempts.count("THINGS", "x")
    assert 1 <= refused.value.retry_after <= 60


def test_subjects_are_counted_apart(db: None) -> None:
    assert _count(5, "a", "bc") == 3
    assert _count(5, "ab", "c") == 3


def test_counting_is_one_statement(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        attempts.count("THINGS", "x")


def test_refused_tries_do_not_lengthen_the_window(db: None) -> None:
    _count(2, "x")
    ends = Attempt.objects.get().window_ends
    _count(50, "x")
    assert Attempt.objects.get().window_ends == ends


def test_a_new_window_begins_when_the_old_one_ends(db: None) -> None:
    _count(10, "x")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE todos_attempt SET window_ends = now() - interval '1 second'")
    assert _count(10, "x") == 3
    assert Attempt.objects.count() == 1


def test_a_try_given_back_does_not_count(db: None) -> None:
    for _ in range(20):
        attempts.count("THINGS", "x")
        attempts.give_back("THINGS", "x")
    assert _count(5, "x") == 3


def test_the_table_holds_no_addresses_of_people(db: None) -> None:
    attempts.count("THINGS", "alice@example.com", "192.0.2.7")
    assert "alice" not in Attempt.objects.get().key
    assert "192" not in Attempt.objects.get().key


@pytest.mark.parametrize("text", ["", "10", "ten/60", "0/60", "10/0", "-1/60", "10/60/1"])
def test_a_limit_that_cannot_be_read_is_told_at_start(settings: Settings, text: str) -> None:
    settings.TODOS_LIMITS = {"THINGS": text}
    with pytest.raises(SystemCheckError, match=r"todos\.E002"):
        call_command("check")


@pytest.mark.django_db(transaction=True)
def test_of_200_simultaneous_wrong_sign_ins_no_more_than_the_limit_reach_the_password(
    in_threads: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    User.objects.create_user("alice@example.com", PASSWORD)
    hashed: list[str] = []
    lock = threading.Lock()
    encode = MD5PasswordHasher.encode

    def counting(self: MD5PasswordHasher, password: str, salt: str) -> str:
        with lock:
            hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    statuses: list[int] = []

    def guess(number: int) -> Callable[[], None]:
        def run() -> None:
            for turn in range(10):
                body = {"email": "alice@example.com", "password": f"guess {number} {turn}"}
                statuses.append(Client().post("/api/v1/auth/login", body, "application/json").status_code)

        return run

    in_threads(*(guess(number) for number in range(20)))
    assert len(statuses) == 200
    assert sorted(set(statuses)) == [400, 429]
    assert statuses.count(400) == len(hashed) == 5
