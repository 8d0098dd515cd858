"""The case sheet: what an operator sees of a case outside Redress. It holds no personal data."""

import re
from datetime import datetime, timedelta
from typing import Any

from complaints.case import Case, Clock
from complaints.deadlines import last_moment
from complaints.letters import DEPARTMENTS, environment, hides_reporter
from complaints.privacy import personal_data_in
from complaints.words import Worded


def case_sheet(case: Case, now: datetime) -> str:
    """Return the case sheet as Markdown, in both languages.

    Args:
        case: The case.
        now: The firm's time, for what is left of each clock.
    """
    undelivered = case.undelivered
    refusal = case.refusal if case.refusal and case.refusal.question is case.asks else None
    return (
        environment()
        .get_template("sheets/case.md.j2")
        .render(
            sheet=_facts(case) | {"clocks": [_clock(case, name, clock, now) for name, clock in case.clocks.items()]},
            refusal={"field": refusal.field, "reason": refusal.reason} if refusal else None,
            contacts=[{"number": n, "kind": one.kind.both} for n, one in enumerate(case.contacts, 1)]
            if undelivered
            else [],
            letter={"name": undelivered.prepared.letter, "reason": undelivered.reason} if undelivered else None,
        )
    )


def _facts(case: Case) -> dict[str, Any]:
    facts, assessed, found = case.facts, case.assessed, case.found
    department = DEPARTMENTS[assessed.department] if assessed else None
    return {
        "reference": case.reference,
        "kind": _both(case.kind),
        "category": _both((found and found.category) or (assessed and assessed.category) or facts.category),
        "stage": case.stage.both,
        "severity": _both(found.severity if found else assessed.severity if assessed else None),
        "urgency": _both(assessed.urgency if assessed else None),
        "channel": facts.channel.both,
        "product": _plain(_without_personal_data(facts.product, case)),
        "region": facts.region,
        "amount": str(facts.amount) if facts.amount else None,
        "party": facts.party_type.both,
        "department": " · ".join(department) if department else None,
        "evidence_count": facts.evidence_count,
        "confidential": hides_reporter(case),
    }


def _plain(text: str) -> str:
    """Return the sender's own words so that Markdown shows them as they are: no links, no emphasis, no HTML."""
    return re.sub(r"[!-,./:-@\[-`{-~]", lambda mark: f"&#{ord(mark[0])};", text)


def _both(word: Worded | None) -> str:
    return word.both if word else "—"


def _without_personal_data(text: str | None, case: Case) -> str:
    """Return what the sender wrote, or nothing where it names a person."""
    return text if text and personal_data_in(text, case.complaint) is None else ""


def _clock(case: Case, name: str, clock: Clock, now: datetime) -> dict[str, Any]:
    rule, started = case.pack.clock(name), clock.started
    return {
        "title": rule.title.both,
        "due": last_moment(started.due_at, case.pack.tz),
        "left": _left(clock, now),
        "state": _state(clock),
        "article": rule.article.both,
        "confidence": started.confidence,
        "to_verify": started.confidence != "H",
    }


def _left(clock: Clock, now: datetime) -> str:
    if clock.met_at:
        return "—"
    left = clock.started.due_at - now
    if clock.started.wait and left < timedelta():  # a date that has come is not late
        return "—"
    late, left = left < timedelta(), abs(left)
    zh, en = f"{left.days} 天 {left.seconds // 3600} 小时", f"{left.days} d {left.seconds // 3600} h"
    return f"超期 {zh} · {en} late" if late else f"{zh} · {en}"


def _state(clock: Clock) -> str:
    if clock.met_at:
        return "超期完成 · done late" if clock.late else "已完成 · done"
    if clock.missed:
        return "超期 · missed"
    if clock.reached:
        return "已到期 · reached"
    return "临近 · near" if clock.warned else "计时中 · running"
