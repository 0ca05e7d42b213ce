"""The image's recipe keeps its promises: pinned, two stages, nothing of root, no shell in front of the application."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def instructions() -> list[tuple[str, str]]:
    """(instruction, arguments) pairs, continuation lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
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
