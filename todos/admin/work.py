"""Projects, labels and todos for operators."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from todos.admin.base import ServiceAdmin, ServiceForm
from todos.models import NO_DUE, Label, Project, Todo
from todos.models.work import TodoQuerySet
from todos.services import labels as label_services
from todos.services import projects as project_services
from todos.services import todos as todo_services

_COLOUR = RegexValidator(r"^#[0-9a-f]{6}$", "A colour is # and six hexadecimal digits in lower case, such as #64748b.")

PRIORITIES = ((0, "none"), (1, "1, most urgent"), (2, "2"), (3, "3"), (4, "4, least urgent"))


class ColouredForm(ServiceForm):
    """A name and a colour."""

    colour = forms.CharField(max_length=7, initial="#64748b", validators=[_COLOUR], widget=forms.TextInput(attrs={"type": "color"}))


@admin.register(Project)
class ProjectAdmin(ServiceAdmin):
    form = ColouredForm
    list_display = ("name", "owner", "colour", "archived", "is_inbox", "created_at")
    list_filter = ("archived", "is_inbox")
    list_select_related = ("owner",)
    autocomplete_fields = ("owner",)
    search_help_text = "An id, the owner's e-mail address, or the beginning of a name."
    fields = ("owner", "name", "colour", "archived", "is_inbox", "version", "created_at", "updated_at")
    readonly_fields = ("is_inbox", "version", "created_at", "updated_at")
    consequence = "Todos of the project go to their owner's trash and come back, when restored, in the Inbox."

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else ("owner", "name", "colour")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "owner") if obj else self.readonly_fields

    def search_text(self, queryset: QuerySet[Project], term: str) -> QuerySet[Project]:
        return queryset.filter(name__istartswith=term)

    def create(self, values: dict[str, Any]) -> Project:
        return project_services.create_project(**values)

    def update(self, obj: Project, changes: dict[str, Any]) -> None:
        project_services.update_project(owner=obj.owner, project_id=obj.id, changes=changes)

    def remove(self, obj: Project) -> None:
        project_services.delete_project(owner=obj.owner, project_id=obj.id)


@admin.register(Label)
class LabelAdmin(ServiceAdmin):
    form = ColouredForm
    list_display = ("name", "owner", "colour", "created_at")
    list_select_related = ("owner",)
    autocomplete_fields = ("owner",)
    search_help_text = "An id, the owner's e-mail address, or the beginning of a name."
    fields = ("owner", "name", "colour", "version", "created_at", "updated_at")
    readonly_fields = ("version", "created_at", "updated_at")
    consequence = "The label is taken off every todo."

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else ("owner", "name", "colour")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "owner") if obj else self.readonly_fields

    def search_text(self, queryset: QuerySet[Label], term: str) -> QuerySet[Label]:
        return queryset.filter(name__istartswith=term)

    def create(self, values: dict[str, Any]) -> Label:
        return label_services.create_label(**values)

    def update(self, obj: Label, changes: dict[str, Any]) -> None:
        label_services.update_label(owner=obj.owner, label_id=obj.id, changes=changes)

    def remove(self, obj: Label) -> None:
        label_services.delete_label(owner=obj.owner, label_id=obj.id)


class StateFilter(admin.SimpleListFilter):
    """Where a todo stands."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("overdue", "Overdue"), ("done", "Completed"), ("trash", "In the trash")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        todos = cast(TodoQuerySet, queryset)
        match self.value():
            case "open":
                return todos.open()
            case "overdue":
                return todos.open().due_before(timezone.now())
            case "done":
                return todos.live().filter(completed_at__isnull=False)
            case "trash":
                return todos.trashed()
        return queryset


class PriorityFilter(admin.SimpleListFilter):
    """One priority; Django's own filter would look through the whole table for the values there are."""

    title = parameter_name = "priority"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), label) for value, label in PRIORITIES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(priority=self.value()) if self.value() in dict(self.lookup_choices) else queryset


class TodoForm(ServiceForm):
    """A todo of somebody: its project, parent and labels are chosen among that person's own."""

    priority = forms.TypedChoiceField(choices=PRIORITIES, coerce=int, initial=0)
    chosen_labels = forms.ModelMultipleChoiceField(
        Label.objects.none(), label="Labels", required=False, widget=forms.CheckboxSelectMultiple
    )
    named_by_services = {"labels": "chosen_labels"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        todo: Todo = self.instance
        if todo._state.adding:
            return
        for name, field in self.fields.items():
            if name == "project" and isinstance(field, forms.ModelChoiceField):
                field.queryset = Project.objects.filter(owner_id=todo.owner_id).order_by("position")
                for link in ("can_add_related", "can_change_related", "can_view_related"):
                    setattr(field.widget, link, False)  # a project added from here could be somebody else's
            if name == "chosen_labels" and isinstance(field, forms.ModelMultipleChoiceField):
                field.queryset = Label.objects.filter(owner_id=todo.owner_id).order_by("name")
                field.initial = list(todo.labels.order_by("name"))


@admin.register(Todo)
class TodoAdmin(ServiceAdmin):
    form = TodoForm
    list_display = ("short_title", "owner", "project", "due", "state")
    list_filter = (StateFilter, PriorityFilter)
    list_select_related = ("owner", "project")
    autocomplete_fields = ("owner",)
    raw_id_fields = ("parent",)
    search_help_text = "An id, the owner's e-mail address, or three or more characters of a title."
    actions = ("complete", "reopen", "restore")
    consequence = "They go to their owners' trash, subtasks with them, and can be restored for 30 days."
    _state_fields = ("state", "completed_at", "deleted_at", "position", "version", "created_at", "updated_at")
    readonly_fields = _state_fields
    fieldsets = (
        (None, {"fields": ("owner", "title", "notes", "project", "parent", "chosen_labels", "priority")}),
        ("When", {"fields": ("due_at", "due_on", "time_zone", "remind_at", "recurrence", "recurs_from")}),
        ("State", {"fields": _state_fields}),
    )
    add_fieldsets = (
        (None, {"fields": ("owner", "title", "notes", "priority")}),
        ("When", {"fields": ("due_at", "due_on", "remind_at", "recurrence", "recurs_from")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Todo]:
        return super().get_queryset(request).defer("search")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "owner") if obj else self.readonly_fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What lies in the trash is looked at, or restored first."""
        return super().has_change_permission(request, obj) and (obj is None or obj.deleted_at is None)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """On to the page where project and labels can be chosen, now that it is known whose."""
        if {"_addanother", "_popup"} & set(request.POST):
            return super().response_add(request, obj, post_url_continue)
        self.message_user(request, "Added. Its project and labels can be chosen now.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:todos_todo_change", args=[obj.pk]))

    def search_text(self, queryset: QuerySet[Todo], term: str) -> QuerySet[Todo]:
        return queryset.alias(lowered=Lower("title")).filter(lowered__contains=term.lower())  # the trigram index is on lower(title)

    def create(self, values: dict[str, Any]) -> Todo:
        values.pop("chosen_labels")  # chosen on the next page, among the owner's
        return todo_services.create_todo(**values)

    def update(self, obj: Todo, changes: dict[str, Any]) -> None:
        for name in ("project", "parent"):
            if name in changes:
                changes[name] = changes[name].pk if changes[name] else None
        if "chosen_labels" in changes:
            changes["labels"] = [label.pk for label in changes.pop("chosen_labels")]
        todo_services.update_todo(owner=obj.owner, todo_id=obj.id, changes=changes)

    def remove(self, obj: Todo) -> None:
        todo_services.delete_todo(owner=obj.owner, todo_id=obj.id)

    @admin.display(description="title")
    def short_title(self, todo: Todo) -> str:
        return Truncator(todo.title).chars(80)

    @admin.display(description="due")
    def due(self, todo: Todo) -> Any:
        return None if todo.due_sort == NO_DUE else todo.due_on or todo.due_at

    @admin.display(description="state")
    def state(self, todo: Todo) -> str:
        if todo.deleted_at:
            return "in the trash"
        return "completed" if todo.completed_at else "open"

    @admin.action(description="Complete", permissions=["change"])
    def complete(self, request: HttpRequest, queryset: QuerySet[Todo]) -> None:
        self.apply(request, queryset, lambda todo: todo_services.complete_todo(owner=todo.owner, todo_id=todo.id), "Completed")

    @admin.action(description="Reopen", permissions=["change"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[Todo]) -> None:
        self.apply(request, queryset, lambda todo: todo_services.reopen_todo(owner=todo.owner, todo_id=todo.id), "Reopened")

    @admin.action(description="Restore from the trash", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Todo]) -> None:
        self.apply(request, queryset, lambda todo: todo_services.restore_todo(owner=todo.owner, todo_id=todo.id), "Restored")
