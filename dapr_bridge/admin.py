"""The operator's view: the page of the phases and its history, and the outbox, of which what is parked may be replayed or discarded."""

from typing import TYPE_CHECKING, Any

import structlog
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from dapr_bridge.models import BlockSwitch, OutboxEvent, OutboxQuerySet, Receipt, ShadowMismatch, SwitchChange
from dapr_bridge.phase_page import PhasePage

logger = structlog.get_logger(__name__)


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state) for state in ("pending", "leased", "parked", "delivered", "discarded")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[OutboxEvent]) -> QuerySet[OutboxEvent]:
        if self.value() not in dict(self.lookup_choices):
            return queryset
        state: QuerySet[OutboxEvent] = getattr(queryset, str(self.value()))()
        return state


if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyModelAdmin = admin.ModelAdmin  # not generic at run time


class LookOnly(AnyModelAdmin):
    """Rows that nobody writes by hand."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(OutboxEvent)
class OutboxEventAdmin(LookOnly):
    list_display = ("position", "type", "subject", "state", "failures", "attempts", "created_at", "delivered_at")
    list_filter = (StateFilter,)
    search_fields = ("id__exact", "subject__startswith")
    search_help_text = "An event's id, or the beginning of a subject."
    ordering = ("-position",)
    actions = ("replay", "discard")
    readonly_fields = ("state", "receipts")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("dapr_bridge.operate_outboxevent")

    @admin.display(description="receipts")
    def receipts(self, event: OutboxEvent) -> str:
        receipts = Receipt.objects.filter(event_id=event.id).order_by("created_at")
        return ", ".join(f"{receipt.consumer} ({receipt.created_at:%Y-%m-%d %H:%M:%S})" for receipt in receipts) or "none"

    @admin.action(description="Replay parked events", permissions=["operate"])
    def replay(self, request: HttpRequest, queryset: OutboxQuerySet) -> None:
        self._operate(request, queryset, "replay")

    @admin.action(description="Discard parked events", permissions=["operate"])
    def discard(self, request: HttpRequest, queryset: OutboxQuerySet) -> None:
        self._operate(request, queryset, "discard")

    def _operate(self, request: HttpRequest, queryset: OutboxQuerySet, action: str) -> None:
        """Act on those of the selected events that are parked, and write down who did it."""
        parked = list(queryset.parked())
        chosen = OutboxEvent.objects.filter(pk__in=[event.pk for event in parked])
        count = chosen.replay() if action == "replay" else chosen.discard()
        for event in parked:
            self.log_change(request, event, f"{action}: {event.last_error}")
        logger.info("outbox.operated", action=action, events=count, operator=str(request.user.pk))
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, f"{count} parked events: {action} done. Events in other states were left alone.", level)


@admin.register(SwitchChange)
class SwitchChangeAdmin(LookOnly):
    list_display = ("changed_at", "block", "before", "after", "who", "why")
    list_filter = ("block",)
    ordering = ("-id",)


@admin.register(ShadowMismatch)
class ShadowMismatchAdmin(LookOnly):
    list_display = ("seen_at", "key", "stored_length", "fresh_length", "places")
    ordering = ("-id",)


admin.site.register(BlockSwitch, PhasePage)
