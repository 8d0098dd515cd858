"""Marks that only somebody with the master key can make: of anchors, orders and records that others could write."""

import hashlib
import hmac
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from complaints.ledger import canonical
from complaints.sealing import MasterKey


def mark_of(content: object, purpose: str, master: MasterKey) -> str:
    """Return the HMAC-SHA-256 over what ``content`` is as JSON, in hex, under a key that is made for ``purpose``."""
    return hmac.new(master.mark(purpose), canonical(content).encode(), hashlib.sha256).hexdigest()


def is_mark_of(mark: str | None, content: object, purpose: str, master: MasterKey) -> bool:
    """Whether a mark was made by :func:`mark_of` over the same."""
    return hmac.compare_digest(mark_of(content, purpose, master).encode(), (mark or "").encode())


class Marked(BaseModel):
    """A record with such a mark.

    Attributes:
        purpose: What the key of the mark is made for.
        mark: HMAC-SHA-256 over all other fields.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    purpose: ClassVar[str]

    mark: str = ""

    def marked(self, master: MasterKey) -> Self:
        """Return it with its mark."""
        return self.model_copy(update={"mark": mark_of(self._content, self.purpose, master)})

    def is_marked(self, master: MasterKey) -> bool:
        """Whether somebody with the master key made it as it is."""
        return is_mark_of(self.mark, self._content, self.purpose, master)

    @property
    def _content(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"mark"})
