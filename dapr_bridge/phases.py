"""How switches may move: one step forward or any number back, written down with who and why in the same transaction."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from dapr_bridge.models import BlockSwitch, SwitchChange, database
from dapr_bridge.switches import BLOCKS, CEILINGS, OFF, ON, SHADOW, Snapshot, Switch, is_allowed

RANKS: Mapping[str, int] = {OFF: 0, SHADOW: 1, ON: 2}


class Refused(Exception):
    """A move that must not be made; the text says why and what to do instead."""


@dataclass(frozen=True)
class Move:
    """One switch's way from what it is to what it shall be."""

    block: str
    before: Switch
    stage: str
    percent: int

    @property
    def after(self) -> Switch:
        """The switch as it shall be."""
        return Switch(self.stage, self.percent)

    @property
    def is_forward(self) -> bool:
        """Whether more than before will depend on Dapr."""
        return (RANKS[self.stage], self.percent) > (RANKS[self.before.stage], self.before.percent if self.before.stage != OFF else 0)


def read() -> Snapshot:
    """The switches as the database has them now."""
    return _snapshot({row.block: row for row in BlockSwitch.objects.using(database())})


def phase_of(snapshot: Snapshot) -> int:
    """How many blocks are on from the first without a gap."""
    stages = [snapshot.row(block).stage for block in BLOCKS]
    return next((number for number, stage in enumerate(stages) if stage != ON), len(BLOCKS))


def plan_phase(snapshot: Snapshot, target: int) -> list[Move]:
    """The moves that make the phase `target`: its first blocks fully on, the others off. Raises Refused."""
    if not 0 <= target <= len(BLOCKS):
        raise Refused(f"There is no phase {target}: give 0 to {len(BLOCKS)}.")
    now = phase_of(snapshot)
    if target > now + 1:
        raise Refused(f"Phase {target} is more than one step from phase {now}: go to phase {now + 1} first, and look at it.")
    wanted = [ON if number < target else OFF for number in range(len(BLOCKS))]
    moves = [Move(block, snapshot.row(block), stage, 100) for block, stage in zip(BLOCKS, wanted, strict=True)]
    return _legal(snapshot, [move for move in moves if (move.before.stage, move.before.percent) != (move.stage, move.percent)])


def plan_block(snapshot: Snapshot, block: str, stage: str, *, percent: int = 100) -> list[Move]:
    """The moves that bring one block to a stage. Switching the sidecar off takes along what needs it. Raises Refused."""
    if block not in BLOCKS:
        raise Refused(f"There is no block {block!r}: give one of {', '.join(BLOCKS)}.")
    if stage not in RANKS:
        raise Refused(f"There is no stage {stage!r}: give one of {', '.join(RANKS)}.")
    if block != "state" and (stage == SHADOW or percent != 100):
        raise Refused(f"{block} is on or off: only state can be in shadow or on for a percentage of users.")
    if not 1 <= percent <= 100:
        raise Refused(f"{percent} % makes no sense: give 1 to 100, or switch the block off.")
    moves = [Move(block, snapshot.row(block), stage, percent if stage != OFF else 100)]
    if block == "sidecar" and stage == OFF:
        moves += [Move(other, snapshot.row(other), OFF, 100) for other in BLOCKS[1:]]
    return _legal(snapshot, [move for move in moves if (move.before.stage, move.before.percent) != (move.stage, move.percent)])


def apply(moves: list[Move], *, who: str, why: str) -> None:
    """Make the moves and write them down, all or none. Raises Refused when somebody else moved one of the switches meanwhile."""
    if not why.strip():
        raise Refused("Say why: the next operator reads it.")
    alias = database()
    with transaction.atomic(using=alias):
        BlockSwitch.objects.using(alias).bulk_create([BlockSwitch(block=block) for block in BLOCKS], ignore_conflicts=True)
        rows = {row.block: row for row in BlockSwitch.objects.using(alias).select_for_update().order_by("block")}
        now = _snapshot(rows)
        for move in moves:
            if now.row(move.block) != move.before:
                raise Refused(f"{move.block} was moved by somebody else just now: look again, then decide.")
            row = rows[move.block]
            row.stage, row.percent = move.stage, move.percent
            row.generation += move.stage == OFF
            row.save(update_fields=["stage", "percent", "generation"])
            change = SwitchChange(who=who[:200], block=move.block, before=str(move.before), after=str(move.after))
            change.why = why.strip()[:500]
            change.save(using=alias, force_insert=True)


def _legal(snapshot: Snapshot, moves: list[Move]) -> list[Move]:
    """The moves themselves, if those that lead forward may be made."""
    on = {block for block in BLOCKS if snapshot.row(block).stage == ON} | {move.block for move in moves if move.stage == ON}
    for move in moves:
        if not move.is_forward:
            continue
        if not is_allowed(move.block):
            flags = " and ".join(dict.fromkeys((CEILINGS["sidecar"], CEILINGS[move.block])))
            raise Refused(f"The settings forbid {move.block}: set {flags} to true where the processes run, and restart them.")
        if "sidecar" not in on:
            raise Refused(f"{move.block} needs the sidecar: switch that on first (phase 1).")
    return moves


def _snapshot(rows: Mapping[str, BlockSwitch]) -> Snapshot:
    return Snapshot({block: Switch(row.stage, row.percent, row.generation) for block, row in rows.items()})
