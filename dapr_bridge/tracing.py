"""Spans: of what began here or goes on here (`entry`), and of the steps inside (`span`). While `observability` is off both do nothing.

No attribute holds what people wrote or who they are: no address with its ids or query, no header, no parameter of a statement, no
message of an exception, which may quote all of these. The log has the user's id beside the trace id, for those who may read it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Literal
from uuid import UUID

from django.db import Error, connections

from dapr_bridge import exporter, trace
from dapr_bridge.statements import Statement, described

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Attributes = Mapping[str, str | int]


class Span:
    """A running span, or nothing at all."""

    def __init__(self, span: Any = None) -> None:
        self._span = span

    def tell(self, attributes: Attributes) -> None:
        """Add attributes."""
        if self._span is not None:
            self._span.set_attributes(attributes)

    def rename(self, name: str) -> None:
        """Give it a better name."""
        if self._span is not None:
            self._span.update_name(name)

    def fail(self, error: str) -> None:
        """Mark it as failed: `error` is a type or a status, never a message."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_attribute("error.type", error)
            self._span.set_status(StatusCode.ERROR)


NOTHING = Span()


@contextmanager
def entry(name: str, kind: Kind, attributes: Attributes, *, traceparent: str = "", tracestate: str = "") -> Iterator[Span]:
    """Something that comes into this process: its span continues the given trace or begins one, and statements inside are spans."""
    if exporter.tracer() is None:
        yield NOTHING
        return
    with trace.resumed(traceparent, tracestate), _started(name, kind, attributes) as span, statements():
        yield span


@contextmanager
def statements() -> Iterator[None]:
    """Let what this thread says inside to its databases be spans of what it says it for."""
    if exporter.tracer() is None:
        yield
        return
    with ExitStack() as wrapped:
        for alias in connections:
            wrapped.enter_context(connections[alias].execute_wrapper(_execute))
        yield


@contextmanager
def span(name: str, kind: Kind, attributes: Attributes) -> Iterator[Span]:
    """A step of what is being traced; nothing outside of that: a thread in the background begins no traces."""
    if exporter.tracer() is None or not trace.ids()[0]:
        yield NOTHING
        return
    with _started(name, kind, attributes) as step:
        yield step


def follows(traceparent: str) -> bool:
    """Whether spans are made of what is done for this trace, or outside of any: not where it was decided that nothing of it is kept."""
    return exporter.tracer() is not None and not traceparent.endswith("-00")


def of_event(id: UUID, type: str) -> Attributes:
    """What is told of an event: not its subject, which names what people own."""
    return {"messaging.system": "dapr_bridge", "messaging.message.id": str(id), "dapr_bridge.event.type": type}


@contextmanager
def _started(name: str, kind: Kind, attributes: Attributes) -> Iterator[Span]:
    tracer = exporter.tracer()
    if tracer is None:
        yield NOTHING
        return
    from opentelemetry.trace import SpanKind

    with tracer.start_as_current_span(
        name, kind=SpanKind[kind.upper()], attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as running:
        started = Span(running)
        try:
            yield started
        except Exception as error:
            started.fail(type(error).__name__)
            raise


def _execute(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Mapping[str, Any]) -> Any:
    """Django's execute_wrapper: one statement, without its parameters and without the values that are written in it."""
    if not trace.is_recorded():
        return execute(sql, params, many, context)
    statement: Statement = described(sql)
    attributes = {
        "db.system.name": context["connection"].vendor,
        "db.namespace": str(context["connection"].settings_dict["NAME"]),
        "db.operation.name": statement.operation,
        "db.query.text": statement.text,
    }
    with span(statement.summary, "client", attributes) as running:
        try:
            return execute(sql, params, many, context)
        except Error as error:
            if sqlstate := getattr(error.__cause__, "sqlstate", None):
                running.tell({"db.response.status_code": sqlstate})
            raise
