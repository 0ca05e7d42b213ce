"""What the sidecar asks of this app: its subscription, and to take delivered events. These routes exist in every phase and role.

A delivered event is a wake-up and no more. Its id is looked up in the outbox and *that* row is dispatched, if it may; nothing
else that the envelope says is believed. So it does not matter who sent it, how often, or through which topic: the app token is
shown by the sidecar on calls of other apps, too, and whoever can write to the broker can write any envelope.

What the answers mean to the sidecar: SUCCESS, it is done with this one, for the outbox retries what failed; DROP, there is
nothing to retry; 401, as if the app were away. No answer makes it try again or keep something for later.
"""

import hmac
import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

import structlog
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from dapr_bridge.conf import app_tokens, conf
from dapr_bridge.consumers import Outcome, dispatch
from dapr_bridge.models import OutboxEvent

logger = structlog.get_logger(__name__)

CONTENT_TYPE = "application/cloudevents+json"

View = Callable[..., HttpResponse]


class Refused(Exception):
    """What was delivered is no event of ours; the text says why."""


def is_from_the_sidecar(token: str) -> bool:
    """Whether a request that shows this is: it is one of the app tokens. Takes as long for a wrong one."""
    shown = token.encode()
    return any([hmac.compare_digest(shown, expected.encode()) for expected in app_tokens()])  # noqa: C419 -- a generator would stop at the first


def for_the_sidecar(view: View) -> View:
    """Let only callers with the app token in, and none when no token is configured. CSRF does not apply: no cookie admits anybody."""

    @csrf_exempt
    @never_cache
    @transaction.non_atomic_requests
    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        shown = request.headers.get("dapr-api-token", "")
        if is_from_the_sidecar(shown):
            return view(request, **kwargs)
        if not app_tokens():
            logger.error("sidecar.refused", reason="no app token is configured", remedy="set APP_API_TOKEN to what the sidecar has")
        else:
            logger.warning("sidecar.refused", reason="wrong app token" if shown else "no app token")
        return HttpResponse(status=401, headers={"WWW-Authenticate": "dapr-api-token"})

    return guarded


@for_the_sidecar
@require_GET
def config(request: HttpRequest) -> HttpResponse:
    """`GET /dapr/config`: this app has no actors, which is all that daprd wants to know."""
    return JsonResponse({})


@for_the_sidecar
@require_GET
def subscribe(request: HttpRequest) -> HttpResponse:
    """`GET /dapr/subscribe`: the topic of the events where the setting SUBSCRIBES says so, nothing elsewhere."""
    route = reverse("dapr_bridge:event", kwargs={"topic": conf.TOPIC})
    ours = {"pubsubname": conf.PUBSUB, "topic": conf.TOPIC, "route": route}
    return JsonResponse([ours] if conf.SUBSCRIBES else [], safe=False)


@for_the_sidecar
@require_POST
def event(request: HttpRequest, *, topic: str) -> HttpResponse:
    """`POST /dapr/events/<topic>`: dispatch the row of the delivered event. Any topic is taken: one that was renamed still delivers."""
    try:
        id = event_id(request)
        if dispatch(id) is Outcome.LEFT and not _is_known(id):
            raise Refused("unknown id")
    except Refused as refused:
        logger.warning("events.refused", reason=str(refused), topic=topic)
        return JsonResponse({"status": "DROP"})
    return JsonResponse({"status": "SUCCESS"})


def event_id(request: HttpRequest) -> UUID:
    """The id of the delivered CloudEvent. Raises Refused for anything that is none, or larger than EVENT_MAX_BYTES."""
    if request.content_type != CONTENT_TYPE:
        raise Refused(f"the content type is not {CONTENT_TYPE}")
    try:
        body = request.read(conf.EVENT_MAX_BYTES + 1)
        if len(body) > conf.EVENT_MAX_BYTES:
            raise Refused(f"larger than {conf.EVENT_MAX_BYTES} bytes")
        envelope = json.loads(body)
    except (ValueError, RecursionError, UnreadablePostError):
        raise Refused("not JSON") from None
    if not isinstance(envelope, dict) or "entries" in envelope:
        raise Refused("not one event")
    try:
        return UUID(envelope["id"])
    except (KeyError, ValueError, TypeError, AttributeError):
        raise Refused("no id of ours") from None


def _is_known(id: UUID) -> bool:
    try:
        return OutboxEvent.objects.filter(id=id).exists()
    except Error:
        return True  # as far as anybody can tell
