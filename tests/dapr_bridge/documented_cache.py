"""What Django documents of a cache, as tests for any store: `test_cache_documented.py` and the tests with daprd take them over."""

import threading
import time
import warnings

import pytest
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache, CacheKeyWarning

from dapr_bridge.cache import DaprStateCache


@pytest.fixture
def cache() -> BaseCache:
    return caches["responses"]


class DocumentedCache:
    """Subclass it with a fixture that provides the store."""

    @pytest.mark.parametrize(
        "value", [0, 1, -7, 2**70, 1.5, "", "ascii", "ünïcode €", True, False, [], [1, [2]], {"a": {"b": None}}, b"", b"\x00\xff"]
    )
    def test_a_value_comes_back_as_it_was(self, cache: BaseCache, value: object) -> None:
        cache.set("key", value)
        found = cache.get("key")
        assert found == value
        assert type(found) is type(value)

    def test_none_can_be_stored_and_told_from_a_miss(self, cache: BaseCache) -> None:
        cache.set("key", None)
        assert cache.get("key", "default") is None
        assert "key" in cache
        assert cache.get_or_set("key", "other") is None
        assert cache.get_many(["key"]) == {"key": None}

    def test_a_missing_key_gives_the_default(self, cache: BaseCache) -> None:
        assert cache.get("missing") is None
        assert cache.get("missing", "bang") == "bang"
        assert "missing" not in cache
        assert not cache.has_key("missing")

    def test_add_stores_only_where_nothing_is(self, cache: BaseCache) -> None:
        assert cache.add("key", "first")
        assert not cache.add("key", "second")
        assert cache.get("key") == "first"

    def test_what_was_added_can_be_set_and_added_again_once_deleted(self, cache: BaseCache) -> None:
        cache.add("key", 1)
        cache.set("key", 2)
        assert cache.get("key") == 2
        assert cache.delete("key")
        assert cache.add("key", 3)
        assert cache.get("key") == 3

    def test_of_many_that_add_at_once_one_succeeds(self, cache: BaseCache) -> None:
        for attempt in range(5):
            winners: list[bool] = []

            def add(key: str, winners: list[bool]) -> None:
                winners.append(cache.add(key, 1))

            threads = [threading.Thread(target=add, args=[f"race-{attempt}", winners]) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sum(winners) == 1

    def test_delete_says_whether_there_was_something(self, cache: BaseCache) -> None:
        cache.set("key", 1)
        assert cache.delete("key")
        assert cache.get("key") is None
        assert not cache.delete("key")

    def test_get_or_set_stores_a_value_or_what_a_callable_returns(self, cache: BaseCache) -> None:
        assert cache.get_or_set("key", "value") == "value"
        assert cache.get_or_set("key", "other") == "value"
        assert cache.get_or_set("called", lambda: "made") == "made"
        assert cache.get("called") == "made"
        assert cache.get_or_set("none", lambda: None) is None
        with pytest.raises(TypeError):
            cache.get_or_set("key")  # type: ignore[call-arg]

    def test_many_are_read_written_and_deleted_together(self, cache: BaseCache) -> None:
        assert cache.set_many({"a": 1, "b": 2, "c": 3}) == []
        assert cache.get_many(["a", "b", "c", "d"]) == {"a": 1, "b": 2, "c": 3}
        assert cache.get_many(iter(["a", "d"])) == {"a": 1}
        cache.delete_many(["a", "b", "never-there"])
        assert cache.get_many(["a", "b", "c"]) == {"c": 3}
        assert cache.get_many([]) == {}
        assert cache.set_many({}) == []
        cache.delete_many([])

    def test_numbers_are_counted_up_and_down(self, cache: BaseCache) -> None:
        cache.set("answer", 41)
        assert cache.incr("answer") == 42
        assert cache.incr("answer", 10) == 52
        assert cache.decr("answer") == 51
        assert cache.decr("answer", -5) == 56
        assert cache.get("answer") == 56
        with pytest.raises(ValueError, match="not found"):
            cache.incr("missing")
        with pytest.raises(ValueError, match="not found"):
            cache.decr("missing")

    def test_no_count_is_lost_between_threads(self, cache: BaseCache) -> None:
        cache.set("count", 0)
        counted: list[int] = []

        def count() -> None:
            for _ in range(5):
                try:
                    counted.append(cache.incr("count"))
                except ValueError:
                    continue  # its budget was used up by the others: then it was not counted either

        threads = [threading.Thread(target=count) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert cache.get("count") == len(counted) == len(set(counted)) > 0

    def test_a_timeout_ends_a_value(self, cache: BaseCache) -> None:
        cache.set("short", 1, 1)
        cache.set_many({"many": 1}, 1)
        cache.add("added", 1, timeout=1)
        cache.set("long", 1, 60)
        assert cache.get("short") == 1
        time.sleep(1.3)
        assert cache.get_many(["short", "many", "added", "long"]) == {"long": 1}
        assert cache.add("added", 2)

    def test_without_a_timeout_a_value_stays(self, cache: BaseCache) -> None:
        cache.set("key", 1, 1)
        cache.set("key", 2, None)
        cache.add("other", 3, None)
        time.sleep(1.3)
        assert cache.get_many(["key", "other"]) == {"key": 2, "other": 3}

    @pytest.mark.parametrize("timeout", [0, -1, -100.5])
    def test_a_timeout_of_zero_or_less_is_over_at_once(self, cache: BaseCache, timeout: float) -> None:
        cache.set("key", "kept")
        cache.set("key", "never", timeout)
        assert cache.get("key") is None
        cache.set_many({"a": 1}, timeout)
        assert cache.add("new", 1, timeout)
        cache.set("there", 1)
        assert not cache.add("there", 2, timeout)
        assert cache.get_many(["a", "new", "there"]) == {"there": 1}

    def test_a_fraction_of_a_second_is_rounded_up(self, cache: BaseCache) -> None:
        cache.set("key", 1, 0.2)
        assert cache.get("key") == 1
        time.sleep(1.3)
        assert cache.get("key") is None

    def test_the_default_timeout_is_the_settings(self) -> None:
        short = DaprStateCache("", {"TIMEOUT": 1})
        short.set("key", 1)
        short.set("kept", 1, None)
        time.sleep(1.3)
        assert (short.get("key"), short.get("kept")) == (None, 1)

    def test_touch_changes_the_end_of_life_and_nothing_else(self, cache: BaseCache) -> None:
        cache.set("longer", b"value", 1)
        cache.set("for-ever", b"value", 1)
        cache.set("gone", b"value", 60)
        assert cache.touch("longer", 60)
        assert cache.touch("for-ever", None)
        assert cache.touch("gone", 0)
        time.sleep(1.3)
        assert cache.get_many(["longer", "for-ever", "gone"]) == {"longer": b"value", "for-ever": b"value"}
        assert not cache.touch("gone", 60)

    def test_counting_keeps_the_end_of_life(self, cache: BaseCache) -> None:
        cache.set("key", 1, 1)
        cache.incr("key")
        time.sleep(1.3)
        assert cache.get("key") is None

    def test_versions_are_worlds_of_their_own(self, cache: BaseCache) -> None:
        cache.set("key", 42)
        assert cache.get("key", version=1) == 42
        assert cache.get("key", version=2) is None
        cache.set("key", 43, version=2)
        assert (cache.get("key"), cache.get("key", version=2)) == (42, 43)
        assert cache.get_many(["key"], version=2) == {"key": 43}
        assert cache.incr("key", version=2) == 44
        cache.delete("key", version=1)
        assert (cache.get("key"), cache.get("key", version=2)) == (None, 44)

    def test_a_version_can_be_moved(self, cache: BaseCache) -> None:
        cache.set("key", 42, version=2)
        assert cache.incr_version("key", version=2) == 3
        assert (cache.get("key", version=2), cache.get("key", version=3)) == (None, 42)
        assert cache.decr_version("key", version=3) == 2
        assert cache.get("key", version=2) == 42
        with pytest.raises(ValueError, match="not found"):
            cache.incr_version("missing")

    def test_prefixes_keep_projects_apart(self, cache: BaseCache) -> None:
        other = DaprStateCache("", {"KEY_PREFIX": "other"})
        cache.set("key", 1)
        assert other.get("key") is None
        other.set("key", 2)
        assert (cache.get("key"), other.get("key")) == (1, 2)

    def test_a_key_function_is_used(self) -> None:
        shouting = DaprStateCache("", {"KEY_FUNCTION": lambda key, prefix, version: f"{key}".upper()})
        shouting.set("key", 1)
        assert shouting.get("KEY") == 1

    @pytest.mark.parametrize("key", ["with space", "x" * 251, "\x7f", "tab\t"])
    def test_a_key_that_memcached_would_refuse_is_warned_of_and_works(self, cache: BaseCache, key: str) -> None:
        with pytest.warns(CacheKeyWarning):
            cache.set(key, "value")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CacheKeyWarning)
            assert cache.get(key) == "value"

    def test_a_large_value_comes_back(self, cache: BaseCache) -> None:
        value = b"x" * 1_000_000
        cache.set("large", value)
        assert cache.get("large") == value
