"""Builders: a valid thing of each sort, of which a test names only what it is about."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from complaints import acts
from complaints.acts import Act, Recorded
from complaints.adapters.store import Store
from complaints.answers import (
    Breach,
    Decision,
    DeliveryRepair,
    Finding,
    FollowUp,
    Question,
    RemedyDone,
    Reply,
    ReportFinding,
)
from complaints.case import Case
from complaints.evidence import Refusal
from complaints.intake import Complaint
from complaints.letters import Rendered
from complaints.moves import MOVES
from complaints.reception import receive
from complaints.regimes.files import read_pack
from complaints.regimes.model import Pack, Role
from complaints.regimes.rulebook import Rulebook, load_pack, packaged_rulebook
from complaints.words import (
    Basis,
    BreachCause,
    Category,
    Cause,
    Closure,
    Conclusion,
    GiveUpReason,
    Kind,
    NoReport,
    Outcome,
    Remedy,
    ReopenReason,
    Repair,
    ReportResult,
    Satisfaction,
    Severity,
    Stage,
    Topic,
    Urgency,
)

A_REGIME = Path(__file__).parent / "a_regime.toml"
SHANGHAI = ZoneInfo("Asia/Shanghai")
REFERENCE = "TS260302-7K3M9QX"
EARLIER = "TS260227-9QX7K3M"
REGIME = "cn-nfra"
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
"""The receipt of the worked dates of the regimes page: Monday 2 March 2026, 09:00 in Shanghai."""

EMAIL = {"kind": "email", "value": "lin.zhixia@example.cn"}
PHONE = {"kind": "phone", "value": "13800000101"}
POST = {"kind": "post", "value": "上海市浦东新区示例路1号"}
AUTHORITY_EMAIL = {"kind": "email", "value": "zhuanban@nfra.example.cn"}
TRANSFER: dict[str, Any] = {
    "authority": "nfra-shanghai",
    "number": "沪金监转〔2026〕123号",
    "sent_on": "2026-02-27",
    "contact": AUTHORITY_EMAIL,
}
"""How an authority sent a complaint to the firm, without a day of its own for the report."""


def complaint_values(**changes: Any) -> dict[str, Any]:
    """The record of a valid complaint as a channel sends it, before it is validated."""
    return {
        "number": "CRM-0001",
        "channel": "web",
        "kind": "complaint",
        "complainant": {"name": "林知夏", "contacts": [EMAIL]},
        "product": "轻舟消费贷",
        "category": "fees",
        "narrative": "账户服务费被扣了两次。",
        "wanted": "退还多扣的一笔。",
        "amount": {"value": "128.50"},
    } | changes


def a_complaint(**changes: Any) -> Complaint:
    """A valid complaint about a fee charged twice."""
    return Complaint.model_validate(complaint_values(**changes))


def a_received(**changes: Any) -> acts.Received:
    """The act by which a complaint enters a case."""
    complaint = a_complaint(**changes)
    return receive(REFERENCE, load_pack(REGIME), complaint, "crm", MONDAY).facts


def a_finding(**changes: Any) -> Finding:
    """The facts are established."""
    return Finding.model_validate({"conclusion": "substantiated", "reasons": "已核对扣款记录。"} | changes)


def a_decision(**changes: Any) -> Decision:
    """Upheld, with a refund."""
    values = {"outcome": "upheld", "remedy": "refund", "amount": "128.50", "reasons": "属重复扣收。"}
    return Decision.model_validate(values | changes)


def a_remedy_done(**changes: Any) -> RemedyDone:
    """The refund was paid on the day of receipt."""
    return RemedyDone.model_validate({"done_on": MONDAY.date(), "voucher": "PAY-2026-0042"} | changes)


def a_follow_up(**changes: Any) -> FollowUp:
    """The complainant is satisfied."""
    return FollowUp.model_validate({"satisfaction": "satisfied", "lesson": "批处理应先查重。"} | changes)


def a_reply(**changes: Any) -> Reply:
    """A prepared answer on early repayment."""
    return Reply.model_validate({"topic": "early_repayment", "words": "可随时申请。"} | changes)


def a_report_finding(**changes: Any) -> ReportFinding:
    """The report is confirmed."""
    return ReportFinding.model_validate({"result": "confirmed"} | changes)


def a_repair(**changes: Any) -> DeliveryRepair:
    """Send the letter again."""
    return DeliveryRepair.model_validate({"choice": "resend"} | changes)


def a_breach(**changes: Any) -> Breach:
    """Too few hands."""
    return Breach.model_validate({"cause": "staffing"} | changes)


AN_ANSWER = {
    Question.FINDING: a_finding,
    Question.DECISION: a_decision,
    Question.REMEDY: a_remedy_done,
    Question.FOLLOW_UP: a_follow_up,
    Question.REPLY: a_reply,
    Question.REPORT: a_report_finding,
    Question.DELIVERY: a_repair,
    Question.BREACH: a_breach,
}
"""The builder of a valid answer to each question."""

_LETTER = {"letter": "acknowledgement", "round": 1}
_UNTIL = acts.Schedule(
    due_at=MONDAY + timedelta(days=15),
    marks=(
        acts.MarkAt(percent=50, at=MONDAY + timedelta(days=8), tell=(Role.HANDLER,)),
        acts.MarkAt(percent=80, at=MONDAY + timedelta(days=12), tell=(Role.HANDLER, Role.SUPERVISOR)),
    ),
    calendar="cn-finance",
    calendar_version="1",
    assumed=(2027,),
    left_out=((MONDAY - timedelta(days=9), MONDAY - timedelta(days=2)),),
)
_TIER = {"clock": "decision", "tier": "complex", "reason": "案情复杂。", "approver": "sun.lei"}
_EXHIBIT = {"sha256": "0" * 64, "media_type": "application/pdf", "size": 7, "source": "crm", "name": "流水.pdf"}
_EXAMPLES: dict[type[Act], dict[str, Any]] = {
    acts.ClockStarted: {
        "clock": "decision",
        "budget": 15,
        "unit": "calendar_days",
        "article": "art. 18",
        "confidence": "H",
        "started_at": MONDAY,
        "due_at": MONDAY + timedelta(days=15),
        "nature": "duty",
        "until": _UNTIL,
    },
    acts.ClockWarned: {"clock": "decision", "percent": 80, "tell": ("handler", "supervisor")},
    acts.ClockMissed: {"clock": "decision", "tell": ("compliance",), "remind_at": MONDAY + timedelta(days=16)},
    acts.ClockReminded: {"clock": "decision", "tell": ("handler",), "remind_at": MONDAY + timedelta(days=17)},
    acts.ClockReached: {"clock": "decision"},
    acts.ClockMet: {"clock": "decision", "late": False},
    acts.ClockEnded: {"clock": "decision", "reason": "not_applicable"},
    acts.ClockPaused: {
        "clock": "decision",
        "pause": "appraisal",
        "begins": MONDAY + timedelta(days=1),
        "reason": "等待鉴定。",
        "proof": "JD-2026-7",
        "resumes_at": MONDAY + timedelta(days=31),
        "letter": "pause_notice",
    },
    acts.ClockResumed: {"clock": "decision", "ends": MONDAY + timedelta(days=3), "until": _UNTIL},
    acts.ExtensionGranted: _TIER | {"budget": 30, "unit": "calendar_days", "total": True, "letter": "extension_notice"},
    acts.ClockExtended: {"clock": "decision", "tier": "complex", "until": _UNTIL},
    acts.ClockRestarted: {"clock": "decision", "event": "new_facts", "started_at": MONDAY, "until": _UNTIL},
    acts.ClockRecomputed: {"clock": "decision", "cause": "calendar cn-finance 2", "until": _UNTIL},
    acts.BreachExplained: {"clock": "decision", "cause": BreachCause.STAFFING},
    acts.CircumstancesStated: {"stated": ("complex",), "revoked": ("branch_result",)},
    acts.Occurred: {"event": "new_facts", "occurred_at": MONDAY},
    acts.PathTaken: {"path": "summary-resolution", "regime": REGIME, "letter": "summary_resolution"},
    acts.RegimeAdopted: {"regime": REGIME, "version": "2020-3"},
    acts.Reopened: {"reason": ReopenReason.NEW_FACTS},
    acts.RepeatsSuggested: {
        "repeats": ({"reference": EARLIER, "grade": "likely", "reasons": ("phone", "account", "wording")},)
    },
    acts.Merged: {"into": EARLIER, "reason": "同一笔扣费。"},
    acts.MergeUndone: {"into": EARLIER},
    acts.Absorbed: {"reference": EARLIER, "received_at": MONDAY},
    acts.Separated: {"reference": EARLIER},
    acts.LetterPrepared: _LETTER
    | {
        "number": f"{REFERENCE}-1",
        "language": "zh-CN",
        "message_id": f"<{REFERENCE}-1@example.com>",
        "sha256": "0" * 64,
        "channel": "email",
        "recipient": EMAIL["value"],
    },
    acts.LetterSent: _LETTER | {"channel": "email", "receipt": "250 accepted"},
    acts.LetterFailed: _LETTER | {"reason": "550 mailbox unavailable"},
    acts.DeliveryReported: _LETTER
    | {
        "status": "failed",
        "occurred_at": MONDAY,
        "sender": "mail",
        "code": "5.1.1",
        "detail": "<lin.zhixia@example.cn>",
    },
    acts.LetterRepaired: _LETTER | {"choice": Repair.RESEND, "channel": "email", "recipient": EMAIL["value"]},
    acts.LetterGivenUp: _LETTER | {"reason": GiveUpReason.NOT_REACHABLE},
    acts.Assessed: {
        "kind": Kind.COMPLAINT,
        "category": Category.FEES,
        "cause": Cause.GENERAL,
        "severity": Severity.ORDINARY,
        "urgency": Urgency.GENERAL,
        "department": "complaints",
    },
    acts.InvestigationOpened: {"department": "complaints"},
    acts.AnswerWasRefused: {"question": Question.FINDING, "field": "conclusion", "reason": "is not a choice"},
    acts.MaterialsRequested: {"reasons": "请补充银行流水。"},
    acts.MaterialsReceived: {"number": 1, "channel": "web", "sender": "crm", "words": "补充三月的银行流水。"},
    acts.Found: {
        "conclusion": Conclusion.SUBSTANTIATED,
        "cause": Cause.GENERAL,
        "severity": Severity.ORDINARY,
        "basis": Basis.RECORDS,
        "reasons": "已核对扣款记录。",
    },
    acts.Decided: {
        "outcome": Outcome.UPHELD,
        "remedy": Remedy.REFUND,
        "amount": Decimal("128.50"),
        "currency": "CNY",
        "basis": Basis.CONTRACT,
        "reasons": "属重复扣收。",
    },
    acts.ReportExamined: {"result": ReportResult.CONFIRMED, "basis": Basis.RECORDS},
    acts.Replied: {"topic": Topic.EARLY_REPAYMENT, "words": "可随时申请。"},
    acts.PutRight: {"done_on": date(2026, 3, 3), "voucher": "PAY-2026-0042"},
    acts.FollowedUp: {"satisfaction": Satisfaction.SATISFIED, "lesson": "批处理应先查重。"},
    acts.RecordCorrected: {
        "complaint": a_complaint(narrative="登记时漏写的经过。"),
        "channel": "web",
        "language": "zh-CN",
        "party_type": "person",
        "received_at": MONDAY,
        "timely": True,
    },
    acts.HandlingEnded: {"closure": Closure.WITHDRAWN},
    acts.ReportWaived: {"reason": NoReport.RECALLED},
    acts.Closed: {"closure": Closure.COMPLETED},
    acts.HoldPlaced: {"hold": 1, "ordered_by": "上海金融法院", "document": "（2026）沪74民初1号", "reason": "诉讼"},
    acts.HoldLifted: {"hold": 1, "ordered_by": "上海金融法院", "document": "（2026）沪74民初2号", "reason": "判决生效"},
    acts.Erased: {"ground": "expired", "rule": "case-files", "retained_until": "2031-03-02", "approver": "wang.fang"},
    acts.Archived: {"sha256": "0" * 64, "format": 2},
    acts.EvidenceAdded: _EXHIBIT | {"number": 1, "note": "投诉人本人录制。"},
    acts.EvidenceRefused: _EXHIBIT | {"reason": Refusal.INFECTED, "finding": "Eicar-Test-Signature"},
    acts.EvidenceOpened: {"number": 1, "purpose": "核对扣款记录"},
    acts.MailTaken: {
        "evidence": 1,
        "follows": "TS260102-2K3M9QX",
        "names": (REFERENCE,),
        "notes": ("charset_guessed",),
    },
    acts.Viewed: {"what": "complainant"},
}


def an_act(act: type[Act], /, **changes: Any) -> Act:
    """A valid act of the sort asked for."""
    return a_received(**changes) if act is acts.Received else act.model_validate(_EXAMPLES.get(act, {}) | changes)


WAYS: dict[Kind, tuple[Act, ...]] = {
    Kind.COMPLAINT: (
        an_act(acts.Acknowledged),
        an_act(acts.Assessed),
        an_act(acts.InvestigationOpened),
        an_act(acts.Found),
        an_act(acts.Decided),
        an_act(acts.Answered),
        an_act(acts.PutRight),
        an_act(acts.FollowedUp),
        an_act(acts.Closed),
        an_act(acts.Archived),
    ),
    Kind.CONSULTATION: (
        an_act(acts.Acknowledged),
        an_act(acts.Assessed, kind=Kind.CONSULTATION),
        an_act(acts.Answered),
        an_act(acts.Closed, closure=Closure.ANSWERED_AT_ONCE),
        an_act(acts.Archived),
    ),
    Kind.SUGGESTION: (
        an_act(acts.Acknowledged),
        an_act(acts.Assessed, kind=Kind.SUGGESTION),
        an_act(acts.Answered),
        an_act(acts.Closed, closure=Closure.RECORDED),
        an_act(acts.Archived),
    ),
    Kind.REPORT: (
        an_act(acts.Acknowledged),
        an_act(acts.Assessed, kind=Kind.REPORT, department="compliance"),
        an_act(acts.InvestigationOpened, department="compliance"),
        an_act(acts.ReportExamined),
        an_act(acts.Answered),
        an_act(acts.Closed),
        an_act(acts.Archived),
    ),
}
"""The acts after receipt by which a matter of each kind goes from stage to stage."""


def a_case(
    stage: Stage = Stage.RECEIVED,
    *,
    kind: Kind = Kind.COMPLAINT,
    now: datetime = MONDAY,
    instead: Iterable[Act] = (),
    **changes: Any,
) -> Case:
    """A case that has come as far as ``stage``, all at one moment.

    Args:
        stage: Where it stands.
        kind: Which way it goes.
        now: When it was received and everything else happened.
        instead: Acts that take the place of the usual ones of the same sort.
        changes: What is different about the complaint.
    """
    case = receive(REFERENCE, load_pack(REGIME), a_complaint(kind=kind, **changes), "crm", now)
    if stage is Stage.ENDED:  # on nobody's way: handling can end at any stage
        case.record(an_act(acts.HandlingEnded), now, "li.wei")
    else:
        advance(case, stage, now=now, instead=instead)
    return case


def advance(case: Case, stage: Stage, *, now: datetime = MONDAY, instead: Iterable[Act] = ()) -> None:
    """Lead a case along the way of its kind to ``stage``."""
    other = {type(act): act for act in instead}
    way = [other.get(type(act), act) for act in WAYS[case.kind or Kind.COMPLAINT]]
    stages = list(Stage)
    for act in way:
        if case.stage is stage:
            return
        if stages.index(MOVES[type(act)][1]) > stages.index(case.stage):
            case.record(act, now, "li.wei")
    if case.stage is not stage:
        raise ValueError(f"a {case.kind} does not come to the stage '{stage}'")


def a_pack(toml: str = "", *, extends: str = REGIME, name: str = "test-firm", version: str = "1") -> Pack:
    """A firm's own pack, laid over a packaged one."""
    head = f'name = "{name}"\nversion = "{version}"\nextends = "{extends}"\n'
    return read_pack(head + toml, f"{name}.toml")


def a_regime(**changes: Any) -> Pack:
    """The regime of the tests' own; ``changes`` replace fields of the pack."""
    return read_pack(A_REGIME.read_text(encoding="utf-8"), A_REGIME.name).model_copy(update=changes)


def a_case_under(
    pack: Pack, *further: Pack, now: datetime = MONDAY, rules: Rulebook | None = None, **changes: Any
) -> Case:
    """A case that was just received under a pack of the test's own, and further ones beside it.

    Args:
        pack: The leading regime.
        further: Regimes beside it.
        now: When it was received, unless ``received_at`` says so.
        rules: Calendars; those that Redress brings along where they are left out.
        changes: What is different about the complaint.
    """
    known = (rules or packaged_rulebook()).with_packs([pack, *further])
    return receive(REFERENCE, pack, a_complaint(**changes), "crm", now, rules=known, further=further)


def replayed(case: Case) -> Case:
    """The case as it comes back from its ledger."""
    packs = [one for one in case.rules.packs[case.facts.regime] if one.version == case.facts.regime_version]
    stored = [Recorded(through_json(one.act), one.at, one.by) for one in case.new]
    return Case.replay(case.reference, packs[-1], stored, case.rules)


def sweep(case: Case, now: datetime) -> list[Act]:
    """Look at every clock as the scheduled sweep does, until none has anything more to say."""
    said: list[Act] = []
    while found := [act for name in list(case.clocks) if (act := case.watch(name, now))]:
        said += found
    return said


def send_letter(case: Case, letter: str, *, now: datetime, round: int = 1) -> None:
    """Let a letter go out."""
    prepare_letter(case, now=now, letter=letter, round=round)
    case.record(an_act(acts.LetterSent, letter=letter, round=round), now)


def a_letter(text: str = "您好:\n我们已收到您的投诉。\n") -> Rendered:
    """A rendered letter."""
    return Rendered("已收到您的投诉", text, f"<html><body><p>{text}</p></body></html>")


def prepare_letter(case: Case, *, now: datetime = MONDAY, **changes: Any) -> None:
    """Put a letter into a case's ledger, as if it had been rendered."""
    case.record(an_act(acts.LetterPrepared, **changes), now)


def fail_letter(case: Case, *, now: datetime = MONDAY, **changes: Any) -> None:
    """Let the letter of :func:`prepare_letter` come back."""
    case.record(an_act(acts.LetterFailed, **changes), now)


def file_complaint(store: Store, *, sender: str = "crm", delivery_id: str | None = None, **changes: Any) -> str:
    """File a complaint and return its reference."""
    return store.file(a_complaint(**changes), sender, REGIME, delivery_id).reference


def a_stored_case(store: Store, stage: Stage = Stage.RECEIVED, *, letter: bool = False, **changes: Any) -> str:
    """File a complaint, lead its case to ``stage``, and return the reference; ``letter`` puts one into the outbox."""
    reference = file_complaint(store, **changes)
    with store.open_case(reference) as desk:
        if letter:
            rendered = a_letter()
            prepare_letter(desk.case, now=desk.now, sha256=rendered.sha256)
            desk.keep_letter("acknowledgement", 1, rendered)
        advance(desk.case, stage, now=desk.now)
    return reference


def through_json(act: Act) -> Act:
    """The act as it comes back from the ledger."""
    return type(act).model_validate_json(act.model_dump_json())


def utc(*when: int) -> datetime:
    """An instant in UTC."""
    return datetime(*when, tzinfo=UTC)  # type: ignore[misc,arg-type] # numbers, passed on
