"""What this process counted since it started: for its reports, and for whoever exports metrics."""

import os
import threading
from collections import Counter

_counts: Counter[str] = Counter()
_lock = threading.Lock()


def _after_fork() -> None:
    """What the parent counted is the parent's, and its lock may be held."""
    global _lock
    _lock = threading.Lock()
    _counts.clear()


os.register_at_fork(after_in_child=_after_fork)


def count(name: str, number: int = 1) -> None:
    """Add to one of the counts."""
    with _lock:
        _counts[name] += number


def counts() -> dict[str, int]:
    """All counts so far: cache_hits, cache_misses, cache_errors, shadow_compared, shadow_mismatches, shadow_skipped,
    events_published, events_direct. One that is missing is 0."""
    with _lock:
        return dict(_counts)
