"""Where spans go: OpenTelemetry's exporter over OTLP/HTTP, whose failures are one line in our log each time that they begin.

Only `exporter` imports it, once it is needed: this module imports the SDK.
"""

from collections.abc import Sequence

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

logger = structlog.get_logger(__name__)


class Collector(SpanExporter):
    """Sends batches to the collector that OpenTelemetry's variables name. What it does not take is lost."""

    def __init__(self) -> None:
        self._otlp = OTLPSpanExporter()
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send one batch. An attempt takes OTEL_EXPORTER_OTLP_TIMEOUT at most, repetitions included."""
        result = self._otlp.export(spans)
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._failing:
            logger.warning(
                "tracing.collector_unavailable", remedy="is OTEL_EXPORTER_OTLP_ENDPOINT a collector for OTLP/HTTP? Spans are dropped"
            )
        elif self._failing and not failed:
            logger.info("tracing.collector_available")
        self._failing = failed
        return result

    def shutdown(self) -> None:
        """Give up what is under way."""
        self._otlp.shutdown()  # type: ignore[no-untyped-call]
