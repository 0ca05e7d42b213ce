"""Tells what the database did to a transaction from what a handler did: only the second counts against an event."""

from collections.abc import Iterator

from django.db import InterfaceError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

CONFLICTS = frozenset({"40P01", "40001"})  # deadlock_detected, serialization_failure
# admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections; class 08 are connection exceptions
LOST = frozenset({"57P01", "57P02", "57P03", "53300"})


def is_conflict(error: BaseException) -> bool:
    """Whether PostgreSQL rolled the transaction back in favour of another one, so that repeating it may succeed."""
    return any(state in CONFLICTS for state in _sqlstates(error))


def is_lost_connection(error: BaseException, connection: BaseDatabaseWrapper) -> bool:
    """Whether the transaction ended because the connection did, or because none could be had."""
    if any(state in LOST or state.startswith("08") for state in _sqlstates(error)):
        return True
    driver = connection.connection
    gone = driver is None or bool(driver.closed)
    return gone and any(isinstance(link, OperationalError | InterfaceError) for link in _chain(error))


def _sqlstates(error: BaseException) -> Iterator[str]:
    for link in _chain(error):
        if state := getattr(link, "sqlstate", None):
            yield state


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it was raised from: handlers wrap database errors, and Django does too."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__
