"""Senders: the systems that hand things in at the HTTP door, how each proves who it is, and what it may do."""

import hashlib
import json
import secrets
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, StringConstraints

SenderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$")]

PREFIX: Final = "rdt_"
"""How every token begins, so that one that leaked is recognized."""


class Scope(StrEnum):
    """What a sender may do; without ``all`` only with cases that it filed itself."""

    FILE = "file"
    READ = "read"
    MATERIALS = "materials"
    WITHDRAW = "withdraw"
    EVENTS = "events"
    ALL = "all"
    METRICS = "metrics"
    """No case at all, but the figures of the whole installation."""


OWN: Final = frozenset(Scope) - {Scope.ALL, Scope.METRICS}
"""What a sender may do for whom nothing else is set: everything, with its own cases."""


def several(given: Any) -> Any:
    """Take several words in one text too, with blanks or commas between them, or as a JSON list."""
    if not isinstance(given, str):
        return given
    return json.loads(given) if given.lstrip().startswith("[") else given.replace(",", " ").split()


Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(several)]
Scopes = Annotated[frozenset[Scope], BeforeValidator(several)]


class Token(BaseModel):
    """A token of a sender, as far as the settings know it: nobody can make the token from them.

    Attributes:
        sha256: Of the token. It is as long as the hash and drawn at random, so that a slow hash adds nothing.
        scopes: What it allows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    scopes: Scopes = OWN


def new_token() -> str:
    """Draw a fresh token."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """Return what the settings keep of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
