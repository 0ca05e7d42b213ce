"""Every switch of phases under load: nobody notices, nothing is lost, and the answers are those of the monolith, byte for byte."""

import itertools
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conversation import Conversation
from tests.e2e.dapr_stack import DaprStack
from tests.e2e.everyday import PEOPLE, Busy, Load
from tests.e2e.stack import Person
from tests.e2e.test_chaos import assert_in_order, until_quiet

pytestmark = [pytest.mark.e2e, pytest.mark.dapr, pytest.mark.timeout(600)]

PHASES = range(6)
OPERATIONS = 2_000
IN_FORCE_SECONDS = 1.0
NO_LIMITS = {f"LIMIT_LOGINS_PER_{what}": "1000000/60" for what in ("ADDRESS", "ACCOUNT", "ACCOUNT_AND_ADDRESS")}


@pytest.fixture(scope="module")
def stack(daprd_binary: Path, valkey_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaprStack]:
    """The product with Dapr beside it, where people may log in as often as they like."""
    stack = DaprStack(tmp_path_factory.mktemp("phases"), daprd_binary=daprd_binary, valkey_binary=valkey_binary, **NO_LIMITS)
    with stack.running():
        yield stack


def every_step() -> list[int]:
    """A closed walk from phase 0 that takes each of the 30 steps from one phase to another once (Hierholzer)."""
    left = {one: [other for other in PHASES if other != one] for one in PHASES}
    for others in left.values():
        random.shuffle(others)
    walk, path = [], [0]
    while path:
        if left[path[-1]]:
            path.append(left[path[-1]].pop())
        else:
            walk.append(path.pop())
    return walk[::-1]


def test_every_step_between_two_phases_is_taken_under_load_and_nobody_notices(stack: DaprStack) -> None:
    walk = every_step()
    assert sorted(itertools.pairwise(walk)) == sorted(itertools.permutations(PHASES, 2))
    people = [Busy(stack.port, number) for number in range(PEOPLE)]
    stack.phase(0)
    for person in people:
        person.settle()
    unchanging = [read() for person in people for read in person.known.values()]
    published = stack.published()
    with Load(people, pause=0.01).running() as load:
        for phase in walk:
            stack.phase(phase)
            time.sleep(IN_FORCE_SECONDS + 0.3)
            assert [read() for person in people for read in person.known.values()] == unchanging, (phase, walk)
    for person in people:
        person.close()
    assert not load.failures, (walk, load.failures[:5])
    assert {one.kind for one in load.noted} == set(people[0].kinds)
    assert len(load.noted) > 1_000
    until_quiet(stack, within=30)
    assert stack.published() > published + 50, "in half of the phases events went through the broker"
    assert stack.keys_of_state() > 50, "and in some of them answers into the store"
    assert_in_order(stack)


def test_two_thousand_operations_are_answered_with_the_same_bytes_in_every_phase(stack: DaprStack) -> None:
    seed = random.SystemRandom().randrange(10**6)
    told: list[list[tuple[str, str]]] = []
    for phase in PHASES:
        stack.phase(phase)
        time.sleep(IN_FORCE_SECONDS)
        person = Person(stack.port, "same@example.com")
        person.sign_up()
        told.append(list(Conversation(person, seed).run(OPERATIONS)))
        assert person.ask("DELETE", "/api/v1/auth/account", {"password": person.password}).status == 204
        person.close()
    statuses = {answer[:3] for _, answer in told[0]}
    assert statuses >= {"200", "201", "204", "304", "400", "401", "403", "404", "405", "412", "415", "422"}, statuses
    for phase, answers in zip(PHASES, told, strict=True):
        for number, (mine, first) in enumerate(zip(answers, told[0], strict=True)):
            assert mine == first, f"seed {seed}, operation {number}, phase {phase}:\n{mine}\n{first}"
