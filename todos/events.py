"""What can happen, as past-tense facts, and the door through which they leave.

An event's data is plain JSON: a snapshot of what its subject was when it happened, `owner` always among it.
docs/events.md is the table of them all.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from todos.models import Label, Project, Todo, User


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact about one subject; `type` names it, `kind` and `id` its subject."""

    type: ClassVar[str]
    kind: ClassVar[str]

    id: UUID
    owner: UUID
    title: str

    @property
    def subject(self) -> str:
        """What the event is about; events of one subject are handled in the order they happened."""
        return f"{self.kind}/{self.id}"


@dataclass(frozen=True, kw_only=True)
class TodoEvent(Event):
    """A fact about a todo."""

    kind: ClassVar[str] = "todo"
    project: UUID

    @classmethod
    def of(cls, todo: Todo, **more: Any) -> Self:
        """The fact about this todo as it is now."""
        return cls(id=todo.id, owner=todo.owner_id, title=todo.title, project=todo.project_id, **more)


@dataclass(frozen=True, kw_only=True)
class TodoCreated(TodoEvent):
    type: ClassVar[str] = "todo.created.v1"
    due: datetime | date | None = None


@dataclass(frozen=True, kw_only=True)
class TodoUpdated(TodoEvent):
    type: ClassVar[str] = "todo.updated.v1"
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TodoMoved(TodoEvent):
    type: ClassVar[str] = "todo.moved.v1"


@dataclass(frozen=True, kw_only=True)
class TodoCompleted(TodoEvent):
    type: ClassVar[str] = "todo.completed.v1"
    completed_at: datetime


@dataclass(frozen=True, kw_only=True)
class TodoReopened(TodoEvent):
    type: ClassVar[str] = "todo.reopened.v1"


@dataclass(frozen=True, kw_only=True)
class TodoDeleted(TodoEvent):
    type: ClassVar[str] = "todo.deleted.v1"


@dataclass(frozen=True, kw_only=True)
class TodoRestored(TodoEvent):
    type: ClassVar[str] = "todo.restored.v1"


@dataclass(frozen=True, kw_only=True)
class TodoPurged(TodoEvent):
    type: ClassVar[str] = "todo.purged.v1"


@dataclass(frozen=True, kw_only=True)
class TodoReminderDue(TodoEvent):
    type: ClassVar[str] = "todo.reminder_due.v1"
    remind_at: datetime


@dataclass(frozen=True, kw_only=True)
class TodosImported(Event):
    """One fact for a whole file: 20,000 lines must not become 20,000 events."""

    type: ClassVar[str] = "todos.imported.v1"
    kind: ClassVar[str] = "import"
    count: int


@dataclass(frozen=True, kw_only=True)
class ProjectEvent(Event):
    """A fact about a project."""

    kind: ClassVar[str] = "project"

    @classmethod
    def of(cls, project: Project, **more: Any) -> Self:
        """The fact about this project as it is now."""
        return cls(id=project.id, owner=project.owner_id, title=project.name, **more)


@dataclass(frozen=True, kw_only=True)
class ProjectCreated(ProjectEvent):
    type: ClassVar[str] = "project.created.v1"


@dataclass(frozen=True, kw_only=True)
class ProjectUpdated(ProjectEvent):
    type: ClassVar[str] = "project.updated.v1"
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ProjectDeleted(ProjectEvent):
    type: ClassVar[str] = "project.deleted.v1"


@dataclass(frozen=True, kw_only=True)
class LabelEvent(Event):
    """A fact about a label."""

    kind: ClassVar[str] = "label"

    @classmethod
    def of(cls, label: Label, **more: Any) -> Self:
        """The fact about this label as it is now."""
        return cls(id=label.id, owner=label.owner_id, title=label.name, **more)


@dataclass(frozen=True, kw_only=True)
class LabelCreated(LabelEvent):
    type: ClassVar[str] = "label.created.v1"


@dataclass(frozen=True, kw_only=True)
class LabelUpdated(LabelEvent):
    type: ClassVar[str] = "label.updated.v1"
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LabelDeleted(LabelEvent):
    type: ClassVar[str] = "label.deleted.v1"


@dataclass(frozen=True, kw_only=True)
class UserEvent(Event):
    """A fact about a user. Carries no e-mail address: events are kept and shown to operators."""

    kind: ClassVar[str] = "user"

    @classmethod
    def of(cls, user: User) -> Self:
        """The fact about this user."""
        return cls(id=user.id, owner=user.id, title="")


@dataclass(frozen=True, kw_only=True)
class UserSignedUp(UserEvent):
    type: ClassVar[str] = "user.signed_up.v1"


@dataclass(frozen=True, kw_only=True)
class UserDeleted(UserEvent):
    type: ClassVar[str] = "user.deleted.v1"


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def publish(event: Event) -> None:
    """Hand a fact to the publisher named in the settings, in the transaction that made it true.

    The publisher must store it in that same transaction, or raise.
    """
    publisher = import_string(settings.TODOS_EVENT_PUBLISHER)
    publisher(type=event.type, subject=event.subject, data={key: _plain(value) for key, value in asdict(event).items()})
