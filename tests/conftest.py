"""What every test run needs: a PostgreSQL, settings, and no silent skips where the build server runs."""

import os
import secrets
from collections.abc import Generator
from contextlib import ExitStack

import django
import hypothesis
import pytest
from pytest_django import Settings

# The first has a project and a pytest.ini of its own, without this repository's settings; the second needs a cluster.
collect_ignore = ["dapr_bridge", "cluster"]
hypothesis.settings.register_profile("todo", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("todo")
resources = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Give Django its settings; without DATABASE_URL start a throw-away server, once, in the process that xdist's workers descend from."""
    config.addinivalue_line("markers", "may_skip: this test may be skipped on the build server, for the reason the skip gives")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "todo_project.settings")
    os.environ.setdefault("SECRET_KEY", secrets.token_hex())
    os.environ.setdefault("HTTPS", "false")
    os.environ.setdefault("DATABASE_POOL_SIZE", "0")  # a pooled connection would outlive its test's database
    config.stash[resources] = stack = ExitStack()
    if not os.environ.get("DATABASE_URL"):
        from tools import postgres

        os.environ["DATABASE_URL"] = stack.enter_context(postgres.throwaway())
        stack.callback(os.environ.pop, "DATABASE_URL")
    django.setup()  # pytest-django does it only for settings chosen before any conftest is loaded


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server that pytest_configure started."""
    if stack := config.stash.get(resources, None):
        stack.close()


@pytest.fixture(autouse=True)
def _fast_password_hashes(settings: Settings) -> None:
    """Argon2 costs 25 ms by design; a test that is about it sets its own hashers."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On the build server a skipped test has proved nothing, so it fails."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _on_build_server() and not item.get_closest_marker("may_skip"):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for whole modules that skip themselves."""
    report = yield
    if report.skipped and _on_build_server():
        _fail(report)
    return report


def _on_build_server() -> bool:
    return os.environ.get("CI") == "true"


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{reason}\nSkipped tests fail where CI=true: provide what is missing, or mark the test may_skip."
