"""`make run` with real processes: it starts, stops, survives and refuses as the README promises."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_run import ROOT, LocalRun, copy_checkout, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

COUNT_USERS = "from todos.models import User; print('users:', User.objects.count())"
ADD_USER = "from todos.models import User; User.objects.create_user(email='alice@example.com', password='a-long-passphrase')"


def test_a_second_start_keeps_the_data_of_the_first(local_run: LocalRun) -> None:
    local_run.start().until_ready()
    assert local_run.get("/readyz") == 200
    local_run.manage("shell", "-c", ADD_USER)
    local_run.press_ctrl_c()
    local_run.ended(within=10)
    local_run.until_nothing_is_left(within=1)

    local_run.start().until_ready()
    assert "users: 1" in local_run.manage("shell", "-c", COUNT_USERS)


def test_ctrl_c_stops_everything_within_ten_seconds_and_postgresql_last(local_run: LocalRun) -> None:
    local_run.start().until_ready()
    asked = time.monotonic()
    local_run.press_ctrl_c()
    local_run.ended(within=10)
    local_run.until_nothing_is_left(within=10 - (time.monotonic() - asked))
    assert local_run.terminal().rstrip().splitlines()[-1].startswith(("Stopped.", "make:"))
    last_words = (local_run.folder / ".run/log/postgresql.log").read_text().splitlines()[-1]
    assert "database system is shut down" in last_words
    for name in ("api", "events"):
        assert "OperationalError" not in (local_run.folder / f".run/log/{name}.log").read_text()


def test_kill_9_of_the_supervisor_leaves_no_process_and_no_damage(local_run: LocalRun) -> None:
    local_run.start().until_ready()
    local_run.manage("shell", "-c", ADD_USER)
    os.kill(local_run.pid_of("-m tools.run"), signal.SIGKILL)
    local_run.until_nothing_is_left(within=10)

    local_run.start().until_ready()
    assert "users: 1" in local_run.manage("shell", "-c", COUNT_USERS)


def test_a_start_right_after_kill_9_waits_for_the_processes_of_the_killed_run(local_run: LocalRun) -> None:
    local_run.start().until_ready()
    os.kill(local_run.pid_of("-m tools.run"), signal.SIGKILL)
    local_run.start().until_ready()
    assert local_run.get("/readyz") == 200


def test_kill_9_of_make_stops_the_run_too(local_run: LocalRun) -> None:
    local_run.start().until_ready()
    os.kill(local_run.pid_of("make run"), signal.SIGKILL)
    local_run.until_nothing_is_left(within=10)


@pytest.mark.parametrize("victim", ["relay_events", "-m gunicorn", "postgres -D"])
def test_a_process_that_dies_is_started_again_and_the_terminal_says_so(local_run: LocalRun, victim: str) -> None:
    local_run.start().until_ready()
    pid = local_run.pid_of(victim)
    os.kill(pid, signal.SIGKILL)
    local_run.until_said("it starts again in 1 s")
    deadline = time.monotonic() + 20
    while not [other for other, command in local_run.processes().items() if victim in command and other != pid] or not _serves(local_run):
        assert time.monotonic() < deadline, local_run.processes()
        time.sleep(0.1)


def test_a_second_make_run_says_that_the_checkout_already_runs(local_run: LocalRun) -> None:
    local_run.start().until_ready()
    second = LocalRun(local_run.folder)
    second.output = local_run.folder / "second-terminal.txt"
    second.start()
    assert second.ended(within=10) != 0
    assert "already runs" in second.terminal()
    assert local_run.get("/readyz") == 200


def test_manage_py_works_in_the_checkout_and_its_settings_are_private(local_run: LocalRun) -> None:
    local_run.start().until_ready()
    assert "no issues" in local_run.manage("check")
    settings = local_run.folder / ".run/env"
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    secret = settings.read_text()
    local_run.press_ctrl_c()
    local_run.ended(within=10)
    local_run.start().until_ready()
    assert settings.read_text() == secret


def test_the_demo_account_is_offered_once(checkout: Path) -> None:
    run = LocalRun(checkout, DEMO="yes")
    try:
        run.start().until_ready(within=90)
        assert "assword" in run.terminal()
        assert "users: 1" in run.manage("shell", "-c", COUNT_USERS)
        run.press_ctrl_c()
        run.ended(within=10)
        run.start().until_ready()
        assert "assword" not in run.terminal()
    finally:
        run.clean_up()


def test_a_server_named_by_database_url_is_used_instead(checkout: Path, own_database: str) -> None:
    run = LocalRun(checkout, DATABASE_URL=own_database)
    try:
        run.start().until_ready()
        assert run.get("/readyz") == 200
        assert not [command for command in run.processes().values() if "postgres -D" in command]
        assert not (checkout / ".run/postgres").exists()
    finally:
        run.clean_up()


def test_an_ordinary_user_can_run_it(ordinary_users_run: LocalRun) -> None:
    ordinary_users_run.start().until_ready()
    assert ordinary_users_run.get("/readyz") == 200
    ordinary_users_run.press_ctrl_c()
    ordinary_users_run.ended(within=10)
    ordinary_users_run.until_nothing_is_left(within=1)


@pytest.mark.parametrize("variable", ["PORT", "WORKER_PORT"])
def test_a_taken_port_is_one_sentence_with_the_remedy(checkout: Path, variable: str) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal_of(checkout, **{variable: str(port)})
    assert said == f"Port {port} is taken: stop the program that uses it, or choose another, e.g. `{variable}={port + 10} make run`."


def test_a_postgresql_too_old_is_one_sentence_with_the_remedy(checkout: Path, tmp_path: Path) -> None:
    for name in ("postgres", "initdb"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 13.14'\n")
        program.chmod(0o755)
    said = refusal_of(checkout, TODO_PG_BIN=str(tmp_path))
    assert said.startswith(f"PostgreSQL 13 in {tmp_path} is too old: install postgresql 15 or newer")


def test_data_of_another_major_version_are_left_alone(checkout: Path) -> None:
    data = checkout / ".run/postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")
    assert "are of PostgreSQL 12" in refusal_of(checkout)
    assert (data / "PG_VERSION").read_text() == "12\n"


def test_a_database_url_that_leads_nowhere_is_one_sentence_without_the_password(checkout: Path) -> None:
    said = refusal_of(checkout, DATABASE_URL=f"postgres://alice:hidden@127.0.0.1:{free_port()}/todo")
    assert said.startswith("DATABASE_URL does not lead to a database")
    assert "hidden" not in said


def test_a_port_that_is_no_number_is_one_sentence(checkout: Path) -> None:
    assert refusal_of(checkout, PORT="http").startswith("PORT=http is not a port")


def refusal_of(folder: Path, **env: str) -> str:
    """The one line a refused run says; it exits with 1 and no traceback."""
    clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "TODO_PG_BIN", "MAKELEVEL")}
    clean |= {"PORT": str(free_port()), "WORKER_PORT": str(free_port())} | env
    ended = subprocess.run([sys.executable, "-m", "tools.run"], cwd=folder, env=clean, capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    return line


def _serves(run: LocalRun) -> bool:
    try:
        return run.get("/readyz") == 200
    except OSError:
        return False


@pytest.fixture
def own_database() -> Iterator[str]:
    """An empty database on a server that the run did not start."""
    from tools import postgres

    with postgres.throwaway() as url:
        yield url


@pytest.fixture
def ordinary_users_run() -> Iterator[LocalRun]:
    """`make run` as somebody who is not root, in a folder and with a Python that this user can reach."""
    python = Path(f"/usr/bin/python3.{sys.version_info.minor}")
    if os.geteuid() == 0 and not python.exists():
        pytest.skip(f"{python} is missing: root's own Python may be out of an ordinary user's reach")
    home = Path(tempfile.mkdtemp(dir="/tmp"))
    run = LocalRun(copy_checkout(home / "todo"), HOME=str(home))
    if os.geteuid() == 0:
        (run.folder / ".venv").unlink()
        subprocess.run([python, "-m", "venv", "--without-pip", run.folder / ".venv"], check=True)
        packages = next((ROOT / ".venv/lib").glob("python3.*/site-packages"))
        next((run.folder / ".venv/lib").glob("python3.*/site-packages")).joinpath("checkout.pth").write_text(str(packages))
        shutil.copy(ROOT / ".venv/.installed-requirements-embedded", run.folder / ".venv")
        subprocess.run(["chown", "-R", "65534:65534", home], check=True)
        run = LocalRun(run.folder, as_user=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"), HOME=str(home))
    yield run
    run.clean_up()
    shutil.rmtree(home)
