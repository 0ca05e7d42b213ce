"""Sidecars in `make run`: they attach while the app serves, come back when killed, and the app does not need them."""

import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dapr_bridge.local import daprd, valkey
from tests.local_run import LocalRun
from tools import sidecars
from tools.environment import Refusal, read

SIDECAR = "--app-id=todo-worker"


@pytest.fixture
def run(checkout: Path, daprd_binary: Path, valkey_binary: Path) -> Iterator[LocalRun]:
    """`make run` with Dapr, not yet typed, on ports of its own."""
    started = LocalRun(checkout, DAPR_ENABLED="true", DAPRD=str(daprd_binary), VALKEY_SERVER=str(valkey_binary))
    yield started
    started.clean_up()


def ports(run: LocalRun) -> dict[str, int]:
    """The HTTP port of every sidecar."""
    listed = read(run.folder / ".run/env")["DAPR_SIDECARS"].split(",")
    return {app_id: int(port) for app_id, port in (one.split("=") for one in listed)}


def until(condition: object, within: float = 20) -> None:
    assert callable(condition)
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "still false"
        time.sleep(0.05)


@pytest.mark.e2e
@pytest.mark.dapr
@pytest.mark.timeout(180)
def test_sidecars_attach_after_the_app_is_ready_come_back_when_killed_and_stop_after_their_app(run: LocalRun) -> None:
    run.start().until_ready()
    for app_id in ("todo-backend", "todo-worker"):
        run.until_said(f"sidecar {app_id}: ready")
    said = run.terminal()
    assert said.index("Ready.") < said.index("valkey: ready")

    os.kill(run.pid_of(SIDECAR), signal.SIGKILL)
    run.until_said("sidecar todo-worker ended (exit code -9); it starts again in 1 s")
    until(lambda: daprd.is_healthy(ports(run)["todo-worker"]))
    assert run.get("/readyz") == 200

    run.press_ctrl_c()
    assert run.ended(within=10) is not None
    run.until_nothing_is_left(within=1)
    last_answer = (run.folder / ".run/log/sidecar-todo-backend.log").stat().st_mtime
    assert last_answer >= (run.folder / ".run/log/relay.log").stat().st_mtime


@pytest.mark.e2e
@pytest.mark.dapr
@pytest.mark.timeout(180)
def test_a_killed_valkey_comes_back_with_its_data_and_the_sidecars_use_it(run: LocalRun) -> None:
    run.start().until_ready().until_said("sidecar todo-backend: ready")
    env = read(run.folder / ".run/env")
    port, password = int(env["REDIS_HOST"].rpartition(":")[2]), env["REDIS_PASSWORD"]
    assert valkey.ask(port, password, "SET", "kept", "yes") == "+OK"
    time.sleep(1.1)  # appendfsync everysec
    os.kill(run.pid_of("valkey.conf") if "valkey.conf" in str(run.processes()) else run.pid_of("valkey-server"), signal.SIGKILL)
    run.until_said("valkey ended (exit code -9); it starts again in 1 s")
    until(lambda: valkey.is_ready(port, password))
    assert valkey.ask(port, password, "STRLEN", "kept") == ":3"
    assert daprd.is_healthy(ports(run)["todo-backend"])


@pytest.mark.e2e
@pytest.mark.dapr
@pytest.mark.timeout(180)
def test_secrets_are_private_strong_different_and_not_on_any_command_line(run: LocalRun) -> None:
    run.start().until_ready().until_said("sidecar todo-backend: ready")
    path = run.folder / ".run/env"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((run.folder / ".run/valkey/valkey.conf").stat().st_mode) == 0o600
    env = read(path)
    secret = [env[name] for name in ("DAPR_API_TOKEN", "APP_API_TOKEN", "REDIS_PASSWORD")]
    assert len(set(secret)) == 3
    assert min(map(len, secret)) * 6 >= 128  # bits of URL-safe base64
    commands = " ".join(run.processes().values())
    assert not [word for word in secret if word in commands]


@pytest.mark.e2e
@pytest.mark.timeout(180)
def test_without_dapr_the_app_serves_and_one_line_says_so(run: LocalRun) -> None:
    off = LocalRun(run.folder)
    off.start().until_ready()
    assert off.get("/readyz") == 200
    assert off.terminal().count(sidecars.OFF) == 1
    assert "DAPR" not in (off.folder / ".run/env").read_text()
    assert not [command for command in off.processes().values() if "daprd" in command or "valkey" in command]
    off.press_ctrl_c()
    off.ended(within=10)


@pytest.mark.e2e
@pytest.mark.timeout(180)
def test_a_daprd_that_cannot_be_used_is_one_sentence_and_the_app_serves(checkout: Path) -> None:
    started = LocalRun(checkout, DAPR_ENABLED="true", DAPRD="/bin/true")
    try:
        started.start().until_ready()
        started.until_said("/bin/true is no daprd 1.18.2 or newer: correct or unset DAPRD. The app runs without sidecars (phase 0).")
        assert started.get("/readyz") == 200
    finally:
        started.clean_up()


def test_equal_tokens_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DAPR_API_TOKEN", "APP_API_TOKEN"):
        monkeypatch.setenv(name, "the-same")
    monkeypatch.setenv("DAPR_ENABLED", "true")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:6379")
    with pytest.raises(Refusal, match="give them different values"):
        sidecars.dapr({sidecars.BACKEND: 8000}, print)


@pytest.mark.parametrize(
    ("url", "host", "user", "password", "tls"),
    [
        ("redis://cache", "cache:6379", "", "", "false"),
        ("redis://:p%40ss@10.0.0.1:7000/0", "10.0.0.1:7000", "", "p@ss", "false"),
        ("rediss://todo:secret@cache.example.com", "cache.example.com:6379", "todo", "secret", "true"),
    ],
)
def test_redis_url_becomes_what_the_components_read(url: str, host: str, user: str, password: str, tls: str) -> None:
    variables = sidecars.redis_variables(url)
    assert [variables[f"REDIS_{name}"] for name in ("URL", "HOST", "USERNAME", "PASSWORD", "TLS")] == [url, host, user, password, tls]


@pytest.mark.parametrize("url", ["http://cache", "redis://", "redis://cache/3", "cache:6379"])
def test_a_redis_url_that_the_components_cannot_use_is_refused(url: str) -> None:
    with pytest.raises(Refusal, match="REDIS_URL is not like"):
        sidecars.redis_variables(url)
