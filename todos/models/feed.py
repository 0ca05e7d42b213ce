"""What consumers of events write for people to read: activity and notifications."""

from django.db import models
from django.db.models.functions import Now

from .accounts import User
from .ids import new_id
from .work import OwnedQuerySet


class Activity(models.Model):
    """One thing that happened. Keeps a snapshot, no foreign key to its subject: it stays true when that is gone."""

    id = models.UUIDField(primary_key=True, editable=False)  # the event's own id: recorded once, whatever is retried
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="activity", db_index=False)
    type = models.CharField(max_length=100)
    subject_id = models.UUIDField()
    title = models.CharField(max_length=500)
    data = models.JSONField(default=dict)
    happened_at = models.DateTimeField()

    objects = OwnedQuerySet["Activity"].as_manager()

    class Meta:
        verbose_name_plural = "activity"
        indexes = (
            models.Index(fields=["owner", "happened_at", "id"], name="activity_newest"),
            models.Index(fields=["owner", "subject_id", "happened_at", "id"], name="activity_of_subject"),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.subject_id}"


class Notification(models.Model):
    """A reminder that came due, waiting to be read."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications", db_index=False)
    todo_id = models.UUIDField()
    title = models.CharField(max_length=500)
    remind_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = OwnedQuerySet["Notification"].as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["owner", "todo_id", "remind_at"], name="one_notification_per_reminder"),)
        indexes = (models.Index(fields=["owner", "created_at", "id"], name="notification_newest"),)

    def __str__(self) -> str:
        return self.title
