"""Deletes old delivered and discarded events with their receipts."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dapr_bridge.conf import conf
from dapr_bridge.pruning import prune


class Command(BaseCommand):
    help = "Delete events that were delivered or discarded some days ago, and their receipts. The relay also does this by itself."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=float, default=conf.KEEP_SECONDS / 86400, help="age from which rows go (default %(default)g)")

    def handle(self, *args: Any, days: float, **options: Any) -> None:
        if days < 0:
            raise CommandError("--days counts backwards from now: give 0 or more.")
        self.stdout.write(f"{prune(keep_seconds=days * 86400)} events pruned.")
