"""What the product's admin pages share: changes go through services, refusals become form errors, long tables stay quick."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property

from todos.errors import NotFound, Refused
from todos.models import User
from todos.transactions import lock_users, write

AT_ONCE = 500  # rows one action may change: they are locked together, and their owners wait

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    ModelForm = forms.ModelForm[Any]
    TablePaginator = Paginator[Any]
else:  # not generic at run time
    ModelAdmin, ModelForm, TablePaginator = admin.ModelAdmin, forms.ModelForm, Paginator


class EstimatingPaginator(TablePaginator):
    """Counts short lists exactly and asks the query planner about long ones: counting a million rows takes a second, each time."""

    EXACT_UP_TO = 10_000

    @cached_property
    def count(self) -> int:
        """The number of rows, estimated when it is above EXACT_UP_TO."""
        rows = cast("QuerySet[Any]", self.object_list).order_by()
        counted = rows.only("pk")[: self.EXACT_UP_TO + 1].count()
        if counted <= self.EXACT_UP_TO:
            return counted
        plan = json.loads(rows.explain(format="json"))
        return max(counted, int(plan[0]["Plan"]["Plan Rows"]))


class Table(ModelAdmin):
    """A list that stays quick with a million rows: pages by primary key, sorted by nothing that has no index."""

    paginator = EstimatingPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a count of the whole table per filter
    ordering = ("-pk",)
    sortable_by = ()
    search_fields = ("id__exact",)  # shows the search box

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """By id, by the owner's whole e-mail address, or by what `search_text` looks at."""
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return queryset.filter(pk=UUID(term)), False
        except ValueError:
            pass
        if "@" in term and self.model is not User:
            return queryset.filter(owner__email=term.lower()), False
        return self.search_text(queryset, term), False

    def search_text(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Rows that the words find; none unless a table says otherwise."""
        return queryset.none()


class ReadOnlyTable(Table):
    """A list to look at; nothing can be added, changed or deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody may."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody may."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody may."""
        return False


class ServiceForm(ModelForm):
    """A form whose last judge is a service: what that refused is shown where it belongs."""

    refused: ClassVar[Refused | None] = None
    named_by_services: ClassVar[Mapping[str, str]] = {}  # input of a service -> field of this form

    def clean(self) -> dict[str, Any] | None:
        """Adds the service's refusal, if there was one."""
        cleaned = super().clean()
        if self.refused is not None:
            field = self.named_by_services.get(self.refused.field, self.refused.field)
            self.add_error(field if field in self.fields else None, self.refused.message)
        return cleaned

    def _post_clean(self) -> None:
        # The table's constraints are left to the services, which say what is wrong in words for people.
        self.instance.validate_constraints = lambda exclude=None: None
        super()._post_clean()  # type: ignore[misc]


class ServiceAdmin(Table):
    """Creates, changes and deletes by calling services, so that events are published and histories kept."""

    form = ServiceForm
    consequence = ""  # what deleting does, for the page that asks whether it is meant

    def create(self, values: dict[str, Any]) -> Model:
        """Make the object of these form values. Raises Refused."""
        raise NotImplementedError

    def update(self, obj: Any, changes: dict[str, Any]) -> None:
        """Change what the form changed. Raises Refused and NotFound."""
        raise NotImplementedError

    def remove(self, obj: Any) -> None:
        """Delete the object as a person would. Raises Refused and NotFound."""
        raise NotImplementedError

    def owner_ids(self, rows: Iterable[Any]) -> set[UUID]:
        """Whose data these rows are; locked before the first of them is changed."""
        return {row.owner_id for row in rows}

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.refused = getattr(request, "refused", None)
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            if changes:
                self.update(obj, changes)
        else:
            obj.pk = self.create(form.cleaned_data).pk
            obj.refresh_from_db()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: what belongs to the object, its service has stored with it."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in self.each(queryset):
            self.remove(row)

    def each(self, queryset: QuerySet[Any]) -> list[Any]:
        """The rows of an action, their owners locked first. Raises Refused for more than AT_ONCE."""
        rows = list(queryset.order_by("pk")[: AT_ONCE + 1])
        if len(rows) > AT_ONCE:
            raise Refused(f"At most {AT_ONCE} rows at once: select fewer, or filter the list.")
        lock_users(*self.owner_ids(rows))
        return rows

    def apply(self, request: HttpRequest, queryset: QuerySet[Any], act: Callable[[Any], object], done: str) -> None:
        """Run an action on each selected row that allows it, log it, and say how many there were."""
        acted = 0
        rows = self.each(queryset)
        for row in rows:
            try:
                act(row)
            except NotFound:
                continue
            self.log_change(request, row, done)
            acted += 1
        left = len(rows) - acted
        text = f"{done}: {acted}." + (f" Left alone, because it does not apply: {left}." if left else "")
        self.message_user(request, text, messages.SUCCESS if acted else messages.WARNING)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Django's, begun as every write here is; when a service refuses, the same form again with the reason in it."""
        view = super().changeform_view
        if request.method != "POST":
            return view(request, object_id, form_url, extra_context)
        try:
            return write(view)(request, object_id, form_url, extra_context)
        except Refused as refused:
            request.refused = refused  # type: ignore[attr-defined]
        except IntegrityError:
            request.refused = Refused("This collides with what somebody else stored just now. Look at the list, then decide.")  # type: ignore[attr-defined]
        except NotFound:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        return view(request, object_id, form_url, extra_context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Django's, with a refusal as a message."""
        return self._unless_refused(request, lambda: super(ServiceAdmin, self).delete_view(request, object_id, extra_context))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Django's; an action is carried out on all selected rows or on none."""
        return self._unless_refused(request, lambda: super(ServiceAdmin, self).changelist_view(request, extra_context))

    def _unless_refused(self, request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
        if request.method != "POST":
            return view()
        try:
            return write(view)()
        except Refused as refused:
            self.message_user(request, refused.message, messages.ERROR)
        except NotFound:
            self.message_user(request, "Somebody else deleted it in the meantime.", messages.WARNING)
        return HttpResponseRedirect(request.get_full_path())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """The selected rows and what follows from deleting them; Django's would load everything that hangs on them."""
        rows = [str(row) for row in objs[: AT_ONCE + 1]]
        perms_needed = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        listed = [*rows, *([self.consequence] if self.consequence else [])]
        return listed, {str(self.opts.verbose_name_plural): len(rows)}, perms_needed, []
