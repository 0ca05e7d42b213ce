"""Each fault of sidecar and Redis against each kind of request, in phases 3 to 5: no request fails or waits, and all is well again soon."""

import http.client
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.dapr_stack import eventually
from tests.e2e.everyday import PEOPLE, Busy, Load
from tests.e2e.faults import FAULTS, Fault, FaultyStack
from tests.e2e.test_chaos import assert_in_order, until_quiet
from tests.e2e.test_phases import NO_LIMITS
from tools.processes import answers

pytestmark = [pytest.mark.e2e, pytest.mark.dapr, pytest.mark.timeout(300)]

KINDS = {"list hit", "list miss", "detail", "create", "update", "delete", "login", "health"}
WATCHED_SECONDS = 1.0
SLOWER_SECONDS = 0.06  # than without the fault: the budget of a request, and a little for the machine
TRIES = 4  # of the time limits alone: a busy machine slows something else each time, a defect the same


@pytest.fixture(scope="module")
def stack(daprd_binary: Path, valkey_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyStack]:
    stack = FaultyStack(tmp_path_factory.mktemp("faults"), daprd_binary=daprd_binary, valkey_binary=valkey_binary, **NO_LIMITS)
    with stack.running():
        yield stack


@pytest.fixture(scope="module")
def people(stack: FaultyStack) -> Iterator[list[Busy]]:
    people = [Busy(stack.port, number) for number in range(PEOPLE)]
    for person in people:
        person.settle()
    yield people
    for person in people:
        person.close()


@pytest.fixture(scope="module", params=[3, 4, 5], ids=lambda number: f"phase {number}")
def phase(request: pytest.FixtureRequest, stack: FaultyStack) -> int:
    """The phase that the stack is in."""
    number: int = request.param
    stack.phase(number)
    time.sleep(1.0)
    return number


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_noticed_by_nobody_and_is_over_soon(stack: FaultyStack, people: list[Busy], phase: int, fault: Fault) -> None:
    usual = in_use(stack, people, phase)
    eventually(usual)
    slow = KINDS
    for _ in range(TRIES):
        found = under(fault, stack, people, usual)
        if not (slow := slow & set(found)):
            break
    assert not slow, found
    until_quiet(stack, within=10)
    assert_in_order(stack)


def under(fault: Fault, stack: FaultyStack, people: list[Busy], usual: Callable[[], bool]) -> dict[str, str]:
    """Let the fault happen while people work, and end it; what was slower than it may be. Asserts all the rest."""
    for person in people:
        person.close()  # what has been idle since the test before may be closed at the other end
    if fault.at_boot:
        fault.begin(stack)
    with Load(people, pause=0.02, control=answers(stack.events_port, "/readyz")).running() as load:
        time.sleep(0 if fault.at_boot else WATCHED_SECONDS)
        begun = time.monotonic()
        try:
            if not fault.at_boot:
                fault.begin(stack)
            time.sleep(max(0.0, begun + WATCHED_SECONDS - time.monotonic()))
            eventually(lambda: {one.kind for one in load.noted if one.begun >= begun} >= KINDS)
        finally:
            fault.end(stack)
        eventually(usual, within=2)
    assert not load.failures, load.failures[:5]
    before, during = load.slowest(0, begun), load.slowest(begun, begun + WATCHED_SECONDS)
    machine = max(during.get("control", 0.0) - before.get("control", 0.0), 0.0)
    limits = {kind: before.get(kind, 0.5) + machine + SLOWER_SECONDS for kind in KINDS}
    return {kind: f"{during[kind]:.3f} s of {limits[kind]:.3f} s" for kind in KINDS if during.get(kind, 0.0) > limits[kind]}


def in_use(stack: FaultyStack, people: list[Busy], phase: int) -> Callable[[], bool]:
    """Whether events and, from phase 4 on, answers take their way through Dapr: a probe that makes some and looks."""

    def usual() -> bool:
        published, stored = stack.published(), stack.keys_of_state()
        with suppress(OSError, http.client.HTTPException):  # a connection that was idle, or the API was started again
            people[0].extra.ask("POST", "/api/v1/todos", {"title": "through the broker"})
            people[0].extra.ask("GET", f"/api/v1/todos?q=x{time.monotonic_ns()}")
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            if stack.published() > published and (phase < 4 or stack.keys_of_state() > stored):
                return True
            time.sleep(0.05)
        return False

    return usual
