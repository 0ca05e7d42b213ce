"""The W3C trace context, when the process uses OpenTelemetry; nothing is imported when it does not."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def current() -> tuple[str, str]:
    """`traceparent` and `tracestate` of the running span; two empty strings when there is none."""
    context = _span_context()
    if context is None:
        return "", ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}", context.trace_state.to_header()


def ids() -> tuple[str, str]:
    """Trace id and span id of the running span, as logs and collectors write them; two empty strings when there is none."""
    context = _span_context()
    return ("", "") if context is None else (f"{context.trace_id:032x}", f"{context.span_id:016x}")


def is_recorded() -> bool:
    """Whether anybody will see the running span: it was sampled."""
    if "opentelemetry.trace" not in sys.modules:
        return False
    from opentelemetry.trace import get_current_span

    return get_current_span().is_recording()


@contextmanager
def resumed(traceparent: str, tracestate: str) -> Iterator[None]:
    """Let spans started inside belong to this trace: below the span that is named, or the running one if it is of this trace."""
    if "opentelemetry.trace" not in sys.modules or traceparent[3:35] in ("", ids()[0]):
        yield
        return
    from opentelemetry import context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    token = context.attach(TraceContextTextMapPropagator().extract({"traceparent": traceparent, "tracestate": tracestate}))
    try:
        yield
    finally:
        context.detach(token)


def _span_context() -> Any:
    if "opentelemetry.trace" not in sys.modules:
        return None
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    return context if context.is_valid else None
