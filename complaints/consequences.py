"""What follows for the clocks of a case from something that happened."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from complaints import acts
from complaints.acts import Act, Schedule
from complaints.clock_rules import binds, key_of
from complaints.clocks import NOT_APPLICABLE, Clock
from complaints.regimes.model import ClockRule, Duty, Nature, Pack, Path
from complaints.schedules import extended, ran_out, recomputed, resumed, scheduled, term_for
from complaints.transfers import REPORT_BACK, REPORT_BACK_SENT
from complaints.words import Closure, GiveUpReason

if TYPE_CHECKING:
    from complaints.case import Case

_CONDITIONS_CHANGE: Final = (acts.Assessed, acts.Found, acts.CircumstancesStated, acts.RegimeAdopted)
"""Acts after which a rule may apply that did not before, or no longer."""

_DONE_AGAIN: Final = frozenset(
    act.kind_name()
    for act in (
        acts.MaterialsRequested,
        acts.Found,
        acts.ReportExamined,
        acts.Decided,
        acts.Answered,
        acts.PutRight,
        acts.FollowUpOpened,
        acts.FollowedUp,
        acts.Closed,
    )
)
"""What is done once more in a case that is taken up again."""


@dataclass(frozen=True)
class _Happening:
    """An act as the rules see it.

    Attributes:
        names: How rules call it: the act's own name, or that of an event.
        at: When it happened.
        now: When it was recorded.
    """

    act: Act
    names: frozenset[str]
    at: datetime
    now: datetime

    @property
    def changes_conditions(self) -> bool:
        """Whether a rule may apply now that did not before, or no longer."""
        return isinstance(self.act, _CONDITIONS_CHANGE)


def consequences(case: "Case", act: Act, now: datetime) -> Iterator[Act]:
    """Yield what an act that was just recorded does to the clocks."""
    what = _happening(act, now)
    if isinstance(act, acts.LetterSent):
        yield from _extensions_announced(case, act, now)
    replaced: dict[str, str] = {}
    for path, pack in _taken(case, what):
        yield acts.PathTaken(path=path.name, regime=pack.name, letter=path.letter)
        replaced = dict.fromkeys(_replaced(case, path, pack), path.name) | replaced
    for clock, by in replaced.items():
        yield acts.ClockEnded(clock=clock, reason=f"path:{by}")
    for pack in case.all_packs:
        for rule in pack.clocks:
            if key_of(case, pack, rule.name) not in replaced:
                yield from _follows(case, rule, pack, what)
    yield from _rest_ends(case, what)


def _happening(act: Act, now: datetime) -> _Happening:
    if isinstance(act, acts.Occurred):
        return _Happening(act, frozenset({act.event}), act.occurred_at, now)
    at = act.received_at if isinstance(act, acts.Received) else now
    return _Happening(act, frozenset({act.kind_name(), *_also_called(act)}), at, now)


def _also_called(act: Act) -> Iterator[str]:
    """Yield by what other names rules know an act."""
    match act:
        case acts.LetterSent():  # a pack that needs it declares the event: summary_resolution_sent
            yield f"{act.letter}_sent"
        case acts.LetterGivenUp(letter=letter, reason=GiveUpReason.TOLD_OTHERWISE) if letter == REPORT_BACK:
            yield REPORT_BACK_SENT
        case acts.LetterGivenUp(letter=letter) if letter == REPORT_BACK:
            yield _WAIVED
        case acts.HandlingEnded():  # for the complainant it is as if the case were closed
            yield acts.Closed.kind_name()


_WAIVED: Final = acts.ReportWaived.kind_name()


def _follows(case: "Case", rule: ClockRule, pack: Pack, what: _Happening) -> Iterator[Act]:
    """Yield what an act does to the clock of one rule: it goes on, or it starts."""
    key = key_of(case, pack, rule.name)
    clock = case.clocks.get(key)
    if clock and not clock.is_over:
        yield from _goes_on(case, key, clock, rule, pack, what)
    elif not binds(case, rule, pack):
        return
    elif rule.starts in what.names or (clock and isinstance(what.act, acts.Reopened) and _runs_again(rule)):
        yield _started(case, rule, pack, what.at, what.now)
    elif what.changes_conditions and _was_no_duty(case, clock, pack) and (began := _began(case, rule)):
        yield _started(case, rule, pack, began, what.now)


def _goes_on(case: "Case", key: str, clock: Clock, rule: ClockRule, pack: Pack, what: _Happening) -> Iterator[Act]:
    """Yield what an act does to a clock that runs."""
    if what.names.intersection(rule.ends):
        late = rule.nature is Nature.DUTY and ran_out(case, key, clock, what.at)
        if (fell_away := _fell_away(what.act)) and rule.nature is Nature.DUTY and not late:
            yield acts.ClockEnded(clock=key, reason=fell_away)
            return
        yield acts.ClockMet(clock=key, late=late, done_at=what.at if what.at != what.now else None)
    elif what.names.intersection(rule.restarts):
        # New facts give the whole period again, but only within it: a limit that was missed stays missed.
        if clock.started_at < what.at and not ran_out(case, key, clock, what.at):
            yield _restarted(case, key, rule, pack, what)
    elif _ends_pause(clock, rule, what):
        yield resumed(case, key, clock, what.at)
    elif what.changes_conditions:
        yield from _conditions_changed(case, key, clock, rule, pack, what)
    elif case.reopened and rule.starts in what.names and rule.nature is not Nature.DUTY:
        # The second answer opens another window for the complainant; the first one's is no more.
        yield acts.ClockEnded(clock=key, reason="begins_again")
        yield _started(case, rule, pack, what.at, what.now)


def _fell_away(act: Act) -> Closure | None:
    """Return why what a case still owes falls away: nothing was done, and nothing is to be done any more."""
    closure = act.closure if isinstance(act, acts.Closed | acts.HandlingEnded) else None
    return closure if closure in (Closure.WITHDRAWN, Closure.MERGED) else None


def _ends_pause(clock: Clock, rule: ClockRule, what: _Happening) -> bool:
    """Whether what a clock stands still for has come."""
    if not clock.is_paused:
        return False
    stands = clock.pauses[-1]
    pause = rule.pause(stands.pause)
    return pause is not None and stands.begins <= what.at and bool(what.names.intersection(pause.ends))


def _conditions_changed(
    case: "Case", key: str, clock: Clock, rule: ClockRule, pack: Pack, what: _Happening
) -> Iterator[Act]:
    if not binds(case, rule, pack):
        yield acts.ClockEnded(clock=key, reason=NOT_APPLICABLE)
    elif until := _rescheduled(case, key, clock, what.now):
        match what.act:
            case acts.CircumstancesStated():
                cause = "circumstances"
            case acts.RegimeAdopted():
                cause = f"regime {what.act.regime} {what.act.version}"
            case _:
                cause = f"severity {case.severity}"
        yield acts.ClockRecomputed(clock=key, cause=cause, until=until)


def _runs_again(rule: ClockRule) -> bool:
    """Whether a case that is taken up again has this duty again: to answer, unless that begins with a later act."""
    return rule.nature is Nature.DUTY and rule.duty is Duty.ANSWER and rule.starts not in _DONE_AGAIN


def _was_no_duty(case: "Case", clock: Clock | None, pack: Pack) -> bool:
    """Whether a clock did not run for a reason that may have ceased to be one."""
    if clock is None or clock.ended == NOT_APPLICABLE:
        return True
    kind, _, name = (clock.ended or "").partition(":")
    return kind == "path" and any(one.name == name and not _is_open(case, one) for one in pack.paths)


def _rescheduled(case: "Case", key: str, clock: Clock, now: datetime) -> Schedule | None:
    """Return another schedule where what became known asks for one: other times left out, other people to tell."""
    if clock.reached:
        return None
    until = recomputed(case, key, clock, now)
    if until.left_out != clock.schedule.left_out:
        return until
    if clock.missed or clock.is_paused or not clock.started.until or until.due_at != clock.due_at:
        return None  # told in full, told when it goes on, older than ladders, or a calendar's change, shown first
    untold = [mark for mark in clock.schedule.marks if mark.percent > clock.struck]
    waiting = [mark for mark in untold if mark.at <= now]
    ahead = [mark for mark in until.marks if mark.percent > clock.struck]
    if ahead == untold[len(waiting) :]:
        return None
    return until.model_copy(update={"marks": (*waiting, *ahead)})


def _began(case: "Case", rule: ClockRule) -> datetime | None:
    """Return when a clock should have started that did not apply then; None where its duty is done already."""
    began, reopened = case.happened.get(rule.starts), case.happened.get(acts.Reopened.kind_name())
    if began and reopened and began < reopened:
        if rule.starts in _DONE_AGAIN:
            return None
        began = reopened if _runs_again(rule) else began
    done = [case.happened[name] for name in rule.ends if name in case.happened]
    return None if any(began and at >= began for at in done) else began


def _started(case: "Case", rule: ClockRule, pack: Pack, started_at: datetime, now: datetime) -> Act:
    key = key_of(case, pack, rule.name)
    before = case.clocks.get(key)
    term = term_for(case, rule, pack, started_at)
    until = scheduled(case, rule, pack, term, now)
    return acts.ClockStarted(
        clock=key,
        wait=rule.wait,
        nature=rule.nature,
        regime="" if pack.name == case.pack.name else pack.name,
        round=before.started.round + 1 if before else 1,
        budget=term.value,
        unit=term.unit,
        article=rule.article.en,
        confidence=rule.confidence,
        started_at=started_at,
        due_at=until.due_at,
        until=until,
    )


def _restarted(case: "Case", key: str, rule: ClockRule, pack: Pack, what: _Happening) -> Act:
    until = scheduled(case, rule, pack, term_for(case, rule, pack, what.at), what.now)
    return acts.ClockRestarted(clock=key, event=min(what.names), started_at=what.at, until=until)


def _taken(case: "Case", what: _Happening) -> Iterator[tuple[Path, Pack]]:
    """Yield the ways that an act takes: those whose window was still open when it happened."""
    for pack in case.all_packs:
        for path in pack.paths:
            key = key_of(case, pack, path.within)
            within = case.clocks.get(key)
            fits = path.on in what.names and _is_open(case, path)
            if fits and within and not within.is_over and not ran_out(case, key, within, what.at):
                yield path, pack


def _is_open(case: "Case", path: Path) -> bool:
    """Whether nothing that was stated keeps the duty that a way would replace."""
    return case.circumstances.isdisjoint(path.unless)


def _replaced(case: "Case", path: Path, pack: Pack) -> Iterator[str]:
    for name in path.replaces:
        clock = case.clocks.get(key := key_of(case, pack, name))
        if clock and not clock.is_over:
            yield key


def _rest_ends(case: "Case", what: _Happening) -> Iterator[Act]:
    """End what no rule ends.

    A withdrawal ends the procedure the same day (CN-NFRA art. 15), as a merger does; what a regime has no rule for
    any more falls away. The duty to report to the authority that forwarded the matter outlives both, until it is
    done or waived.
    """
    closure = what.act.closure if isinstance(what.act, acts.Closed | acts.HandlingEnded) else None
    ends_all = _fell_away(what.act) is not None
    waived = _WAIVED in what.names
    if closure is None and not waived and not isinstance(what.act, acts.RegimeAdopted):
        return
    rules = {key_of(case, pack, rule.name): rule for pack in case.all_packs for rule in pack.clocks}
    for key, clock in case.clocks.items():
        rule = rules.get(key)
        reports = rule is not None and REPORT_BACK_SENT in rule.ends
        if clock.is_over or (rule and what.names.intersection(rule.ends)):
            continue
        if waived and reports:
            yield acts.ClockEnded(clock=key, reason=_WAIVED)
        elif not waived and (rule is None or (ends_all and not reports)):
            yield acts.ClockEnded(clock=key, reason=closure.value if closure and ends_all else NOT_APPLICABLE)


def _extensions_announced(case: "Case", sent: acts.LetterSent, now: datetime) -> Iterator[Act]:
    """An extension counts once its notice has gone out, if that was before the limit ran out."""
    for key, clock in case.clocks.items():
        for granted in clock.granted:
            if (granted.letter, granted.round) != (sent.letter, sent.round) or clock.is_over:
                continue
            longer = extended(case, key, clock, granted, now)
            if not ran_out(case, key, clock, now) and longer.until.due_at > clock.due_at:
                yield longer
