"""State in shadow: answered as if it were off, compared behind the request's back."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection

from dapr_bridge import sealed, shadow, tally
from dapr_bridge.fake_sidecar import FakeSidecar, switched
from dapr_bridge.models import ShadowMismatch
from tests.dapr_bridge.conftest import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(fake: FakeSidecar) -> Iterator[FakeSidecar]:
    with switched(state="shadow"):
        yield fake
        shadow.stop()
    while not shadow._waiting.empty():
        shadow._waiting.get_nowait()


def counted(name: str) -> int:
    return tally.counts().get(name, 0)


def answer(value: Any) -> None:
    """What a reader does: ask, build, store."""
    assert caches["responses"].get("list") is None
    caches["responses"].set("list", value, 60)


def compared(number: int) -> None:
    before = counted("shadow_compared")
    eventually(lambda: counted("shadow_compared") >= before + number, seconds=5)


def test_nothing_is_answered_from_the_store_and_the_fresh_value_is_put_there(store: FakeSidecar) -> None:
    answer(b"one")
    eventually(lambda: store.entries, seconds=5)
    assert caches["responses"].get("list") is None
    ((key, entry),) = store.entries.items()
    assert sealed.unseal(key, entry.data).value == b"one"


def test_equal_values_are_counted_and_nothing_is_kept(store: FakeSidecar) -> None:
    before = counted("shadow_mismatches")
    answer(b"one")
    answer(b"one")
    compared(0)
    eventually(lambda: store.calls.count("SaveState") == 2)
    assert counted("shadow_mismatches") == before
    assert not ShadowMismatch.objects.exists()


def test_a_mismatch_is_kept_with_its_places_and_without_its_values(store: FakeSidecar) -> None:
    before, fresh = (b'"tag"\n\n{"results":[{"title":"%s"}],"next":null}' % title for title in (b"buy milk", b"secret"))
    answer(before)
    eventually(lambda: store.entries)
    answer(fresh)
    mismatch = eventually(ShadowMismatch.objects.first)
    assert mismatch.places == ["/2/results/0/title"]
    assert (mismatch.stored_length, mismatch.fresh_length) == (len(before), len(fresh))
    assert "secret" not in str(vars(mismatch)) and "milk" not in str(vars(mismatch))  # noqa: PT018


def test_only_the_newest_mismatches_are_kept(store: FakeSidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow, "KEPT", 3)
    for number in range(6):
        shadow._keep(f"{number}", 1, 2)
    assert list(ShadowMismatch.objects.order_by("id").values_list("key", flat=True)) == ["3", "4", "5"]


def test_a_slow_sidecar_costs_the_request_nothing(store: FakeSidecar) -> None:
    store.delay = 2.0
    answer(b"warm up")
    begun = time.monotonic()
    for _ in range(50):
        answer(b"value")
    assert time.monotonic() - begun < 0.5


def test_what_does_not_fit_is_skipped_and_counted(store: FakeSidecar) -> None:
    store.delay = 1.0
    before = counted("shadow_skipped")
    for _ in range(shadow.WAITING + 20):
        answer(b"value")
    assert counted("shadow_skipped") - before >= 15


def test_a_dead_sidecar_is_counted_and_no_more(store: FakeSidecar) -> None:
    store.failure = "UNAVAILABLE"
    before = counted("shadow_skipped")
    answer(b"value")
    eventually(lambda: counted("shadow_skipped") == before + 1)


def test_a_lost_database_costs_the_mismatch_and_not_the_thread(store: FakeSidecar) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE dapr_bridge_shadowmismatch RENAME TO elsewhere")
        try:
            answer(b"one")
            eventually(lambda: store.entries)
            before = counted("shadow_mismatches")
            answer(b"two")
            eventually(lambda: counted("shadow_mismatches") == before + 1)
        finally:
            cursor.execute("ALTER TABLE elsewhere RENAME TO dapr_bridge_shadowmismatch")
    answer(b"three")
    eventually(ShadowMismatch.objects.exists)


@pytest.mark.parametrize(
    ("before", "fresh", "expected"),
    [
        ({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3]}, ["/b/1"]),
        ({"a": 1}, {"b": 1}, ["/a", "/b"]),
        ([1, 2], [1], [" (length)"]),
        (1, True, ["/"]),
        (b"a\nb", b"a\nc", ["/1"]),
        (b"[1]", b"[1] ", []),
        (b"\xff", b"\xfe", ["/"]),
        (list(range(50)), list(range(1, 51)), [f"/{number}" for number in range(20)]),
    ],
)
def test_places_are_paths_to_what_differs(before: Any, fresh: Any, expected: list[str]) -> None:
    assert shadow.places(before, fresh) == expected
