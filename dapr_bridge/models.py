"""The outbox and its receipts; the switches of the Dapr blocks and what processes report about them.

States of an outbox row, and who moves it:

| state     | recognised by                         | moved here by                                                        |
|-----------|---------------------------------------|----------------------------------------------------------------------|
| pending   | `next_attempt_at` in the past         | `outbox.enqueue`; the end of a lease; `replay`; `retire_consumer`    |
| leased    | `next_attempt_at` in the future       | `leases`: a relay claims, advances to or renews it                   |
| parked    | `parked_at` set                       | `consumers.dispatch`, after repeated handler exceptions              |
| delivered | `delivered_at` set                    | `consumers.dispatch`, all receipts being in                          |
| discarded | `discarded_at` set                    | an operator, from parked only; `canary.withdraw`                     |

Pending, leased and parked rows are *open*. The lowest open row of a subject is its *head*; nothing but a head is ever
carried or dispatched, so a parked head holds its subject until an operator replays or discards it. Delivered and
discarded are final; `prune_events` deletes such rows together with their receipts.

Within one subject `position` must rise in commit order: writers of a subject take a lock of their own (on the row the
event is about, say) before they enqueue and hold it until they commit.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, router
from django.db.models import Q
from django.db.models.functions import Coalesce, Now
from uuid_utils.compat import uuid7

OPEN = Q(delivered_at__isnull=True, discarded_at__isnull=True)


class OutboxQuerySet(models.QuerySet["OutboxEvent"]):
    def open(self) -> OutboxQuerySet:
        return self.filter(OPEN)

    def pending(self) -> OutboxQuerySet:
        return self.open().filter(parked_at__isnull=True, next_attempt_at__lte=Now())

    def leased(self) -> OutboxQuerySet:
        return self.open().filter(parked_at__isnull=True, next_attempt_at__gt=Now())

    def parked(self) -> OutboxQuerySet:
        return self.open().filter(parked_at__isnull=False)

    def delivered(self) -> OutboxQuerySet:
        return self.filter(delivered_at__isnull=False)

    def discarded(self) -> OutboxQuerySet:
        return self.filter(discarded_at__isnull=False)

    def replay(self) -> int:
        """Make the parked rows pending again, with their failures forgotten; returns how many there were."""
        return self.parked().update(parked_at=None, failures=0, next_attempt_at=Now())

    def discard(self) -> int:
        """Give the parked rows up, so that their subjects go on without them; returns how many there were."""
        return self.parked().update(discarded_at=Now())


class OutboxEvent(models.Model):
    """A fact that its consumers have not all confirmed yet, or confirmed lately."""

    position = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True, default=uuid7, editable=False)
    topic = models.CharField(max_length=255)
    type = models.CharField(max_length=255)
    subject = models.CharField(max_length=255, db_collation="C")  # bytewise: the head scan compares it at every step
    data = models.JSONField(encoder=DjangoJSONEncoder)
    traceparent = models.TextField(default="", blank=True)
    tracestate = models.TextField(default="", blank=True)
    due = ArrayField(models.CharField(max_length=100), blank=True)
    created_at = models.DateTimeField(db_default=Now())
    # Leases taken so far. It only rises, which also makes it the fencing token of the lease.
    attempts = models.IntegerField(db_default=0)
    failures = models.IntegerField(db_default=0)
    last_error = models.TextField(default="", db_default="", blank=True)
    next_attempt_at = models.DateTimeField(db_default=Now())
    delivered_at = models.DateTimeField(null=True, editable=False)
    parked_at = models.DateTimeField(null=True, editable=False)
    discarded_at = models.DateTimeField(null=True, editable=False)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        db_table = "dapr_bridge_outbox"
        verbose_name = "outbox event"
        permissions = [("operate_outboxevent", "Can replay and discard parked events")]
        indexes = [
            models.Index(fields=["subject", "position"], condition=OPEN, name="dapr_bridge_outbox_open"),
            models.Index(Coalesce("delivered_at", "discarded_at"), condition=~OPEN, name="dapr_bridge_outbox_ended"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(type="") & ~Q(subject=""), name="dapr_bridge_outbox_named"),
            models.CheckConstraint(
                condition=Q(delivered_at__isnull=True) | Q(discarded_at__isnull=True), name="dapr_bridge_outbox_one_end"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject} ({self.id})"

    @property
    def state(self) -> str:
        """The name of the row's state, with "pending" standing for leased too: only the database knows the time."""
        if self.delivered_at:
            return "delivered"
        if self.discarded_at:
            return "discarded"
        return "parked" if self.parked_at else "pending"


class Receipt(models.Model):
    """Proof that a consumer's effect is committed: it is inserted in the effect's own transaction.

    No foreign key: the inserting transaction holds the outbox row locked, and both are pruned in one statement.
    """

    pk = models.CompositePrimaryKey("event_id", "consumer")
    event_id = models.UUIDField()
    consumer = models.CharField(max_length=100)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "dapr_bridge_receipt"

    def __str__(self) -> str:
        return f"{self.consumer} {self.event_id}"


class BlockSwitch(models.Model):
    """How far one Dapr block is switched on. A missing row means off. `switches` reads these, `phases` moves them."""

    class Stage(models.TextChoices):
        OFF = "off"
        SHADOW = "shadow"  # state only: compared off the request's path, never answered from
        ON = "on"

    block = models.CharField(max_length=20, primary_key=True)
    stage = models.CharField(max_length=6, choices=Stage, default=Stage.OFF)
    percent = models.PositiveSmallIntegerField(default=100)  # of users; state only
    # Part of every cache key: raised by `cache.clear()` and by switching off, so that older entries are never met again.
    generation = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "dapr_bridge_blockswitch"
        verbose_name = "phase"
        default_permissions = ("view",)
        permissions = [("operate_blockswitch", "Can switch Dapr blocks")]
        constraints = [
            models.CheckConstraint(condition=Q(percent__lte=100), name="dapr_bridge_blockswitch_percent"),
            models.CheckConstraint(condition=Q(stage__in=["off", "shadow", "on"]), name="dapr_bridge_blockswitch_stage"),
        ]

    def __str__(self) -> str:
        return f"{self.block} {self.stage}"


class SwitchChange(models.Model):
    """Who moved which switch, when and why. A trigger refuses to change or delete a row, whoever asks."""

    changed_at = models.DateTimeField(db_default=Now(), editable=False)
    who = models.CharField(max_length=200)
    block = models.CharField(max_length=20)
    before = models.CharField(max_length=20)  # stage, with the percentage when it is not 100
    after = models.CharField(max_length=20)
    why = models.CharField(max_length=500)

    class Meta:
        db_table = "dapr_bridge_switchchange"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.block}: {self.before} to {self.after} by {self.who}"


class ProcessReport(models.Model):
    """A process of the project as it last described itself: only it can see its own sidecar."""

    id = models.UUIDField(primary_key=True)
    role = models.CharField(max_length=50)
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    seen_at = models.DateTimeField(db_default=Now())
    report = models.JSONField()

    class Meta:
        db_table = "dapr_bridge_processreport"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.role} {self.host}/{self.pid}"


class ShadowMismatch(models.Model):
    """A cached value that differed from the fresh one. Where it differed is kept, the values are not: they are people's."""

    seen_at = models.DateTimeField(db_default=Now())
    key = models.CharField(max_length=64)
    stored_length = models.PositiveIntegerField()
    fresh_length = models.PositiveIntegerField()
    places = models.JSONField()

    class Meta:
        db_table = "dapr_bridge_shadowmismatch"
        verbose_name_plural = "shadow mismatches"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.key} {self.seen_at}"


def database() -> str:
    """The alias of the database that holds the outbox: events join the transactions of this one."""
    return router.db_for_write(OutboxEvent)
