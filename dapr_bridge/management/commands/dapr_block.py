"""Moves one block by itself, without regard to the phases."""

from typing import Any

from django.core.management.base import CommandParser

from dapr_bridge import phases, steps
from dapr_bridge.models import BlockSwitch
from dapr_bridge.operators import OperatorCommand, whoever_runs_this
from dapr_bridge.switches import BLOCKS


class Command(OperatorCommand):
    help = "Switch one block on or off; state can also be in shadow, or on for a percentage of users."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("block", choices=BLOCKS)
        parser.add_argument("stage", choices=BlockSwitch.Stage.values)
        parser.add_argument("--percent", type=int, default=100, help="of users, chosen by a stable hash; state only")
        parser.add_argument("--why", default="", help="kept with the change, for the next operator")
        parser.add_argument("--who", default="", help="kept with the change; your login name by default")

    def handle(self, *args: Any, block: str, stage: str, percent: int, why: str, who: str, **options: Any) -> None:
        moves = phases.plan_block(phases.read(), block, stage, percent=percent)
        if not moves:
            self.stdout.write(f"{block} is {stage} already.")
            return
        steps.make(moves, who=who or whoever_runs_this(), why=why or f"dapr_block {block} {stage}", say=self.stdout.write)
        self.stdout.write(f"{block} is {stage}{f' for {percent} % of users' if percent != 100 else ''}.")
