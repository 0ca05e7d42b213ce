"""Users, their API tokens and sessions for operators. Nothing that signs anybody in is shown: no hash, token or session key."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from todos.admin.base import EstimatingPaginator, ServiceAdmin, ServiceForm
from todos.errors import Refused
from todos.models import ApiToken, Session, Todo, User
from todos.services import accounts


class UserForm(ServiceForm):
    """A user's settings; addresses are kept in lower case."""

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class SignUpForm(UserForm):
    """A new account with its first password."""

    password = forms.CharField(strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))


@admin.register(User)
class UserAdmin(ServiceAdmin, DjangoUserAdmin):  # type: ignore[type-arg]
    form = UserForm
    add_form = SignUpForm
    list_display = ("email", "is_active", "is_staff", "time_zone", "created_at")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email__startswith",)
    search_help_text = "An id, or the beginning of an e-mail address."
    filter_horizontal = ("groups", "user_permissions")
    actions = ("activate", "deactivate", "end_sessions")
    readonly_fields = ("new_password", "holdings", "live_sessions", "last_login", "created_at")
    consequence = "Everything they own is deleted with them, at once and for good."
    fieldsets = (
        (None, {"fields": ("email", "new_password", "time_zone", "email_reminders")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Account", {"fields": ("holdings", "live_sessions", "last_login", "created_at")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password", "time_zone", "email_reminders", "is_staff", "is_superuser")}),)

    def owner_ids(self, rows: Any) -> set[UUID]:
        return {user.id for user in rows}

    def search_text(self, queryset: QuerySet[User], term: str) -> QuerySet[User]:
        return queryset.filter(email__startswith=term.lower())

    def create(self, values: dict[str, Any]) -> User:
        return accounts.sign_up(**values)

    def update(self, obj: User, changes: dict[str, Any]) -> None:
        for name in ("groups", "user_permissions"):
            if name in changes:
                getattr(obj, name).set(changes.pop(name))
        if changes:
            accounts.update_account(user=obj, changes=changes)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user_permissions":  # each is shown with its content type, by default at the price of a query
            kwargs["queryset"] = Permission.objects.select_related("content_type").order_by("content_type__app_label", "codename")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and obj == request.user and {"is_active", "is_staff", "is_superuser"} & set(form.changed_data):
            raise Refused("Ask another operator to change your own access: you could lock yourself out.", field=form.changed_data[0])
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Operators do not delete themselves here."""
        return super().has_delete_permission(request, obj) and (obj is None or obj != request.user)

    def remove(self, obj: User) -> None:
        accounts.delete_account(user=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        if queryset.filter(pk=str(request.user.pk)).exists():
            raise Refused("You are among the selected users, and operators do not delete themselves.")
        super().delete_queryset(request, queryset)

    @admin.display(description="password")
    def new_password(self, user: User) -> str:
        return format_html('<a href="{}">Set a new password</a>', reverse("admin:auth_user_password_change", args=[user.pk]))

    @admin.display(description="todos")
    def holdings(self, user: User) -> str:
        link = f"{reverse('admin:todos_todo_changelist')}?owner__id__exact={user.pk}"
        todos = Todo.objects.owned_by(user).live().order_by("pk")
        return format_html('<a href="{}">{}</a>', link, f"{EstimatingPaginator(todos, 1).count:,}")

    @admin.display(description="sessions")
    def live_sessions(self, user: User) -> str:
        live = Session.objects.filter(user=user, expire_date__gt=timezone.now())
        ends = list(live.order_by("-expire_date").values_list("expire_date", flat=True))
        return f"{len(ends)}, the last until {ends[0]:%Y-%m-%d %H:%M} UTC" if ends else "none"

    @admin.action(description="Activate", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.apply(request, queryset, lambda user: accounts.update_account(user=user, changes={"is_active": True}), "Activated")

    @admin.action(description="Deactivate: sessions and tokens stop working at once", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        others = queryset.exclude(pk=str(request.user.pk))
        self.apply(request, others, lambda user: accounts.update_account(user=user, changes={"is_active": False}), "Deactivated")

    @admin.action(description="End all sessions", permissions=["change"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.apply(request, queryset, lambda user: Session.objects.filter(user=user).delete(), "Sessions ended")


@admin.register(ApiToken)
class ApiTokenAdmin(ServiceAdmin):
    list_display = ("name", "owner", "scopes", "expires_at", "last_used_at", "created_at")
    list_select_related = ("owner",)
    search_help_text = "An id, or the owner's e-mail address."
    fields = ("name", "owner", "scopes", "expires_at", "last_used_at", "created_at")
    consequence = "Programs that use them are refused from now on."

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only their owners make tokens: the secret is shown once, to them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are revoked, never changed."""
        return False

    def remove(self, obj: ApiToken) -> None:
        accounts.revoke_token(owner=obj.owner, token_id=obj.id)
