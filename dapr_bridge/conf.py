"""Every key of the `DAPR_BRIDGE` setting with its type and default, read live so that `override_settings` works."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from django.conf import settings


class ConsumerConf(TypedDict):
    """One entry of `CONSUMERS`: `handler` is the dotted path of a callable that takes one `Event`."""

    handler: str
    types: NotRequired[list[str]]  # shell-style patterns of event types; all types when left out


class Conf:
    """The settings as attributes. A key that `DAPR_BRIDGE` leaves out has the value written here.

    Durations are in seconds. `checks.py` refuses unknown keys, wrong types and values out of range at start.
    """

    CONSUMERS: Mapping[str, ConsumerConf] = {}
    CHORES: Mapping[str, float] = {}  # dotted path of a callable without arguments -> interval
    TOPIC: str = "events"

    RELAY_THREADS: int = 4
    RELAY_BATCH: int = 100  # subjects one claim may take
    RELAY_IDLE_SECONDS: float = 0.2
    LEASE_SECONDS: float = 2.0
    LEASE_MAX_SECONDS: float = 8.0

    PARK_AFTER_FAILURES: int = 10
    PARK_MIN_AGE_SECONDS: float = 300.0
    KEEP_SECONDS: float = 7 * 24 * 3600.0

    def __getattribute__(self, name: str) -> Any:
        if name.isupper():
            return getattr(settings, "DAPR_BRIDGE", {}).get(name, getattr(Conf, name))
        return super().__getattribute__(name)


conf = Conf()
