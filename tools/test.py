"""`make test`: everything that must hold, one check after the other; the closing lines of each, and exit code 1 if one fails."""

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tools import build_web, daprd, helm, postgres
from tools.environment import ROOT, Refusal, lookup
from tools.node import Node

PYTHON = sys.executable
WORKERS = os.environ.get("PYTEST_WORKERS") or str((os.cpu_count() or 1) + 1)  # many tests wait for processes most of their time
PYTEST = [PYTHON, "-m", "pytest", "--numprocesses", WORKERS]
WITHOUT_DATABASE = ("tests/helm", "tests/tools")
PRODUCTION = {
    "SECRET_KEY": secrets.token_urlsafe(64),
    "HTTPS": "true",
    "DEBUG": "false",
    "ALLOWED_HOSTS": "todo.example.com",
    "PUBLIC_ORIGINS": "https://todo.example.com",
}


@dataclass(frozen=True)
class Check:
    """A command that must end with 0."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)


def static_checks() -> list[Check]:
    """What needs no database."""
    return [
        Check("lint", [PYTHON, "-m", "ruff", "check", "."]),
        Check("formatting", [PYTHON, "-m", "ruff", "format", "--check", "."]),
        Check("types", [PYTHON, "-m", "mypy", "."]),
        Check(
            "types of the bridge alone",
            [PYTHON, "-m", "mypy", "--config-file", "tests/dapr_bridge/mypy.ini", "dapr_bridge", "tests/dapr_bridge"],
        ),
        Check("rooms", [".venv/bin/lint-imports"]),
    ]


def web_checks(node: Node) -> list[Check]:
    """What of the web app needs neither database nor browser."""
    npm = [*node.npm, "--prefix", "frontend"]
    return [
        Check("web app: lint and formatting", [*npm, "run", "lint"]),
        Check("web app: its types are the API's", [*npm, "run", "api:types", "--", "--check"]),
        Check("web app: types", [*npm, "run", "types"]),
        Check("web app: tests", [*npm, "test"]),
    ]


def browser_checks(node: Node) -> list[Check]:
    """The web app in a real browser: on the database at hand, and on a stack of its own with sidecars in the last phase."""
    return [
        Check("web app: browser tests", [*node.npm, "--prefix", "frontend", "run", "e2e"]),
        Check("web app: browser tests in phase 5", [PYTHON, "-m", "tests.e2e.browser_run", "--grep-invert", "5,000 todos"]),
    ]


def database_checks(label: str, *, thorough: bool) -> list[Check]:
    """What runs on one PostgreSQL; what is not `thorough` leaves out tests that need none, or bring their own."""
    quick = [] if thorough else ["-m", "not e2e and not dapr"]
    anywhere = [] if thorough else [f"--ignore={folder}" for folder in WITHOUT_DATABASE]
    manage = [PYTHON, "manage.py"]
    return [
        Check(f"migrations complete, {label}", [*manage, "makemigrations", "--check", "--dry-run"]),
        Check(f"deploy check, {label}", [*manage, "check", "--deploy", "--fail-level", "WARNING", "--database", "default"], PRODUCTION),
        Check(f"bridge alone, {label}", [*PYTEST, *quick, "tests/dapr_bridge"]),
        Check(f"tests and README, {label}", [*PYTEST, *quick, *anywhere]),
    ]


def servers() -> Iterator[tuple[str, postgres.Installation | None]]:
    """The databases to test on, thoroughly on the last: the one of DATABASE_URL, or the oldest and the newest PostgreSQL here."""
    if os.environ.get("DATABASE_URL"):
        yield "DATABASE_URL", None
        return
    found = {installation.major: installation for installation in postgres.installations()}
    for major in sorted({max(found), min(found)}):
        yield f"PostgreSQL {major}", found[major]


def passes(check: Check, env: Mapping[str, str]) -> bool:
    """Run one check, its output going to the terminal as it comes. Tests that failed beside others are tried once more, alone."""
    print(f"\n=== {check.name}: {' '.join(check.argv).replace(PYTHON, 'python')}", flush=True)
    begun = time.monotonic()
    code = _run(check.argv, {**env, **check.env})
    if code and check.argv[: len(PYTEST)] == PYTEST:
        print(f"=== {check.name}: once more, alone, what failed above", flush=True)
        code = _run([*check.argv, "--numprocesses", "0", "--last-failed", "--last-failed-no-failures", "none"], {**env, **check.env})
    print(f"=== {check.name}: {'passed' if code == 0 else f'FAILED (exit code {code})'} in {time.monotonic() - begun:.0f} s", flush=True)
    return code == 0


def _run(argv: Sequence[str], env: Mapping[str, str]) -> int:
    return subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, check=False).returncode


def main() -> None:
    """Run every check, also after a failure, and say at the end which failed. The programs that tests need are found or built meanwhile."""
    os.chdir(ROOT)
    refuse_without_browser()
    env = {"SECRET_KEY": secrets.token_hex(), "HTTPS": "false", "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", **os.environ}
    with ThreadPoolExecutor(2) as background:
        web = background.submit(build_web.build, lambda line: print(line, flush=True))
        programs = {
            name: background.submit(obtain, lambda line: print(line, flush=True))
            for name, obtain in (("DAPRD", daprd.obtain), ("HELM", helm.obtain), ("SENTRY", daprd.obtain_sentry))
        }
        failed = [check.name for check in static_checks() if not passes(check, env)]
        node = web.result()
        env["PATH"] = f"{node.binary.parent}{os.pathsep}{env.get('PATH', os.defpath)}"
        failed += [check.name for check in web_checks(node) if not passes(check, env)]
        databases = list(servers())
        for label, installation in databases:
            thorough = (label, installation) == databases[-1]
            checks = database_checks(label, thorough=thorough) + (browser_checks(node) if thorough else [])
            failed += on_database(installation, env | _found(programs) if thorough else env, checks)
    if failed:
        sys.exit(f"\nFailed: {'; '.join(failed)}.")
    print("\nEverything passed.")


def on_database(installation: postgres.Installation | None, env: Mapping[str, str], checks: Sequence[Check]) -> list[str]:
    """Run the checks that need a database, on a throw-away server unless there is one already; the names of those that failed."""
    with ExitStack() as stack:
        if installation:
            env = {**env, "DATABASE_URL": stack.enter_context(postgres.throwaway(installation)), "TODO_PG_BIN": str(installation.bin)}
        return [check.name for check in checks if not passes(check, env)]


def refuse_without_browser() -> None:
    """A test in a browser that is not there would prove nothing."""
    if not shutil.which(lookup("CHROMIUM", "/usr/bin/chromium")):
        raise Refusal("The browser tests need Chromium: install it (Debian: `apt install chromium`), or name one with CHROMIUM.")


def _found(programs: Mapping[str, Future[Path]]) -> dict[str, str]:
    """Where they are. Raises Refusal when one is not there: the tests that need it would prove nothing."""
    return {name: str(found.result()) for name, found in programs.items()}


if __name__ == "__main__":
    try:
        main()
    except Refusal as refusal:
        sys.exit(str(refusal))
