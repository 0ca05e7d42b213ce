"""What the web app's gateway may ask: outside the API, known only to those who share GATEWAY_SECRET."""

import hmac

from django.conf import settings
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from dapr_bridge import exporter, phases
from dapr_bridge import switches as known

HEADER = "X-Gateway-Secret"


@csrf_exempt  # so that a POST hears 405, not of a token
@never_cache
@require_safe
def switches(request: HttpRequest) -> JsonResponse:
    """`{"invocation": bool, "phase": int, "traces": float}` as this process knows them, without a query; 404 without the secret.

    `traces` is the share of requests that the gateway marks as traced: what it decides is kept by everybody behind it.
    """
    if not _knows_the_secret(request):
        raise Http404
    now = known.current()
    return JsonResponse({"invocation": now.is_on("invocation"), "phase": phases.phase_of(now), "traces": exporter.share()})


def _knows_the_secret(request: HttpRequest) -> bool:
    said, secret = request.headers.get(HEADER, "").encode(), settings.GATEWAY_SECRET.encode()
    return bool(secret) and hmac.compare_digest(said, secret)
