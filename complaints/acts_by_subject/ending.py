"""How a case ends, and how it is taken up again."""

from datetime import datetime

from complaints.acts_by_subject.base import Act
from complaints.words import Channel, Closure, NoReport, ReopenReason


class Withdrawn(Act):
    """The complainant withdrew; the procedure ends the same day (CN-NFRA 2020-3 art. 15)."""

    personal = frozenset({"words"})
    channel: Channel | None = None
    words: str | None = None


class HandlingEnded(Act):
    """Nothing more is done for the complainant; the authority that forwarded the matter has still to be told."""

    closure: Closure


class ReportWaived(Act):
    """The authority that forwarded the matter is sent no report, for a reason that a person gave."""

    reason: NoReport


class Closed(Act):
    """Nothing is left to do."""

    closure: Closure
    closed_at: datetime | None = None  # where that was not when it was recorded; unknown for most imported history
    timely: bool | None = None  # for imported history: what the source says


class Reopened(Act):
    """A closed case is taken up again."""

    reason: ReopenReason
