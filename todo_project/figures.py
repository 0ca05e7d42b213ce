"""How the product is doing, in numbers for operators: one cheap query per figure, however much data there is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection
from django.db.models import Count, Min, Model, Q
from django.urls import reverse
from django.utils import timezone
from psycopg import sql

from dapr_bridge import phases
from dapr_bridge.models import BlockSwitch, OutboxEvent
from dapr_bridge.switches import BLOCKS
from todo_project.charts import Chart, Series
from todos.models import Todo, User

DAYS = 30
MINUTES = 60
_COUNT = """
  SELECT (SELECT count(*) FROM {table} WHERE {column} >= low AND {column} < high)
    FROM unnest(%s, %s) WITH ORDINALITY AS step (low, high, number) ORDER BY number
"""


@dataclass(frozen=True)
class Tile:
    """One number that matters by itself; `alarming` when somebody should look."""

    label: str
    value: str
    link: str
    alarming: bool = False


@dataclass(frozen=True)
class Figures:
    """Everything the index page shows."""

    tiles: list[Tile]
    charts: list[Chart]


def first_id(moment: datetime) -> UUID:
    """The lowest UUIDv7 of this moment (RFC 9562: 48 bits of milliseconds, first): a range of time is a range of primary keys."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def read() -> Figures:
    """The figures as of now. Days are UTC."""
    now = timezone.now().astimezone(UTC)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    this_minute = now.replace(second=0, microsecond=0)
    minutes = [this_minute - timedelta(minutes=back) for back in reversed(range(MINUTES))]
    signed_up = _counted("sign-ups", User, "id", days, first_id)
    return Figures(
        tiles=[
            *_outbox_tiles(now),
            Tile("Sign-ups, 30 days", f"{sum(signed_up.values):,}", _link(User, id__gte=first_id(days[0]))),
            Tile("Dapr phase", f"{phases.phase_of(phases.read())} of {len(BLOCKS)}", _link(BlockSwitch)),
        ],
        charts=[
            Chart(
                title="Todos per day",
                wide=True,
                steps=[f"{day:%d %b}" for day in days],
                mark_every=5,
                series=[
                    _counted("created", Todo, "id", days, first_id),
                    _counted("completed", Todo, "completed_at", days, lambda day: day),
                ],
            ),
            Chart(
                title="Events per minute",
                steps=[f"{minute:%H:%M}" for minute in minutes],
                mark_every=10,
                series=[_counted("events", OutboxEvent, "id", minutes, first_id)],
            ),
            Chart(
                title="Sign-ups per day",
                steps=[f"{day:%d %b}" for day in days],
                mark_every=5,
                series=[signed_up],
            ),
        ],
    )


def _outbox_tiles(now: datetime) -> list[Tile]:
    waiting = Q(parked_at__isnull=True)
    open_events = OutboxEvent.objects.open().aggregate(
        waiting=Count("position", filter=waiting),
        failing=Count("position", filter=waiting & Q(failures__gt=0)),
        parked=Count("position", filter=~waiting),
        oldest=Min("created_at", filter=waiting),
    )
    age = (now - open_events["oldest"]).total_seconds() if open_events["oldest"] else 0.0
    undone = {"delivered_at__isnull": True, "discarded_at__isnull": True, "parked_at__isnull": True}
    return [
        Tile("Events waiting", f"{open_events['waiting']:,}", _link(OutboxEvent, **undone)),
        Tile("Oldest waiting", duration(age), _link(OutboxEvent, **undone), alarming=age > 60),
        Tile("Failing", f"{open_events['failing']:,}", _link(OutboxEvent, **undone, failures__gt=0), alarming=open_events["failing"] > 0),
        Tile("Parked", f"{open_events['parked']:,}", _link(OutboxEvent, state="parked"), alarming=open_events["parked"] > 0),
    ]


def _counted(name: str, model: type[Model], column: str, steps: list[datetime], bound: Callable[[datetime], UUID | datetime]) -> Series:
    """How many rows of the model fall into each step, read from the index on `column` alone, with the lists that show them."""
    bounds = [bound(step) for step in [*steps, steps[-1] + (steps[1] - steps[0])]]
    lower, upper = bounds[:-1], bounds[1:]
    count = sql.SQL(_COUNT).format(table=sql.Identifier(model._meta.db_table), column=sql.Identifier(column))
    with connection.cursor() as cursor:
        cursor.execute(count, [lower, upper])
        values = [found for (found,) in cursor.fetchall()]
    links = [_link(model, **{f"{column}__gte": low, f"{column}__lt": high}) for low, high in zip(lower, upper, strict=True)]
    return Series(name, values, links)


def _link(model: type[Any], **filters: Any) -> str:
    """The admin's list of this model, filtered."""
    return f"{reverse(f'admin:{model._meta.app_label}_{model._meta.model_name}_changelist')}?{urlencode(filters)}"


def duration(seconds: float) -> str:
    """A length of time in its largest unit: 42 s, 5 min, 3 h, 2 d."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
