"""The real API called through real sidecars, as the gateway calls it: whose word counts, and what a repeated request does."""

import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest

from tests.e2e.dapr_stack import Caller, DaprStack, eventually
from tests.e2e.stack import Answer, Person

pytestmark = [pytest.mark.e2e, pytest.mark.dapr]

SECRET = token_hex(16)
FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Real-Ip": "203.0.113.9",
    "Forwarded": "for=203.0.113.9;host=evil.example;proto=https",
    "Dapr-Caller-App-Id": "operator",
    "Dapr-Caller-Namespace": "operators",
    "Dapr-Callee-App-Id": "operator",
}
CHANGING = {"Date", "X-Request-Id", "Traceparent", "Tracestate"}  # the last two are daprd's


@pytest.fixture(scope="module")
def stack(daprd_binary: Path, valkey_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaprStack]:
    """Everything running, invocation on; an address has five tries to log in, and the gateway a secret to sign with."""
    variables = {"GATEWAY_SECRET": SECRET, "LIMIT_LOGINS_PER_ADDRESS": "5/3600"}
    started = DaprStack(tmp_path_factory.mktemp("stack"), daprd_binary=daprd_binary, valkey_binary=valkey_binary, **variables)
    with started.running():
        started.phase(2)
        yield started


@pytest.fixture(scope="module")
def caller(stack: DaprStack) -> Iterator[Caller]:
    """Somebody behind the web app's sidecar, with a few todos."""
    with stack.caller() as somebody:
        somebody.sign_up()
        for number in range(3):
            assert somebody.ask("POST", "/api/v1/todos", {"title": f"Number {number}"}).status == 201
        yield somebody
        somebody.close()


def signed(address: str) -> str:
    """The header as the gateway writes it."""
    now = int(time.time())
    return f"{address};t={now};sig={hmac.new(SECRET.encode(), f'{address}|{now}'.encode(), 'sha256').hexdigest()}"


def lasting(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """What must not differ between two answers to one request."""
    return answer.status, {name: value for name, value in answer.headers.items() if name not in CHANGING}, answer.content


def arrivals(stack: DaprStack, trace_id: str) -> list[int]:
    """The statuses with which the API answered the requests of this trace."""
    lines = (json.loads(line) for line in stack.api.log().splitlines() if trace_id in line)
    return [line["status"] for line in lines if line["event"] == "request"]


@pytest.mark.parametrize("path", ["/api/v1/todos?limit=1", "/api/v1/projects", "/api/v1/openapi.json", "/api/v1/nowhere", "/admin"])
def test_headers_that_anybody_can_send_change_no_answer(stack: DaprStack, caller: Caller, path: str) -> None:
    plain, forged = caller.ask("GET", path), caller.ask("GET", path, **FORGED)
    assert lasting(forged) == lasting(plain)
    assert b"evil.example" not in forged.content


def test_a_link_names_no_host(stack: DaprStack, caller: Caller) -> None:
    made = caller.ask("POST", "/api/v1/todos", {"title": "Linked"}, **FORGED)
    assert made.headers["Location"] == f"/api/v1/todos/{made.json['id']}"


def test_an_invoked_answer_is_the_direct_one(stack: DaprStack, caller: Caller) -> None:
    direct = Person(stack.port, caller.email)
    for path in ("/api/v1/todos?limit=1", "/api/v1/nowhere"):
        assert direct.ask("GET", path, **caller.headers).content == caller.ask("GET", path).content
    direct.close()


def test_only_the_signed_address_counts_for_limits(stack: DaprStack, caller: Caller) -> None:
    def status_of_try(number: int, **headers: str) -> int:
        body = {"email": f"nobody-{number}@example.com", "password": "wrong horse battery"}
        return caller.ask("POST", "/api/v1/auth/login", body, **headers).status

    claimed = [status_of_try(number, X_Forwarded_For=f"203.0.113.{number}", Forwarded=f"for=203.0.113.{number}") for number in range(7)]
    assert claimed.count(429) == 2, "all of them came from one address"
    assert status_of_try(8, X_Client_Address="203.0.113.8") == 429
    assert status_of_try(9, X_Client_Address=signed("203.0.113.9")) != 429


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/v1/todos", {"title": ""}, 400),
        ("POST", "/api/v1/todos", {"title": "In no project", "project": "01a20ccf-ced3-70e3-85a9-c7e533cdaeff"}, 400),
        ("PATCH", "/api/v1/todos/01a20ccf-ced3-70e3-85a9-c7e533cdaeff", {"title": "Nowhere"}, 404),
        ("POST", "/api/v1/nowhere", {}, 404),
        ("PUT", "/api/v1/todos", {}, 405),
    ],
)
def test_what_the_api_refuses_is_asked_once(
    stack: DaprStack, caller: Caller, method: str, path: str, body: dict[str, str], status: int
) -> None:
    trace_id = token_hex(16)
    assert caller.ask(method, path, body, traceparent=f"00-{trace_id}-{token_hex(8)}-01").status == status
    assert arrivals(stack, trace_id) == [status]


def test_a_request_whose_sidecar_dies_half_way_is_repeated_with_one_effect_and_one_answer(stack: DaprStack, caller: Caller) -> None:
    """The API waits for a lock of ours meanwhile, and finishes although nobody listens any more."""
    trace_id, key = token_hex(16), token_hex(16)
    direct = Person(stack.port, caller.email)
    body = {"title": f"Once {key}"}

    def repeat() -> Answer:
        return direct.ask("POST", "/api/v1/todos", body, **caller.headers, Idempotency_Key=key)

    failed: list[object] = []

    def invoke() -> None:
        try:
            failed.append(caller.ask("POST", "/api/v1/todos", body, Idempotency_Key=key, traceparent=f"00-{trace_id}-{token_hex(8)}-01"))
        except (OSError, HTTPException) as error:
            failed.append(error)

    with psycopg.connect(stack.database) as blocker:
        owner = blocker.execute("SELECT id FROM todos_user WHERE email = %s", [caller.email]).fetchone()
        blocker.execute("SELECT FROM todos_revision WHERE user_id = %s FOR UPDATE", owner)
        invoking = threading.Thread(target=invoke)
        invoking.start()
        eventually(lambda: stack.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'todo-api'"))
        stack.backend_sidecar.kill()
        invoking.join(20)
        assert not invoking.is_alive()
        in_progress = repeat()
        assert (in_progress.status, in_progress.headers["Retry-After"]) == (409, "1")
    assert isinstance(failed[0], Exception) or "ERR_DIRECT_INVOKE" in str(failed[0])
    answer = eventually(lambda: (found := repeat()).status == 201 and found)
    assert repeat().content == answer.content
    stack.backend_sidecar.start()
    again = eventually(lambda: (found := caller.ask("POST", "/api/v1/todos", body, Idempotency_Key=key)).status == 201 and found)
    assert again.content == answer.content
    assert stack.query("SELECT count(*) FROM todos_todo WHERE title = %s", body["title"]) == [(1,)]
    assert arrivals(stack, trace_id) == [201], "the sidecars did not send it twice"
    direct.close()
