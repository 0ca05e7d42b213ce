"""Creating, changing and deleting projects; the Inbox."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from todos import events, positions
from todos.errors import Refused
from todos.models import Project, Todo, User
from todos.services import places
from todos.transactions import Versions, lock_row, lock_users, write

INBOX_NAME = "Inbox"


def inbox_of(owner: User) -> Project:
    """The owner's Inbox, made on first need; the caller holds the owner's lock."""
    inbox = Project.objects.owned_by(owner).filter(is_inbox=True).first()
    return inbox or Project.objects.create(owner=owner, name=INBOX_NAME, is_inbox=True, position=_last_position(owner))


def get_project(owner: User, project_id: UUID, *, field: str) -> Project:
    """The owner's project. Raises Refused, naming the input `field` that asked for it, when there is none."""
    project = Project.objects.owned_by(owner).filter(id=project_id).first()
    if project is None:
        raise Refused("There is no such project.", field=field, code="does_not_exist")
    return project


@write
def create_project(*, owner: User, name: str, **fields: Any) -> Project:
    """Add a project after the others; `fields`: colour, archived."""
    lock_users(owner.id)
    project = Project.objects.create(owner=owner, name=name, position=_last_position(owner), **fields)
    events.publish(events.ProjectCreated.of(project))
    return project


@write
def update_project(*, owner: User, project_id: UUID, changes: Mapping[str, Any], versions: Versions | None = None) -> Project:
    """Change what is named in `changes`: name, colour, archived, and `before` or `after` (another project's id) for its place.

    Raises NotFound, Refused, VersionConflict.
    """
    project = lock_row(Project.objects.all(), owner=owner, row_id=project_id, versions=versions)
    wanted = dict(changes)
    if project.is_inbox and (wanted.get("archived") or wanted.get("name", project.name) != project.name):
        raise Refused("The Inbox keeps its name and cannot be archived.", field="archived" if wanted.get("archived") else "name")
    neighbour = {side: wanted.pop(side) for side in ("before", "after") if wanted.get(side) is not None}
    if neighbour:
        wanted["position"] = _position_beside(owner, project, neighbour)
    changed = sorted(name for name, value in wanted.items() if getattr(project, name) != value)
    for name in changed:
        setattr(project, name, wanted[name])
    if changed:
        project.save(update_fields=changed)
        events.publish(events.ProjectUpdated.of(project, fields=tuple(changed)))
    return project


@write
def delete_project(*, owner: User, project_id: UUID, versions: Versions | None = None) -> None:
    """Remove a project for good; its todos go to the trash and come back, when restored, in the Inbox."""
    from todos.services.todos import trash

    project = lock_row(Project.objects.all(), owner=owner, row_id=project_id, versions=versions)
    if project.is_inbox:
        raise Refused("The Inbox cannot be deleted.")
    inbox = inbox_of(owner)
    todos = list(project.todos.live().order_by("id").select_for_update(no_key=True))
    for todo in todos:
        todo.project = inbox
    trash(todos)
    Todo.objects.filter(project=project).update(project=inbox)
    events.publish(events.ProjectDeleted.of(project))
    project.delete()


def _last_position(owner: User) -> str:
    last = Project.objects.owned_by(owner).order_by("-position").values_list("position", flat=True).first()
    return positions.between(last, None)


def _position_beside(owner: User, project: Project, neighbour: Mapping[str, UUID]) -> str:
    if len(neighbour) > 1:
        raise Refused("Say either `before` or `after`, not both.", field="after")
    ((side, other_id),) = neighbour.items()
    other = get_project(owner, other_id, field=side)
    return places.beside(project, other, Project.objects.owned_by(owner), ahead=side == "before")
