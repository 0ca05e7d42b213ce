"""What the API takes and gives. The inputs are checked here; the outputs only document what the selectors give."""

from typing import Any

from rest_framework import serializers

from todos.api.fields import ColourField, LineField, MomentField, StrictSerializer
from todos.models import Todo

MAX_LABELS = 50


class TodoInput(StrictSerializer):
    """A todo to be made, or with `partial` a merge patch of one."""

    title = LineField(max_length=500)
    notes = serializers.CharField(max_length=20_000, required=False, allow_blank=True, trim_whitespace=False)
    project = serializers.UUIDField(required=False)
    labels = serializers.ListField(child=serializers.UUIDField(), max_length=MAX_LABELS, required=False)
    priority = serializers.IntegerField(min_value=0, max_value=4, required=False, help_text="0 none, 1 most urgent, 4 least.")
    due_at = MomentField(required=False, allow_null=True, help_text="Due at a moment; sets `due_on` to null.")
    due_on = serializers.DateField(required=False, allow_null=True, help_text="Due on a day of `time_zone`; sets `due_at` to null.")
    time_zone = serializers.CharField(max_length=64, required=False, help_text="IANA name; the user's own by default.")
    remind_at = MomentField(required=False, allow_null=True)
    parent = serializers.UUIDField(required=False, allow_null=True, help_text="Makes it a subtask; two levels only.")  # type: ignore[assignment]
    recurrence = serializers.CharField(
        max_length=300, required=False, allow_blank=True, help_text="RFC 5545 RRULE, such as FREQ=WEEKLY;BYDAY=MO."
    )
    recurs_from = serializers.ChoiceField(choices=Todo.RecursFrom.choices, required=False)


class TodoOutput(serializers.Serializer[Any]):
    """A todo."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    notes = serializers.CharField(allow_blank=True)
    project = serializers.UUIDField()
    labels = serializers.ListField(child=serializers.UUIDField())
    priority = serializers.IntegerField(min_value=0, max_value=4)
    due_at = serializers.DateTimeField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    time_zone = serializers.CharField()
    remind_at = serializers.DateTimeField(allow_null=True)
    parent = serializers.UUIDField(allow_null=True)  # type: ignore[assignment]
    position = serializers.CharField(help_text="Opaque; compare byte by byte.")
    recurrence = serializers.CharField(allow_blank=True)
    recurs_from = serializers.ChoiceField(choices=Todo.RecursFrom.choices)
    completed_at = serializers.DateTimeField(allow_null=True)
    deleted_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()

    class Meta:
        ref_name = "Todo"


class MoveInput(StrictSerializer):
    """Where a todo goes: beside another one, into a project, or both."""

    before = serializers.UUIDField(required=False)
    after = serializers.UUIDField(required=False)
    project = serializers.UUIDField(required=False)


class ProjectInput(StrictSerializer):
    """A project to be made, or with `partial` a merge patch of one."""

    name = LineField(max_length=120)
    colour = ColourField(required=False)
    archived = serializers.BooleanField(required=False)


class ProjectPatch(ProjectInput):
    """A merge patch of a project; `before` or `after` (another project's id) moves it."""

    before = serializers.UUIDField(required=False)
    after = serializers.UUIDField(required=False)


class ProjectOutput(serializers.Serializer[Any]):
    """A project."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    colour = serializers.CharField()
    position = serializers.CharField()
    archived = serializers.BooleanField()
    is_inbox = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class ListedProjectOutput(ProjectOutput):
    """A project in the list, with the number of its open todos."""

    open_todos = serializers.IntegerField()


class LabelInput(StrictSerializer):
    """A label to be made, or with `partial` a merge patch of one."""

    name = LineField(max_length=60)
    colour = ColourField(required=False)


class LabelOutput(serializers.Serializer[Any]):
    """A label."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    colour = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class ActivityOutput(serializers.Serializer[Any]):
    """One thing that happened."""

    id = serializers.UUIDField()
    type = serializers.CharField()
    subject_id = serializers.UUIDField()
    title = serializers.CharField(allow_blank=True)
    data = serializers.DictField()  # type: ignore[assignment]
    happened_at = serializers.DateTimeField()


class NotificationOutput(serializers.Serializer[Any]):
    """A reminder that came due."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    todo = serializers.UUIDField()
    title = serializers.CharField()
    remind_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)
