"""Handling the same complaint in one case: the later is merged into the earlier, and that can be undone.

The earlier case answers for both, within its own period, which counts from the earlier receipt. Both keep their
history. Where the merger is undone, the later case stands where it stood, its clocks as if they had never stopped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from complaints import acts
from complaints.acts import Act, Recorded
from complaints.clock_rules import rule_of
from complaints.clocks import Clock
from complaints.errors.case import MergeRefused, NotMerged, StageError
from complaints.persons import why_not_one_person
from complaints.regimes.model import Duty, Nature
from complaints.schedules import moves, ran_out, scheduled, term_for
from complaints.timekeeping import note
from complaints.transfers import REPORT_BACK_SENT
from complaints.words import Closure, Kind, Stage

if TYPE_CHECKING:
    from complaints.case import Case

NEW_FACTS: Final = "new_facts"
"""The event by which regimes let a period run again."""

UNDONE: Final = acts.MergeUndone.kind_name()
_CLOSED: Final = acts.Closed.kind_name()


@dataclass(frozen=True)
class Merge:
    """A case that was merged, and where it stood before.

    Attributes:
        into: The case that answers for it.
        stage: Where it stood.
        clocks: Its clocks then.
        past_clocks: Those that had run before.
        closed_at: When it had been closed before.
    """

    into: str
    stage: Stage
    clocks: Mapping[str, Clock]
    past_clocks: tuple[tuple[str, Clock], ...]
    closed_at: datetime | None


# --- what people do ------------------------------------------------------------------------------


def merge(
    case: "Case", into: "Case", by: str, now: datetime, *, reason: str | None = None, new_facts: bool = False
) -> bool:
    """Let an earlier case answer for a later one of the same complaint. Safe to run twice.

    Args:
        case: The later case; it is closed.
        into: The earlier case.
        by: Who decided it.
        now: The firm's time.
        reason: In words; kept sealed.
        new_facts: Whether the later complaint brings new facts, from whose receipt the earlier's period runs again
            where its regime says so.

    Returns:
        Whether anything was done; not where it was merged into this one before.

    Raises:
        MergeRefused: they must stay apart.
        AnswerRefused: the regime knows no new facts.
    """
    if case.merged and case.merged.into == into.reference:
        return False
    if reason_against := _why_not(case, into):
        raise MergeRefused(case.reference, into.reference, reason_against)
    case.record(acts.Merged(into=into.reference, reason=reason), now, by)
    case.end(Closure.MERGED, by, now)
    received_at = case.facts.received_at
    into.record(acts.Absorbed(reference=case.reference, received_at=received_at, new_facts=new_facts), now, by)
    if new_facts:
        note(into, NEW_FACTS, received_at, by, now)
    return True


def unmerge(case: "Case", into: "Case", by: str, now: datetime) -> None:
    """Undo a merger: the case stands where it stood, and its clocks run as if they had never stopped.

    Where new facts had let the other's period run again, that runs from its own start again. Extensions granted
    since then are not kept: they were measured by the longer period.

    Raises:
        NotMerged: the case is not merged into the other.
        StageError: it has been archived.
    """
    if case.merged is None or case.merged.into != into.reference:
        raise NotMerged(case.reference)
    case.record(acts.MergeUndone(into=into.reference), now, by)
    for move in list(moves(case, UNDONE, now)):  # a calendar may have changed meanwhile
        case.record(acts.ClockRecomputed(clock=move.clock, cause=move.cause, until=move.until), now)
    absorbed = into.absorbed[case.reference]
    into.record(acts.Separated(reference=case.reference), now, by)
    if absorbed.new_facts:
        _run_from_own_start(into, absorbed.received_at, now)


def _run_from_own_start(case: "Case", restarted_at: datetime, now: datetime) -> None:
    """Take back what the new facts of another case did to the clocks."""
    for key, clock in list(case.clocks.items()):
        starts = [one.act.started_at for one in clock.history if isinstance(one.act, acts.ClockRestarted)]
        if clock.is_over or not starts or starts[-1] != restarted_at:
            continue
        began = [clock.started.started_at, *starts][-2]
        rule, pack = rule_of(case, key)
        until = scheduled(case, rule, pack, term_for(case, rule, pack, began), now)
        case.record(acts.ClockRestarted(clock=key, event=UNDONE, started_at=began, until=until), now)


# --- what the case does with it ------------------------------------------------------------------


def refuse_move(case: "Case", act: Act) -> None:
    """Refuse acts that a merger forbids, and mergers that the stage forbids.

    Raises:
        StageError: the case cannot do this now.
    """
    match act:
        case acts.Merged():
            refused = case.merged is not None or not _is_handled(case)
        case acts.MergeUndone():
            refused = case.merged is None or case.stage not in (Stage.ENDED, Stage.CLOSED)
        case acts.Reopened():  # it would be handled twice
            refused = case.merged is not None
        case _:
            refused = False
    if refused:
        raise StageError(case.reference, case.stage, act.kind_name())


def _is_handled(case: "Case") -> bool:
    return case.stage.is_open and case.stage is not Stage.ENDED


def standing(case: "Case", into: str) -> Merge:
    """Return where a case stands that is being merged."""
    return Merge(into, case.stage, dict(case.clocks), tuple(case.past_clocks), case.happened.get(_CLOSED))


def stand_again(case: "Case", merge: Merge, recorded: Recorded) -> None:
    """Put a case back to where it stood; what came in meanwhile stays, and what an authority was told."""
    case.merged = case.ended = case.closed = case.closed_at = None
    case.stage, case.past_clocks = merge.stage, list(merge.past_clocks)
    for key, clock in case.clocks.items():
        before = merge.clocks.get(key)
        if before is None:  # begun with the closing
            case.clocks[key] = clock if clock.is_over else replace(clock, ended=UNDONE)
        elif not _outlives(case, key) and not before.is_over:
            case.clocks[key] = replace(before, history=(*before.history, recorded))
        elif not _outlives(case, key):
            case.clocks[key] = before
    case.happened.pop(_CLOSED, None)
    if merge.closed_at:
        case.happened[_CLOSED] = merge.closed_at


def _outlives(case: "Case", key: str) -> bool:
    """Whether a clock is for the report to an authority, which is owed whatever becomes of the case."""
    return REPORT_BACK_SENT in rule_of(case, key)[0].ends


# --- what must stay apart ------------------------------------------------------------------------


def _why_not(case: "Case", into: "Case") -> str | None:
    """Say why two cases must stay apart, and what can be done; None where nothing is against it."""
    return (
        _wrong_way_round(case, into) or _not_alike(case, into) or _loses_a_duty(case, into) or _nobody_told(case, into)
    )


def _wrong_way_round(case: "Case", into: "Case") -> str | None:
    if case.reference == into.reference:
        return "it is the same case"
    if case.merged:
        return f"it is merged into {case.merged.into} already; undo that first: redress unmerge {case.reference}"
    if case.absorbed:
        return f"it answers for {', '.join(case.absorbed)} itself; merge each of them into {into.reference} instead"
    if into.merged:
        return f"that one is merged itself; merge into {into.merged.into}"
    if not _is_handled(case):
        return f"it is {case.stage} already; only an open case is merged"
    if not _is_handled(into):
        return f"that one is {into.stage}; take it up again first (redress reopen), or handle them apart"
    if into.answered_at:
        return "that one has been answered; this one needs an answer of its own"
    if case.facts.received_at < into.facts.received_at:
        return (
            "it was received before that one, and the earlier receipt counts; "
            f"merge the later into the earlier: redress merge {into.reference} {case.reference}"
        )
    return None


def _not_alike(case: "Case", into: "Case") -> str | None:
    if Kind.REPORT in (case.kind, into.kind):
        return "a report is kept apart, for its reporter is confidential"
    if case.kind and into.kind and case.kind is not into.kind:
        return f"one is a {case.kind.en}, the other a {into.kind.en}; they go different ways"
    if case.pack.name != into.pack.name:
        return f"they fall under different regimes, {case.pack.name} and {into.pack.name}"
    return why_not_one_person(case, into)


def _loses_a_duty(case: "Case", into: "Case") -> str | None:
    """Say which limit would be lost: one that the other case does not have, or whose period was over before."""
    for key, clock in case.clocks.items():
        if clock.is_over or clock.nature is not Nature.DUTY or _outlives(case, key):
            continue
        there = into.clocks.get(key)
        if there is None or there.ended is not None:
            return f"its limit '{key}' would be lost; state there what it depends on (redress state)"
        if rule_of(case, key)[0].duty is Duty.ANSWER and ran_out(into, key, there, case.facts.received_at):
            return f"it came in after the limit '{key}' of that one had run out, and needs an answer of its own"
    return None


def _nobody_told(case: "Case", into: "Case") -> str | None:
    if case.contacts and not into.contacts:
        return f"no contact is known there, so that nobody would be told; add one: redress contact {into.reference}"
    return None
