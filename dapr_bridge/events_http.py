"""What the sidecar asks of this app: its subscription, and to take delivered events. These routes exist in every phase and role.

A delivered event is a wake-up and no more. Its id is looked up in the outbox and *that* row is dispatched, if it may; nothing
else that the envelope says is believed. So it does not matter who sent it, how often, or through which topic: the app token is
shown by the sidecar on calls of other apps, too, and whoever can write to the broker can write any envelope.

Several come in one request (Dapr's bulk subscription, docs/decisions/0035), and next is sent what comes next when it is answered. So
it is answered after half a lease at the latest; what takes longer goes on.

What the answers mean to the sidecar: SUCCESS, it is done with this one, for the outbox retries what failed; DROP, or 404 for a whole
request that cannot be read, there is nothing to retry; 401, as if the app were away. No answer makes it try again or keep something
for later.
"""

import hmac
import json
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial, wraps
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

from dapr_bridge.batch import together
from dapr_bridge.conf import MOST_EVENTS, app_tokens, conf
from dapr_bridge.consumers import Outcome, dispatch
from dapr_bridge.models import OutboxEvent
from dapr_bridge.sidecar import CLOUD_EVENT

logger = structlog.get_logger(__name__)

ONE, SEVERAL = CLOUD_EVENT, "application/json"  # the content types of a delivery
LARGEST = 4 * 1024 * 1024  # bytes of several events: far above what the bridge publishes, for one that is large must not spoil the others
SUCCESS, DROP = "SUCCESS", "DROP"

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
    ours: dict[str, Any] = {"pubsubname": conf.PUBSUB, "topic": conf.TOPIC, "route": route}
    if conf.BATCH_EVENTS > 1:
        milliseconds = max(1, round(conf.BATCH_SECONDS * 1000))  # daprd takes 0 for a second
        ours["bulkSubscribe"] = {"enabled": True, "maxMessagesCount": conf.BATCH_EVENTS, "maxAwaitDurationMs": milliseconds}
    return JsonResponse([ours] if conf.SUBSCRIBES else [], safe=False)


@for_the_sidecar
@require_POST
def event(request: HttpRequest, *, topic: str) -> HttpResponse:
    """`POST /dapr/events/<topic>`: dispatch the rows of the delivered events. Any topic is taken: one that was renamed still delivers."""
    try:
        if request.content_type == SEVERAL:
            return JsonResponse({"statuses": _react_to_all(_read(request, LARGEST), topic)})
        if request.content_type == ONE:
            return JsonResponse({"status": _react(_read(request, conf.EVENT_MAX_BYTES), topic)})
        raise Refused(f"the content type is not {ONE}")
    except Refused as refused:
        _log(refused, topic)
        return JsonResponse({"status": DROP}, status=404 if request.content_type == SEVERAL else 200)


def _read(request: HttpRequest, largest: int) -> Any:
    """What the body says. Raises Refused when it is larger, or says nothing."""
    try:
        body = request.read(largest + 1)
        if len(body) > largest:
            raise Refused(f"larger than {largest} bytes")
        return json.loads(body)
    except (ValueError, RecursionError, UnreadablePostError):
        raise Refused("not JSON") from None


def _react_to_all(delivered: Any, topic: str) -> list[dict[str, str]]:
    """The status of each entry of Dapr's bulk envelope. Raises Refused when it is none."""
    try:
        events = {str(entry["entryId"]): entry["event"] for entry in delivered["entries"]}
    except (KeyError, TypeError):
        raise Refused("not several events") from None
    if len(events) > MOST_EVENTS:
        raise Refused(f"more than {MOST_EVENTS} events")
    reactions = together([partial(_react, event, topic) for event in events.values()], patience=conf.LEASE_SECONDS / 2)
    return [{"entryId": id, "status": _status(reaction)} for id, reaction in zip(events, reactions, strict=True)]


def _status(reaction: Future[str]) -> str:
    if not reaction.done():
        return SUCCESS  # it goes on, and the relay looks for its receipts
    if error := reaction.exception():
        logger.error("events.failed", exc_info=error)
        return SUCCESS  # as when a handler raised: the lease ends, and it is carried again
    return reaction.result()


def _react(envelope: Any, topic: str) -> str:
    """Dispatch the row that the event names, and say what becomes of the event."""
    try:
        id = event_id(envelope)
        if dispatch(id) is Outcome.LEFT and not _is_known(id):
            raise Refused("unknown id")
    except Refused as refused:
        _log(refused, topic)
        return DROP
    return SUCCESS


def event_id(envelope: Any) -> UUID:
    """The id of a delivered CloudEvent. Raises Refused for anything that is none of ours."""
    if not isinstance(envelope, dict) or "entries" in envelope:
        raise Refused("not one event")
    try:
        return UUID(envelope["id"])
    except (KeyError, ValueError, TypeError, AttributeError):
        raise Refused("no id of ours") from None


def _log(refused: Refused, topic: str) -> None:
    logger.warning("events.refused", reason=str(refused), topic=topic)


def _is_known(id: UUID) -> bool:
    try:
        return OutboxEvent.objects.filter(id=id).exists()
    except Error:
        return True  # as far as anybody can tell
