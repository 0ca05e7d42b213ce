"""`GET /metrics` for Prometheus: what the processes counted, what the breakers say, and what waits in the database.

Who may read it: whoever shows METRICS_TOKEN; without such a token, programs on this machine alone. What a proxy or a sidecar brings
comes from this machine, too, so that is refused then. Others are told that nothing is here, as everybody is while `observability` is off.
"""

import hmac
from collections.abc import Iterator
from ipaddress import ip_address
from itertools import accumulate
from typing import Any

import structlog
from django.db import Error, connections
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from dapr_bridge import metrics, switches
from dapr_bridge.breaker import BREAKERS, breaker
from dapr_bridge.conf import conf
from dapr_bridge.metrics import BUCKETS, METRICS
from dapr_bridge.models import database
from dapr_bridge.switches import BLOCKS

logger = structlog.get_logger(__name__)

_OUTBOX = """
SELECT count(*) FILTER (WHERE parked_at IS NULL), count(parked_at),
       COALESCE(extract(epoch FROM statement_timestamp() - min(created_at) FILTER (WHERE parked_at IS NULL)), 0)
  FROM dapr_bridge_outbox WHERE delivered_at IS NULL AND discarded_at IS NULL
"""
_CHANGES = "SELECT block, count(*) FROM dapr_bridge_switchchange GROUP BY block"

_BOUNDS = [*(str(bound) for bound in BUCKETS), "+Inf"]

# Headers of whoever passes on what others sent.
_PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "dapr-api-token", "dapr-caller-app-id")


@csrf_exempt
@never_cache
@require_safe
def scrape(request: HttpRequest) -> HttpResponse:
    """All metrics in Prometheus' text format."""
    if not metrics.is_on() or not _may_read(request):
        raise Http404
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

    return HttpResponse(generate_latest(_Everything()), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_read(request: HttpRequest) -> bool:
    if conf.METRICS_TOKEN:
        return hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {conf.METRICS_TOKEN}".encode())
    return _is_loopback(request.META.get("REMOTE_ADDR", "")) and not any(name in request.headers for name in _PASSED_ON)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


class _Everything:
    """What prometheus_client calls a collector."""

    def collect(self) -> Iterator[Any]:
        yield from _counted()
        yield from _known_here()
        try:
            yield from _stored()
        except Error as error:  # the rest is worth more than nothing, most of all while the database is away
            connections[database()].close()
            logger.warning("metrics.database_unavailable", error=type(error).__name__)


def _counted() -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    total = metrics.total()
    for metric in METRICS:
        series = [(labels, values) for (name, *labels), values in sorted(total.items()) if name == metric.name]
        if metric.timed:
            timed = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, (*numbers, seconds) in series:
                timed.add_metric(labels, list(zip(_BOUNDS, accumulate(numbers), strict=True)), seconds)
            yield timed
        else:
            counter = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, (number,) in series:
                counter.add_metric(labels, number)
            yield counter


def _known_here() -> Iterator[Any]:
    from prometheus_client.core import GaugeMetricFamily

    snapshot = switches.current()
    on = GaugeMetricFamily("dapr_bridge_block_on", "Whether a Dapr block is on, as this process knows it.", labels=["block"])
    for block in BLOCKS:
        on.add_metric([block], float(snapshot.is_on(block)))
    yield on
    opened = GaugeMetricFamily(
        "dapr_bridge_breaker_open", "Whether the processes of this host have stopped asking their sidecar.", labels=["breaker"]
    )
    for name in BREAKERS:
        opened.add_metric([name], float(breaker(name).is_open))
    yield opened


def _stored() -> Iterator[Any]:
    """Facts of the database: every process of the project says the same, so take the greatest of them, not the sum."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    with connections[database()].cursor() as cursor:
        cursor.execute(_OUTBOX)
        pending, parked, oldest = cursor.fetchone()
        cursor.execute(_CHANGES)
        changes = dict(cursor.fetchall())
    yield GaugeMetricFamily("dapr_bridge_outbox_pending", "Events whose consumers have not all reacted, parked ones left out.", pending)
    yield GaugeMetricFamily(
        "dapr_bridge_outbox_oldest_age_seconds", "Age of the oldest pending event; 0 when there is none.", float(oldest)
    )
    yield GaugeMetricFamily("dapr_bridge_outbox_parked", "Events that wait for an operator because a consumer kept failing.", parked)
    changed = CounterMetricFamily("dapr_bridge_switch_changes", "Moves of the switch of a Dapr block.", labels=["block"])
    for block in BLOCKS:
        changed.add_metric([block], changes.get(block, 0))
    yield changed
