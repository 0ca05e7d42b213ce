"""Moving todos within their owner's one line of positions, and renumbering the line when keys have grown long."""

from uuid import UUID

from todos import events, positions
from todos.errors import Refused
from todos.models import Todo, User
from todos.services import places
from todos.services.todos import lock_todo, update_todo
from todos.transactions import Versions, write


@write
def move_todo(
    *,
    owner: User,
    todo_id: UUID,
    before: UUID | None = None,
    after: UUID | None = None,
    project: UUID | None = None,
    versions: Versions | None = None,
) -> Todo:
    """Put it directly before or after another todo, into another project, or both; where it is already is fine.

    Without `project` it follows the todo it is put beside into that one's project. Raises NotFound, Refused, VersionConflict.
    """
    todo = lock_todo(owner=owner, todo_id=todo_id, versions=versions)
    beside = before or after
    if before is not None and after is not None:
        raise Refused("Say either `before` or `after`, not both.", field="after")
    if beside is None and project is None:
        raise Refused("Say where to move it: `before`, `after` or `project`.", field="before", code="required")
    if beside is not None and beside != todo_id:
        other = Todo.objects.owned_by(owner).live().filter(id=beside).first()
        if other is None:
            raise Refused("There is no such todo.", field="before" if before else "after", code="does_not_exist")
        _place(todo, other, ahead=before is not None)
        if project is None and todo.parent_id is None:
            project = other.project_id
    if project is not None and project != todo.project_id:
        todo = update_todo(owner=owner, todo_id=todo_id, changes={"project": project})
    return todo


def _place(todo: Todo, other: Todo, *, ahead: bool) -> None:
    """Give `todo` a position next to `other`, on the side asked for, unless it stands there."""
    position = places.beside(todo, other, Todo.objects.filter(owner_id=todo.owner_id), ahead=ahead)
    if position == todo.position:
        return
    todo.position = position
    todo.save(update_fields=["position"])
    if len(todo.position) > positions.MAX_LENGTH:
        renumber(todo.owner)
        todo.refresh_from_db(fields=["position", "version"])
    events.publish(events.TodoMoved.of(todo))


def renumber(owner: User) -> None:
    """Give all of the owner's todos short, evenly spaced positions in their present order; the caller holds the lock."""
    todos = list(Todo.objects.owned_by(owner).order_by("position").only("id", "position"))
    for todo, position in zip(todos, positions.evenly(len(todos)), strict=True):
        todo.position = position
    Todo.objects.bulk_update(todos, ["position"], batch_size=1000)
