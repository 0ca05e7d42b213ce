"""Jobs that came in together: one thread does them while they are quick, and others join in while they are not."""

import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial

import pytest
from pytest_django import Settings

from dapr_bridge import batch
from dapr_bridge.batch import together

pytestmark = pytest.mark.django_db(transaction=True)


def job(seconds: float, number: int) -> tuple[int, str]:
    time.sleep(seconds)
    return number, threading.current_thread().name


def test_quick_jobs_are_done_in_turn_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "HELP_SECONDS", 10.0)
    done = [result.result() for result in together([partial(job, 0, number) for number in range(20)], patience=20)]
    assert [number for number, _ in done] == list(range(20))
    assert len({thread for _, thread in done}) == 1


def test_others_join_in_while_jobs_are_slow() -> None:
    begun = time.monotonic()
    done = [result.result() for result in together([partial(job, 0.5, number) for number in range(4)], patience=20)]
    assert time.monotonic() - begun < 1.5
    assert len({thread for _, thread in done}) == 4


def test_there_are_no_more_threads_than_the_setting_says(settings: Settings) -> None:
    settings.DAPR_BRIDGE = settings.DAPR_BRIDGE | {"BATCH_THREADS": 2}
    done = [result.result() for result in together([partial(job, 0.1, number) for number in range(6)], patience=20)]
    assert len({thread for _, thread in done}) == 2


def test_what_takes_longer_than_the_patience_goes_on() -> None:
    begun = time.monotonic()
    slow, quick = together([partial(job, 1.0, 1), partial(job, 0, 2)], patience=0.3)
    assert time.monotonic() - begun < 0.9
    assert (slow.done(), quick.result()[0]) == (False, 2)
    assert slow.result(10)[0] == 1


def test_a_job_that_fails_fails_alone_and_each_has_the_callers_context() -> None:
    said = ContextVar[str]("said", default="")
    said.set("by the caller")

    def fail() -> str:
        said.set("by a job")
        raise IndexError("of the job")

    jobs: list[Callable[[], str]] = [said.get, fail, said.get]
    first, failed, last = together(jobs, patience=20)
    assert isinstance(failed.exception(), IndexError)
    assert (first.result(), last.result()) == ("by the caller", "by the caller")
