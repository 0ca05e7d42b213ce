"""What this process counted since it started: for its reports, and for whoever exports metrics."""

import os
import threading
from collections import Counter

_counts: Counter[str] = Counter()
_lock = threading.Lock()


def forget() -> None:
    """Begin at 0: in the child of a fork, since what the parent counted is the parent's, and in tests."""
    global _lock
    _lock = threading.Lock()  # the parent's may be held
    _counts.clear()


os.register_at_fork(after_in_child=forget)


def count(name: str, number: int = 1) -> None:
    """Add to one of the counts."""
    with _lock:
        _counts[name] += number


def counts() -> dict[str, int]:
    """All counts so far: cache_hits, cache_misses, cache_errors, shadow_compared, shadow_mismatches, shadow_skipped,
    events_published, events_direct. One that is missing is 0."""
    with _lock:
        return dict(_counts)
