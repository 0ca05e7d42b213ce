"""What the commands for operators share: who runs them, and that what may happen is told in a sentence."""

import getpass
import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from dapr_bridge.phases import Refused


class OperatorCommand(BaseCommand):
    """A command that ends with 1 and the reason when a move is refused, or the database is away."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """As Django's."""
        try:
            return super().execute(*args, **options)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        except OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            raise CommandError(
                f"The database does not answer, so the switches stay as they are; start it, or try again: {reason}"
            ) from error


def whoever_runs_this() -> str:
    """`login@host`, with `process` for a user without a name, as in many containers."""
    try:
        login = getpass.getuser()
    except (KeyError, OSError):
        login = "process"
    return f"{login}@{socket.gethostname()}"
