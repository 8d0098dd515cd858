"""Letting a request in: who it is, whether it comes too often, and its body."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Final

from starlette.requests import Request

from complaints.senders import Scope
from complaints.settings import settings
from deployments.door.bodies import IN_MEMORY, Body, read_body
from deployments.door.callers import Caller, claim_of
from deployments.door.limits import LARGEST_BODY, LARGEST_DELIVERY, Buckets
from deployments.door.problems import TOO_MANY, UNAUTHENTICATED, WRONG_TYPE, Refused
from deployments.pages.protection import client_of

JSON: Final = "application/json"
MULTIPART: Final = "multipart/form-data"

GUESSES: Final = Buckets(rate=1, burst=30)  # of an address, which nobody knows yet to be a sender's
_senders = Buckets(rate=1, burst=1)


@dataclass(frozen=True)
class Admitted:
    """A request that was let in.

    Attributes:
        caller: Who makes it.
        body: All of it.
        media_type: ``application/json`` or ``multipart/form-data``; empty where there is no body.
    """

    caller: Caller
    body: Body
    media_type: str = ""


@asynccontextmanager
async def admitted(request: Request, scope: Scope, *media_types: str) -> AsyncIterator[Admitted]:
    """Let a request in, or refuse it.

    Args:
        request: The request.
        scope: What its caller must be allowed.
        media_types: What its body may be; none: it delivers nothing.

    Raises:
        Refused: nobody can tell who it is, it comes too often, its body is not taken, or its caller may not do this.
    """
    address = client_of(request, settings().trusted_proxies)
    _refuse_if_waiting(GUESSES.wait(address))
    media_type = _media_type(request, media_types)
    try:
        claim = claim_of(request.headers, delivers=bool(media_types))
        with SpooledTemporaryFile[bytes](IN_MEMORY) as body:
            await read_body(request, body, _largest(media_type), claim.see)
            caller = claim.proved()
            _refuse_if_waiting(_buckets().take(caller.name))
            caller.must(scope)
            yield Admitted(caller, body, media_type)
    except Refused as refused:
        if refused.problem is UNAUTHENTICATED:
            GUESSES.take(address)
        raise


def _media_type(request: Request, taken: tuple[str, ...]) -> str:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not taken:
        return ""
    given = given or JSON  # whoever does not say what it is means the usual
    if given not in taken:
        raise Refused(WRONG_TYPE, f"Send it as {' or '.join(taken)}.", headers={"Accept": ", ".join(taken)})
    return given


def _largest(media_type: str) -> int:
    if media_type == MULTIPART:
        return LARGEST_DELIVERY
    return LARGEST_BODY if media_type else 0


def _buckets() -> Buckets:
    """Return the buckets of senders, at the rate that is set."""
    global _senders
    if _senders.rate != settings().door_rate:
        _senders = Buckets(settings().door_rate, 2 * settings().door_rate)
    return _senders


def _refuse_if_waiting(seconds: int) -> None:
    if seconds:
        raise Refused(TOO_MANY, f"Ask again in {seconds} seconds.", headers={"Retry-After": str(seconds)})
