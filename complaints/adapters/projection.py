"""From a case to the columns by which lists, sweeps and reports find it."""

from typing import Any, Final

from complaints import acts
from complaints.case import Case
from complaints.case_statistics import statistics_of
from complaints.clocks import SOON_PERCENT, Clock
from complaints.regimes.model import Nature
from complaints.retention import retention_of
from complaints.transfers import key_of_authority
from complaints.words import Kind, Stage

_ARCHIVED: Final = acts.Archived.kind_name()
_ERASED: Final = acts.Erased.kind_name()


def case_columns(case: Case) -> dict[str, Any]:
    """Return the columns of ``cases`` (but ``version`` and ``head``) for a case."""
    facts, assessed, found, decided = case.facts, case.assessed, case.found, case.decided
    decision = case.answer_clock
    paid = decided if decided and decided.remedy.is_money and case.put_right else None
    late = decision.late if decision else None
    if case.closed and case.closed.timely is not None:
        late = not case.closed.timely
    return {
        "stage": case.stage,
        "asks": case.asks,
        "regime": facts.regime,
        "sender": facts.sender,
        "number": facts.number,
        "authority": key_of_authority(facts.authority) if facts.authority else None,
        "authority_number": key_of_authority(facts.authority_number) if facts.authority_number else None,
        "channel": facts.channel,
        "language": facts.language,
        "party_type": facts.party_type,
        "history": facts.history,
        "kind": case.kind or (Kind.COMPLAINT if facts.history else None),
        "category": case.category,
        "cause": found.cause if found else assessed.cause if assessed else facts.cause,
        "severity": case.severity,
        "urgency": assessed.urgency if assessed else None,
        "department": assessed.department if assessed else None,
        "product": facts.product,
        "region": facts.region,
        "amount": facts.amount.value if facts.amount else None,
        "currency": facts.amount.currency if facts.amount else None,
        "received_at": facts.received_at,
        "acknowledged_at": case.acknowledged_at,
        "answered_at": case.answered_at,
        "closed_at": case.closed_at,
        "decision_due_at": decision.due_at if decision and not decision.is_paused else None,
        "outcome": decided.outcome if decided else None,
        "remedy": decided.remedy if decided else None,
        "redress_paid": paid.amount if paid else None,
        "redress_currency": paid.currency if paid else None,
        "satisfaction": case.followed_up.satisfaction if case.followed_up else None,
        "closure": case.closed.closure if case.closed else None,
        "late": late,
        **statistics_of(case),
        "archived_at": case.happened[_ARCHIVED] if case.stage is Stage.ARCHIVED else None,
        "retain_until": retention_of(case).ends_at,
        "on_hold": bool(case.standing_holds),
        "erased_at": case.happened[_ERASED] if case.erased else None,
    }


CLOCK_COLUMNS: Final = ("due_at", "next_at", "missed", "running", "paused", "nature", "calendar", "standing")
"""The columns of ``clocks`` that follow from the ledger."""


def clock_columns(case: Case) -> dict[str, dict[str, Any]]:
    """Return the columns of ``clocks`` for each clock of a case."""
    return {
        name: {
            "due_at": clock.due_at,
            "next_at": None if case.erased else clock.next_at,  # nothing is recorded of it any more
            "missed": clock.missed,
            "running": not (clock.is_over or clock.reached),
            "paused": clock.is_paused,
            "nature": clock.nature,
            "calendar": clock.schedule.calendar,
            "standing": _standing(clock),
        }
        for name, clock in case.clocks.items()
    }


def _standing(clock: Clock) -> str:
    """Return what operators are shown of a clock: ``late``, ``soon``, or nothing."""
    if clock.is_over or clock.is_paused or clock.nature is not Nature.DUTY:
        return ""
    if clock.missed:
        return "late"
    return "soon" if clock.struck >= SOON_PERCENT else ""
