"""System checks of the product: what is misconfigured is said at start, not at the first request."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from todos.attempts import Limit


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


@register()
def check_limits(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A limit that cannot be read would fail the first sign-in."""
    found: list[CheckMessage] = []
    for name, text in settings.TODOS_LIMITS.items():
        try:
            Limit.parse(text)
        except ValueError:
            hint = "Write tries and seconds, such as 10/300 for ten tries in five minutes."
            found.append(Error(f"TODOS_LIMITS[{name!r}] = {text!r} is no limit.", hint=hint, id="todos.E002"))
    return found
