"""Making a step: what it needs is tried first, then the switches move, then every process is seen to go by them."""

import time
from collections.abc import Sequence

from dapr_bridge import doctor, phases, reports
from dapr_bridge.doctor import Say
from dapr_bridge.phases import Move, Refused

EVERYWHERE_SECONDS = 3.0


def make(moves: Sequence[Move], *, who: str, why: str, say: Say = lambda line: None) -> None:
    """Make the moves, all or none; `say` hears how it goes. Raises Refused with every reason and remedy."""
    for move in moves:
        if not move.is_forward:
            continue
        say(f"Trying what {move.block} needs ...")
        if found := doctor.obstacles(move.block, say):
            raise Refused("\n".join([f"{move.block} stays as it is:", *(f"- {finding}" for finding in found)]))
    phases.apply(list(moves), who=who, why=why)
    behind = await_everywhere()
    say("Every process goes by it." if not behind else f"{behind} processes have not said yet that they go by it: see `dapr_doctor`.")


def await_everywhere() -> int:
    """Wait until every process that reports goes by the switches as they are; how many do not after three seconds."""
    wanted = reports.stages_of(phases.read())
    deadline = time.monotonic() + EVERYWHERE_SECONDS
    while True:
        behind = len([process for process in reports.recent() if process.report["stages"] != wanted])
        if not behind or time.monotonic() > deadline:
            return behind
        time.sleep(0.1)
