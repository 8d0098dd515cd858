"""A balancer of TCP connections, in the place of the reverse proxy before Prefect's API servers.

Like nginx it takes turns, and tries the next server where one does not take the connection. A connection whose server
dies breaks off: what the client had asked it must ask again.
"""

import asyncio
import itertools
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Self


class Balancer:
    """Passes each connection on to the next server that takes it."""

    def __init__(self, port: int, servers: Sequence[int]) -> None:
        self.passed = dict.fromkeys(servers, 0)
        """How many connections each server has taken."""
        self._port, self._servers = port, servers
        self._turns = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        opening = asyncio.start_server(self._pass_on, "127.0.0.1", self._port)
        asyncio.run_coroutine_threadsafe(opening, self._loop).result(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        turn = next(self._turns)
        for step in range(len(self._servers)):
            port = self._servers[(turn + step) % len(self._servers)]
            with suppress(OSError):
                taken, given = await asyncio.open_connection("127.0.0.1", port)
                self.passed[port] += 1
                ways = (asyncio.create_task(_copy(reader, given)), asyncio.create_task(_copy(taken, writer)))
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
                given.close()
                break
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
