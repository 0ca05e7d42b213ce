"""Serializer fields and the strict base that the API's inputs share."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses what it does not know, so that a misspelt or read-only name is an error and never silently lost."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                known = ", ".join(self.fields)
                raise serializers.ValidationError(
                    {
                        str(name)[:100]: [serializers.ErrorDetail(f"This cannot be set. Known here: {known}.", "unknown")]
                        for name in unknown[:20]
                    }
                )
        return super().to_internal_value(data)


class LineField(serializers.CharField):
    """One line of text: trimmed, and without control characters, which would break mails, feeds and files."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if any(unicodedata.category(character) == "Cc" for character in text):
            raise serializers.ValidationError("Control characters and line breaks are not allowed here.", "control_character")
        return text


class MomentField(serializers.DateTimeField):
    """A moment: RFC 3339 with its offset, since a time without one is a different moment for everybody."""

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise serializers.ValidationError("Give the offset from UTC too, such as 2026-01-31T09:00:00Z.", "offset_missing")
        return super().enforce_timezone(value)


class ColourField(serializers.RegexField):
    """A colour as `#rrggbb`, kept in lower case."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"\A#[0-9a-fA-F]{6}\Z", **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).lower()
