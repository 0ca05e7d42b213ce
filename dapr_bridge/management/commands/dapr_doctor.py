"""Says what is wrong with the use of Dapr, and what to do."""

from typing import Any

from django.core.management.base import CommandError

from dapr_bridge import doctor
from dapr_bridge.operators import OperatorCommand


class Command(OperatorCommand):
    help = "Say what is wrong with the use of Dapr and what to do about it. Ends with 1 when something is."

    def handle(self, *args: Any, **options: Any) -> None:
        found = doctor.findings()
        for finding in found:
            self.stdout.write(f"- {finding.what}\n  {finding.remedy}")
        if found:
            raise CommandError(f"{len(found)} findings.")
        self.stdout.write("Nothing is wrong.")
