"""When the sidecar is no longer asked, and who finds out that it is back."""

import multiprocessing
import os
import stat
import time
from pathlib import Path

import pytest

from dapr_bridge import breaker as module
from dapr_bridge.breaker import FAILURES_TO_OPEN, TRIAL_SECONDS, Breaker, breaker
from dapr_bridge.fake_sidecar import pointed_at
from dapr_bridge.sidecar import EtagMismatch, SidecarError


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path):  # type: ignore[no-untyped-def]
    with pointed_at(http_port=1, grpc_port=os.getpid() % 60000, BREAKER_FOLDER=str(tmp_path)):
        module._breakers.clear()
        yield
    module._breakers.clear()


def fail(*, timed_out: bool = False) -> None:
    raise SidecarError("down", timed_out=timed_out)


def failing(state: Breaker, *, timed_out: bool = False, patient: bool = True) -> None:
    with pytest.raises(SidecarError):
        state.call(lambda: fail(timed_out=timed_out), patient=patient)


def test_it_opens_after_three_failures_in_a_row() -> None:
    state = breaker("state")
    for _ in range(FAILURES_TO_OPEN - 1):
        failing(state)
        assert not state.is_open
    failing(state)
    assert state.is_open


def test_a_success_between_failures_keeps_it_closed() -> None:
    state = breaker("state")
    for _ in range(5):
        failing(state)
        failing(state)
        assert state.call(lambda: 7) == 7
    assert not state.is_open


def test_it_opens_after_one_caller_waited_in_full() -> None:
    failing(breaker("state"), timed_out=True)
    assert breaker("state").is_open


def test_a_caller_with_hardly_any_time_proves_no_more_than_a_failure() -> None:
    failing(breaker("state"), timed_out=True, patient=False)
    assert not breaker("state").is_open


def test_a_store_that_says_no_is_alive() -> None:
    state = breaker("state")
    for _ in range(2):
        failing(state)

    def conflict() -> None:
        raise EtagMismatch("other")

    with pytest.raises(EtagMismatch):
        state.call(conflict)
    failing(state)
    assert not state.is_open


def test_state_and_pubsub_break_apart() -> None:
    failing(breaker("state"), timed_out=True)
    assert not breaker("pubsub").is_open


def test_a_trial_is_one_callers_at_a_time_and_closes_the_breaker() -> None:
    pubsub = breaker("pubsub")
    assert not pubsub.admits_trial()
    failing(pubsub, timed_out=True)
    assert not pubsub.admits_trial()
    time.sleep(TRIAL_SECONDS)
    assert [pubsub.admits_trial() for _ in range(3)] == [True, False, False]
    assert pubsub.call(lambda: True)
    assert not pubsub.is_open


def _other_process(opened: "multiprocessing.synchronize.Event", closed: "multiprocessing.synchronize.Event") -> None:
    state = breaker("state")
    deadline = time.monotonic() + 10
    while not state.is_open and time.monotonic() < deadline:
        time.sleep(0.005)
    if state.is_open:
        opened.set()
    while state.is_open and time.monotonic() < deadline:
        time.sleep(0.005)
    if not state.is_open:
        closed.set()


def test_what_one_process_learns_all_of_the_host_know() -> None:
    fork = multiprocessing.get_context("fork")
    opened, closed = fork.Event(), fork.Event()
    other = fork.Process(target=_other_process, args=[opened, closed])
    other.start()
    failing(breaker("state"), timed_out=True)
    assert opened.wait(5)
    breaker("state").succeeded()
    assert closed.wait(5)
    other.join()


def test_its_file_is_the_owners_alone(tmp_path: Path) -> None:
    failing(breaker("state"))
    (file,) = tmp_path.glob("*.breaker")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    breaker("state")
    (file,) = tmp_path.glob("*.breaker")
    file.unlink()
    victim = tmp_path / "victim"
    victim.write_text("precious")
    file.symlink_to(victim)
    module._breakers.clear()
    failing(breaker("state"), timed_out=True)
    assert breaker("state").is_open
    assert victim.read_text() == "precious"


def test_without_a_writable_folder_each_process_has_its_own(tmp_path: Path) -> None:
    with pointed_at(http_port=1, grpc_port=3, BREAKER_FOLDER=str(tmp_path / "missing")):
        failing(breaker("state"), timed_out=True)
        assert breaker("state").is_open
