"""System checks of the product: what is misconfigured is said at start, not at the first request."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string


@register()
def check_event_publisher(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """The door through which events leave must open."""
    path = getattr(settings, "TODOS_EVENT_PUBLISHER", "")
    try:
        import_string(path)
    except ImportError as error:
        return [
            Error(
                f"TODOS_EVENT_PUBLISHER = {path!r} cannot be imported: {error}",
                hint="Name a callable that takes type, subject and data as keyword arguments.",
                id="todos.E001",
            )
        ]
    return []
