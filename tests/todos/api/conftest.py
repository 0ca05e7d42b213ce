"""A browser, which has a session and a CSRF token, and helpers to read answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from tests.todos.conftest import PASSWORD

if TYPE_CHECKING:
    from todos.models import User

API = "/api/v1"


class Browser(Client):
    """Keeps cookies and sends the CSRF token, as the web app does; nothing is let off the CSRF check."""

    def __init__(self, **options: Any) -> None:
        super().__init__(enforce_csrf_checks=True, raise_request_exception=False, **options)

    def csrf(self) -> str:
        """A token that goes with the cookie."""
        token: str = self.get(f"{API}/auth/session").json()["csrf_token"]
        return token

    def send(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        """A request with a JSON body and the CSRF token."""
        headers = {"X-CSRFToken": self.csrf(), **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.generic(
            method,
            f"{API}/{path}",
            data=b"" if data is None else _json(data),
            content_type="application/json",
            headers=headers,
        )

    def log_in(self, email: str, password: str = PASSWORD) -> Any:
        """Sign in by password."""
        return self.send("POST", "auth/login", {"email": email, "password": password})


def _json(data: Any) -> bytes:
    from todos.api.renderers import to_json

    return to_json(data)


@pytest.fixture
def browser() -> Browser:
    """Nobody's browser."""
    return Browser()


@pytest.fixture
def browser_of() -> Callable[[User], Browser]:
    """A browser in which somebody has signed in."""

    def make(user: User) -> Browser:
        browser = Browser()
        assert browser.log_in(user.email).status_code == 200
        return browser

    return make


def assert_problem(response: Any, status: int) -> dict[str, Any]:
    """The answer is an RFC 9457 document that says this status; returns it."""
    assert response.status_code == status, (response.status_code, response.content[:500])
    assert response["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["detail"]
    return document
