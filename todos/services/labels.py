"""Creating, changing and deleting labels."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from todos import events
from todos.errors import Refused
from todos.models import Label, TodoLabel, User
from todos.transactions import Versions, lock_row, lock_users, write


@write
def create_label(*, owner: User, name: str, **fields: Any) -> Label:
    """Add a label; `fields`: colour. Raises Refused when the owner has one of this name, in any case."""
    lock_users(owner.id)
    _refuse_taken(owner, name)
    label = Label.objects.create(owner=owner, name=name, **fields)
    events.publish(events.LabelCreated.of(label))
    return label


@write
def update_label(*, owner: User, label_id: UUID, changes: Mapping[str, Any], versions: Versions | None = None) -> Label:
    """Change what is named in `changes`: name, colour. Raises NotFound, Refused, VersionConflict."""
    label = lock_row(Label.objects.all(), owner=owner, row_id=label_id, versions=versions)
    changed = sorted(name for name, value in changes.items() if getattr(label, name) != value)
    if "name" in changed:
        _refuse_taken(owner, changes["name"], but=label)
    for name in changed:
        setattr(label, name, changes[name])
    if changed:
        label.save(update_fields=changed)
        events.publish(events.LabelUpdated.of(label, fields=tuple(changed)))
    return label


@write
def delete_label(*, owner: User, label_id: UUID, versions: Versions | None = None) -> None:
    """Remove a label from every todo and for good."""
    label = lock_row(Label.objects.all(), owner=owner, row_id=label_id, versions=versions)
    events.publish(events.LabelDeleted.of(label))
    TodoLabel.objects.filter(label=label).delete()
    label.delete()


def _refuse_taken(owner: User, name: str, *, but: Label | None = None) -> None:
    others = Label.objects.owned_by(owner).filter(name__iexact=name)
    if (others.exclude(id=but.id) if but else others).exists():
        raise Refused("You have a label of this name already.", field="name", code="unique")
