"""The OpenTelemetry SDK and its exporter, which live while `observability` is on: started in the background, shut down in it too.

Everything about them is set with OpenTelemetry's own variables (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER, OTEL_BSP_*, ...).
No request waits for the SDK to be imported, for the collector, or for a full queue: what does not fit in is dropped.
"""

import atexit
import logging
import os
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog

from dapr_bridge import switches
from dapr_bridge.conf import conf

logger = structlog.get_logger(__name__)

LAST_SECONDS = 2.0  # that the end of a process may wait for the collector
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

# They write a line about each attempt that failed and each span that found no room; ours is one when that begins.
_TALKATIVE = ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk._shared_internal")


def tracer() -> Any:
    """OpenTelemetry's tracer while `observability` is on and spans have somewhere to go, else None. Never waits."""
    running = _running
    return running.tracer if running is not None and switches.current().is_on("observability") else None


def endpoint() -> str:
    """Where the collector is; empty when it was not said: then there are no spans."""
    return next((os.environ[name] for name in ENDPOINTS if os.environ.get(name)), "")


def share() -> float:
    """How many of the traces that begin are to be kept, from 0 to 1: for whoever begins them for us. 0 while nothing is sent."""
    if tracer() is None:
        return 0.0
    sampler, share = os.environ.get("OTEL_TRACES_SAMPLER"), os.environ.get("OTEL_TRACES_SAMPLER_ARG", "1")
    return {"parentbased_always_off": 0.0, "parentbased_traceidratio": float(share)}.get(sampler or "", 1.0)


def follow(*, on: bool) -> None:
    """Start or shut down, as the switch that was just read says: for the thread that reads it, and before anybody else sees it."""
    global _running
    if on and _running is None:
        _running = _started()
    elif not on and _running is not None:
        threading.Thread(target=stop, name="dapr-tracing-end", daemon=True).start()  # the last batch may wait for the collector


def stop() -> None:
    """Send what waits and shut down; the exporter's thread ends. Spans that end later are dropped."""
    global _running
    running, _running = _running, None
    if running is not None and running.provider is not None:
        running.provider.shutdown()
        logger.info("tracing.stopped")


@dataclass(frozen=True)
class _Running:
    """What was started; nothing where that could not be, so that it is not tried again every quarter of a second."""

    provider: Any = None
    tracer: Any = None


_running: _Running | None = None


def _started() -> _Running:
    if not endpoint():
        logger.warning("tracing.no_endpoint", remedy="set OTEL_EXPORTER_OTLP_ENDPOINT to have traces; metrics need none")
        return _Running()
    try:
        return _start()
    except (ImportError, ValueError, OSError) as error:
        logger.error(
            "tracing.not_started",
            error=f"{type(error).__name__}: {error}",
            remedy="install opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http, correct the OTEL_ variables; restart",
        )
        return _Running()


def _start() -> _Running:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from dapr_bridge.collector import Collector

    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": conf.APP_IDS.get(conf.ROLE, conf.ROLE)}
    provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Collector()))
    logger.info("tracing.started", endpoint=urlsplit(endpoint()).hostname)
    return _Running(provider, provider.get_tracer("dapr_bridge"))


def _at_exit() -> None:
    """A collector that hangs must not keep a process from ending."""
    last = threading.Thread(target=stop, daemon=True)
    last.start()
    last.join(LAST_SECONDS)


def _after_fork() -> None:
    global _running
    _running = None


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_after_fork)
