"""A TCP proxy that stands in front of a server and misbehaves on demand: what networks and dying processes do to a connection."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Self

CHUNK = 65_536
SERVER_ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Proxy:
    """Forwards connections to a port of this machine. `fault` may be changed at any time and counts from then on, for open connections too:

    | fault     | what happens                                                      |
    |-----------|-------------------------------------------------------------------|
    | ""        | nothing                                                           |
    | "slow"    | every piece of an answer comes `delay` seconds late               |
    | "dribble" | answers come one byte at a time, `delay` seconds apart            |
    | "reset"   | connections are accepted and reset (RST) as soon as they speak    |
    | "500"     | whatever is asked is answered by HTTP 500                         |
    | "silent"  | connections are accepted, and nothing is ever answered            |
    """

    def __init__(self, target: int, *, delay: float = 0.2) -> None:
        self.fault, self.delay, self._target = "", delay, target
        self.connections = 0  # open now
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _stop(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            upstream = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            upstream = None  # nobody is there: the client sees its connection closed
        try:
            if upstream is not None:
                ways = [asyncio.create_task(self._ask(reader, writer, upstream[1])), asyncio.create_task(self._answer(upstream[0], writer))]
                _, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in left:
                    way.cancel()
        finally:
            self.connections -= 1
            for one in (writer, upstream[1] if upstream else None):
                if one is not None:
                    one.close()

    async def _ask(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(CHUNK):
                match self.fault:
                    case "reset":
                        _reset(client)
                        return
                    case "500":
                        client.write(SERVER_ERROR)
                    case "silent":
                        pass
                    case _:
                        server.write(piece)

    async def _answer(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(CHUNK):
                if self.fault == "dribble":
                    for number in range(len(piece)):
                        client.write(piece[number : number + 1])
                        await client.drain()
                        await asyncio.sleep(self.delay if self.fault == "dribble" else 0)
                    continue
                if self.fault == "slow":
                    await asyncio.sleep(self.delay)
                if self.fault != "silent":
                    client.write(piece)
                    await client.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the other side gets RST, not FIN."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
