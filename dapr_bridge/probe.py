"""Whether what a breaker guards answers: found out in the background while the breaker is in use, and by nobody's request.

Of the processes that share a breaker one probes at a time, whichever comes first: they share what it learns, and when it dies
or freezes the next one finds that it is time.
"""

import time
from contextlib import suppress

from dapr_bridge import sidecar
from dapr_bridge.breaker import Breaker, breaker
from dapr_bridge.conf import Conf, conf
from dapr_bridge.periodic import Periodic
from dapr_bridge.sidecar import SidecarError

UNUSED_SECONDS = 5.0
NO_SUCH_KEY = "dapr_bridge.probe"  # nothing is ever stored there

_used_at: dict[str, float] = {}


def watched(name: str) -> Breaker:
    """The breaker of "state" or "pubsub" for a caller who is about to use it; it is probed until nobody has for a while."""
    _used_at[name] = time.monotonic()
    _thread.start()
    return breaker(name)


def in_use() -> list[str]:
    """The breakers that somebody in this process was about to use lately. Of others nobody knows how they would be."""
    now = time.monotonic()
    return [name for name, at in list(_used_at.items()) if now - at < UNUSED_SECONDS]


def probe_used() -> None:
    """Probe what is in use and was not probed just now; end the thread when nothing is in use."""
    used = in_use()
    if not used:
        _thread.stop()
    for name in used:
        guarded = breaker(name)
        if guarded.admits_probe(conf.PROBE_SECONDS):
            _PROBES[name](guarded)


def stop() -> None:
    """End the thread. For tests."""
    _thread.stop()
    _used_at.clear()


def _probe_state(guarded: Breaker) -> None:
    """Read from the store, in the time a request has: a sidecar that is well may wait for a store that is not."""
    with suppress(SidecarError):
        guarded.call(lambda: sidecar.get_state(conf.STATE_STORE, NO_SUCH_KEY, conf.REQUEST_BUDGET_SECONDS))


def _probe_pubsub(guarded: Breaker) -> None:
    """Open it when the sidecar does not answer, or has no such component. Only an event that was published proves that it may be closed.

    Every failure puts off the next trial, so that no event waits for a sidecar that is known to be away.
    """
    try:
        has_it = conf.PUBSUB in sidecar.metadata().components
    except SidecarError as error:
        guarded.failed(at_once=error.timed_out)
    else:
        if not has_it:
            guarded.failed()


_PROBES = {"state": _probe_state, "pubsub": _probe_pubsub}
_thread = Periodic("dapr-probe", Conf.PROBE_SECONDS, probe_used)
