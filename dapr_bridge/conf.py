"""Every key of the `DAPR_BRIDGE` setting with its type and default, read live so that `override_settings` works."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from django.conf import settings

MOST_EVENTS = 100  # in one request, whatever BATCH_EVENTS was when the sidecar asked


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
    RELAY_BATCH: int = 100  # subjects one claim may take, where IN_FLIGHT leaves room for so many
    RELAY_IDLE_SECONDS: float = 0.2
    LEASE_SECONDS: float = 2.0
    LEASE_MAX_SECONDS: float = 8.0

    PARK_AFTER_FAILURES: int = 10
    PARK_MIN_AGE_SECONDS: float = 300.0
    KEEP_SECONDS: float = 7 * 24 * 3600.0

    ROLE: str = "app"  # what this process calls itself in its reports
    # ROLE -> the app-id its sidecar must have, and the name of both in traces; the doctor misses roles that do not report
    APP_IDS: Mapping[str, str] = {}
    UNTRACED: Sequence[str] = ()  # paths of requests that are no spans: probes, and what asks every second
    METRICS_TOKEN: str | None = None  # whoever shows it may read /metrics; None: programs on this machine alone
    SIDECAR_HOST: str = "127.0.0.1"
    SIDECAR_HTTP_PORT: int | None = None  # None: the environment's DAPR_HTTP_PORT, else 3500
    SIDECAR_GRPC_PORT: int | None = None  # None: the environment's DAPR_GRPC_PORT, else 50001
    API_TOKEN: str | None = None  # sent to the sidecar; None: the environment's DAPR_API_TOKEN
    APP_TOKENS: Sequence[str] | None = None  # accepted from it, two during a rotation; None: the environment's APP_API_TOKEN

    PUBSUB: str = "pubsub"
    SUBSCRIBES: bool = False  # whether the sidecar of this process is told to deliver events to it
    PUBLISH_SECONDS: float = 0.5
    EVENT_MAX_BYTES: int = 65_536
    IN_FLIGHT: int = 32  # events of one relay that are published and not yet receipted
    BATCH_EVENTS: int = 16  # that the sidecar delivers in one request at most; 1: each has a request of its own
    BATCH_SECONDS: float = 0.02  # how long it waits for so many
    BATCH_THREADS: int = 4  # of a process, that dispatch them beside each other

    STATE_STORE: str = "statestore"
    STATE_THREADS: int = 4  # that may wait for the sidecar at one time: half of the server's
    REQUEST_BUDGET_SECONDS: float = 0.05  # for all sidecar calls of one request together
    PROBE_SECONDS: float = 0.25  # between two looks of the background at what is in use; a quarter of a second at least
    # For what a host's processes share; None: the environment's DAPR_BREAKER_FOLDER, else /dev/shm, else the temporary folder
    BREAKER_FOLDER: str | None = None

    def __getattribute__(self, name: str) -> Any:
        if name.isupper():
            return getattr(settings, "DAPR_BRIDGE", {}).get(name, getattr(Conf, name))
        return super().__getattribute__(name)


conf = Conf()


def api_token() -> str:
    """What the sidecar asks for; empty when it asks for nothing."""
    return conf.API_TOKEN if conf.API_TOKEN is not None else os.environ.get("DAPR_API_TOKEN", "")


def app_tokens() -> list[str]:
    """What the sidecar may show: two tokens during a rotation, none when nothing is configured."""
    tokens = conf.APP_TOKENS if conf.APP_TOKENS is not None else os.environ.get("APP_API_TOKEN", "")
    return [token for token in ([tokens] if isinstance(tokens, str) else tokens) if token]
