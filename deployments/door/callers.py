"""Who calls: by a Standard Webhooks signature over the body, or by a bearer token.

The Standard Webhooks library wants the whole body in memory, as text; here it is signed as it comes in, so that files
may be in it. Everything that can be told from the headers is told before the body is read.
"""

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import Headers

from complaints.senders import OWN, Scope, hash_of
from complaints.settings import Settings, settings
from deployments.door.problems import FORBIDDEN, KEY_MISSING, UNAUTHENTICATED, Refused

TOLERANCE_SECONDS: Final = 300
"""By how much a signature's time may differ from ours."""
LONGEST_ID: Final = 128
"""Characters of a delivery's id."""

_PREFIX: Final = "whsec_"
_MOST_SIGNATURES: Final = 8
_DECOY: Final = (secrets.token_bytes(32),)
"""The key of senders that are not known: they are refused as late as those whose signature does not fit."""


@dataclass(frozen=True)
class Caller:
    """A sender that has proved who it is.

    Attributes:
        name: Under which its cases are kept.
        scopes: What it may do.
        delivery: Its id of this delivery; empty where nothing is delivered.
    """

    name: str
    scopes: frozenset[Scope]
    delivery: str = ""

    def must(self, scope: Scope) -> None:
        """Refuse what the caller may not do.

        Raises:
            Refused: it is not among its scopes.
        """
        if scope not in self.scopes:
            raise Refused(FORBIDDEN, f"{self.name} does not have the scope '{scope}'.")


@dataclass
class Claim:
    """Who a request says it comes from, until its body was read: a signature covers that too."""

    caller: Caller
    signatures: tuple[bytes, ...] = ()
    macs: list[hmac.HMAC] = field(default_factory=list)

    def see(self, chunk: bytes) -> None:
        """Take a part of the body into account."""
        for mac in self.macs:
            mac.update(chunk)

    def proved(self) -> Caller:
        """Return the caller, once all of the body was seen.

        Raises:
            Refused: no signature fits.
        """
        if self.macs:
            made = [mac.digest() for mac in self.macs]
            fits = [hmac.compare_digest(one, given) for one in made for given in self.signatures]
            if not any(fits):
                raise _unknown()
        return self.caller


class Register:
    """The senders of an installation, as its settings name them."""

    def __init__(self, known: Settings) -> None:
        self._settings = known
        self._keys = {
            sender: [key for secret in secrets if (key := _key_of(secret.get_secret_value()))]
            for sender, secrets in known.webhook_secrets.items()
        }
        self._tokens = [
            (token.sha256, Caller(sender, token.scopes)) for sender, tokens in known.tokens.items() for token in tokens
        ]

    def signed(self, headers: Headers, *, delivers: bool) -> Claim:
        """Return who a signed request says it comes from."""
        sender, delivery = headers.get("webhook-sender", ""), headers.get("webhook-id", "")
        at, given = headers.get("webhook-timestamp", ""), headers.get("webhook-signature", "")
        signatures = tuple(one for part in given.split(" ")[:_MOST_SIGNATURES] if (one := _signature(part)))
        if not signatures or not is_delivery_id(delivery) or not _is_now(at):
            raise _unknown()
        keys = self._keys.get(sender) or _DECOY
        macs = [hmac.new(key, f"{delivery}.{at}.".encode(), hashlib.sha256) for key in keys]
        scopes = self._settings.webhook_scopes.get(sender, OWN)
        return Claim(Caller(sender, scopes, delivery if delivers else ""), signatures, macs)

    def bearer(self, token: str, headers: Headers, *, delivers: bool) -> Claim:
        """Return whose token a request carries; all are compared, each in the same time."""
        digest = hash_of(token)
        fitting = [caller for sha256, caller in self._tokens if hmac.compare_digest(sha256, digest)]
        if not fitting:
            raise _unknown()
        caller, delivery = fitting[0], headers.get("idempotency-key", "")
        if delivers and not is_delivery_id(delivery):
            detail = f"Give the delivery an id of its own, of 1 to {LONGEST_ID} printable characters of ASCII."
            raise Refused(KEY_MISSING, detail, [{"field": "Idempotency-Key", "reason": detail}])
        return Claim(Caller(caller.name, caller.scopes, delivery if delivers else ""))


_register: tuple[Settings, Register] | None = None


def claim_of(headers: Headers, *, delivers: bool) -> Claim:
    """Return who a request says it comes from.

    Args:
        headers: Of the request.
        delivers: Whether it delivers something, under an id of its own.

    Raises:
        Refused: it says nothing that can be true.
    """
    global _register
    known = settings()
    if _register is None or _register[0] is not known:
        _register = known, Register(known)
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return _register[1].bearer(token.strip(), headers, delivers=delivers)
    return _register[1].signed(headers, delivers=delivers)


def is_delivery_id(text: str) -> bool:
    """Whether a text can be the id of a delivery."""
    return 1 <= len(text) <= LONGEST_ID and text.isascii() and text.isprintable()


def _key_of(secret: str) -> bytes | None:
    """Return the key within a secret; a broken or an empty one opens nothing."""
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX) + "==") or None
    except ValueError:
        return None


def _is_now(timestamp: str) -> bool:
    return timestamp.isdecimal() and len(timestamp) <= 12 and abs(time.time() - int(timestamp)) <= TOLERANCE_SECONDS


def _signature(part: str) -> bytes | None:
    version, _, signature = part.partition(",")
    if version != "v1":
        return None
    try:
        return base64.b64decode(signature.encode("ascii"), validate=True)
    except ValueError:
        return None


def _unknown() -> Refused:
    detail = (
        "Sign it with the sender's secret (webhook-sender, webhook-id, webhook-timestamp within five minutes, "
        "webhook-signature), or send a valid token (Authorization: Bearer)."
    )
    return Refused(UNAUTHENTICATED, detail, headers={"WWW-Authenticate": 'Bearer realm="redress"'})
