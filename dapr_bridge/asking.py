"""How a request asks the sidecar: only while the breaker is closed, within its budget, in few threads at once, and once per key."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswerInTime
from typing import Any, TypeVar

from dapr_bridge import probe
from dapr_bridge.conf import conf
from dapr_bridge.scope import Scope
from dapr_bridge.sidecar import SidecarError

SHORTEST_CALL = 0.005  # seconds of budget; with less left the call would hardly come back in time

T = TypeVar("T")


class Unasked(SidecarError):
    """Nobody was asked: the sidecar is known to be away, the budget is used up, or enough threads wait for it already."""


class _Shared:
    """What the threads of this process share; a forked child has its own."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.asking = 0
        self.flights: dict[str, Future[Any]] = {}


_shared = _Shared()


def _after_fork() -> None:
    global _shared
    _shared = _Shared()


os.register_at_fork(after_in_child=_after_fork)


def ask(within: Scope, call: Callable[[float], T]) -> T:
    """The answer of `call`, which is told how many seconds it has. Raises SidecarError, Unasked among them."""
    breaker = probe.watched("state")
    if breaker.is_open:
        raise Unasked("the breaker is open")
    if within.budget.left < SHORTEST_CALL:
        raise Unasked("the budget is used up")
    shared = _shared
    with shared.lock:
        if shared.asking >= conf.STATE_THREADS:
            raise Unasked("enough threads wait for the sidecar")
        shared.asking += 1
    try:
        with within.budget.spend() as left:
            return breaker.call(lambda: call(left), patient=left > conf.REQUEST_BUDGET_SECONDS / 2)
    finally:
        with shared.lock:
            shared.asking -= 1


def ask_once(key: str, within: Scope, call: Callable[[float], T]) -> T:
    """As `ask`; threads that ask for the key while another one does wait for its answer, no longer than their own budgets."""
    shared = _shared
    with shared.lock:
        flight = shared.flights.get(key)
        mine: Future[Any] = Future()
        if flight is None:
            shared.flights[key] = mine
    if flight is not None:
        shared_answer: T = _await(flight, within)
        return shared_answer
    try:
        answer = ask(within, call)
    except BaseException as error:
        mine.set_exception(error)
        raise
    else:
        mine.set_result(answer)
        return answer
    finally:
        with shared.lock:
            del shared.flights[key]


def _await(flight: Future[T], within: Scope) -> T:
    with within.budget.spend() as left:
        try:
            return flight.result(max(left, 0.0))
        except (SidecarError, NoAnswerInTime) as error:
            raise Unasked("another thread asked, and had no answer") from error
