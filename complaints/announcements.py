"""What other systems are told of a case: which acts are events, and with which facts. Nothing here is personal."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from complaints import acts
from complaints.acts import Act
from complaints.case import Case
from complaints.clocks import SOON_PERCENT
from complaints.moves import MOVES
from complaints.words import Stage


class Event(StrEnum):
    """What can be told of a case."""

    OPENED = "case.opened"
    STAGE_CHANGED = "case.stage_changed"
    DEADLINE_NEAR = "case.deadline_near"
    DEADLINE_MISSED = "case.deadline_missed"
    ANSWERED = "case.answered"
    CLOSED = "case.closed"
    REOPENED = "case.reopened"
    MERGED = "case.merged"
    UNMERGED = "case.unmerged"


Wants = Mapping[str, frozenset[Event]]
"""The events that each receiver asks for, by its name."""

NOBODY: Final[Wants] = {}

_TOLD_AS: Final[Mapping[type[Act], tuple[Event, ...]]] = {
    acts.Received: (Event.OPENED,),
    acts.Answered: (Event.ANSWERED,),
    acts.Closed: (Event.CLOSED,),
    acts.Reopened: (Event.REOPENED,),
    acts.Merged: (Event.MERGED,),
    acts.MergeUndone: (Event.STAGE_CHANGED, Event.UNMERGED),  # it stands again where it stood
    acts.ClockMissed: (Event.DEADLINE_MISSED,),
}


@dataclass(frozen=True)
class Announcement:
    """Something to be told of a case.

    Attributes:
        at: When it happened.
        facts: What receivers are sent as ``data``: JSON, without personal data.
    """

    reference: str
    event: Event
    at: datetime
    facts: Mapping[str, Any]


def announced(case: Case, version: int) -> list[Announcement]:
    """Return what is to be told of the acts that are new in a case, in order.

    Of imported history nothing is: it happened long ago.

    Args:
        case: The case, with its new acts.
        version: How many entries its ledger has without them.
    """
    if case.facts.history:
        return []
    told: list[Announcement] = []
    stage = Stage.RECEIVED if case.new and isinstance(case.new[0].act, acts.Received) else case.stage
    for entry, recorded in enumerate(case.new, version + 1):
        act = recorded.act
        stage = MOVES[type(act)][1] if type(act) in MOVES else stage
        facts = {"reference": case.reference, "entry": entry, "stage": stage, **_facts(case), **_more(case, act)}
        told += [Announcement(case.reference, event, recorded.at, facts) for event in _events(act)]
    return told


def _events(act: Act) -> Iterator[Event]:
    """Yield what an act is to other systems; one that ends a stage is that, and mostly something of its own."""
    if type(act) in MOVES:
        allowed, stage = MOVES[type(act)]
        if stage not in allowed:
            yield Event.STAGE_CHANGED
    yield from _TOLD_AS.get(type(act), ())
    if isinstance(act, acts.ClockWarned) and (act.percent is None or act.percent >= SOON_PERCENT):
        yield Event.DEADLINE_NEAR


def _facts(case: Case) -> dict[str, Any]:
    """Return how a case stands, in words of the ledger that are in clear; the same fields for every event."""
    answer, assessed, decided = case.answer_clock, case.assessed, case.decided
    return {
        "kind": case.kind,
        "category": case.category,
        "severity": case.severity,
        "urgency": assessed.urgency if assessed else None,
        "channel": case.facts.channel,
        "regime": case.facts.regime,
        "received_at": _instant(case.facts.received_at),
        "acknowledged_at": _instant(case.acknowledged_at),
        "due_at": _instant(answer.due_at if answer else None),
        "answered_at": _instant(case.answered_at),
        "closed_at": _instant(case.closed_at),
        "outcome": decided.outcome if decided else None,
        "closure": case.closed.closure if case.closed else None,
    }


def _more(case: Case, act: Act) -> dict[str, Any]:
    """Return which limit is near or was missed, or which case goes on instead."""
    if isinstance(act, acts.Merged | acts.MergeUndone):
        return {"merged_into": act.into}
    if not isinstance(act, acts.ClockWarned | acts.ClockMissed):
        return {}
    started = case.clocks[act.clock].started
    return {
        "clock": {
            "name": act.clock,
            "regime": started.regime or case.facts.regime,
            "article": started.article,
            "due_at": _instant(case.clocks[act.clock].due_at),
            "percent": act.percent if isinstance(act, acts.ClockWarned) else None,
        }
    }


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds") if at else None
