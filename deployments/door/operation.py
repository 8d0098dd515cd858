"""What those ask who run the door: whether it lives, whether it can take complaints in, and its metrics."""

import time
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from complaints.adapters.readiness import Lack, lacks
from complaints.senders import Scope
from complaints.settings import Settings, settings
from deployments.door.admission import admitted
from deployments.metrics.collector import CaseFigures
from deployments.metrics.door import REGISTRY
from tasks.desk import store

PATIENCE_SECONDS: Final = 1.0
"""Within which the case database must answer."""
FRESH_SECONDS: Final = 1.0
"""For which an answer is given again: anybody may ask."""

_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_ANSWER: Final = {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}

router: Final = APIRouter(tags=["operation"])
_looking, _scraping = CapacityLimiter(1), CapacityLimiter(1)
_seen: tuple[Settings, float, list[Lack]] | None = None

REGISTRY.register(CaseFigures(lambda: store()))  # the one of the moment, not of the import


def _described(status: int, text: str) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": text, "content": {"application/json": {"schema": _ANSWER}}}}


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the door is open. Nothing else is looked at."""
    return {"status": "ok"}


@router.get("/readyz", responses=_described(503, "It cannot take complaints now; `lacks` names why."))
async def readyz() -> Response:
    """Say whether complaints can be taken in now."""
    found: list[Lack] = [Lack.CASE_DATABASE]
    with anyio.move_on_after(PATIENCE_SECONDS):
        found = await to_thread.run_sync(_look, limiter=_looking, abandon_on_cancel=True)
    if not found:
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": "not ready", "lacks": found}, 503, {"Retry-After": "5"})


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Show the metrics to a sender with the scope ``metrics``, and to programs of this machine."""
    if not is_of_this_machine(request):
        async with admitted(request, Scope.METRICS):
            pass
    content = await to_thread.run_sync(generate_latest, REGISTRY, limiter=_scraping)
    return Response(content, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


def is_of_this_machine(request: Request) -> bool:
    """Whether a request comes from a program of this machine, and for nobody else.

    A proxy of this machine makes every request look so. Where there is one, the public address of the pages is set,
    or the proxy is named, or it says for whom it asks; then nobody is taken at the connection's word.
    """
    host = request.client.host if request.client else ""
    try:
        peer = ip_address(host)
    except ValueError:
        return False
    public = urlsplit(settings().public_url).hostname
    is_behind = (public not in (None, *_LOOPBACK)) or any(peer in network for network in settings().trusted_proxies)
    return peer.is_loopback and not is_behind and not any(name in request.headers for name in _FORWARDED)


def _look() -> list[Lack]:
    """Look what is wrong, not more often than once a second. Runs in one thread at a time."""
    global _seen
    known = settings()
    if _seen is None or _seen[0] is not known or time.monotonic() - _seen[1] > FRESH_SECONDS:
        _seen = known, time.monotonic(), lacks(store(), known.evidence_place)
    return _seen[2]
