"""What a summary says of itself: who reports, which version it is, who stands for it, and what an editor adds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from complaints.regimes.model import Pack
from complaints.settings import Firm


@dataclass(frozen=True)
class Hand:
    """Who did something with a version.

    Attributes:
        by: Staff number.
        at: When; aware.
    """

    by: str
    at: datetime


def _no_link(figure: str) -> None:
    return None


@dataclass(frozen=True)
class Cover:
    """The meta data of a summary, as its pages and sheets show them.

    Attributes:
        firm: Who reports.
        pack: The regime; its zone is that of all times shown.
        version: From 1 for each period.
        prepared: Who prepared this version; None until then, as with the next two.
        reviewed: Who reviewed it.
        signed: Who signed it off.
        remarks: Plain text by language; paragraphs are parted by empty lines.
        link: Returns the address of the cases behind a figure ("channel.web.received"), or None where there is none.
    """

    firm: Firm
    pack: Pack
    version: int
    prepared: Hand | None = None
    reviewed: Hand | None = None
    signed: Hand | None = None
    remarks: Mapping[str, str] = field(default_factory=dict)
    link: Callable[[str], str | None] = _no_link
