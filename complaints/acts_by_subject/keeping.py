"""What becomes of the file: archived, held, looked at, erased."""

from datetime import date

from complaints.acts_by_subject.base import Act
from complaints.words import ErasureGround


class Archived(Act):
    """The case is in the archive.

    Attributes:
        sha256: Of the package; of the manifest, where the archive was still a folder.
        format: 1: a folder, beside which letters and evidence stayed; 2: a package, which alone holds them.
    """

    sha256: str
    format: int = 1


class Unarchived(Act):
    """Letters and evidence are back from the package, and the case is closed as it was before."""


class HoldPlaced(Act):
    """Nothing of the case may be erased until this hold is lifted, as for a lawsuit.

    Attributes:
        hold: Its number on the case, from 1.
        ordered_by: Who ordered it: a court, an authority, a department of the firm.
        document: The number of the order.
    """

    personal = frozenset({"reason"})
    hold: int
    ordered_by: str
    document: str
    reason: str | None = None


class HoldLifted(Act):
    """A hold ended; the other holds of the case stand."""

    personal = frozenset({"reason"})
    hold: int
    ordered_by: str
    document: str
    reason: str | None = None


class Erased(Act):
    """The case's key was destroyed: nobody can read what was personal in it any more.

    Attributes:
        ground: Why.
        regime: The regime whose rule had asked for the file longest; empty: none had.
        rule: That rule, by its name.
        article: Where it stands.
        retained_until: The last day on which the file had to be there, in the zone of that regime.
        document: The number of the request or order; None where the period is over.
        approver: Who approved it.
    """

    ground: ErasureGround
    regime: str = ""
    rule: str = ""
    article: str = ""
    retained_until: date | None = None
    document: str | None = None
    approver: str


class Viewed(Act):
    """Somebody opened personal data that is kept confidential."""

    what: str
