"""The page for operators against what the code reads."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]


def variables_read() -> set[str]:
    project = (ROOT / "todo_project" / "settings.py").read_text()
    gunicorn = (ROOT / "gunicorn.conf.py").read_text()
    named = re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", project) + re.findall(r"environ\.get\(\"([A-Z_]+)\"", gunicorn)
    return {*named, *(f"LIMIT_{name}" for name in settings.TODOS_LIMITS)}


def table() -> dict[str, str]:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    assert len(rows) == len(dict(rows))
    return dict(rows)


def test_every_variable_that_is_read_is_in_the_table_and_no_other() -> None:
    assert len(variables_read()) > 15
    assert set(table()) == variables_read()


def test_the_defaults_of_limits_are_those_of_the_settings() -> None:
    assert {name: table()[f"LIMIT_{name}"] for name in settings.TODOS_LIMITS} == dict(settings.TODOS_LIMITS)


def test_other_defaults_are_those_in_the_code() -> None:
    code = (ROOT / "todo_project" / "settings.py").read_text() + (ROOT / "gunicorn.conf.py").read_text()
    for name in ("ROLE", "DATABASE_POOL_SIZE", "EMAIL_URL", "EMAIL_FROM", "LOG_LEVEL", "BIND", "WEB_CONCURRENCY", "GRACEFUL_TIMEOUT"):
        assert re.search(rf'"{name}", (default=)?"?{re.escape(table()[name])}"?\)', code), name
    assert eval(re.findall(r'"MAX_BODY_BYTES", default=([\d *]+)', code)[0]) == int(table()["MAX_BODY_BYTES"])


def test_the_commands_it_names_exist() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    ours = {path.stem for app in ("todos", "dapr_bridge") for path in (ROOT / app / "management" / "commands").glob("*.py")}
    named = set(re.findall(r"manage\.py (\w+)", text))
    assert named - {"migrate", "check", "createsuperuser"} <= ours
