"""When the clocks of a case run out, by the rules and calendars as they are known now."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from complaints import acts
from complaints.acts import Schedule
from complaints.clock_rules import applies, ladder_of, rule_of, with_named_date
from complaints.clocks import Clock, class_pauses, schedule_of, term_of
from complaints.deadlines import Pause, Term
from complaints.regimes.model import ClockRule, Pack

if TYPE_CHECKING:
    from complaints.case import Case


@dataclass(frozen=True)
class Move:
    """A due time that a changed calendar or rule would move."""

    reference: str
    clock: str
    was: datetime
    becomes: datetime
    cause: str
    until: Schedule


def term_for(
    case: "Case",
    rule: ClockRule,
    pack: Pack,
    started_at: datetime,
    clock: Clock | None = None,
    *,
    ends: datetime | None = None,
    extensions: Iterable[acts.ExtensionGranted] | None = None,
) -> Term:
    """Return the limit of a clock, as its rule and its class of complaints have it.

    Args:
        case: The case.
        rule: The clock's rule.
        pack: Its regime.
        started_at: When it began.
        clock: What became of it since.
        ends: When the pause ends that has no end yet.
        extensions: Those that count; the clock's own where they are left out.
    """
    calendar = case.rules.calendar(rule.calendar or pack.calendar)
    own = [Pause(one.begins, one.ends or ends) for one in clock.own_pauses] if clock else []
    if extensions is None:
        extensions = clock.extensions if clock else ()
    rule = with_named_date(case, rule, pack, started_at)
    return term_of(rule, pack, calendar, started_at, [*_class_pauses(case, rule, pack), *own], tuple(extensions))


def _class_pauses(case: "Case", rule: ClockRule, pack: Pack) -> list[Pause]:
    return class_pauses(rule, pack, case.facts.received_at, lambda when: applies(case, when))


def scheduled(case: "Case", rule: ClockRule, pack: Pack, term: Term, now: datetime) -> Schedule:
    """Return when a limit runs out, whom to tell before, and what was left out for its class."""
    schedule = schedule_of(term, ladder_of(case, rule, pack), now)
    spans = tuple((one.begins, one.ends) for one in _class_pauses(case, rule, pack) if one.ends)
    return schedule.model_copy(update={"left_out": spans}) if spans else schedule


def recomputed(case: "Case", name: str, clock: Clock, now: datetime) -> Schedule:
    """Return the schedule of a clock by the rules and calendars as they are known now."""
    rule, pack = rule_of(case, name)
    return scheduled(case, rule, pack, term_for(case, rule, pack, clock.started_at, clock), now)


def ran_out(case: "Case", key: str, clock: Clock, at: datetime) -> bool:
    """Whether a limit had run out at an instant; while a clock stands still, it cannot."""
    if not clock.is_paused:
        return at >= clock.due_at
    paused = clock.pauses[-1]
    if paused.resumes_at and paused.resumes_at <= at:  # its pause was used up, and nobody has said so yet
        return at >= resumed(case, key, clock, paused.resumes_at).until.due_at
    return clock.due_at <= min(at, paused.begins)


def resumed(case: "Case", key: str, clock: Clock, ends: datetime) -> acts.ClockResumed:
    """Return the act by which a clock goes on, at the latest when the rule's cap is reached."""
    cap = clock.pauses[-1].resumes_at
    capped = cap is not None and cap <= ends
    ends = cap if cap and capped else ends
    rule, pack = rule_of(case, key)
    term = term_for(case, rule, pack, clock.started_at, clock, ends=ends)
    return acts.ClockResumed(clock=key, ends=ends, capped=capped, until=scheduled(case, rule, pack, term, ends))


def extended(case: "Case", key: str, clock: Clock, granted: acts.ExtensionGranted, now: datetime) -> acts.ClockExtended:
    """Return the act by which an extension that was granted counts."""
    rule, pack = rule_of(case, key)
    term = term_for(case, rule, pack, clock.started_at, clock, extensions=(*clock.extensions, granted))
    return acts.ClockExtended(clock=key, tier=granted.tier, until=scheduled(case, rule, pack, term, now))


def moves(case: "Case", cause: str, now: datetime) -> Iterator[Move]:
    """Yield every running clock whose schedule differs by the case's rulebook from what the ledger says."""
    for name, clock in case.clocks.items():
        if clock.is_over or clock.reached:
            continue
        until = recomputed(case, name, clock, now)
        if (until.due_at, until.assumed) != (clock.due_at, clock.schedule.assumed):
            yield Move(case.reference, name, clock.due_at, until.due_at, cause, until)
