"""Prefect's server, counting what it is asked: requests by route, and what comes over its websockets.

It is the server of ``deployments.prefect_server``, with one layer around it that answers ``GET /counted`` itself.
"""

import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from benchmarks.asked import PATH
from deployments import prefect_server

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_PARTS: Final = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}"), "{id}"),
    (re.compile(r"(/input)/(?!filter)[^/]+$"), r"\1/{key}"),
    (re.compile(r"(/work_pools)/(?!filter|get_)[^/]+"), r"\1/{name}"),
    (re.compile(r"(/deployments/name)/.*"), r"\1/{name}"),
)
"""What makes one route of many paths."""


class Counting:
    """An ASGI application around another one: counts and passes on."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.counts: Counter[str] = Counter()
        self.seconds: dict[str, float] = defaultdict(float)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Count a request or a websocket's messages."""
        if scope["type"] == "http" and scope["path"] == PATH:
            await self._show(send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket":
            await self.app(
                scope, self._counted_receive(scope["path"], receive), self._counted_send(scope["path"], send)
            )
        else:
            await self.app(scope, receive, send)

    async def _request(self, scope: Message, receive: Receive, send: Send) -> None:
        route = f"{scope['method']} {template(scope['path'])}"
        asked: list[str] = []

        async def seen() -> Message:
            message = await receive()
            if route.endswith("set_state") and message.get("body"):
                asked.append(state_of(message["body"]))
            return message

        began = time.perf_counter()
        try:
            await self.app(scope, seen, send)
        finally:
            name = " ".join((route, *asked))
            self.counts[name] += 1
            self.seconds[name] += time.perf_counter() - began

    def _counted_receive(self, path: str, receive: Receive) -> Receive:
        async def counted() -> Message:
            message = await receive()
            if content := message.get("text") or message.get("bytes"):
                self.counts[f"WS in  {path} {event_of(content)}".rstrip()] += 1
            return message

        return counted

    def _counted_send(self, path: str, send: Send) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "websocket.send":
                self.counts[f"WS out {path}"] += 1
            await send(message)

        return counted

    async def _show(self, send: Send) -> None:
        body = json.dumps({name: [count, self.seconds[name]] for name, count in self.counts.items()}).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def template(path: str) -> str:
    """Return the route of a path: what differs from one run to the next is left out."""
    for part, instead in _PARTS:
        path = part.sub(instead, path)
    return path.removesuffix("/") or "/"


def state_of(body: bytes) -> str:
    """Return the name of the state that is asked for, or nothing where it cannot be told."""
    try:
        state = json.loads(body)["state"]
        return str(state.get("name") or state["type"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def event_of(content: str | bytes) -> str:
    """Return the name of an event that came over a websocket, or nothing where it is none."""
    try:
        event = json.loads(content)
    except ValueError:
        return ""
    return str(event.get("event", event.get("type", ""))) if isinstance(event, dict) else ""


def main() -> None:
    """Serve as ``deployments.prefect_server`` does, and count."""
    create: Callable[[], Any] = prefect_server.create

    def create_counting() -> Counting:
        return Counting(create())

    vars(prefect_server)["create"] = create_counting  # what the server is told to serve
    prefect_server.serve()


if __name__ == "__main__":
    main()
