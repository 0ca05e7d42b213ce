"""What is told of a request that is served and of a call to the sidecar: a span, and a place among the metrics."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from dapr_bridge import metrics, tracing
from dapr_bridge.conf import conf
from dapr_bridge.phases import phase_of
from dapr_bridge.switches import Snapshot
from dapr_bridge.tracing import Kind, Span

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "_OTHER"  # what OpenTelemetry calls a method that anybody may have invented
NO_ROUTE = "none"


def request(request: HttpRequest, get_response: Callable[[HttpRequest], HttpResponseBase], switches: Snapshot) -> HttpResponseBase:
    """The answer to a request, observed. Routes are named by their pattern: an address has ids in it, and what people search for."""
    begun = time.perf_counter()
    if request.path_info in conf.UNTRACED:
        response, route = get_response(request), _route(request)
    else:
        response, route = _traced(request, get_response)
    took = time.perf_counter() - begun
    metrics.observe(metrics.REQUESTS, took, route or NO_ROUTE, _method(request), str(response.status_code), str(phase_of(switches)))
    return response


@contextmanager
def call(operation: str, kind: Kind = "client") -> Iterator[Span]:
    """A call to the sidecar, made inside."""
    if not metrics.is_on():
        yield tracing.NOTHING
        return
    begun, outcome = time.perf_counter(), "ok"
    try:
        with tracing.span(f"dapr {operation}", kind, {"rpc.system": "dapr", "rpc.method": operation}) as span:
            yield span
    except Exception as error:
        outcome = getattr(error, "outcome", "error")
        raise
    finally:
        metrics.observe(metrics.CALLS, time.perf_counter() - begun, operation, outcome)


def _traced(request: HttpRequest, get_response: Callable[[HttpRequest], HttpResponseBase]) -> tuple[HttpResponseBase, str]:
    method, headers = _method(request), request.headers
    attributes = {"http.request.method": method, "url.scheme": request.scheme or "http"}
    traceparent, tracestate = headers.get("traceparent", ""), headers.get("tracestate", "")
    with tracing.entry(method, "server", attributes, traceparent=traceparent, tracestate=tracestate) as span:
        response, route = get_response(request), _route(request)
        if route:
            span.rename(f"{method} {route}")
            span.tell({"http.route": route})
        span.tell({"http.response.status_code": response.status_code})
        if response.status_code >= 500:
            span.fail(str(response.status_code))
    return response, route


def _method(request: HttpRequest) -> str:
    return request.method if request.method in METHODS else OTHER


def _route(request: HttpRequest) -> str:
    """The pattern, as URLconfs write it; empty where none matched."""
    return f"/{request.resolver_match.route}" if request.resolver_match else ""
