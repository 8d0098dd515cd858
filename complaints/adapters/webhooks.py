"""Sends one signed message to one receiver, by the Standard Webhooks scheme, and says what came of it.

Only the addresses of the settings are called, no redirect is followed, and what a receiver answers beside its status
is thrown away. No address enters a log or an error: it can hold a key.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx
from standardwebhooks.webhooks import Webhook

from complaints.receivers import Receiver

PATIENCE_SECONDS: Final = 15.0
"""For one message, from the name's lookup to the status of the answer."""

_FOR_THE_BODY_SECONDS: Final = 1.0
_MOST_BODY: Final = 16_384  # bytes; what is read to its end leaves a connection that can be used again
_BUSY: Final = (429, 502, 503, 504)
_GONE: Final = 410

logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines hold whole addresses


@dataclass(frozen=True)
class Signed:
    """A message as it is signed and sent.

    Attributes:
        id: The same at each attempt, by which a receiver knows what it has already.
    """

    id: str
    body: str


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt.

    Attributes:
        failure: Why it came to nothing; empty: delivered.
        is_final: The receiver wants no more of it.
        is_away: It was not reached, or is overloaded: another message would fare no better now.
        wait: How long the receiver asks to be left alone.
    """

    failure: str = ""
    is_final: bool = False
    is_away: bool = False
    wait: timedelta = timedelta()


def message(id: str, event: str, at: datetime, data: Mapping[str, Any]) -> Signed:
    """Return a message in the form of the scheme: ``type``, ``timestamp``, ``data``."""
    content = {"type": event, "timestamp": at.astimezone(UTC).isoformat(timespec="seconds"), "data": data}
    return Signed(id, json.dumps(content, ensure_ascii=False, separators=(",", ":")))


def client_for(receiver: Receiver) -> httpx.AsyncClient:
    """Return a client for a receiver; proxies and authorities of the environment count but on this machine."""
    return httpx.AsyncClient(
        follow_redirects=False,
        trust_env=not receiver.is_on_this_machine,
        timeout=PATIENCE_SECONDS,
        headers={"user-agent": "Redress", "content-type": "application/json", "accept-encoding": "identity"},
    )


async def post(client: httpx.AsyncClient, receiver: Receiver, signed: Signed) -> Outcome:
    """Send a message once.

    Args:
        client: Made by :func:`client_for` for this receiver.
        receiver: Where to, and by which secrets.
        signed: What.
    """
    response, failure = None, ""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            address, content = receiver.url.get_secret_value(), signed.body.encode()
            async with client.stream(
                "POST", address, content=content, headers=_signature(receiver, signed)
            ) as response:
                await _skim(response)
    except (TimeoutError, httpx.TimeoutException):
        failure = "no answer in time"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        failure = type(error).__name__  # its sentence can hold the address
    return Outcome(failure, is_away=True) if response is None else _outcome(response)


def _signature(receiver: Receiver, signed: Signed) -> dict[str, str]:
    """Return the headers of the scheme; the time is the real one, by which a receiver refuses what is old."""
    now = datetime.now(UTC)
    signatures = [Webhook(one.get_secret_value()).sign(signed.id, now, signed.body) for one in receiver.secret]
    return {
        "webhook-id": signed.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


async def _skim(response: httpx.Response) -> None:
    """Read a short answer to its end, and no further."""
    size = 0
    with contextlib.suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(_FOR_THE_BODY_SECONDS):
            async for chunk in response.aiter_raw():
                if (size := size + len(chunk)) > _MOST_BODY:
                    return


def _outcome(response: httpx.Response) -> Outcome:
    status = response.status_code
    if response.is_success:
        return Outcome()
    words = f"HTTP {status}" + (", redirects are not followed" if 300 <= status < 400 else "")
    wait = _wait(response.headers.get("retry-after", ""))
    return Outcome(words, is_final=status == _GONE, is_away=status in _BUSY, wait=wait)


def _wait(asked: str) -> timedelta:
    """Return how long ``Retry-After`` asks to wait, in either of its forms, but not longer than a day."""
    try:
        seconds = (
            float(asked) if asked.isdigit() else (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()
        )
    except (ValueError, TypeError, OverflowError):  # neither; a date without a zone, or of no year that there is
        return timedelta()
    return timedelta(seconds=min(max(seconds, 0), 86_400))
