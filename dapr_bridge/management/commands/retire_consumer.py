"""Takes a consumer that no longer exists out of the events that still wait for it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from dapr_bridge.conf import conf
from dapr_bridge.models import database

BATCH = 1000

# A row of which nothing else is outstanding is due at once, so that the next dispatch ends it. A parked one stays parked.
_RETIRE = """
WITH waiting AS (
    SELECT position FROM dapr_bridge_outbox
     WHERE delivered_at IS NULL AND discarded_at IS NULL AND %(consumer)s = ANY(due)
       AND NOT EXISTS (SELECT FROM dapr_bridge_receipt r WHERE r.event_id = id AND r.consumer = %(consumer)s)
     LIMIT %(batch)s
       FOR UPDATE
)
UPDATE dapr_bridge_outbox o SET due = array_remove(o.due, %(consumer)s::varchar), next_attempt_at = statement_timestamp()
  FROM waiting WHERE o.position = waiting.position
"""


class Command(BaseCommand):
    help = "Let the events that wait for a removed consumer end without it. Run it when no process has the consumer any more."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("consumer", help="its name in CONSUMERS before it was removed")

    def handle(self, *args: Any, consumer: str, **options: Any) -> None:
        if consumer in conf.CONSUMERS:
            raise CommandError(f'"{consumer}" is still in DAPR_BRIDGE["CONSUMERS"]: remove it there and deploy first.')
        total = 0
        with connections[database()].cursor() as cursor:
            while True:
                cursor.execute(_RETIRE, {"consumer": consumer, "batch": BATCH})
                total += cursor.rowcount
                if cursor.rowcount < BATCH:
                    break
        self.stdout.write(f"{total} events no longer wait for {consumer}.")
