"""The cache as Django documents caches, on the shipped fake; `test_with_daprd.py` runs the same on a real sidecar and store."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings

from dapr_bridge import scope, sealed, switches, tally
from dapr_bridge.breaker import breaker
from dapr_bridge.cache import DaprStateCache
from dapr_bridge.fake_sidecar import FakeSidecar, switched
from tests.dapr_bridge.conftest import switch


@pytest.fixture
def on(fake: FakeSidecar) -> Iterator[FakeSidecar]:
    """State is on, and the fake is the store."""
    with switched("state"):
        yield fake


def cache() -> BaseCache:
    return caches["responses"]


def stored(fake: FakeSidecar) -> Any:
    (entry,) = fake.entries.values()
    return entry


class TestWhenItIsOff:
    @pytest.mark.parametrize("stages", [{"state": "off"}, {"state": "on", "sidecar": "off"}])
    def test_everything_is_a_miss_and_the_sidecar_is_not_asked(self, fake: FakeSidecar, stages: dict[str, str]) -> None:
        with switched(**stages):
            cache().set("a", 1)
            assert cache().get("a", "nothing") == "nothing"
            assert cache().get_many(["a", "b"]) == {}
            assert cache().set_many({"a": 1}) == ["a"]
            assert not cache().add("a", 1)
            assert not cache().add("a", 1, 0)
            assert not cache().touch("a")
            assert not cache().delete("a")
            assert "a" not in cache()
            assert cache().get_or_set("a", lambda: 7) == 7
            with pytest.raises(ValueError, match="not found"):
                cache().incr("a")
        assert fake.calls == []

    def test_users_outside_the_percentage_do_without(self, fake: FakeSidecar) -> None:
        with switched("state"):
            switches.pin(switches.Snapshot({"sidecar": switches.Switch("on"), "state": switches.Switch("on", 30)}))
            for number in range(100):
                cache().set(f"key-{number}", number)
        assert 10 < len(fake.entries) < 50


class TestWhenTheSidecarFails:
    @pytest.mark.parametrize("failure", ["UNAVAILABLE", "INTERNAL"])
    def test_every_method_answers_as_if_nothing_were_there(self, on: FakeSidecar, failure: str) -> None:
        cache().set("a", 1)
        for method in (
            lambda: cache().get("a", "nothing") == "nothing",
            lambda: cache().get_many(["a"]) == {},
            lambda: not cache().set_many({}),
            lambda: cache().set_many({"a": 1, "b": 2}) == ["a", "b"],
            lambda: cache().add("b", 1) is False,
            lambda: cache().touch("a") is False,
            lambda: cache().delete("a") is False,
            lambda: not cache().delete("b"),
        ):
            on.failure = failure
            assert method()
            on.failure = ""
            breaker("state").succeeded()
        on.failure = failure
        with pytest.raises(ValueError, match="not to be had in time"):
            cache().incr("a")

    def test_after_three_failures_it_is_not_asked_any_more(self, on: FakeSidecar) -> None:
        on.failure = "INTERNAL"
        for _ in range(10):
            assert cache().get("a") is None
        assert on.calls == ["GetState"] * 3

    def test_a_request_waits_no_longer_than_its_budget_however_much_it_asks(self, on: FakeSidecar) -> None:
        cache().get("connect")
        on.delay = 0.02
        begun = time.monotonic()
        with scope.opened(RequestFactory().get("/")):
            for number in range(20):
                cache().get(f"key-{number}")
                breaker("state").succeeded()
        assert time.monotonic() - begun < 0.15
        assert len(on.calls) < 8

    def test_a_frozen_sidecar_costs_one_request_its_budget_and_the_next_nothing(self, on: FakeSidecar) -> None:
        cache().get("connect")
        on.delay = 0.3
        begun = time.monotonic()
        assert cache().get("a") is None
        first = time.monotonic() - begun
        begun = time.monotonic()
        assert cache().get("a") is None
        assert 0.04 < first < 0.25
        assert time.monotonic() - begun < 0.02

    def test_at_most_so_many_threads_wait_for_it(self, on: FakeSidecar, settings: Settings) -> None:
        cache().get("connect")
        on.calls.clear()
        on.delay = 0.04
        threads = [threading.Thread(target=cache().get, args=[f"key-{number}"]) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(on.calls) <= 4

    def test_threads_that_ask_for_one_key_at_once_ask_the_sidecar_once(self, on: FakeSidecar) -> None:
        cache().set("a", b"value")
        on.calls.clear()
        on.delay = 0.03
        answers: list[Any] = []
        threads = [threading.Thread(target=lambda: answers.append(cache().get("a"))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [b"value"] * 8
        assert on.calls == ["GetState"]


class TestWhatIsInTheStore:
    def test_a_key_says_nothing_and_has_one_length(self, on: FakeSidecar) -> None:
        cache().set("todo||list||alice@example.com", b"1")
        cache().set("x" * 200, b"1")
        assert {len(key) for key in on.entries} == {64}
        assert not any("alice" in key or "||" in key for key in on.entries)

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda data: data[:-1],
            lambda data: data + b" ",
            lambda data: b"",
            lambda data: b"\x80\x04\x95cos\nsystem\n",
            lambda data: bytes(len(data)),
            lambda data: data[:40] + b"j" + data[41:],
            lambda data: b"x" * 1_000_000,
        ],
        ids=["cut", "longer", "empty", "a pickle", "zeros", "of another kind", "huge"],
    )
    def test_a_value_that_was_tampered_with_is_a_miss(self, on: FakeSidecar, spoil: Any) -> None:
        cache().set("a", b"[1]")
        entry = stored(on)
        entry.data = spoil(entry.data)
        assert cache().get("a", "nothing") == "nothing"
        assert cache().get_many(["a"]) == {}
        with pytest.raises(ValueError, match="not found"):
            cache().incr("a")
        assert not cache().touch("a")

    def test_two_users_values_that_change_places_are_misses(self, on: FakeSidecar) -> None:
        cache().set("alice", b"hers")
        cache().set("bob", b"his")
        one, other = on.entries.values()
        one.data, other.data = other.data, one.data
        assert cache().get_many(["alice", "bob"]) == {}
        assert cache().get("alice") is None

    def test_another_secret_key_reads_nothing(self, on: FakeSidecar, settings: Settings) -> None:
        cache().set("a", 1)
        settings.SECRET_KEY = "rotated"
        assert cache().get("a") is None

    @pytest.mark.parametrize("value", [(1, 2), {1: 2}, float("nan"), object(), {"a": {1, 2}}, [(1,)], bytes])
    def test_what_json_would_change_is_refused(self, on: FakeSidecar, value: Any) -> None:
        with pytest.raises(TypeError):
            cache().set("a", value)
        assert on.entries == {}

    def test_a_refused_value_is_refused_when_the_block_is_off_too(self) -> None:
        with pytest.raises(TypeError):
            cache().set("a", object())

    def test_no_timeout_goes_beyond_the_longest(self, on: FakeSidecar) -> None:
        bounded = DaprStateCache("", {"OPTIONS": {"MAX_TIMEOUT": 600}})
        for timeout in (None, 10_000, 600):
            bounded.set("a", 1, timeout)
            assert 590 < stored(on).ends_at - time.monotonic() <= 600

    def test_a_location_is_refused_with_the_remedy(self) -> None:
        with pytest.raises(ImproperlyConfigured, match="name the store in DAPR_BRIDGE"):
            DaprStateCache("other", {})


class TestClearing:
    @pytest.fixture(autouse=True)
    def _on(self, rows: None, fake: FakeSidecar) -> None:
        switch(sidecar="on", state="on")

    def test_a_cleared_cache_is_empty_at_once_and_can_be_filled_again(self) -> None:
        cache().set("a", 1)
        assert cache().get("a") == 1
        cache().clear()
        assert cache().get("a") is None
        cache().set("a", 2)
        assert cache().get("a") == 2

    def test_what_was_stored_before_state_was_switched_off_is_never_met_again(self) -> None:
        from dapr_bridge import phases

        cache().set("a", 1)
        for stage in ("off", "on"):
            phases.apply(phases.plan_block(phases.read(), "state", stage), who="alice", why="back and forth")
            switches.refresh()
        assert cache().get("a") is None

    def test_reading_and_writing_costs_no_query(self, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        with django_assert_num_queries(0):
            cache().set("a", 1)
            cache().get("a")


def test_hits_misses_and_errors_are_counted(on: FakeSidecar) -> None:
    before = tally.counts()
    cache().set_many({"a": 1, "b": 2})
    cache().get("a")
    cache().get_many(["a", "b", "c"])
    cache().get("d")
    on.failure = "INTERNAL"
    cache().get("a")
    now = tally.counts()
    assert [now.get(name, 0) - before.get(name, 0) for name in ("cache_hits", "cache_misses", "cache_errors")] == [3, 2, 1]


def test_a_seal_is_good_for_its_key_alone() -> None:
    data = sealed.seal("one", {"a": [1, None, "ä"]})
    assert sealed.unseal("one", data).value == {"a": [1, None, "ä"]}
    with pytest.raises(sealed.Malformed):
        sealed.unseal("two", data)


def test_keys_made_of_different_parts_differ() -> None:
    assert (
        len({sealed.digest("a", "b"), sealed.digest("ab"), sealed.digest("a", "b", ""), sealed.digest("a\0b"), sealed.digest("", "ab")})
        == 5
    )
