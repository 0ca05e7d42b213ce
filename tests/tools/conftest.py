"""A copy of the checkout for each test that runs it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_run import LocalRun, copy_checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh copy of the checkout; packages are installed, nothing has run."""
    return copy_checkout(tmp_path / "todo")


@pytest.fixture
def local_run(checkout: Path) -> Iterator[LocalRun]:
    """`make run`, not yet typed, in a fresh copy of the checkout."""
    run = LocalRun(checkout)
    yield run
    run.clean_up()
