"""Time limits and waits: started, told of, met or missed, paused, extended, computed anew."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from complaints.acts_by_subject.base import Act
from complaints.words import BreachCause


class MarkAt(BaseModel):
    """A moment at which somebody is told that a limit comes near, at ``percent`` of it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    percent: int
    at: datetime
    tell: tuple[str, ...] = ()


class Schedule(BaseModel):
    """When a clock runs out, and what that was computed with.

    Attributes:
        marks: The steps of the ladder that lie ahead.
        assumed: Years whose arrangement was not published.
        left_out: Times that the regime leaves out for a whole class of complaints.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    due_at: datetime
    marks: tuple[MarkAt, ...] = ()
    calendar: str = ""
    calendar_version: str = ""
    assumed: tuple[int, ...] = ()
    left_out: tuple[tuple[datetime, datetime], ...] = ()


class ClockStarted(Act):
    """A time limit, or a wait until a date, began to run."""

    clock: str
    wait: bool = False
    budget: int
    unit: str
    article: str
    confidence: str
    started_at: datetime
    warn_at: datetime | None = None  # only entries made before there were ladders
    due_at: datetime
    regime: str = ""  # of a further regime; empty: the leading one
    nature: str = ""
    round: int = 1  # it may start again: a second review, a case taken up again
    until: Schedule | None = None  # None: an entry made before calendars


class ClockWarned(Act):
    """A time limit came near."""

    clock: str
    percent: int | None = None
    tell: tuple[str, ...] = ()


class ClockMissed(Act):
    """A time limit passed before its duty was done."""

    clock: str
    tell: tuple[str, ...] = ()
    remind_at: datetime | None = None


class ClockReminded(Act):
    """A missed duty is still not done."""

    clock: str
    tell: tuple[str, ...] = ()
    remind_at: datetime | None = None


class ClockReached(Act):
    """The date that was waited for has come, or a window for somebody else has passed."""

    clock: str


class ClockMet(Act):
    """The duty was done; whether in time is seen from ``late``."""

    clock: str
    late: bool
    done_at: datetime | None = None  # where that was before it was recorded


class ClockEnded(Act):
    """A duty fell away: another way replaced it, or it does not apply to this case."""

    clock: str
    reason: str


class ClockPaused(Act):
    """A clock stands still.

    ``resumes_at`` is when it goes on by itself: the rule's cap.
    """

    personal = frozenset({"reason"})
    clock: str
    pause: str
    begins: datetime
    reason: str | None = None
    proof: str | None = None
    approver: str | None = None
    resumes_at: datetime | None = None
    letter: str | None = None
    round: int = 1


class ClockResumed(Act):
    """A clock goes on; ``capped``: because the rule allows no longer pause."""

    clock: str
    ends: datetime
    capped: bool = False
    until: Schedule


class ExtensionGranted(Act):
    """A longer limit was approved; where the rule asks for a notice, it counts once that has gone out."""

    personal = frozenset({"reason"})
    clock: str
    tier: str
    reason: str | None = None
    approver: str | None = None
    budget: int
    unit: str
    total: bool
    letter: str | None = None
    round: int = 1


class ClockExtended(Act):
    """A longer limit counts."""

    clock: str
    tier: str
    until: Schedule


class ClockRestarted(Act):
    """The whole period runs again, from a new start."""

    clock: str
    event: str
    started_at: datetime
    until: Schedule


class ClockRecomputed(Act):
    """A calendar or a rule changed, and with it the due time of an open case."""

    clock: str
    cause: str
    until: Schedule


class BreachExplained(Act):
    """The handler said why a limit was missed."""

    clock: str
    cause: BreachCause
