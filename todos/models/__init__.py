"""The product's tables, one file per subject."""

from .accounts import ApiToken, Attempt, Session, User
from .feed import Activity, Notification
from .idempotency import IdempotencyRecord
from .revision import Revision, Tombstone
from .work import NO_DUE, Label, Project, Todo, TodoLabel

__all__ = [
    "NO_DUE",
    "Activity",
    "ApiToken",
    "Attempt",
    "IdempotencyRecord",
    "Label",
    "Notification",
    "Project",
    "Revision",
    "Session",
    "Todo",
    "TodoLabel",
    "Tombstone",
    "User",
]
