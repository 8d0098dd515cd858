"""A request on its way in, and its answer on the way out."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from starlette.types import Message, Receive, Scope, Send

from deployments.door.problems import TOO_SLOW, Refused

_DRAIN_BYTES: Final = 8_000_000
_DRAIN_SECONDS: Final = 2.0
_BODY_FOLLOWS: Final = frozenset({b"content-length", b"transfer-encoding"})


class Passage:
    """Sees to it that a body comes in time, and that nobody reads one that is not wanted.

    A request that is answered before its body was read ends the connection. What is under way already is read first,
    for a short time: otherwise its sender would find a broken connection and no answer.

    Attributes:
        is_read: Whether nothing of the body is left to be read.
        has_begun: Whether the answer has begun.
        when_read: Is called once, when the body was read or is not read any more.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, pause_seconds: float, body_seconds: float) -> None:
        self._receive, self._send = receive, send
        self._pause_seconds, self._until = pause_seconds, time.monotonic() + body_seconds
        self.is_read = not any(name in _BODY_FOLLOWS for name, _ in scope["headers"])
        self.has_begun = False
        self.when_read: Callable[[], None] | None = None

    async def receive(self) -> Message:
        """Receive the next part.

        Raises:
            Refused: it does not come in time.
        """
        if self.is_read:
            return await self._receive()  # a disconnection, which may be long in coming
        try:
            async with asyncio.timeout(min(self._pause_seconds, self._until - time.monotonic())):
                return await self._next()
        except TimeoutError:
            detail = f"It must come at a stretch, with no pause of {self._pause_seconds:.0f} seconds."
            raise Refused(TOO_SLOW, detail) from None

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            self.is_read = True
            self.end()
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self.has_begun = True
            if not self.is_read:
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        elif message["type"] == "http.response.body" and not message.get("more_body") and not self.is_read:
            await self._send({**message, "more_body": True})
            self.end()
            await self._drain()
            message = {"type": "http.response.body"}
        await self._send(message)

    def end(self) -> None:
        """Say that nothing of the body is waited for any more."""
        if self.when_read is not None:
            self.when_read()
            self.when_read = None

    async def _drain(self) -> None:
        size = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self.is_read and size < _DRAIN_BYTES:
                    size += len((await self._next()).get("body", b""))
