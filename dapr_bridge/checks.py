"""System checks: every mistake in `DAPR_BRIDGE` is found at start, with an id and the remedy."""

import importlib.util
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, get_type_hints

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import connections
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from dapr_bridge import switches
from dapr_bridge.conf import MOST_EVENTS, Conf, api_token, app_tokens, conf
from dapr_bridge.middleware import RequestScope
from dapr_bridge.models import Receipt, database
from dapr_bridge.switches import CEILINGS

NAME = re.compile(r"[A-Za-z0-9._-]+")
LONGEST_NAME = Receipt._meta.get_field("consumer").max_length or 0


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    given = getattr(settings, "DAPR_BRIDGE", {})
    if not isinstance(given, Mapping):
        return [_error(1, "DAPR_BRIDGE is not a dictionary.", "Write DAPR_BRIDGE = {...} with the keys of dapr_bridge/conf.py.")]
    return [
        *_check_database(),
        *_check_keys(given),
        *_check_numbers(given),
        *_check_consumers(given.get("CONSUMERS", {})),
        *_check_chores(given.get("CHORES", {})),
        *_check_delivery(given),
        *_check_roles(given.get("APP_IDS", {})),
        *_check_flags(),
        *(_check_installation() if switches.is_allowed("sidecar") else ()),
        *(_check_tokens() if switches.is_allowed("sidecar") else ()),
        *(_check_routes() if conf.SUBSCRIBES and switches.is_allowed("pubsub") else ()),
    ]


def _check_database() -> Iterator[CheckMessage]:
    vendor = connections[database()].vendor
    if vendor != "postgresql":
        yield _error(2, f"The outbox is in a {vendor} database.", "Use PostgreSQL, or route the dapr_bridge app to a PostgreSQL database.")


def _check_keys(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    known = get_type_hints(Conf)
    for key in given:
        if key not in known:
            yield _error(3, f"DAPR_BRIDGE has an unknown key {key!r}.", f"Known keys: {', '.join(sorted(known))}.")


def _check_numbers(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for key, type in get_type_hints(Conf).items():
        value = given.get(key, getattr(Conf, key))
        if type is str and not (isinstance(value, str) and value):
            yield _error(4, f"DAPR_BRIDGE[{key!r}] is {value!r}.", "Give a non-empty string.")
        if type is int and not (_is_number(value) and isinstance(value, int) and value >= 1):
            yield _error(4, f"DAPR_BRIDGE[{key!r}] is {value!r}.", "Give a whole number of 1 or more.")
        if type is float and not (_is_number(value) and value >= 0):
            yield _error(4, f"DAPR_BRIDGE[{key!r}] is {value!r}.", "Give a number of seconds, 0 or more.")
    lease, longest = (given.get(key, getattr(Conf, key)) for key in ("LEASE_SECONDS", "LEASE_MAX_SECONDS"))
    if _is_number(lease) and _is_number(longest) and not 0 < lease <= longest:
        yield _error(5, f"A lease lasts {lease} to {longest} seconds.", "Give LEASE_SECONDS above 0, and LEASE_MAX_SECONDS not below it.")


def _check_consumers(consumers: object) -> Iterator[CheckMessage]:
    if not isinstance(consumers, Mapping):
        yield _error(6, "DAPR_BRIDGE['CONSUMERS'] is not a dictionary.", 'Write {"name": {"handler": "path.to.function", "types": ["*"]}}.')
        return
    for name, consumer in consumers.items():
        if not (isinstance(name, str) and name.strip() and len(name) <= LONGEST_NAME):
            yield _error(7, f"The consumer name {name!r} cannot be stored.", f"Give 1 to {LONGEST_NAME} characters.")
        if not isinstance(consumer, Mapping) or not {"handler"} <= set(consumer) <= {"handler", "types"}:
            yield _error(8, f"The consumer {name!r} is {consumer!r}.", 'Give it a "handler" and, unless it wants all, "types"; no more.')
            continue
        types = consumer.get("types", ["*"])
        if not (isinstance(types, list | tuple) and types and all(isinstance(type, str) and type for type in types)):
            yield _error(
                9, f"The consumer {name!r} has the types {types!r}.", 'Give a list of patterns such as ["todo.*"], or leave it out.'
            )
        yield from _check_path(10, f"The consumer {name!r}", consumer["handler"])


def _check_chores(chores: object) -> Iterator[CheckMessage]:
    if not isinstance(chores, Mapping):
        yield _error(11, "DAPR_BRIDGE['CHORES'] is not a dictionary.", 'Write {"path.to.function": seconds}.')
        return
    for path, interval in chores.items():
        if not (_is_number(interval) and interval > 0):
            yield _error(12, f"The chore {path!r} has the interval {interval!r}.", "Give a number of seconds above 0.")
        yield from _check_path(13, "A chore", path)


def _check_delivery(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for key in ("TOPIC", "PUBSUB"):
        name = given.get(key, getattr(Conf, key))
        if isinstance(name, str) and name and not NAME.fullmatch(name):
            yield _error(14, f"DAPR_BRIDGE[{key!r}] is {name!r}.", "Give letters, digits, '-', '_' and '.' only: it is part of a path.")
    patience, lease = (given.get(key, getattr(Conf, key)) for key in ("PUBLISH_SECONDS", "LEASE_SECONDS"))
    if _is_number(patience) and _is_number(lease) and lease > 0 and not 0 < patience < lease:
        yield _error(15, f"A publish may take {patience} seconds.", f"Give PUBLISH_SECONDS above 0 and below the lease of {lease} seconds.")
    together = given.get("BATCH_EVENTS", Conf.BATCH_EVENTS)
    if _is_number(together) and together > MOST_EVENTS:
        yield _error(26, f"The sidecar would deliver {together} events in one request.", f"Give BATCH_EVENTS of {MOST_EVENTS} or less.")
    tokens = given.get("APP_TOKENS")
    if tokens is not None and not (isinstance(tokens, list | tuple) and all(isinstance(token, str) for token in tokens)):
        yield _error(16, "DAPR_BRIDGE['APP_TOKENS'] is not a list of strings.", "Give a list of one token, or of two during a rotation.")
    if any(str(name).startswith("dapr_bridge.") for name in given.get("CONSUMERS", ())):
        yield _error(17, "A consumer's name begins with 'dapr_bridge.'.", "Give it another: these are the bridge's own.")


def _check_tokens() -> Iterator[CheckMessage]:
    """What keeps strangers from the routes of the sidecar, and the app from them too, when it is missing."""
    if conf.SUBSCRIBES and not app_tokens():
        yield _error(
            18,
            "This process is to receive events, but has no app token: every delivery will be refused.",
            "Set APP_API_TOKEN to what its sidecar has in that variable.",
        )
    if api_token() and api_token() in app_tokens():
        yield _error(
            19,
            "The token that the sidecar asks for is also the one that it shows.",
            "Make DAPR_API_TOKEN and APP_API_TOKEN different: each side could pass for the other.",
        )


def _check_routes() -> Iterator[CheckMessage]:
    """daprd asks for its subscriptions at one fixed place."""
    try:
        place = reverse("dapr_bridge:subscribe")
    except NoReverseMatch:
        place = "nowhere"
    if place != "/dapr/subscribe":
        yield _error(
            20,
            f"The route of the subscriptions is at {place}, where daprd will not look.",
            'Add path("", include("dapr_bridge.urls")) to the ROOT_URLCONF.',
        )


def _check_roles(app_ids: object) -> Iterator[CheckMessage]:
    if not (isinstance(app_ids, Mapping) and all(isinstance(word, str) and word for pair in app_ids.items() for word in pair)):
        yield _error(21, f"DAPR_BRIDGE['APP_IDS'] is {app_ids!r}.", 'Write {"role": "app-id of its sidecar"}, or leave it out.')
    elif app_ids and conf.ROLE not in app_ids:
        yield _error(
            22,
            f"DAPR_BRIDGE['ROLE'] is {conf.ROLE!r}, which APP_IDS does not have: the doctor would miss another role and not know this one.",
            f"Give one of: {', '.join(sorted(app_ids))}.",
        )


def _check_flags() -> Iterator[CheckMessage]:
    for flag in CEILINGS.values():
        value = getattr(settings, flag, False)
        if not isinstance(value, bool):
            yield _error(23, f"{flag} is {value!r}: every text counts as yes, 'false' too.", "Set it to True or False.")


def _check_installation() -> Iterator[CheckMessage]:
    for module, package in (("grpc", "grpcio"), ("dapr", "dapr")):
        if importlib.util.find_spec(module) is None:
            yield _error(
                24, f"DAPR_ENABLED is set, and the package {package} is not installed.", "Install it, or set DAPR_ENABLED to false."
            )
    if not any(issubclass(middleware, RequestScope) for middleware in _middleware()):
        yield _error(
            25,
            "DAPR_ENABLED is set, and MIDDLEWARE lacks dapr_bridge.middleware.RequestScope: switches would move under a running request.",
            "Add it before whatever reads a cache.",
        )


def _middleware() -> Iterator[type]:
    """The classes of MIDDLEWARE; Django itself complains of paths that lead nowhere."""
    for path in settings.MIDDLEWARE:
        with suppress(ImportError):
            found = import_string(path)
            if isinstance(found, type):
                yield found


def _check_path(number: int, whose: str, path: object) -> Iterator[CheckMessage]:
    """Open a dotted path now: nothing else notices a wrong one before the first event."""
    try:
        found = import_string(path) if isinstance(path, str) else None
    except ImportError as error:
        yield _error(number, f"{whose} names {path!r}, which cannot be imported: {error}", "Correct the dotted path.")
        return
    if not callable(found):
        yield _error(number, f"{whose} names {path!r}, which cannot be called.", "Name a function by its dotted path.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _error(number: int, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"dapr_bridge.E{number:03}")
