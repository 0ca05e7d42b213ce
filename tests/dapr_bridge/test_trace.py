"""An event carries the trace of its writer to its consumers."""

import pytest
from django.conf import settings
from django.test import override_settings
from opentelemetry import trace as otel
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState

from dapr_bridge.consumers import Event, dispatch
from dapr_bridge.models import OutboxEvent
from tests.dapr_bridge.conftest import enqueue

pytestmark = pytest.mark.django_db(transaction=True)

seen: list[SpanContext] = []


def look(event: Event) -> None:
    """A consumer that notes in which trace it runs."""
    seen.append(otel.get_current_span().get_span_context())


def test_a_handler_runs_in_the_trace_in_which_the_event_was_enqueued() -> None:
    seen.clear()
    context = SpanContext(0xA1, 0xB2, is_remote=False, trace_flags=TraceFlags(1), trace_state=TraceState([("shop", "x")]))
    consumers = {"look": {"handler": f"{__name__}.look"}}
    with override_settings(DAPR_BRIDGE={**settings.DAPR_BRIDGE, "CONSUMERS": consumers}):
        with otel.use_span(NonRecordingSpan(context)):
            event_id = enqueue()
        dispatch(event_id)
    event = OutboxEvent.objects.get()
    assert event.traceparent == f"00-{0xA1:032x}-{0xB2:016x}-01"
    assert event.tracestate == "shop=x"
    assert (seen[0].trace_id, seen[0].span_id) == (0xA1, 0xB2)
    assert not otel.get_current_span().get_span_context().is_valid


def test_an_event_without_a_trace_carries_none() -> None:
    enqueue()
    assert (OutboxEvent.objects.get().traceparent, OutboxEvent.objects.get().tracestate) == ("", "")
