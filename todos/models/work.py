"""Projects, labels and todos: what people organise.

`version`, `updated_at`, `changed_in` and `due_sort` are kept by database triggers (`todos/triggers.py`): after a save
read them again rather than trusting the instance.
"""

from datetime import UTC, datetime
from typing import Self, TypeVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Lower, Mod, Now

from .accounts import User
from .ids import new_id

# Sorts todos without a date after all others, and stays readable by Python, which infinity is not.
NO_DUE = datetime(9999, 12, 31, tzinfo=UTC)
POSITION_LENGTH = 100

M = TypeVar("M", bound=models.Model)


class OwnedQuerySet(models.QuerySet[M]):
    """Rows that belong to somebody."""

    def owned_by(self, user: User) -> Self:
        """Only the user's own; the check that keeps people apart, always in the query."""
        return self.filter(owner=user)


class TodoQuerySet(OwnedQuerySet["Todo"]):
    """Adjectives of todos."""

    def live(self) -> Self:
        """Not in the trash."""
        return self.filter(deleted_at__isnull=True)

    def open(self) -> Self:
        """Neither completed nor in the trash."""
        return self.live().filter(completed_at__isnull=True)

    def trashed(self) -> Self:
        """In the trash, restorable until purged."""
        return self.filter(deleted_at__isnull=False)

    def due_before(self, moment: datetime) -> Self:
        """With a date, and one before the given moment."""
        return self.filter(due_sort__lt=min(moment, NO_DUE))


class Stamped(models.Model):
    """Columns that every row shown by the API carries; an abstract base to keep their definitions equal."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    version = models.PositiveIntegerField(db_default=1, editable=False)
    changed_in = models.BigIntegerField(db_default=0, editable=False)  # the transaction of the last change

    class Meta:
        abstract = True


class Project(Stamped):
    """A named list; every user has one built-in Inbox that cannot be archived or deleted."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(max_length=120)
    colour = models.CharField(max_length=7, default="#64748b")
    position = models.CharField(max_length=POSITION_LENGTH, db_collation="C")
    archived = models.BooleanField(default=False)
    is_inbox = models.BooleanField(default=False)

    objects = OwnedQuerySet["Project"].as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["owner"], condition=Q(is_inbox=True), name="one_inbox_per_owner"),
            models.UniqueConstraint(fields=["owner", "position"], name="project_position_is_unique", deferrable=models.Deferrable.DEFERRED),
            models.CheckConstraint(condition=~Q(name=""), name="project_has_name"),
            models.CheckConstraint(condition=Q(is_inbox=False) | Q(archived=False), name="inbox_is_never_archived"),
            models.CheckConstraint(condition=Q(colour__regex=r"^#[0-9a-f]{6}$"), name="project_colour_is_hex"),
        )
        indexes = (models.Index(fields=["owner", "changed_in", "id"], name="project_sync"),)

    def __str__(self) -> str:
        return self.name


class Label(Stamped):
    """A word that todos of any project can carry; names are unique per owner, in any case."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="labels")
    name = models.CharField(max_length=60)
    colour = models.CharField(max_length=7, default="#64748b")

    objects = OwnedQuerySet["Label"].as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint("owner", Lower("name"), name="label_name_is_unique_per_owner"),
            models.CheckConstraint(condition=~Q(name=""), name="label_has_name"),
            models.CheckConstraint(condition=Q(colour__regex=r"^#[0-9a-f]{6}$"), name="label_colour_is_hex"),
        )
        indexes = (models.Index(fields=["owner", "changed_in", "id"], name="label_sync"),)

    def __str__(self) -> str:
        return self.name


class Todo(Stamped):
    """One thing to do.

    Due at a moment (`due_at`) or on a day (`due_on`) of its `time_zone`, never both. Deleting sets `deleted_at`;
    the row goes for good 30 days later. Positions order all todos of an owner in one line, so moving between
    projects needs no new position and two todos can never share one.
    """

    class RecursFrom(models.TextChoices):
        DUE = "due", "the date it was due"
        COMPLETION = "completion", "the day it was completed"

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="todos")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="todos", db_index=False)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="subtasks", db_index=False)
    title = models.CharField(max_length=500)
    notes = models.TextField(blank=True, max_length=20_000)
    labels = models.ManyToManyField(Label, through="TodoLabel", related_name="todos")
    priority = models.PositiveSmallIntegerField(default=0)  # 0 none, 1 most urgent to 4 least
    due_at = models.DateTimeField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    remind_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True, editable=False)
    position = models.CharField(max_length=POSITION_LENGTH, db_collation="C")
    recurrence = models.CharField(max_length=300, blank=True)
    recurs_from = models.CharField(max_length=10, choices=RecursFrom.choices, default=RecursFrom.DUE)
    # When the first of a series was due: keeps the time of day where a clock change moved one occurrence.
    series_start = models.DateTimeField(null=True, blank=True, editable=False)
    # The completed todo that this one repeats. Unique: completing a todo twice, or handling the fact twice, makes one successor.
    repeats = models.OneToOneField("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="successor", editable=False)
    completed_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    due_sort = models.DateTimeField(db_default=NO_DUE, editable=False)
    priority_sort = models.GeneratedField(
        expression=Mod(F("priority") + 4, Value(5)), output_field=models.SmallIntegerField(), db_persist=True
    )
    title_sort = models.GeneratedField(expression=Lower("title"), output_field=models.CharField(max_length=500), db_persist=True)
    completed_sort = models.GeneratedField(
        expression=Coalesce("completed_at", Value(NO_DUE)), output_field=models.DateTimeField(), db_persist=True
    )
    search = models.GeneratedField(
        expression=SearchVector("title", weight="A", config="simple") + SearchVector("notes", weight="B", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = TodoQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["owner", "position"], name="todo_position_is_unique", deferrable=models.Deferrable.DEFERRED),
            models.CheckConstraint(condition=~Q(title=""), name="todo_has_title"),
            models.CheckConstraint(condition=Q(priority__lte=4), name="todo_priority_is_0_to_4"),
            models.CheckConstraint(condition=Q(due_at__isnull=True) | Q(due_on__isnull=True), name="todo_is_due_once"),
            models.CheckConstraint(condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name="todo_is_not_its_own_parent"),
        )
        indexes = (
            models.Index(fields=["owner", "position"], name="todo_open_by_position", condition=Q(deleted_at=None, completed_at=None)),
            models.Index(fields=["project", "position"], name="todo_by_project", condition=Q(deleted_at=None)),
            models.Index(fields=["parent", "position"], name="todo_by_parent", condition=Q(parent__isnull=False)),
            models.Index(fields=["owner", "due_sort", "id"], name="todo_by_due", condition=Q(deleted_at=None)),
            models.Index(fields=["owner", "priority_sort", "id"], name="todo_by_priority", condition=Q(deleted_at=None)),
            models.Index(fields=["owner", "created_at", "id"], name="todo_by_created", condition=Q(deleted_at=None)),
            models.Index(fields=["owner", "updated_at", "id"], name="todo_by_updated", condition=Q(deleted_at=None)),
            models.Index(fields=["owner", "title_sort", "id"], name="todo_by_title", condition=Q(deleted_at=None)),
            models.Index(
                fields=["owner", "completed_sort", "id"],
                name="todo_by_completed",
                condition=Q(deleted_at=None, completed_at__isnull=False),
            ),
            models.Index(fields=["completed_at"], name="todo_completions", condition=Q(completed_at__isnull=False)),
            models.Index(fields=["owner", "deleted_at", "id"], name="todo_trash", condition=Q(deleted_at__isnull=False)),
            models.Index(fields=["owner", "changed_in", "id"], name="todo_sync"),
            models.Index(
                fields=["remind_at"],
                name="todo_reminders",
                condition=Q(remind_at__isnull=False, reminded_at=None, completed_at=None, deleted_at=None),
            ),
            GinIndex(fields=["owner", "search"], name="todo_search"),
            GinIndex(F("owner"), OpClass(Lower("title"), name="gin_trgm_ops"), name="todo_title_trigrams"),
        )

    def __str__(self) -> str:
        return self.title


class TodoLabel(models.Model):
    """One label on one todo; carries the owner so that a trigger can move the owner's revision without a join."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    todo = models.ForeignKey(Todo, on_delete=models.CASCADE, db_index=False)
    label = models.ForeignKey(Label, on_delete=models.CASCADE, db_index=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["todo", "label"], name="label_is_on_a_todo_once"),)
        indexes = (
            models.Index(fields=["label", "todo"], name="todos_of_a_label"),
            models.Index(fields=["owner"], name="todolabel_owner"),
        )

    def __str__(self) -> str:
        return f"{self.label_id} on {self.todo_id}"
