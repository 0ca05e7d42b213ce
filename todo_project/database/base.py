"""PostgreSQL as Django speaks to it, but whether a pooled connection still lives is seen without asking the server."""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that the server has ended is known by what lies unread in its socket, and is replaced by another.

    Django's own check (CONN_HEALTH_CHECKS) sends an empty query each time, a third of what a cached read says to the server. What that
    finds and this does not is a server that is gone without a word; there the query, too, would wait.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Django's, as often as the pool hands out ended ones. Raises OperationalError when it has none in time."""
        connection = super().get_new_connection(conn_params)
        while self.pool and has_ended(connection.fileno()):
            connection.close()
            self.pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection

    def _set_autocommit(self, autocommit: bool) -> None:
        """Django's, which has the driver set again what a pooled connection comes with."""
        if self.connection.autocommit != autocommit:
            super()._set_autocommit(autocommit)  # type: ignore[misc]  # the stubs do not have it


def has_ended(socket: int) -> bool:
    """Whether there is something to read where nothing was asked: the end, or what the server said before it."""
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))
