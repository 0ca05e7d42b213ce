"""Legal moves, refusals with their remedies, and the history that nobody can rewrite."""

import itertools
import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError, InternalError
from pytest_django import Settings

from dapr_bridge import phases
from dapr_bridge.models import BlockSwitch, SwitchChange
from dapr_bridge.phases import Refused
from dapr_bridge.switches import BLOCKS, Snapshot, Switch
from tests.dapr_bridge.conftest import switch


def in_phase(number: int) -> Snapshot:
    return Snapshot({block: Switch("on" if place < number else "off") for place, block in enumerate(BLOCKS)})


def go(number: int, why: str = "because") -> None:
    phases.apply(phases.plan_phase(phases.read(), number), who="alice", why=why)


@pytest.mark.parametrize(("now", "target"), list(itertools.product(range(6), range(6))))
def test_one_step_forward_or_any_number_back(dapr_allowed: None, now: int, target: int) -> None:
    if target <= now + 1:
        moves = phases.plan_phase(in_phase(now), target)
        assert [move.is_forward for move in moves] == [target > now] * abs(target - now)
    else:
        with pytest.raises(Refused, match=f"go to phase {now + 1} first"):
            phases.plan_phase(in_phase(now), target)


@pytest.mark.parametrize("target", [-1, 6])
def test_a_phase_that_does_not_exist_is_refused(target: int) -> None:
    with pytest.raises(Refused, match="give 0 to 5"):
        phases.plan_phase(in_phase(0), target)


def test_a_phase_above_its_ceiling_is_refused_with_the_flags_to_set(settings: Settings) -> None:
    with pytest.raises(Refused, match="set DAPR_ENABLED to true"):
        phases.plan_phase(in_phase(0), 1)
    settings.DAPR_ENABLED = True
    with pytest.raises(Refused, match="set DAPR_ENABLED and DAPR_INVOCATION_ENABLED to true"):
        phases.plan_phase(in_phase(1), 2)


def test_the_way_back_needs_no_permission_of_the_settings() -> None:
    assert [move.stage for move in phases.plan_phase(in_phase(5), 0)] == ["off"] * 5


def test_moves_are_made_and_written_down(rows: None) -> None:
    for number in range(1, 6):
        go(number, why=f"step {number}")
        assert phases.phase_of(phases.read()) == number
    go(0, why="trouble")
    assert phases.phase_of(phases.read()) == 0
    changes = [(change.who, change.block, change.before, change.after, change.why) for change in SwitchChange.objects.order_by("id")]
    forward = [("alice", block, "off", "on", f"step {number}") for number, block in enumerate(BLOCKS, 1)]
    assert changes == forward + [("alice", block, "on", "off", "trouble") for block in BLOCKS]


def test_a_move_without_a_reason_is_refused(rows: None) -> None:
    with pytest.raises(Refused, match="Say why"):
        go(1, why="  ")
    assert not BlockSwitch.objects.exists()


def test_state_can_be_tried_in_shadow_and_for_some_users_first(rows: None) -> None:
    switch(sidecar="on")
    for stage, percent in (("shadow", 100), ("on", 10), ("on", 50), ("on", 100)):
        moves = phases.plan_block(phases.read(), "state", stage, percent=percent)
        assert [move.is_forward for move in moves] == [True]
        phases.apply(moves, who="alice", why="slowly")
    assert list(SwitchChange.objects.order_by("id").values_list("before", "after")) == [
        ("off", "shadow"),
        ("shadow", "on 10 %"),
        ("on 10 %", "on 50 %"),
        ("on 50 %", "on"),
    ]


def test_fewer_users_are_a_step_back(dapr_allowed: None) -> None:
    now = Snapshot({"sidecar": Switch("on"), "state": Switch("on", 50)})
    assert [move.is_forward for move in phases.plan_block(now, "state", "on", percent=10)] == [False]


@pytest.mark.parametrize(
    ("block", "stage", "percent", "reason"),
    [
        ("nothing", "on", 100, "give one of sidecar, invocation"),
        ("pubsub", "sideways", 100, "give one of off, shadow, on"),
        ("pubsub", "shadow", 100, "only state can be in shadow"),
        ("pubsub", "on", 50, "only state"),
        ("state", "on", 0, "give 1 to 100"),
        ("state", "on", 101, "give 1 to 100"),
    ],
)
def test_a_stage_that_makes_no_sense_is_refused(dapr_allowed: None, block: str, stage: str, percent: int, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        phases.plan_block(in_phase(1), block, stage, percent=percent)


def test_a_block_without_its_sidecar_is_refused(dapr_allowed: None) -> None:
    with pytest.raises(Refused, match="needs the sidecar: switch that on first"):
        phases.plan_block(in_phase(0), "state", "on")


def test_switching_the_sidecar_off_takes_along_what_needs_it(dapr_allowed: None) -> None:
    assert [(move.block, move.stage) for move in phases.plan_block(in_phase(3), "sidecar", "off")] == [
        ("sidecar", "off"),
        ("invocation", "off"),
        ("pubsub", "off"),
    ]


def test_every_way_back_begins_a_new_generation(rows: None) -> None:
    switch(sidecar="on", state="on")
    for number in (1, 2):
        phases.apply(phases.plan_block(phases.read(), "state", "off"), who="alice", why="back")
        assert phases.read().row("state").generation == number
        phases.apply(phases.plan_block(phases.read(), "state", "on"), who="alice", why="on")


def test_of_two_operators_at_once_one_is_refused_and_nothing_is_mixed(rows: None) -> None:
    plans = [phases.plan_phase(phases.read(), 1) for _ in range(2)]
    refused: list[Refused] = []

    def operate(number: int) -> None:
        try:
            phases.apply(plans[number], who=f"operator {number}", why="now")
        except Refused as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=operate, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [str(refusal) for refusal in refused] == ["sidecar was moved by somebody else just now: look again, then decide."]
    assert SwitchChange.objects.count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dapr_bridge_switchchange SET who = 'nobody'",
        "DELETE FROM dapr_bridge_switchchange",
        "DELETE FROM dapr_bridge_switchchange WHERE false",
        "TRUNCATE dapr_bridge_switchchange",
    ],
)
def test_the_history_cannot_be_rewritten(rows: None, statement: str) -> None:
    go(1)
    with pytest.raises((IntegrityError, InternalError, DatabaseError), match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)
    assert SwitchChange.objects.get().who == "alice"


def test_a_change_that_cannot_be_written_down_is_not_made(rows: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE dapr_bridge_switchchange ADD CONSTRAINT full_up CHECK (who <> 'alice')")
        try:
            with pytest.raises(IntegrityError):
                go(1)
            assert phases.phase_of(phases.read()) == 0
        finally:
            cursor.execute("ALTER TABLE dapr_bridge_switchchange DROP CONSTRAINT full_up")
