"""What keeps programs and other people's pages out: tickets on forms, and who is asking."""

import base64
import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

from starlette.requests import Request

LIFETIME_SECONDS: Final = 24 * 3600
"""How long a form may stay open."""

SOONEST_SECONDS: Final = 3
"""A complaint that is sent sooner after its form was shown was not typed by a person."""


@dataclass(frozen=True)
class Ticket:
    """A form that was given out: which one, and when (seconds of the Unix clock)."""

    id: str
    given_at: int


def browser_mark() -> str:
    """Return a fresh mark for a browser's cookie; it says nothing about who it is."""
    return secrets.token_urlsafe(18)


def give_ticket(key: bytes, browser: str, form: str, ticket: Ticket | None = None) -> str:
    """Return a ticket as it stands in a form: only this browser can use it, for this form, for a day.

    Args:
        key: The firm's secret.
        browser: The mark in the browser's cookie.
        form: Which form, such as ``complain``.
        ticket: The one to be given again, for a form that comes back to be corrected.
    """
    ticket = ticket or Ticket(secrets.token_hex(16), int(time.time()))
    return f"{ticket.id}.{ticket.given_at}.{_signature(key, browser, form, ticket)}"


def read_ticket(key: bytes, browser: str, form: str, text: str) -> Ticket | None:
    """Return a ticket that :func:`give_ticket` gave for this form to this browser, or None where it is none."""
    id, _, rest = text.partition(".")
    given_at, _, signature = rest.partition(".")
    if not browser or len(id) != 32 or not given_at.isascii() or not given_at.isdigit() or len(given_at) > 12:
        return None
    ticket = Ticket(id, int(given_at))
    fits = hmac.compare_digest(_signature(key, browser, form, ticket).encode(), signature.encode())
    return ticket if fits and 0 <= time.time() - ticket.given_at <= LIFETIME_SECONDS else None


def _signature(key: bytes, browser: str, form: str, ticket: Ticket) -> str:
    signed = hmac.digest(key, f"{browser}\n{form}\n{ticket.id}\n{ticket.given_at}".encode(), "sha256")
    return base64.urlsafe_b64encode(signed[:18]).decode()


def client_of(request: Request, proxies: Sequence[Any]) -> str:
    """Return the address that a request comes from, as one client is counted.

    ``X-Forwarded-For`` is read from its end, and only as far as the proxies go that the firm trusts: what stands
    before was written by whoever asked. Of an IPv6 address the network counts, as one line has a whole one.

    Args:
        request: The request.
        proxies: The networks of the firm's own proxies.
    """
    address = _address(request.client.host if request.client else "")
    hops = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    while address and hops and any(address in network for network in proxies):
        before = _address(hops.pop().strip())
        if before is None:
            break
        address = before
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
