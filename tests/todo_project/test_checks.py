import os
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import run_checks
from pytest_django import Settings

ROOT = Path(__file__).resolve().parents[2]
LONG_KEY = "k" * 20 + "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKL"


def found() -> set[str]:
    return {str(message.id) for message in run_checks() if str(message.id).startswith("todo_project.")}


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the settings describe the database with a pool, and otherwise; open connections keep theirs."""

    def describe(**differences: Any) -> None:
        described = deepcopy(settings.DATABASES["default"])
        described["CONN_MAX_AGE"] = 0
        described["OPTIONS"]["pool"] = {"max_size": 8, "timeout": 4}
        described["OPTIONS"].update(differences.pop("OPTIONS", {}))
        monkeypatch.setitem(settings.DATABASES, "default", {**described, **differences})

    return describe


def test_the_projects_own_settings_are_in_order() -> None:
    assert found() == set()


@pytest.mark.parametrize(
    ("differences", "finding"),
    [
        ({"CONN_MAX_AGE": 60}, "todo_project.E001"),
        ({"ENGINE": "django.db.backends.postgresql"}, "todo_project.E002"),
        ({"OPTIONS": {"pool": True}}, "todo_project.E003"),
        ({"OPTIONS": {"pool": {"timeout": 30}}}, "todo_project.E003"),
    ],
)
def test_a_pool_that_would_fail_requests_is_found(database: Callable[..., None], differences: dict[str, Any], finding: str) -> None:
    database()
    assert found() == set()
    database(**differences)
    assert found() == {finding}


def test_without_a_pool_its_conditions_do_not_matter(database: Callable[..., None]) -> None:
    database(CONN_MAX_AGE=60, OPTIONS={"pool": False})
    assert found() == set()


def test_an_unknown_role_is_found(settings: Settings) -> None:
    settings.ROLE = "wroker"
    assert found() == {"todo_project.E004"}


def test_what_is_weak_where_strangers_can_reach_it_is_found(settings: Settings) -> None:
    settings.HTTPS, settings.SECRET_KEY, settings.PUBLIC_ORIGINS = True, "short", []
    assert found() == {"todo_project.E005", "todo_project.I001"}
    settings.DEBUG = True
    assert "todo_project.E006" in found()
    settings.DEBUG, settings.SECRET_KEY, settings.PUBLIC_ORIGINS = False, LONG_KEY, ["https://todo.example.com"]
    assert found() == set()


def test_production_settings_pass_the_deploy_check() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("HTTPS", "DEBUG", "DATABASE_POOL_SIZE")}
    check = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={**environment, "SECRET_KEY": LONG_KEY, "PUBLIC_ORIGINS": "https://todo.example.com", "HTTPS": "true", "DEBUG": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stderr
    assert "no issues" in check.stdout
