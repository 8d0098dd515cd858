"""The case sheet: what an operator sees of a case outside Redress. It holds no personal data."""

import re
from datetime import datetime, timedelta
from typing import Any

from complaints.case import Case
from complaints.case_explanation import ClockExplanation, Event, explain_case
from complaints.clocks import Clock
from complaints.correspondence import waiting_letters
from complaints.letters import DEPARTMENTS, environment, hides_reporter
from complaints.privacy import names_person, personal_data_in
from complaints.regimes.model import Nature
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
            sheet=_facts(case) | {"clocks": [_clock(one, now) for one in explain_case(case)]},
            refusal={"field": refusal.field, "reason": refusal.reason} if refusal else None,
            contacts=[
                {"number": n, "kind": one.kind.both}
                for n, one in enumerate(case.contacts_for(undelivered.prepared.letter), 1)
            ]
            if undelivered
            else [],
            waiting=[
                {"number": one.prepared.number, "name": one.prepared.letter, "kept": one.kept.both}
                for one in waiting_letters(case)
                if one.kept
            ],
            letter={"name": undelivered.prepared.letter, "reason": undelivered.reason} if undelivered else None,
        )
    )


def _facts(case: Case) -> dict[str, Any]:
    facts, assessed = case.facts, case.assessed
    department = DEPARTMENTS[assessed.department] if assessed else None
    return {
        "reference": case.reference,
        "kind": _both(case.kind),
        "category": _both(case.category),
        "stage": case.stage.both,
        "severity": _both(case.severity),
        "urgency": _both(assessed.urgency if assessed else None),
        "channel": facts.channel.both,
        "product": _plain(_without_personal_data(facts.product, case)),
        "region": facts.region,
        "amount": str(facts.amount) if facts.amount else None,
        "party": facts.party_type.both,
        "department": " · ".join(department) if department else None,
        "evidence": _evidence(case),
        "materials": _materials(case),
        "authority": _of_authority(facts.authority, case),
        "authority_number": _of_authority(facts.authority_number, case),
        "report_by": facts.report_by,
        "confidential": hides_reporter(case),
        "merged_into": case.merged.into if case.merged else None,
        "absorbed": list(case.absorbed),
        "repeats": _repeats(case),
    }


def _repeats(case: Case) -> list[dict[str, str]]:
    """Return the cases that may be the same complaint and are not handled together with this one yet."""
    together = {*case.absorbed, *([case.merged.into] if case.merged else [])}
    return [
        {
            "reference": one.reference,
            "grade": one.grade.both,
            "reasons": f"{'、'.join(why.zh for why in one.reasons)} · {', '.join(why.en for why in one.reasons)}",
        }
        for one in case.repeats
        if one.reference not in together
    ]


def _of_authority(text: str | None, case: Case) -> str:
    """Return what the sender wrote of the authority; its numbers are long, and nobody's own."""
    return _plain(text) if text and not names_person(text, case.complaint) else ""


def _evidence(case: Case) -> str:
    """Return how many files are on the case, how many the sender described, and how many were refused."""
    counts = (
        ("在卷 {} 件", "{} on file", len(case.evidence)),
        ("来件列明 {} 件", "{} listed by the sender", case.facts.evidence_count),
        ("未接收 {} 件", "{} refused", len(case.evidence_refused)),
    )
    told = [one for number, one in enumerate(counts) if one[2] or number == 0]
    chinese = "，".join(zh.format(count) for zh, _, count in told)
    return f"{chinese} · {', '.join(en.format(count) for _, en, count in told)}"


def _materials(case: Case) -> str:
    """Return how often materials came in, when they did last, and whether what was asked for has not come."""
    came, asked = case.happened.get("materials_received"), case.happened.get("materials_requested")
    if asked and not (came and asked < came):
        return "已要求补充，尚未收到 · asked for, not come yet"
    if not came:
        return ""
    times, last = len(case.materials), f"{came.astimezone(case.pack.tz):%Y-%m-%d %H:%M}"
    return f"已收到 {times} 次，最近一次 {last} · came {times} times, last on {last}"


def _plain(text: str) -> str:
    """Return the sender's own words so that Markdown shows them as they are: no links, no emphasis, no HTML."""
    return re.sub(r"[!-,./:-@\[-`{-~]", lambda mark: f"&#{ord(mark[0])};", text)


def _both(word: Worded | None) -> str:
    return word.both if word else "—"


def _without_personal_data(text: str | None, case: Case) -> str:
    """Return what the sender wrote, or nothing where it names a person."""
    return text if text and personal_data_in(text, case.complaint) is None else ""


def _clock(one: ClockExplanation, now: datetime) -> dict[str, Any]:
    return {
        "title": _title(one),
        "due": one.due,
        "left": _left(one.clock, now),
        "state": one.state.both,
        "article": one.rule.article.both,
        "confidence": one.rule.confidence,
        "to_verify": one.rule.to_verify,
        "steps": [step.both for step in one.steps],
        "events": [_event(event, one) for event in one.events],
    }


def _title(one: ClockExplanation) -> str:
    number = one.clock.started.round
    again = f"（第 {number} 次 · round {number}）" if number > 1 else ""
    return one.rule.title.both + again + ("（最严 · leads）" if one.leads else "")


def _event(event: Event, one: ClockExplanation) -> str:
    return f"{event.at.astimezone(one.pack.tz):%Y-%m-%d %H:%M} {event.by}: {event.what.both}"


def _left(clock: Clock, now: datetime) -> str:
    if clock.is_over or clock.is_paused:
        return "—"
    left = clock.due_at - now
    if clock.nature is not Nature.DUTY and left < timedelta():  # a date that has come is not late
        return "—"
    late, left = left < timedelta(), abs(left)
    zh, en = f"{left.days} 天 {left.seconds // 3600} 小时", f"{left.days} d {left.seconds // 3600} h"
    return f"超期 {zh} · {en} late" if late else f"{zh} · {en}"
