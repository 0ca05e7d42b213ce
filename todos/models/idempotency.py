"""Answers kept for requests that may be sent twice."""

from django.db import models
from django.db.models.functions import Now

from .accounts import User


class IdempotencyRecord(models.Model):
    """The answer given to an Idempotency-Key, stored in the transaction of the write it belongs to; kept 24 hours."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # SHA-256 over method, path and body
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["owner", "key"], name="idempotency_key_is_unique_per_owner"),)

    def __str__(self) -> str:
        return self.key
