"""What happened and what came due: activity and notifications."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from todos import selectors
from todos.api import idempotency, schema
from todos.api.conditional import json_response, read_uncached
from todos.api.pagination import Show, Sort, paginate
from todos.api.params import PageParams, list_params
from todos.api.serializers import ActivityOutput, NotificationOutput
from todos.api.views.base import View, no_content
from todos.errors import NotFound
from todos.models import Activity, Notification

_NEWEST_ACTIVITY = Sort("happened_at", "happened_at", descending=True)
_NEWEST_NOTIFICATION = Sort("created_at", "created_at", descending=True)


class ActivityParams(PageParams):
    """Which part of the activity."""

    subject = serializers.UUIDField(required=False, help_text="Only what happened to this todo, project or label.")


class NotificationParams(PageParams):
    """Which notifications."""

    unread = serializers.BooleanField(required=False)


class ActivityView(View):
    """Everything that happened to the user's data. Written by a consumer of events, so it follows within a second."""

    @extend_schema(
        operation_id="list_activity",
        parameters=[ActivityParams, schema.LINK],
        responses={200: schema.page_of(ActivityOutput), 304: None, **schema.ERRORS},
    )
    def get(self, request: Request) -> HttpResponse:
        """List activity, newest first."""
        params = list_params(ActivityParams, request)
        rows = Activity.objects.owned_by(self.owner)
        if "subject" in params:
            rows = rows.filter(subject_id=params["subject"])
        return _page(request, rows, _NEWEST_ACTIVITY, params, selectors.activity_rows)


class NotificationListView(View):
    """The reminders that came due."""

    @extend_schema(
        operation_id="list_notifications",
        parameters=[NotificationParams, schema.LINK],
        responses={200: schema.page_of(NotificationOutput), 304: None, **schema.ERRORS},
    )
    def get(self, request: Request) -> HttpResponse:
        """List notifications, newest first."""
        params = list_params(NotificationParams, request)
        rows = Notification.objects.owned_by(self.owner)
        if "unread" in params:
            rows = rows.filter(read_at__isnull=params["unread"])
        return _page(request, rows, _NEWEST_NOTIFICATION, params, selectors.notification_rows)


class NotificationReadView(View):
    """Mark one notification."""

    read = True

    @extend_schema(parameters=[schema.IDEMPOTENCY_KEY], request=None, responses={200: NotificationOutput, **schema.WRITE_ERRORS})
    def post(self, request: Request, notification_id: UUID) -> HttpResponse:
        """Mark a notification read, or unread."""

        def change() -> HttpResponse:
            found = Notification.objects.owned_by(self.owner).filter(id=notification_id)
            found.filter(read_at__isnull=self.read).update(read_at=timezone.now() if self.read else None)
            for (notification,) in selectors.notification_rows(found):
                return json_response(notification)
            raise NotFound

        return idempotency.perform(request, change)


class NotificationReadAllView(View):
    """Mark all notifications."""

    @extend_schema(
        operation_id="read_all_notifications",
        parameters=[schema.IDEMPOTENCY_KEY],
        request=None,
        responses={204: None, **schema.WRITE_ERRORS},
    )
    def post(self, request: Request) -> HttpResponse:
        """Mark every notification read."""

        def change() -> HttpResponse:
            Notification.objects.owned_by(self.owner).filter(read_at=None).update(read_at=timezone.now())
            return no_content()

        return idempotency.perform(request, change)


def _page(request: Request, rows: QuerySet[Any], sort: Sort, params: Mapping[str, Any], show: Show) -> HttpResponse:
    return read_uncached(request, paginate(rows, sort, limit=params["limit"], cursor=params["cursor"], show=show))
