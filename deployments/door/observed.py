"""The door's outermost layer: each answer is counted and logged, by its route and never by its address.

An address can be a complainant's secret link, and a query can hold anything. Plain ASGI, for every request passes it.
"""

import logging
import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.metrics.door import NO_ROUTE, answered

QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by programs every few seconds; logged only where something is wrong."""

log = logging.getLogger("redress.access")


class Observed:
    """Counts and logs what an application answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def keep_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, keep_status)
        finally:
            _note(scope, status, time.perf_counter() - began)


def route_of(scope: Scope) -> str:
    """Return the template of the route that a request took, once it took one."""
    return getattr(scope.get("route"), "path", NO_ROUTE)


def _note(scope: Scope, status: int, seconds: float) -> None:
    route, method = route_of(scope), scope["method"]
    answered(route, method, status, seconds)
    if route not in QUIET or status >= 400:
        fields = {"method": method[:10], "route": route, "status": status, "seconds": round(seconds, 4)}
        log.info("answered", extra=fields)
