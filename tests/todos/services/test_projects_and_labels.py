"""Projects and labels keep their promises, above all: deleting one loses nothing of what was in it."""

import pytest

from todos.errors import NotFound, Refused, VersionConflict
from todos.models import Label, Project, Todo, User
from todos.services import labels, projects, todos

pytestmark = pytest.mark.django_db


def test_everybody_starts_with_an_inbox_that_stays(alice: User) -> None:
    inbox = Project.objects.get(owner=alice)
    assert inbox.is_inbox
    with pytest.raises(Refused):
        projects.delete_project(owner=alice, project_id=inbox.id)
    with pytest.raises(Refused):
        projects.update_project(owner=alice, project_id=inbox.id, changes={"archived": True})
    with pytest.raises(Refused):
        projects.update_project(owner=alice, project_id=inbox.id, changes={"name": "Outbox"})
    projects.update_project(owner=alice, project_id=inbox.id, changes={"colour": "#ff0000"})


def test_the_todos_of_a_deleted_project_are_in_the_trash_and_come_back_in_the_inbox(alice: User) -> None:
    project = projects.create_project(owner=alice, name="Old")
    todo = todos.create_todo(owner=alice, title="a", project=project.id)
    long_gone = todos.create_todo(owner=alice, title="b", project=project.id)
    todos.delete_todo(owner=alice, todo_id=long_gone.id)
    projects.delete_project(owner=alice, project_id=project.id)
    assert not Project.objects.filter(id=project.id).exists()
    assert Todo.objects.trashed().count() == 2
    assert todos.restore_todo(owner=alice, todo_id=todo.id).project.is_inbox
    assert todos.restore_todo(owner=alice, todo_id=long_gone.id).project.is_inbox


def test_projects_stand_where_they_were_put(alice: User) -> None:
    a, b, c = (projects.create_project(owner=alice, name=name) for name in "abc")
    projects.update_project(owner=alice, project_id=c.id, changes={"before": a.id})
    projects.update_project(owner=alice, project_id=a.id, changes={"after": b.id})
    names = Project.objects.filter(is_inbox=False).order_by("position").values_list("name", flat=True)
    assert "".join(names) == "cba"
    with pytest.raises(Refused):
        projects.update_project(owner=alice, project_id=c.id, changes={"before": a.id, "after": b.id})


def test_label_names_are_unique_in_any_case_for_one_owner(alice: User, bob: User) -> None:
    label = labels.create_label(owner=alice, name="Home")
    with pytest.raises(Refused) as refused:
        labels.create_label(owner=alice, name="hOME")
    assert refused.value.code == "unique"
    labels.create_label(owner=bob, name="home")
    labels.update_label(owner=alice, label_id=label.id, changes={"name": "HOME"})
    other = labels.create_label(owner=alice, name="work")
    with pytest.raises(Refused):
        labels.update_label(owner=alice, label_id=other.id, changes={"name": "home"})


@pytest.mark.django_db(transaction=True)
def test_a_deleted_label_leaves_its_todos_with_a_new_version(alice: User) -> None:
    label = labels.create_label(owner=alice, name="Home")
    todo = todos.create_todo(owner=alice, title="a", labels=[label.id])
    labels.delete_label(owner=alice, label_id=label.id)
    todo.refresh_from_db()
    assert not todo.labels.exists()
    assert todo.version == 2
    assert not Label.objects.exists()


def test_strangers_and_old_versions_are_turned_away(alice: User, bob: User) -> None:
    project = projects.create_project(owner=alice, name="Old")
    label = labels.create_label(owner=alice, name="Home")
    with pytest.raises(NotFound):
        projects.update_project(owner=bob, project_id=project.id, changes={"name": "x"})
    with pytest.raises(NotFound):
        labels.delete_label(owner=bob, label_id=label.id)
    with pytest.raises(VersionConflict):
        projects.delete_project(owner=alice, project_id=project.id, versions={7})
    with pytest.raises(VersionConflict):
        labels.update_label(owner=alice, label_id=label.id, changes={"name": "x"}, versions={7})
