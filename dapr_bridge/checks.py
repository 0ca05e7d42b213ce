"""System checks: every mistake in `DAPR_BRIDGE` is found at start, with an id and the remedy."""

from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import connections
from django.utils.module_loading import import_string

from dapr_bridge.conf import Conf
from dapr_bridge.models import Receipt, database

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
