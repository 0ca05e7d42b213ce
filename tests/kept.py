"""What of a browser tests need beside its pages: a connection that is kept alive, and cookies.

With the standard library alone, since it also runs where nothing else is (`tests/cluster/load.py`).
"""

import http.client
from email.message import Message
from http.cookies import SimpleCookie


class Kept:
    """One connection to a server and the cookies that it has set."""

    def __init__(self, host: str, patience: float) -> None:
        self._host, self._patience = host, patience  # seconds
        self._connection: http.client.HTTPConnection | None = None
        self._cookies: dict[str, str] = {}

    @property
    def cookie(self) -> str:
        """The header of that name."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    @property
    def is_open(self) -> bool:
        """Whether the next request goes over a connection that is there; the other end may have closed it."""
        return self._connection is not None

    def exchange(self, method: str, path: str, body: str | bytes | None, headers: dict[str, str]) -> tuple[int, Message, bytes]:
        """Status, headers and content of one answer.

        Raises OSError or HTTPException when the connection breaks; the next request makes a new one.
        """
        connection = self._connection or http.client.HTTPConnection(self._host, timeout=self._patience)
        self._connection = None
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        except BaseException:
            connection.close()
            raise
        for line in response.headers.get_all("Set-Cookie") or []:
            self._cookies.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
        self._connection = connection
        if response.will_close:
            self.close()
        return response.status, response.headers, content

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        if self._connection:
            self._connection.close()
            self._connection = None
