"""Django's documented behaviour of caches, on the shipped fake."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from dapr_bridge.fake_sidecar import FakeSidecar, switched
from tests.dapr_bridge.documented_cache import DocumentedCache, cache  # noqa: F401 -- a fixture


class TestOnTheFake(DocumentedCache):
    @pytest.fixture(autouse=True)
    def _store(self, fake: FakeSidecar, settings: Settings) -> Iterator[None]:
        settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"REQUEST_BUDGET_SECONDS": 5.0}
        with switched("state"):
            yield
