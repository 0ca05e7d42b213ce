"""Events of the product through real sidecars and a real broker."""

import time
from collections.abc import Iterator

import pytest

from tests.e2e.dapr_stack import DaprStack, eventually
from tests.e2e.stack import Person

pytestmark = [pytest.mark.e2e, pytest.mark.dapr, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def person(dapr_stack: DaprStack) -> Iterator[Person]:
    someone = Person(dapr_stack.port, "events@example.com")
    someone.sign_up()
    yield someone
    someone.close()


@pytest.fixture
def through_dapr(dapr_stack: DaprStack) -> DaprStack:
    """Phase 3, in force everywhere, with nothing left to deliver."""
    dapr_stack.phase(3)
    time.sleep(1)
    eventually(lambda: is_quiet(dapr_stack), within=30)
    return dapr_stack


def is_quiet(stack: DaprStack) -> bool:
    return not stack.query("SELECT FROM dapr_bridge_outbox WHERE delivered_at IS NULL AND discarded_at IS NULL")


def test_events_are_receipted_after_they_went_through_the_broker(through_dapr: DaprStack, person: Person) -> None:
    before = through_dapr.published()
    todos = [person.ask("POST", "/api/v1/todos", {"title": f"todo {number}"}).json["id"] for number in range(10)]
    eventually(lambda: is_quiet(through_dapr))
    assert through_dapr.published() - before == 10
    ((activities,),) = through_dapr.query(
        "SELECT count(*) FROM todos_activity a JOIN dapr_bridge_outbox o ON o.id = a.id"
        " JOIN dapr_bridge_receipt r ON r.event_id = o.id AND r.consumer = 'activity' WHERE o.data->>'id' = ANY(%s)",
        todos,
    )
    assert activities == 10
    assert eventually(lambda: through_dapr.pending() == 0)
