"""Receivers: the systems that are told of cases, where they are, by which secrets they know us, and what they want."""

import base64
import binascii
import json
from ipaddress import ip_address
from typing import Annotated, Any, Final
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, StringConstraints, field_validator
from pydantic_settings import NoDecode

from complaints.announcements import Event

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
"""A receiver's name, as the environment and the command line can hold it."""

_PREFIX: Final = "whsec_"
_SHORTEST_KEY: Final = 24  # bytes; the scheme asks for 24 to 64
_LONGEST_KEY: Final = 64


def _several(given: Any) -> Any:
    """Take several words in one text too, with blanks or commas between them, or as a JSON list."""
    if not isinstance(given, str):
        return given
    return json.loads(given) if given.lstrip().startswith("[") else given.replace(",", " ").split()


class Receiver(BaseModel):
    """A system that is told of cases.

    Attributes:
        url: Where it takes them; it may hold a key, and is never shown whole.
        secret: Standard Webhooks secrets; with several, a message is signed by each of them, so that the receiver may
            go over from one to the next.
        events: What it wants to be told.
        personal: Whether it may have the complainant's name and contacts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SecretStr
    secret: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_several), Field(min_length=1, max_length=5)]
    events: Annotated[frozenset[Event], NoDecode, BeforeValidator(_several), Field(min_length=1)] = frozenset(Event)
    personal: bool = False

    @field_validator("url")
    @classmethod
    def _is_safe(cls, url: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(url.get_secret_value().strip())
            host = (parts.hostname or "").encode("idna") and parts.port != 0  # a port that is none raises
        except ValueError:
            host = False
        if not host or parts.scheme not in ("https", "http"):
            raise ValueError("is no address; write https://host/path")
        if parts.scheme == "http" and not _is_this_machine(parts):
            raise ValueError("must begin with https:// unless the receiver is on this machine")
        return SecretStr(parts._replace(fragment="").geturl())

    @field_validator("secret")
    @classmethod
    def _is_a_key(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for secret in secrets:
            text = secret.get_secret_value().removeprefix(_PREFIX)
            try:
                length = len(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
            except (binascii.Error, ValueError):
                length = 0
            if not _SHORTEST_KEY <= length <= _LONGEST_KEY:
                raise ValueError(f"is no Standard Webhooks secret: whsec_ and {_SHORTEST_KEY} to 64 bytes in base64")
        return secrets

    @property
    def host(self) -> str:
        """Its host and port, which is no secret."""
        parts = urlsplit(self.url.get_secret_value())
        return (parts.hostname or "") + (f":{parts.port}" if parts.port else "")

    @property
    def is_on_this_machine(self) -> bool:
        """Whether what is sent to it never leaves this machine."""
        return _is_this_machine(urlsplit(self.url.get_secret_value()))


def _is_this_machine(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
