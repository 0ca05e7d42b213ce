"""The commands that show and move the phases: what they print, what they refuse, and what they leave behind."""

import os
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from dapr_bridge import phases, reports
from dapr_bridge.models import ProcessReport, SwitchChange
from dapr_bridge.switches import BLOCKS
from tests.dapr_bridge.conftest import switch
from tests.dapr_bridge.test_doctor import ALL_ON, process

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _settings(rows: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "RENEWAL_SECONDS", 0.0)  # these processes look only once


def run(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def phase() -> int:
    return phases.phase_of(phases.read())


def up_to(number: int) -> dict[str, str]:
    return {block: "on" if place < number else "off" for place, block in enumerate(BLOCKS)}


def test_a_step_forward_is_refused_with_reason_and_remedy_while_its_conditions_are_not_met() -> None:
    with pytest.raises(CommandError, match=r"sidecar stays as it is:\n- No process has reported itself .* Start the app"):
        run("dapr_phase", "1")
    assert phase() == 0
    assert not SwitchChange.objects.exists()


def test_a_step_forward_is_made_and_seen_everywhere_and_written_down() -> None:
    process(stages=up_to(1))
    said = run("dapr_phase", "1", "--why", "first look", "--who", "alice")
    assert said.splitlines() == ["Trying what sidecar needs ...", "Every process goes by it.", "Phase 1."]
    assert phase() == 1
    change = SwitchChange.objects.get()
    assert (change.who, change.block, change.before, change.after, change.why) == ("alice", "sidecar", "off", "on", "first look")


def test_a_process_that_does_not_follow_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dapr_bridge.steps.EVERYWHERE_SECONDS", 0.3)
    process(stages=up_to(0))
    assert "2 processes have not said yet that they go by it" in run("dapr_phase", "1")


def test_back_is_always_possible_even_with_everything_broken() -> None:
    switch(**ALL_ON)
    assert "Phase 4." in run("dapr_phase", "--back")
    assert phase() == 4
    assert "Phase 0." in run("dapr_phase", "0")
    assert phase() == 0
    assert SwitchChange.objects.filter(why="dapr_phase 0").count() == 4
    assert run("dapr_phase", "--back") == "It is phase 0 already.\n"


def test_two_steps_at_once_are_refused() -> None:
    process()
    with pytest.raises(CommandError, match="go to phase 1 first"):
        run("dapr_phase", "2")


def test_a_step_above_the_ceiling_is_refused_with_the_flags(settings: Settings) -> None:
    settings.DAPR_ENABLED = False
    with pytest.raises(CommandError, match="The settings forbid sidecar: set DAPR_ENABLED to true"):
        run("dapr_phase", "1")


def test_a_block_is_moved_by_itself() -> None:
    switch(sidecar="on")
    process(stages=up_to(1) | {"state": "shadow"})
    assert run("dapr_block", "state", "shadow").endswith("state is shadow.\n")
    assert run("dapr_block", "state", "on", "--percent", "10").endswith("state is on for 10 % of users.\n")
    assert phases.read().row("state").percent == 10
    assert run("dapr_block", "state", "off").endswith("state is off.\n")
    assert run("dapr_block", "state", "off") == "state is off already.\n"


def test_a_block_without_its_store_is_refused() -> None:
    switch(sidecar="on")
    process(stages=up_to(1), components={})
    with pytest.raises(CommandError, match="lacks the state store 'statestore'"):
        run("dapr_block", "state", "on")
    assert phases.read().row("state").stage == "off"


def test_the_overview_tells_blocks_processes_and_the_last_changes() -> None:
    process(stages=up_to(1))
    run("dapr_phase", "1", "--who", "alice", "--why", "first look")
    ProcessReport.objects.update(
        report={
            "work": "requests",
            "sidecar": {"problem": "refused"},
            "stages": up_to(1),
            "breakers": {},
            "counts": {"cache_hits": 3, "cache_misses": 1},
        }
    )
    said = run("dapr_phase")
    assert said.startswith("Phase 1 of 5\n")
    assert "1 sidecar        on          on        yes" in said
    assert "app host/7 (requests): sidecar: refused" in said
    assert "Events: 0 waiting, 0 parked" in said
    assert "State: 75 % of reads were hits" in said
    assert "sidecar: off to on, by alice: first look" in said


def test_the_doctor_ends_with_an_error_only_when_something_is_wrong() -> None:
    assert run("dapr_doctor") == "Nothing is wrong.\n"
    switch(sidecar="on")
    with pytest.raises(CommandError, match=r"\d findings"):
        run("dapr_doctor")


def test_a_login_without_a_name_still_leaves_who_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> Any:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nameless)
    switch(**ALL_ON)
    run("dapr_phase", "4")
    assert SwitchChange.objects.get().who.startswith("process@")


@pytest.mark.parametrize("command", [("dapr_phase",), ("dapr_phase", "0"), ("dapr_block", "state", "off"), ("dapr_doctor",)], ids=" ".join)
def test_while_the_database_is_away_a_command_says_so(command: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "django", *command],
        env={**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("CommandError: The database does not answer, so the switches stay as they are")
    assert len(ended.stderr.splitlines()) == 1
