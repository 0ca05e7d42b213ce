"""Activity and notifications, to look at."""

from django.contrib import admin

from todos.admin.base import ReadOnlyTable
from todos.models import Activity, Notification


@admin.register(Activity)
class ActivityAdmin(ReadOnlyTable):
    list_display = ("type", "title", "owner", "happened_at")
    list_select_related = ("owner",)
    search_help_text = "The id of an event, or the owner's e-mail address."


@admin.register(Notification)
class NotificationAdmin(ReadOnlyTable):
    list_display = ("title", "owner", "remind_at", "created_at", "read_at")
    list_select_related = ("owner",)
    search_help_text = "An id, or the owner's e-mail address."
