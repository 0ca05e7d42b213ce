"""What an operator does and is told, with the real processes: steps there and back, refusals, and what the doctor finds and sees mended."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dapr_bridge.local.processes import NotReady
from dapr_bridge.pytest_dapr import Sidecar
from tests.e2e.dapr_stack import DaprStack, eventually
from tests.e2e.stack import ROOT, Person
from tools.sidecars import BACKEND, COMPONENTS, FRONTEND, WORKER, sidecar

pytestmark = [pytest.mark.e2e, pytest.mark.dapr, pytest.mark.timeout(300)]

SEEN_BY = "SELECT role, pid, report->'stages'->>%s FROM dapr_bridge_processreport WHERE seen_at > now() - interval '5 s' ORDER BY 1, 2"
SECOND = 1.0


class Operator:
    """Somebody at the command line of the API's host."""

    def __init__(self, stack: DaprStack) -> None:
        self._stack = stack

    def run(self, *command: str) -> tuple[int, str]:
        """A management command: how it ended, and what it said."""
        env = self._stack.env | self._stack.variables("api")
        ended = subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
        return ended.returncode, ended.stdout + ended.stderr

    def finds(self, what: str) -> bool:
        """Whether the doctor tells of it."""
        ended, said = self.run("dapr_doctor")
        return ended == 1 and what in said

    def recovers(self, within: float = 20) -> None:
        """Wait until nothing is wrong; the test fails with what still is."""
        deadline = time.monotonic() + within
        while (said := self.run("dapr_doctor")) != (0, "Nothing is wrong.\n"):
            assert time.monotonic() < deadline, said


@pytest.fixture
def operator(dapr_stack: DaprStack) -> Iterator[Operator]:
    """In phase 0 with everything running; what the test stopped runs again afterwards."""
    dapr_stack.phase(0)
    person = Person(dapr_stack.port, "anybody@example.com")
    person.ask("GET", "/readyz")  # a process that was started again reports from its first request on
    person.close()
    yield Operator(dapr_stack)
    dapr_stack.phase(0)
    for server in (dapr_stack.valkey, dapr_stack.backend_sidecar, dapr_stack.worker_sidecar):
        if not server.is_running():
            server.start()


@pytest.fixture
def another(dapr_stack: DaprStack, tmp_path: Path) -> Callable[..., Any]:
    """Lets an app have another sidecar meanwhile, with other tokens, variables or files."""

    @contextmanager
    def running(
        usual: Sidecar, *, env: dict[str, str] | None = None, tokens: dict[str, str] | None = None, **changes: Any
    ) -> Iterator[None]:
        usual.kill()
        app_port = {BACKEND: dapr_stack.port, WORKER: dapr_stack.events_port}[usual.app_id]
        spec = replace(sidecar(usual.app_id, dapr_stack.ports[usual.app_id], app_port), **changes)
        variables = {name: value for name, value in usual.env.items() if not name.endswith("_API_TOKEN")} | (env or {})
        known = {"api_token": usual.api_token, "app_token": usual.app_token} | (tokens or {})
        with Sidecar(Path(usual.argv[0]), spec, **known, folder=tmp_path, env=variables) as one:
            one.start()
            yield
        usual.start()

    return running


def pids(stack: DaprStack) -> list[tuple[str, int]]:
    """Role and process id of every process that reports."""
    return [(role, pid) for role, pid, _ in stack.query(SEEN_BY, "state")]


def stages(stack: DaprStack) -> set[str]:
    """The stages of state that the processes go by."""
    return {stage for _, _, stage in stack.query(SEEN_BY, "state")}


def test_every_step_forward_is_tried_first_and_every_step_back_is_open(operator: Operator, dapr_stack: DaprStack) -> None:
    for number in range(1, 6):
        ended, said = operator.run("dapr_phase", str(number), "--who", "alice", "--why", f"step {number}")
        assert ended == 0, said
        assert "Every process goes by it." in said
        assert said.endswith(f"Phase {number}.\n")
        assert ("It arrived, and its receipt is committed" in said) == (number == 3)
    operator.recovers()
    assert "5 observability  on" in operator.run("dapr_phase")[1]
    assert operator.run("dapr_phase", "--back")[1].endswith("Phase 4.\n")
    assert operator.run("dapr_phase", "0")[1].endswith("Phase 0.\n")
    rows = dapr_stack.query("SELECT who, block, after, why FROM dapr_bridge_switchchange ORDER BY id DESC LIMIT 10")
    assert rows[:5] == [(rows[0][0], block, "off", "dapr_phase 0") for block in ("state", "pubsub", "invocation", "sidecar")] + [
        (rows[0][0], "observability", "off", "dapr_phase 4")
    ]
    assert rows[5:] == [
        ("alice", block, "on", f"step {5 - place}")
        for place, block in enumerate(("observability", "state", "pubsub", "invocation", "sidecar"))
    ]


def test_a_sidecar_that_died_this_moment_refuses_the_step(operator: Operator, dapr_stack: DaprStack) -> None:
    dapr_stack.backend_sidecar.kill()
    ended, said = operator.run("dapr_phase", "1")
    assert ended == 1
    assert "sidecar stays as it is" in said
    assert "Look whether it runs" in said
    dapr_stack.backend_sidecar.start()
    assert operator.run("dapr_phase", "1")[0] == 0


def test_events_are_not_sent_through_a_broker_that_delivers_nothing(operator: Operator, dapr_stack: DaprStack) -> None:
    dapr_stack.phase(2)
    dapr_stack.valkey.stop()
    try:
        ended, said = operator.run("dapr_phase", "3")
    finally:
        dapr_stack.valkey.cont()
    assert ended == 1
    assert "A canary event sent through Dapr did not arrive within 10 s." in said
    assert dapr_stack.query("SELECT block FROM dapr_bridge_blockswitch WHERE block = 'pubsub' AND stage = 'on'") == []
    eventually(lambda: operator.run("dapr_phase", "3")[0] == 0, within=60)


def test_nothing_is_cached_in_a_store_that_takes_no_writes(operator: Operator, dapr_stack: DaprStack) -> None:
    dapr_stack.phase(3)
    dapr_stack.valkey.ask("CONFIG", "SET", "maxmemory", "1")
    try:
        ended, said = operator.run("dapr_block", "state", "shadow")
    finally:
        dapr_stack.valkey.ask("CONFIG", "SET", "maxmemory", "0")
    assert ended == 1
    assert "OOM command not allowed" in said
    assert "Look whether Redis runs, takes writes" in said
    assert operator.run("dapr_block", "state", "shadow")[1].endswith("state is shadow.\n")


def test_a_sidecar_that_started_before_redis_is_told_and_recovers_without_the_app(operator: Operator, dapr_stack: DaprStack) -> None:
    dapr_stack.phase(4)
    before = pids(dapr_stack)
    dapr_stack.worker_sidecar.kill()
    dapr_stack.valkey.kill()
    with pytest.raises(NotReady):
        dapr_stack.worker_sidecar.start()  # daprd ends, for its supervisor to start it again
    assert eventually(lambda: operator.finds("The sidecar of worker"))
    dapr_stack.valkey.start()
    dapr_stack.worker_sidecar.start()
    operator.recovers(within=30)
    assert pids(dapr_stack) == before


def test_a_component_that_was_not_loaded_is_told_and_recovers_without_the_app(
    operator: Operator, dapr_stack: DaprStack, another: Callable[..., Any], tmp_path: Path
) -> None:
    dapr_stack.phase(4)
    before = pids(dapr_stack)
    shutil.copytree(COMPONENTS, tmp_path / "components")
    lenient = tmp_path / "components/statestore.yaml"
    lenient.write_text(lenient.read_text().replace("type: state.redis", "type: state.redis\n  ignoreErrors: true"))
    with another(dapr_stack.backend_sidecar, resources=tmp_path / "components", env={"REDIS_PASSWORD": "wrong"}):
        assert eventually(lambda: operator.finds("lacks the state store 'statestore'."))
    operator.recovers()
    assert pids(dapr_stack) == before


@pytest.mark.parametrize(
    ("different", "said"),
    [
        ({"tokens": {"api_token": "not the one that the app was given"}}, "cannot be used: metadata: HTTP 401: the API token is wrong"),
        ({"app_id": FRONTEND}, f"is that of {FRONTEND}, not of {BACKEND}. "),
    ],
)
def test_a_sidecar_that_is_not_the_right_one_is_told(
    operator: Operator, dapr_stack: DaprStack, another: Callable[..., Any], different: dict[str, Any], said: str
) -> None:
    dapr_stack.phase(1)
    with another(dapr_stack.backend_sidecar, **different):
        eventually(lambda: said.rstrip() in operator.run("dapr_doctor")[1])
        ended, refusal = operator.run("dapr_phase", "2")
        assert ended == 1
        assert said in refusal
    operator.recovers()


def test_a_missing_event_route_is_told_and_comes_back_by_itself(operator: Operator, dapr_stack: DaprStack) -> None:
    dapr_stack.phase(3)
    dapr_stack.events.kill()
    try:
        assert eventually(lambda: operator.finds("No process that serves the event route has reported itself"))
        ((seen,),) = dapr_stack.query("SELECT report->'sidecar' FROM dapr_bridge_processreport WHERE report->>'work' = 'relay'")
        assert (seen["subscriptions"], seen["app_unreachable"]) == ([["pubsub", "todo-events"]], False), "daprd itself does not tell"
    finally:
        dapr_stack.events.start()
    operator.recovers(within=30)


def test_a_subscription_that_the_app_refused_to_tell_is_missed(
    operator: Operator, dapr_stack: DaprStack, another: Callable[..., Any]
) -> None:
    dapr_stack.phase(2)
    with another(dapr_stack.worker_sidecar, tokens={"app_token": "not the one that the app was given"}):
        ended, said = operator.run("dapr_phase", "3")
        assert ended == 1
        assert "does not deliver the topic todo-events of pubsub. Look at its log" in said
    eventually(lambda: operator.run("dapr_phase", "3")[0] == 0)


def test_a_moved_switch_is_in_force_in_every_process_within_a_second(operator: Operator, dapr_stack: DaprStack) -> None:
    dapr_stack.phase(1)
    for stage in ("on", "off", "on"):
        dapr_stack.switch(state=stage)
        moved = time.monotonic()
        eventually(lambda: stages(dapr_stack) == {stage})  # noqa: B023 -- called before the next turn
        assert time.monotonic() - moved < SECOND
    assert {role for role, _ in pids(dapr_stack)} == {"api", "worker"}


def test_a_database_that_was_away_finds_the_same_processes_with_the_same_switches(operator: Operator, dapr_stack: DaprStack) -> None:
    dapr_stack.phase(4)
    eventually(lambda: stages(dapr_stack) == {"on"})
    before = pids(dapr_stack)
    dapr_stack.postgresql.kill()
    time.sleep(2)
    dapr_stack.postgresql.start()
    eventually(lambda: pids(dapr_stack) == before)
    assert stages(dapr_stack) == {"on"}
    dapr_stack.switch(state="off")
    eventually(lambda: stages(dapr_stack) == {"off"}, within=5)
