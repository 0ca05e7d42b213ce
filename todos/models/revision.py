"""What moves when a user's data changes: the revision token, and the marks that deleted rows leave.

Both are written by database triggers (`todos/triggers.py`), so that whoever writes, in whatever way, moves them.
"""

from django.db import models

from .accounts import User


class Revision(models.Model):
    """One row per user: a random token that no earlier state ever had.

    The row is also the lock of everything the user owns: writers take it first, `FOR NO KEY UPDATE`, sorted by user.
    `epoch` changes when rows vanished without a mark (TRUNCATE), so that sync cursors from before are refused.
    """

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="revision")
    token = models.UUIDField()
    epoch = models.UUIDField()

    def __str__(self) -> str:
        return str(self.token)


class Tombstone(models.Model):
    """Says that a row is gone for good, to clients that sync by `changes`.

    No foreign key: it outlives its object, and must not stand in the way of deleting its owner.
    """

    owner_id = models.UUIDField()
    kind = models.CharField(max_length=10)
    object_id = models.UUIDField()
    changed_in = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["owner_id", "changed_in", "object_id"], name="tombstone_sync"),
            models.Index(fields=["created_at"], name="tombstone_age"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
