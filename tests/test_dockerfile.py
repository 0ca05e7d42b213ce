"""The images' recipes keep their promises: pinned, two stages, nothing of root, no shell in front of the application."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def instructions() -> list[tuple[str, str]]:
    """The backend's."""
    return read("Dockerfile")


@pytest.fixture
def of_the_web_app() -> list[tuple[str, str]]:
    """The web app's."""
    return read("frontend/Dockerfile")


def read(recipe: str) -> list[tuple[str, str]]:
    """(instruction, arguments) pairs, continuation lines joined."""
    text = (ROOT / recipe).read_text().replace("\\\n", " ")
    return [
        (words[0], words[2].strip())
        for line in text.splitlines()
        if line.strip() and not line.startswith("#") and (words := line.partition(" "))
    ]


def last_stage(instructions: list[tuple[str, str]]) -> list[tuple[str, str]]:
    start = max(number for number, (name, _) in enumerate(instructions) if name == "FROM")
    return instructions[start:]


def test_every_stage_starts_from_the_one_pinned_image(instructions: list[tuple[str, str]]) -> None:
    stages = [arguments for name, arguments in instructions if name == "FROM"]
    assert [stage.split()[0] for stage in stages] == ["${PYTHON_IMAGE}", "${PYTHON_IMAGE}"]
    (pin,) = [arguments.removeprefix("PYTHON_IMAGE=") for name, arguments in instructions if name == "ARG"]
    assert re.fullmatch(r"python:3\.1[1-3]-slim-bookworm(@sha256:[0-9a-f]{64})?", pin)


def test_packages_are_locked_wheels(instructions: list[tuple[str, str]]) -> None:
    (install,) = [arguments for name, arguments in instructions if name == "RUN" and "pip install" in arguments]
    assert "--require-hashes" in install
    assert "--only-binary=:all:" in install
    assert install.endswith("-r requirements.txt")


def test_the_application_runs_as_a_numeric_user_who_owns_nothing(instructions: list[tuple[str, str]]) -> None:
    stage = last_stage(instructions)
    (user,) = [arguments for name, arguments in stage if name == "USER"]
    uid, gid = map(int, user.split(":"))
    assert uid >= 10_000
    assert gid >= 10_000
    assert not [arguments for name, arguments in stage if name in ("COPY", "RUN") and ("--chown" in arguments or name == "RUN")]


def test_the_application_is_process_one_and_writes_to_tmp_alone(instructions: list[tuple[str, str]]) -> None:
    stage = last_stage(instructions)
    (command,) = [arguments for name, arguments in stage if name == "CMD"]
    assert json.loads(command) == ["gunicorn"]
    assert not [name for name, _ in stage if name == "ENTRYPOINT"]
    (environment,) = [arguments for name, arguments in stage if name == "ENV"]
    assert "HOME=/tmp" in environment.split()
    assert "PYTHONDONTWRITEBYTECODE=1" in environment.split()


def test_everything_it_copies_exists_and_passes_dockerignore(instructions: list[tuple[str, str]]) -> None:
    allowed = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source for name, arguments in instructions if name == "COPY" and "--from" not in arguments for source in arguments.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)


def test_the_web_app_is_built_from_one_image_and_its_lock_and_only_the_result_is_kept(of_the_web_app: list[tuple[str, str]]) -> None:
    stages = [arguments.split()[0] for name, arguments in of_the_web_app if name == "FROM"]
    assert stages == ["${NODE_IMAGE}", "${NODE_IMAGE}"]
    (pin,) = [arguments.removeprefix("NODE_IMAGE=") for name, arguments in of_the_web_app if name == "ARG"]
    assert re.fullmatch(r"node:2[24]-bookworm-slim(@sha256:[0-9a-f]{64})?", pin)
    assert ("RUN", "npm ci") in of_the_web_app
    stage = last_stage(of_the_web_app)
    assert [arguments for name, arguments in stage if name == "COPY"] == ["--from=build --chown=root:root /app/.next/standalone ./"]


def test_the_web_app_runs_as_a_numeric_user_who_owns_nothing_and_is_process_one(of_the_web_app: list[tuple[str, str]]) -> None:
    stage = last_stage(of_the_web_app)
    (user,) = [arguments for name, arguments in stage if name == "USER"]
    assert min(map(int, user.split(":"))) >= 10_000
    assert not [name for name, _ in stage if name in ("RUN", "ENTRYPOINT")]
    (command,) = [arguments for name, arguments in stage if name == "CMD"]
    assert json.loads(command) == ["node", "server.js"]
    (environment,) = [arguments for name, arguments in stage if name == "ENV"]
    assert {"NODE_ENV=production", "HOSTNAME=0.0.0.0", "PORT=3000"} <= set(environment.split())


def test_nothing_that_was_built_on_this_machine_gets_into_the_web_apps_image() -> None:
    ignored = (ROOT / "frontend/.dockerignore").read_text().split()
    assert {"node_modules", ".next"} <= set(ignored)
