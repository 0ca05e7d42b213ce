"""Shows the phase, moves it one step forward, or any number back."""

from typing import Any

from django.core.management.base import CommandParser

from dapr_bridge import overview, phases, steps
from dapr_bridge.operators import OperatorCommand, whoever_runs_this


class Command(OperatorCommand):
    help = "Show the phase and what it rests on; with a number go there: one step forward, after trying what it needs, or any number back."

    def add_arguments(self, parser: CommandParser) -> None:
        where = parser.add_mutually_exclusive_group()
        where.add_argument("phase", type=int, nargs="?", help="0 monolith, 1 sidecar, 2 invocation, 3 events, 4 state, 5 observability")
        where.add_argument("--back", action="store_true", help="one step back")
        parser.add_argument("--why", default="", help="kept with the change, for the next operator")
        parser.add_argument("--who", default="", help="kept with the change; your login name by default")

    def handle(self, *args: Any, phase: int | None, back: bool, why: str, who: str, **options: Any) -> None:
        if phase is None and not back:
            for line in overview.lines():
                self.stdout.write(line)
            return
        now = phases.read()
        target = max(phases.phase_of(now) - 1, 0) if phase is None else phase
        moves = phases.plan_phase(now, target)
        if not moves:
            self.stdout.write(f"It is phase {target} already.")
            return
        steps.make(moves, who=who or whoever_runs_this(), why=why or f"dapr_phase {target}", say=self.stdout.write)
        self.stdout.write(f"Phase {target}.")
