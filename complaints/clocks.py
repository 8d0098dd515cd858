"""A clock of a case: what the ledger says of it, and the schedule it follows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any, Final

from complaints import acts
from complaints.acts import Act, MarkAt, Recorded, Schedule
from complaints.calendars.model import WorkingCalendar
from complaints.deadlines import Extension, Pause, Term, Unit, due, united
from complaints.regimes.model import ClockRule, Ladder, Nature, Pack
from complaints.words import BreachCause

NOT_APPLICABLE: Final = "not_applicable"
"""Why a clock ended whose rule, as was learnt later, is not for this case."""

SOON_PERCENT: Final = 75
"""From which mark of the ladder on a limit is called near; half of it is nothing to act upon."""

_LEGACY_PERCENT: Final = 80


@dataclass(frozen=True)
class Clock:
    """A time limit, a wait or a window of one case.

    Attributes:
        started: What began it.
        started_at: When it began; a restart moves that.
        schedule: When it runs out, and whom to tell before.
        version: The version of its regime whose rule it follows.
        struck: The highest mark of the ladder that was told, in percent.
        pauses: In order; the last one may be open.
        granted: Extensions that wait for their notice to go out.
        extensions: Those that count.
        missed: Whether a breach was recorded.
        reached: Whether the date that was waited for has come.
        met_at: When its duty was done.
        late: Whether that was too late; None while it runs.
        ended: Why the duty fell away.
        cause: Why it was missed, as the handler said.
        history: Every act on it, with its time and author.
    """

    started: acts.ClockStarted
    started_at: datetime
    schedule: Schedule
    version: str = ""
    struck: int = 0
    pauses: tuple[acts.ClockPaused, ...] = ()
    resumed: tuple[acts.ClockResumed, ...] = ()
    granted: tuple[acts.ExtensionGranted, ...] = ()
    extensions: tuple[acts.ExtensionGranted, ...] = ()
    missed: bool = False
    reached: bool = False
    remind_at: datetime | None = None
    reminded: int = 0
    met_at: datetime | None = None
    late: bool | None = None
    ended: str | None = None
    cause: BreachCause | None = None
    history: tuple[Recorded, ...] = ()

    @property
    def due_at(self) -> datetime:
        """When it runs out; while it stands still, as if it went on at once."""
        return self.schedule.due_at

    @property
    def nature(self) -> Nature:
        """What it is for."""
        if self.started.nature:
            return Nature(self.started.nature)
        return Nature.WAIT if self.started.wait else Nature.DUTY

    @property
    def warned(self) -> bool:
        """Whether somebody was told that it comes near."""
        return self.struck > 0

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.met_at is not None or self.ended is not None

    @property
    def is_breach(self) -> bool:
        """Whether its duty was not done in time; one that never was a duty of this case cannot have been missed."""
        return bool(self.late or self.missed) and self.ended != NOT_APPLICABLE

    @property
    def is_paused(self) -> bool:
        """Whether it stands still."""
        return len(self.pauses) > len(self.resumed)

    @property
    def next_at(self) -> datetime | None:
        """When the sweep must look at it next, or None when never again."""
        if self.is_over or self.reached:
            return None
        if self.is_paused:
            return self.pauses[-1].resumes_at
        if self.missed:
            return self.remind_at
        return next((mark.at for mark in self.schedule.marks if mark.percent > self.struck), self.due_at)

    @property
    def own_pauses(self) -> tuple[Pause, ...]:
        """The times in which it stood still, in order; one that lasts has no end."""
        ends = [*(one.ends for one in self.resumed), None]
        return tuple(Pause(one.begins, ends[number]) for number, one in enumerate(self.pauses))

    @property
    def left_out(self) -> tuple[Pause, ...]:
        """Every time that is left out, the case's own and those of its class; a running pause has no end."""
        return _in_order([*self.own_pauses, *(Pause(*span) for span in self.schedule.left_out)])

    def applied(self, recorded: Recorded) -> "Clock":
        """Return the clock after an act."""
        changed = self._after(recorded.act, recorded.at)
        if changed is self:
            changed = replace(self)
        object.__setattr__(changed, "history", (*self.history, recorded))  # nobody else has it yet: no second copy
        return changed

    def _after(self, act: Act, at: datetime) -> "Clock":  # noqa: C901 - one branch an act reads best
        match act:
            case acts.ClockWarned():
                return replace(self, struck=act.percent or _LEGACY_PERCENT)
            case acts.ClockMissed():
                return replace(self, missed=True, remind_at=act.remind_at)
            case acts.ClockReminded():
                return replace(self, remind_at=act.remind_at, reminded=self.reminded + 1)
            case acts.ClockReached():
                return replace(self, reached=True)
            case acts.ClockMet():  # what was done in time and noted later was not missed
                return replace(self, met_at=act.done_at or at, late=act.late, missed=self.missed and act.late)
            case acts.ClockEnded():
                return replace(self, ended=act.reason)
            case acts.ClockPaused():
                return replace(self, pauses=(*self.pauses, act))
            case acts.ClockResumed():
                return self._moved(act.until, resumed=(*self.resumed, act))
            case acts.ExtensionGranted():
                return replace(self, granted=(*self._granted_but(act.tier), act))
            case acts.ClockExtended():
                which = {one.tier: one for one in self.granted}[act.tier]
                return self._moved(act.until, granted=self._granted_but(act.tier), extensions=(*self.extensions, which))
            case acts.ClockRestarted():
                clean: dict[str, Any] = {"resumed": (), "granted": (), "extensions": ()}
                return self._moved(act.until, started_at=act.started_at, pauses=self._lasting(act.started_at), **clean)
            case acts.ClockRecomputed():
                return self._moved(act.until)
            case acts.BreachExplained():
                return replace(self, cause=act.cause)
        return self

    def _lasting(self, since: datetime) -> tuple[acts.ClockPaused, ...]:
        """Return the pause that goes on in a new period: what it waits for has not come, nor its cap."""
        lasts = self.is_paused and (self.pauses[-1].resumes_at is None or self.pauses[-1].resumes_at > since)
        begins = max(since, self.pauses[-1].begins) if lasts else None
        return (self.pauses[-1].model_copy(update={"begins": begins}),) if begins else ()

    def _granted_but(self, tier: str) -> tuple[acts.ExtensionGranted, ...]:
        return tuple(one for one in self.granted if one.tier != tier)

    def _moved(self, until: Schedule, **changes: Any) -> "Clock":
        """Return the clock with another due time; what was told of the old one is told anew."""
        told: dict[str, Any] = {}
        if until.due_at != self.due_at:
            told = {"struck": 0, "missed": False, "cause": None, "remind_at": None, "reminded": 0}
        return replace(self, schedule=until, **told, **changes)


def begun(act: acts.ClockStarted, recorded: Recorded, version: str = "") -> Clock:
    """Return the clock that an act started, under a version of its regime."""
    marks = (MarkAt(percent=_LEGACY_PERCENT, at=act.warn_at),) if act.warn_at else ()
    schedule = act.until or Schedule(due_at=act.due_at, marks=marks)
    return Clock(act, act.started_at, schedule, version, history=(recorded,))


def term_of(
    rule: ClockRule,
    pack: Pack,
    calendar: WorkingCalendar,
    started_at: datetime,
    left_out: Iterable[Pause] = (),
    extensions: Sequence[acts.ExtensionGranted] = (),
) -> Term:
    """Return the time limit of a clock, ready to be computed or explained."""
    longer = tuple(Extension(one.budget, Unit(one.unit), one.total) for one in extensions)
    zone = pack.tz
    return Term(rule.budget, rule.unit, started_at, zone, calendar, rule.counting, _in_order(left_out), longer)


def _in_order(left_out: Iterable[Pause]) -> tuple[Pause, ...]:
    """Return times left out so that a limit can be computed as if a clock that stands still went on at once.

    A pause without an end comes last; it is left out where its class stands still later than it began.
    """
    spans = list(left_out)
    ended = united(one for one in spans if one.ends)
    lasting = [
        one for one in spans if one.ends is None and all(span.ends and span.ends <= one.begins for span in ended)
    ]
    return (*ended, *lasting)


def schedule_of(term: Term, ladder: Ladder | None, now: datetime) -> Schedule:
    """Return when a limit runs out and the marks of its ladder that lie ahead.

    A mark stands at its share of the time that counts, measured back from the end.

    Args:
        term: The limit.
        ladder: Whom to tell when; None for a wait or a window.
        now: Marks that lie before are left out.
    """
    until = due(term)
    spans = [span for one in term.pauses if (span := _within(one, term.started_at, until.at))]
    counts = until.at - term.started_at - sum((ends - begins for begins, ends in spans), timedelta())
    length = max(counts, timedelta())
    marks = [
        MarkAt(percent=mark.percent, at=_before(until.at, length * (100 - mark.percent) / 100, spans), tell=mark.tell)
        for mark in sorted(ladder.marks if ladder else (), key=lambda one: one.percent)
    ]
    return Schedule(
        due_at=until.at,
        marks=tuple(mark for mark in marks if mark.at > now),
        calendar=term.calendar.name,
        calendar_version=term.calendar.version,
        assumed=until.assumed,
    )


def _within(pause: Pause, started: datetime, due_at: datetime) -> tuple[datetime, datetime] | None:
    """Return the part of a pause that lies within a limit, or None: one after its end leaves out nothing of it."""
    begins, ends = max(pause.begins, started), min(pause.ends or pause.begins, due_at)
    return (begins, ends) if begins < ends else None


def _before(end: datetime, length: timedelta, left_out: Sequence[tuple[datetime, datetime]]) -> datetime:
    """Return the instant that lies so much counted time before an end."""
    at = end - length
    for begins, ends in reversed(left_out):
        if at < ends:
            at -= ends - begins
    return at


def class_pauses(rule: ClockRule, pack: Pack, received_at: datetime, applies: Any) -> list[Pause]:
    """Return the times that a regime leaves out for the class of complaints that a case belongs to.

    Args:
        rule: The clock.
        pack: Its regime.
        received_at: When the complaint was received.
        applies: Tells whether a condition holds for the case.
    """
    on, zone = received_at.astimezone(pack.tz).date(), pack.tz
    found = []
    for one in pack.suspensions:
        fits = not one.clocks or rule.name in one.clocks
        in_time = (one.received_from is None or one.received_from <= on) and (
            one.received_to is None or on <= one.received_to
        )
        if fits and in_time and applies(one.when):
            begins = datetime.combine(one.begins, time(), tzinfo=zone)
            ends = datetime.combine(one.ends + timedelta(days=1), time(), tzinfo=zone)
            found.append(Pause(begins, ends))
    return found
