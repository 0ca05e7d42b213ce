"""Tells what the database did to a transaction from what a handler did: only the second counts against an event."""

from collections.abc import Iterator

import psycopg

CONFLICTS = frozenset({"40P01", "40001"})  # deadlock_detected, serialization_failure
# admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections; class 08 are connection exceptions
LOST = frozenset({"57P01", "57P02", "57P03", "53300"})


def is_conflict(error: BaseException) -> bool:
    """Whether PostgreSQL rolled the transaction back in favour of another one, so that repeating it may succeed."""
    return any(isinstance(link, psycopg.Error) and link.sqlstate in CONFLICTS for link in _chain(error))


def is_lost_connection(error: BaseException) -> bool:
    """Whether the transaction ended because the connection did, or because none could be had.

    An error with a code of another kind came from a living server. One without a code was raised by the client, about the
    connection. The connection itself cannot be asked: Django has opened a new one by the time a failed COMMIT is caught.
    """
    for link in _chain(error):
        if isinstance(link, psycopg.OperationalError | psycopg.InterfaceError):
            state = link.sqlstate
            if state is None or state in LOST or state.startswith("08"):
                return True
    return False


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it was raised from: handlers wrap database errors, and Django does too."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__
