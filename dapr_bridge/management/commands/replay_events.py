"""Lists, shows, replays and discards parked events."""

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

import structlog
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dapr_bridge.models import OutboxEvent, OutboxQuerySet, Receipt, database

logger = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Handle events that were parked because their consumers kept failing; each holds its subject until you decide."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        _add_selection(actions.add_parser("list", help="one line per parked event"), required=False)
        actions.add_parser("show", help="everything about one event").add_argument("id", type=UUID)
        replay = actions.add_parser("replay", help="try again, with the failures forgotten")
        discard = actions.add_parser("discard", help="give up; the subject goes on without the event")
        for action in (replay, discard):
            _add_selection(action, required=True)
            action.add_argument("--dry-run", action="store_true", help="only tell which events it would be")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "show":
            self._show(options["id"])
            return
        events = _selected(**options)
        if action == "list" or options["dry_run"]:
            self._list(events)
            return
        count = events.replay() if action == "replay" else events.discard()
        logger.info("outbox.operated", action=action, events=count)
        self.stdout.write(f"{count} parked events {'replayed' if action == 'replay' else 'discarded'}.")

    def _list(self, events: OutboxQuerySet) -> None:
        count = 0
        for event in events.order_by("position").iterator():
            count += 1
            self.stdout.write(f"{event.id}  {event.parked_at:%Y-%m-%d %H:%M:%S}  {event.type}  {event.subject}  {event.last_error}")
        self.stdout.write(f"{count} parked events.")

    def _show(self, id: UUID) -> None:
        event = OutboxEvent.objects.using(database()).filter(id=id).first()
        if event is None:
            raise CommandError(f"There is no event {id}: it was pruned, or never committed.")
        for field in event._meta.concrete_fields:
            self.stdout.write(f"{field.name}: {getattr(event, field.name)}" if field.name != "data" else f"data: {json.dumps(event.data)}")
        receipts = Receipt.objects.using(database()).filter(event_id=id).order_by("created_at")
        self.stdout.write(f"state: {event.state}\nreceipts: {', '.join(receipt.consumer for receipt in receipts) or 'none'}")


def _add_selection(parser: ArgumentParser, *, required: bool) -> None:
    which = parser.add_mutually_exclusive_group(required=required)
    which.add_argument("--id", type=UUID, action="append", dest="ids", help="may be repeated")
    which.add_argument("--subject")
    which.add_argument("--all", action="store_true")


def _selected(*, ids: list[UUID] | None, subject: str | None, **options: Any) -> OutboxQuerySet:
    events = OutboxEvent.objects.using(database()).parked()
    if ids:
        return events.filter(id__in=ids)
    return events.filter(subject=subject) if subject else events
