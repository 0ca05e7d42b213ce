"""Named people and what they own.

The models are imported where they are used: pytest loads this file before the settings are chosen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections
from django.test import Client

if TYPE_CHECKING:
    from todos.models import User

PASSWORD = "correct horse battery 9"


@pytest.fixture
def alice(db: None) -> User:
    """Somebody in Berlin."""
    from todos.services import accounts

    return accounts.sign_up(email="alice@example.com", password=PASSWORD, time_zone="Europe/Berlin")


@pytest.fixture
def bob(db: None) -> User:
    """Somebody else."""
    from todos.services import accounts

    return accounts.sign_up(email="bob@example.com", password=PASSWORD)


@pytest.fixture
def client_of() -> Callable[..., Client]:
    """An API client with a token of the user's."""

    from todos.services import accounts

    def make(user: User, *scopes: str, **options: Any) -> Client:
        _, secret = accounts.create_token(owner=user, name=f"test {'-'.join(scopes)}", scopes=scopes or ("read", "write"))
        return Client(headers={"Authorization": f"Bearer {secret}"}, **options)

    return make


@pytest.fixture
def api(alice: User, client_of: Callable[..., Client]) -> Client:
    """Alice's client, with every scope."""
    return client_of(alice)


@pytest.fixture
def in_thread() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Start a function in a thread of its own; the test waits for it at its end and fails if it failed."""
    threads: list[threading.Thread] = []
    errors: list[BaseException] = []

    def start(function: Callable[[], object]) -> None:
        def run() -> None:
            try:
                function()
            except BaseException as error:
                errors.append(error)
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        threads.append(thread)
        thread.start()

    yield start
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]


@pytest.fixture
def in_threads() -> Callable[..., None]:
    """Run functions at the same time, each in a thread of its own, and wait for all; raises the first error."""

    def run_all(*functions: Callable[[], object]) -> None:
        errors: list[BaseException] = []
        gate = threading.Barrier(len(functions))

        def run(function: Callable[[], object]) -> None:
            try:
                gate.wait(30)
                function()
            except BaseException as error:
                errors.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=(function,)) for function in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        if errors:
            raise errors[0]

    return run_all
