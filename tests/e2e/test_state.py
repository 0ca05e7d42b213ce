"""State through Dapr in the product as it runs: in shadow nobody waits for it, and after phase 0 nothing of it is left."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.dapr_stack import DaprStack, eventually
from tests.e2e.proxy import Proxy
from tests.e2e.stack import Person

pytestmark = [pytest.mark.e2e, pytest.mark.dapr, pytest.mark.timeout(300)]

LIST = "/api/v1/todos"


class Fronted(DaprStack):
    """A stack whose api reaches its sidecar through proxies."""

    def __init__(self, folder: Path, proxies: ExitStack, **options: Any) -> None:
        self._proxies = proxies
        super().__init__(folder, **options)

    def variables(self, role: str) -> dict[str, str]:
        ours = super().variables(role)
        if role == "api":
            ports = self.ports["todo-backend"]
            self.http, self.grpc = (self._proxies.enter_context(Proxy(port)) for port in (ports.http, ports.grpc))
            ours |= {"DAPR_HTTP_PORT": str(self.http.port), "DAPR_GRPC_PORT": str(self.grpc.port)}
        return ours


@pytest.fixture(scope="module")
def stack(daprd_binary: Path, valkey_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronted]:
    with ExitStack() as proxies:
        started = Fronted(tmp_path_factory.mktemp("stack"), proxies, daprd_binary=daprd_binary, valkey_binary=valkey_binary)
        with started.running():
            yield started


@pytest.fixture(scope="module")
def person(stack: Fronted) -> Iterator[Person]:
    someone = Person(stack.port, "state@example.com")
    someone.sign_up()
    for number in range(60):
        someone.ask("POST", LIST, {"title": f"todo {number}"})
    yield someone
    someone.close()


def seconds(person: Person) -> float:
    begun = time.perf_counter()
    answer = person.ask("GET", LIST)
    took = time.perf_counter() - begun
    assert answer.status == 200
    return took


def p99(person: Person, requests: int = 300) -> float:
    return sorted(seconds(person) for _ in range(requests))[requests * 99 // 100]


def counts(stack: Fronted) -> dict[str, int]:
    """What the processes of the api have counted, as they reported it last."""
    found: dict[str, int] = {}
    for (report,) in stack.query("SELECT report FROM dapr_bridge_processreport WHERE role = 'api' AND seen_at > now() - interval '8 s'"):
        for name, number in report["counts"].items():
            found[name] = found.get(name, 0) + number
    return found


def test_in_shadow_a_sidecar_that_takes_two_seconds_is_felt_by_nobody(stack: Fronted, person: Person) -> None:
    stack.switch(sidecar="on", state="shadow")
    eventually(lambda: p99(person, 20) and counts(stack).get("shadow_compared"))
    without, slow = [], []
    for _ in range(3):  # in turns: whatever else the machine does falls on both
        stack.switch(state="off")
        time.sleep(1)
        without.append(p99(person))
        stack.http.delay = stack.grpc.delay = 2.0
        stack.http.fault = stack.grpc.fault = "slow"
        stack.switch(state="shadow")
        time.sleep(1)
        slow.append(p99(person))
        stack.http.fault = stack.grpc.fault = ""
    assert min(slow) < min(without) + 0.02, (slow, without)
    assert eventually(lambda: counts(stack).get("shadow_skipped"))  # what did not get its turn was dropped, not queued without end


def test_after_going_back_to_phase_0_no_connection_to_a_sidecar_is_left(stack: Fronted, person: Person) -> None:
    stack.phase(4)
    hits = counts(stack).get("cache_hits", 0)
    eventually(lambda: p99(person, 20) and counts(stack).get("cache_hits", 0) > hits)
    person.ask("POST", LIST, {"title": "an event for the relay"})
    assert stack.http.connections + stack.grpc.connections > 0
    stack.phase(0)
    begun = time.monotonic()
    while stack.http.connections + stack.grpc.connections + to_worker(stack) > 0:
        assert time.monotonic() - begun < 30
        seconds(person)
        time.sleep(0.5)


def to_worker(stack: Fronted) -> int:
    """Connections of the relay and the event route to their sidecar, from the kernel's table."""
    ports = stack.ports["todo-worker"]
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[3] == "01" and int(row[2].partition(":")[2], 16) in (ports.http, ports.grpc) for row in rows)


def test_a_new_process_lets_nobody_wait_for_what_dapr_is_made_of(stack: Fronted, person: Person) -> None:
    slowest = {}
    for phase in (0, 4):
        stack.phase(phase)
        stack.api.restart()
        person.close()
        slowest[phase] = max(seconds(person) for _ in range(200))
    eventually(lambda: p99(person, 20) and counts(stack).get("cache_hits"))
    assert slowest[4] < slowest[0] + 0.15, slowest
