"""Whose word is taken for where a request comes from."""

from __future__ import annotations

import hmac
import time

import pytest
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from todos.client_address import client_address

SECRET = "shared by gateway and API"


def signed(address: str, *, at: float | None = None, secret: str = SECRET) -> str:
    """The header as the gateway writes it."""
    stamp = int(time.time() if at is None else at)
    return f"{address};t={stamp};sig={hmac.new(secret.encode(), f'{address}|{stamp}'.encode(), 'sha256').hexdigest()}"


def seen(peer: str = "10.0.0.1", **headers: str) -> str:
    """The client's address as the API takes it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client_address(RequestFactory().get("/", REMOTE_ADDR=peer, headers=named))


@pytest.fixture(autouse=True)
def _secret(settings: Settings) -> None:
    settings.GATEWAY_SECRET = SECRET


def test_the_peer_counts_where_the_gateway_says_nothing() -> None:
    assert seen("192.0.2.7") == "192.0.2.7"


def test_the_gateways_signed_word_is_taken() -> None:
    assert seen(X_Client_Address=signed("198.51.100.4")) == "198.51.100.4"


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-Ip", "Forwarded", "X-Forwarded-Host", "X-Client-Ip", "True-Client-Ip"])
def test_unsigned_headers_are_nobodys_word(name: str) -> None:
    assert seen("192.0.2.7", **{name: "203.0.113.9"}) == "192.0.2.7"


@pytest.mark.parametrize(
    "header",
    [
        signed("198.51.100.4", secret="another"),
        signed("198.51.100.4", at=time.time() - 3600),
        signed("198.51.100.4", at=time.time() + 3600),
        signed("198.51.100.4").replace("198", "199"),
        signed("198.51.100.4") + ", " + signed("198.51.100.4"),
        "198.51.100.4",
        "198.51.100.4;t=1",
        "198.51.100.4;t=1;sig=",
        "198.51.100.4;t=;sig=é",
        ";;",
        "",
    ],
    ids=["secret", "past", "future", "changed", "twice", "address", "unsigned", "empty", "unstamped", "separators", "nothing"],
)
def test_a_word_that_is_forged_old_or_garbled_is_not_taken(header: str) -> None:
    assert seen("192.0.2.7", X_Client_Address=header) == "192.0.2.7"


def test_a_stamp_is_a_plain_number_even_under_a_good_signature() -> None:
    stamp = "٣"
    signature = hmac.new(SECRET.encode(), f"198.51.100.4|{stamp}".encode(), "sha256").hexdigest()
    assert seen("192.0.2.7", X_Client_Address=f"198.51.100.4;t={stamp};sig={signature}") == "192.0.2.7"


def test_without_a_secret_even_a_signed_word_is_not_taken(settings: Settings) -> None:
    settings.GATEWAY_SECRET = ""
    assert seen("192.0.2.7", X_Client_Address=signed("198.51.100.4", secret="")) == "192.0.2.7"


def test_one_ipv6_client_is_one_address_whichever_of_its_own_it_uses() -> None:
    assert seen("2001:db8:1:2:aaaa::1") == seen("2001:db8:1:2:bbbb::9") != seen("2001:db8:1:3::1")


def test_an_ipv4_address_written_as_ipv6_is_the_same_client() -> None:
    assert seen("::ffff:192.0.2.7") == seen("192.0.2.7")


def test_a_unix_socket_has_no_address() -> None:
    assert seen("") == ""
