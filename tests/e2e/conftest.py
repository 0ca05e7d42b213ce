"""Fixtures of the tests with real processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.dapr_stack import DaprStack


@pytest.fixture(scope="module")
def dapr_stack(daprd_binary: Path, valkey_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaprStack]:
    """The product with Dapr beside it, in phase 0; one for the tests of a module, which leave it running."""
    stack = DaprStack(tmp_path_factory.mktemp("stack"), daprd_binary=daprd_binary, valkey_binary=valkey_binary)
    with stack.running():
        yield stack
