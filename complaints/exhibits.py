"""The files on a case, as its ledger tells of them."""

from dataclasses import dataclass
from datetime import datetime

from complaints import acts


@dataclass(frozen=True)
class Exhibit:
    """A file on the case, as far as the ledger tells."""

    added: acts.EvidenceAdded
    at: datetime
    by: str
    opened: int = 0  # times that somebody took it out

    @property
    def number(self) -> int:
        """Its number on the case, from 1."""
        return self.added.number
