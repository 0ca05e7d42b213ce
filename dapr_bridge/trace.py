"""The W3C trace context of an event, when the process uses OpenTelemetry; nothing is imported when it does not."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


def current() -> tuple[str, str]:
    """`traceparent` and `tracestate` of the running span; two empty strings when there is none."""
    if "opentelemetry.trace" not in sys.modules:
        return "", ""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent", ""), carrier.get("tracestate", "")


@contextmanager
def resumed(traceparent: str, tracestate: str) -> Iterator[None]:
    """Let spans started inside be children of the span in which the event was enqueued."""
    if not traceparent or "opentelemetry.trace" not in sys.modules:
        yield
        return
    from opentelemetry import context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    token = context.attach(TraceContextTextMapPropagator().extract({"traceparent": traceparent, "tracestate": tracestate}))
    try:
        yield
    finally:
        context.detach(token)
