"""What runs the clocks of a case: its acts, the sweep, and people who pause, extend and explain them.

Nothing here changes a case directly: what follows from something is recorded as acts, with the due time that it
leads to, so that a case can be read from its ledger whatever has become of the rules since.
"""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from complaints import acts
from complaints.acts import Act
from complaints.answers import is_same_person
from complaints.clock_rules import applies, key_of, ladder_of, leading, rule_behind, rule_of
from complaints.clocks import Clock
from complaints.consequences import consequences
from complaints.deadlines import DAY, Extension, Unit, due, gaps_of, last_day, last_moment, start_day
from complaints.errors.case import AnsweredAlready, AnswerRefused
from complaints.errors.clocks import (
    ClockNotRunning,
    ClockStandsAlready,
    ClockStandsNot,
    ExtensionRefused,
    ExtensionWithoutApproval,
    ExtensionWithoutNotice,
    PauseNotAllowed,
    PauseWithoutApproval,
    PauseWithoutProof,
    UnknownClock,
)
from complaints.errors.deadlines import NaiveInstant
from complaints.notices import Notice, is_owed, notice_of
from complaints.privacy import names_person
from complaints.regimes.model import ClockRule, ExtensionRule, Ladder, Nature, PauseRule
from complaints.schedules import Move, extended, moves, ran_out, recomputed, resumed, term_for
from complaints.words import BreachCause

if TYPE_CHECKING:
    from complaints.case import Case

__all__ = [
    "Move",
    "Notice",
    "applies",
    "consequences",
    "explain_breach",
    "extend",
    "is_owed",
    "key_of",
    "ladder_of",
    "leading",
    "moves",
    "note",
    "notice_of",
    "pause",
    "recomputed",
    "resume",
    "rule_behind",
    "rule_of",
    "state",
    "strike",
]


# --- what people do ------------------------------------------------------------------------------


def pause(
    case: "Case",
    clock: str,
    name: str,
    by: str,
    now: datetime,
    *,
    reason: str | None = None,
    proof: str | None = None,
    approver: str | None = None,
) -> None:
    """Let a clock stand still.

    Args:
        case: The case.
        clock: Which of its clocks.
        name: For which reason, of those that the rule allows.
        by: Who asks for it.
        now: The firm's time: from now on.
        reason: In words; kept sealed.
        proof: The number of the document that the rule asks for.
        approver: Who approved it, another person than ``by``.

    Raises:
        UnknownClock, ClockNotRunning, ClockStandsAlready: there is nothing to pause.
        PauseNotAllowed: the rule knows no such pause, or all of it was used.
        PauseWithoutProof, PauseWithoutApproval: the rule asks for more.
        AnswerRefused: ``proof`` names the complainant; the ledger keeps it in clear.
    """
    running, rule = _running(case, clock)
    if running.is_paused:
        raise ClockStandsAlready(case.reference, clock)
    if ran_out(case, clock, running, now):  # what begins after the end leaves out nothing
        raise ClockNotRunning(case.reference, clock)
    left = {one.name: _days_left(case, clock, running, one) for one in rule.pauses}
    allowed = rule.pause(name)
    if allowed is None or left[name] == 0:
        raise PauseNotAllowed(clock, name, tuple(one for one in left if left[one] != 0), rule.article.en)
    if allowed.proof and not proof:
        raise PauseWithoutProof(clock, name)
    if proof and names_person(proof, case.complaint):
        raise AnswerRefused("proof", "names the complainant; enter the number of the document")
    if allowed.approver and (not approver or is_same_person(approver, by)):
        raise PauseWithoutApproval(clock, name, allowed.approver)
    act = acts.ClockPaused(
        clock=clock,
        pause=name,
        begins=now,
        reason=reason,
        proof=proof,
        approver=approver,
        resumes_at=_cap(case, clock, left[name], now),
        letter=allowed.letter,
        round=case.round_of_letter(allowed.letter),
    )
    case.record(act, now, by)


def _days_left(case: "Case", key: str, clock: Clock, rule: PauseRule) -> int | None:
    """Return for how many days a clock may stand still for a reason; None: as long as it takes."""
    if rule.cap_days is None:
        return None
    zone = rule_of(case, key)[1].tz
    named = [one for number, one in enumerate(clock.own_pauses) if clock.pauses[number].pause == rule.name]
    used = [(one.ends.astimezone(zone).date() - one.begins.astimezone(zone).date()).days for one in named if one.ends]
    return max(rule.cap_days - sum(used), 0)


def _cap(case: "Case", key: str, days: int | None, begins: datetime) -> datetime | None:
    if days is None:
        return None
    zone = rule_of(case, key)[1].tz
    return datetime.combine(begins.astimezone(zone).date() + timedelta(days=days), time(), tzinfo=zone)


def resume(case: "Case", clock: str, by: str, now: datetime) -> None:
    """Let a clock go on; the time it stood still is left out.

    Raises:
        UnknownClock, ClockNotRunning, ClockStandsNot: it does not stand still.
    """
    running, _ = _running(case, clock)
    if not running.is_paused:
        raise ClockStandsNot(case.reference, clock)
    case.record(resumed(case, clock, running, now), now, by)


def extend(
    case: "Case",
    clock: str,
    tier: str,
    by: str,
    now: datetime,
    *,
    reason: str | None = None,
    approver: str | None = None,
    promised_on: date | None = None,
) -> None:
    """Approve a longer limit; where the rule asks for a notice, it counts once that has gone out.

    Args:
        case: The case.
        clock: Which of its clocks.
        tier: The tier of the rule, by name.
        by: Who asks for it.
        now: The firm's time.
        reason: In words, told to the complainant; kept sealed. None: the tier's name says it.
        approver: Who approved it, another person than ``by``.
        promised_on: The new last day, where the rule lets the firm name it.

    Raises:
        UnknownClock, ClockNotRunning: there is nothing to extend.
        ExtensionRefused: the rule does not allow it (unknown tier, out of order, too late, a condition is missing).
        ExtensionWithoutApproval: the approver that the rule asks for is missing.
        ExtensionWithoutNotice: nobody can be told, as no contact is known.
    """
    running, rule = _running(case, clock)
    known = rule.extension(tier)
    if known is None:
        names = ", ".join(one.name for one in rule.extensions) or "none"
        raise ExtensionRefused(clock, tier, f"the rule knows these tiers: {names}")
    _refuse_out_of_order(case, clock, running, known, now)
    if known.approver and (not approver or is_same_person(approver, by)):
        raise ExtensionWithoutApproval(clock, tier, known.approver)
    if known.letter and not case.contacts:
        raise ExtensionWithoutNotice(clock, tier, known.letter)
    budget, unit, total = _longer(case, clock, running, rule, known, promised_on)
    granted = acts.ExtensionGranted(
        clock=clock,
        tier=tier,
        reason=reason,
        approver=approver,
        budget=budget,
        unit=unit,
        total=total,
        letter=known.letter,
        round=case.round_of_letter(known.letter),
    )
    if extended(case, clock, running, granted, now).until.due_at <= running.due_at:
        raise ExtensionRefused(clock, tier, "it would end no later than the limit that runs")
    case.record(granted, now, by)
    if known.letter is None:
        case.record(extended(case, clock, case.clocks[clock], granted, now), now)


def _refuse_out_of_order(case: "Case", clock: str, running: Clock, tier: ExtensionRule, now: datetime) -> None:
    counting = {one.tier for one in running.extensions}
    if tier.name in counting or any(one.tier == tier.name and not _is_given_up(case, one) for one in running.granted):
        raise ExtensionRefused(clock, tier.name, "it was granted before")
    if tier.after and tier.after not in counting:
        raise ExtensionRefused(clock, tier.name, f"the tier '{tier.after}' comes first, and its notice")
    if missing := set(tier.needs) - case.circumstances:
        names = ", ".join(sorted(missing))
        raise ExtensionRefused(clock, tier.name, f"only for cases that are stated to be: {names} (redress state)")
    if ran_out(case, clock, running, now):
        moment = last_moment(running.due_at, rule_of(case, clock)[1].tz)
        raise ExtensionRefused(clock, tier.name, f"the limit ran out ({moment})")


def _is_given_up(case: "Case", granted: acts.ExtensionGranted) -> bool:
    """Whether the notice of an extension will never go out: another may be tried, while there is time."""
    letter = case.letters.get((granted.letter or "", granted.round))
    return letter is not None and letter.status == "given_up"


def _longer(
    case: "Case", clock: str, running: Clock, rule: ClockRule, tier: ExtensionRule, promised_on: date | None
) -> tuple[int, Unit, bool]:
    """Return the budget of a tier, its unit, and whether it takes the place of the whole."""
    if tier.by_date:
        if promised_on is None:
            raise ExtensionRefused(clock, tier.name, "name the new last day (--until)")
        return _days_until(case, clock, running, tier, promised_on), Unit.CALENDAR_DAYS, True
    if promised_on is not None:
        raise ExtensionRefused(clock, tier.name, "the rule says how long it is; leave the new last day out")
    return tier.budget or 0, tier.unit or rule.unit, tier.total


def _days_until(case: "Case", clock: str, running: Clock, tier: ExtensionRule, promised_on: date) -> int:
    """Return the calendar days from the start of a clock to the day that the firm names as its new last one."""
    rule, pack = rule_of(case, clock)
    term = term_for(case, rule, pack, running.started_at, running)
    if promised_on <= last_day(running.due_at, pack.tz):
        raise ExtensionRefused(clock, tier.name, f"{promised_on} is no later than the limit that runs")
    if tier.budget:
        most = Extension(tier.budget, tier.unit or Unit.CALENDAR_DAYS, total=True)
        if promised_on > (longest := due(replace(term, extensions=(most,))).on):
            raise ExtensionRefused(clock, tier.name, f"{promised_on} is too late; the rule allows {longest} at most")
    in_days = replace(term, extensions=(Extension(1, Unit.CALENDAR_DAYS, total=True),))
    first = start_day(in_days) + (timedelta() if term.counting.first_day else DAY)
    spans = ((max(begins, first), min(ends, promised_on)) for begins, ends in gaps_of(term))
    left_out = sum((ends - begins for begins, ends in spans if begins < ends), timedelta())
    return (promised_on - first - left_out).days + 1


def state(case: "Case", stated: frozenset[str], revoked: frozenset[str], by: str, now: datetime) -> None:
    """Record facts of the case on which rules depend.

    Raises:
        AnswerRefused: no regime of the case knows such a circumstance.
    """
    known = {one.name for pack in case.all_packs for one in pack.circumstances}
    if unknown := (stated | revoked) - known:
        raise AnswerRefused(min(unknown), f"no regime of the case knows it; known are: {', '.join(sorted(known))}")
    act = acts.CircumstancesStated(stated=tuple(sorted(stated)), revoked=tuple(sorted(revoked)))
    case.record(act, now, by)


def note(case: "Case", event: str, occurred_at: datetime, by: str, now: datetime) -> None:
    """Record something that happened, which starts or ends clocks.

    Raises:
        AnswerRefused: no regime of the case knows such an event, or it lies in the future.
        NaiveInstant: ``occurred_at`` has no time zone.
    """
    if occurred_at.tzinfo is None:
        raise NaiveInstant("at")
    if not any(pack.knows_event(event) for pack in case.all_packs):
        known = sorted({one.name for pack in case.all_packs for one in pack.events})
        raise AnswerRefused("event", f"no regime of the case knows '{event}'; known are: {', '.join(known)}")
    if occurred_at > now:
        raise AnswerRefused("at", "is in the future; record it when it has happened")
    case.record(acts.Occurred(event=event, occurred_at=occurred_at), now, by)


def explain_breach(case: "Case", clock: str, cause: BreachCause, by: str, now: datetime) -> None:
    """Record why a limit was missed.

    Raises:
        UnknownClock: the case has no such clock.
        AnswerRefused: it was not missed.
        AnsweredAlready: somebody said so before.
    """
    known = case.clocks.get(clock)
    if known is None:
        raise UnknownClock(case.reference, clock, tuple(case.clocks))
    if not known.is_breach:
        raise AnswerRefused("clock", f"'{clock}' was not missed; there is nothing to explain")
    if known.cause:
        said = next(one for one in reversed(known.history) if isinstance(one.act, acts.BreachExplained))
        raise AnsweredAlready(case.reference, f"breach of {clock}", said.by)
    case.record(acts.BreachExplained(clock=clock, cause=cause), now, by)


def _running(case: "Case", clock: str) -> tuple[Clock, ClockRule]:
    rule, _ = rule_of(case, clock)
    running = case.clocks.get(clock)
    if running is None or running.is_over or running.reached:
        raise ClockNotRunning(case.reference, clock)
    return running, rule


# --- what the sweep does -------------------------------------------------------------------------


def strike(case: "Case", name: str, now: datetime) -> Act | None:
    """Return what there is to say of a clock at a moment, or None.

    After an outage only the latest is said: a mark that was passed over is told with the next one.
    """
    clock = case.clocks[name]
    if clock.next_at is None or now < clock.next_at:
        return None
    if clock.is_paused:
        return resumed(case, name, clock, clock.next_at)
    rule, pack = rule_of(case, name)
    ladder = ladder_of(case, rule, pack)
    if clock.missed:
        return _reminder(case, name, clock, ladder, now)
    if now < clock.due_at:
        passed = [mark for mark in clock.schedule.marks if clock.struck < mark.percent and mark.at <= now]
        tell = tuple(dict.fromkeys(role for mark in passed for role in mark.tell))
        return acts.ClockWarned(clock=name, percent=max(mark.percent for mark in passed), tell=tell)
    if clock.nature is not Nature.DUTY:
        return acts.ClockReached(clock=name)
    again = bool(ladder and ladder.overdue and ladder.overdue_at_most)
    return acts.ClockMissed(
        clock=name, tell=ladder.missed if ladder else (), remind_at=_next_working_day(case, now) if again else None
    )


def _reminder(case: "Case", name: str, clock: Clock, ladder: Ladder | None, now: datetime) -> Act:
    again = bool(ladder and clock.reminded + 1 < ladder.overdue_at_most)
    return acts.ClockReminded(
        clock=name, tell=ladder.overdue if ladder else (), remind_at=_next_working_day(case, now) if again else None
    )


def _next_working_day(case: "Case", now: datetime) -> datetime:
    """Return when the office opens on the next working day."""
    office = case.rules.office
    day = office.nth_working_day(now.astimezone(office.zone).date(), 1)
    return datetime.combine(day, office.windows(day)[0].opens, tzinfo=office.zone)
