"""What a letter may say: everything of a case that its templates can ask for, in the letter's language."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from complaints.acts import Assessed, ClockPaused
from complaints.assessment import assess
from complaints.case import Case
from complaints.clocks import Clock
from complaints.deadlines import last_day
from complaints.intake import Complaint
from complaints.letter_rules import announced
from complaints.regimes.model import Duty, Nature
from complaints.report_back import report_words
from complaints.settings import Firm
from complaints.timekeeping import notice_of, rule_of
from complaints.transfers import REPORT_BACK
from complaints.words import EN, ZH, Kind, show_money

CONFIDENTIAL: Final = frozenset({"report_receipt", "report_outcome"})
"""Letters in which nothing shows the person who reported."""

NEUTRAL: Final = {ZH: "事项", EN: "matter"}
"""What a report is called in a letter."""

LIMIT: Final = {ZH: "办理时限", EN: "time for dealing with it"}
"""What any time limit of a report is called in a letter."""


def acknowledgement_letter(case: Case) -> str:
    """Return the letter that acknowledges a case.

    Who reports a wrong inside the firm gets a letter that does not show it; a suggestion is thanked at once.
    """
    kind = _assessed(case).kind
    return {Kind.REPORT: "report_receipt", Kind.SUGGESTION: "suggestion_thanks"}.get(kind, "acknowledgement")


def _assessed(case: Case) -> Assessed:
    """Return the assessment; of a case that has none yet, the one it is about to get."""
    return case.assessed or assess(case)


def hides_reporter(case: Case, letter: str | None = None) -> bool:
    """Whether nothing may show who reported, nor that it is a report: known, or about to be."""
    return letter in CONFIDENTIAL or _assessed(case).kind is Kind.REPORT


def show_date(day: date | datetime, language: str) -> str:
    """Return a date as a letter writes it: 2026年3月2日, or 2 March 2026."""
    return f"{day.year}年{day.month}月{day.day}日" if language == ZH else f"{day.day} {day:%B} {day.year}"


def words_of(case: Case, letter: str, firm: Firm, now: datetime, round: int) -> dict[str, Any]:
    """Return what the templates of a letter can ask for.

    Args:
        case: The case, with its personal data.
        letter: The letter's name.
        firm: Who writes.
        now: The firm's time.
        round: The how-manieth letter of its sort.
    """
    language, zone = case.language_of(letter), case.pack.tz
    suffix = "zh" if language == ZH else "en"
    assessed, hidden = _assessed(case), hides_reporter(case, letter)
    answer = case.answer_clock
    today = now.astimezone(zone).date()
    until = last_day(answer.due_at, zone) if answer else None
    return {
        "language": language,
        "firm": {
            "name": getattr(firm, f"name_{suffix}"),
            "address": getattr(firm, f"address_{suffix}"),
            "telephone": firm.telephone,
            "email": firm.email,
        },
        "case": {
            "reference": case.reference,
            "absorbed": list(case.absorbed),
            "kind_word": NEUTRAL[language] if hidden else assessed.kind.word(language),
            "received_on": show_date(case.facts.received_at.astimezone(zone), language),
            "today": show_date(today, language),
            "due_on": show_date(until, language) if until and until >= today else None,  # no promise for the past
            "product": None if hidden else case.facts.product,
        },
        "salutation": _salutation(None if hidden else case.complaint, language),
        **(_report(case, language, hidden=hidden) if letter == REPORT_BACK else {}),
        "department_word": department_word(assessed.department, language),
        "stated": case.circumstances,
        **_outcome(case, language),
        **_review(case),
        **_notice(case, letter, round, now),
    }


def _report(case: Case, language: str, *, hidden: bool) -> Mapping[str, Any]:
    """Return what the report to an authority says; it is the one letter that does not speak to the complainant."""
    report = report_words(case, language, lambda moment: _shown(case, moment, language), hidden=hidden)
    name = report["authority"]
    return {"salutation": f"{name}：" if language == ZH else f"To: {name}", "report": report}


def _salutation(complaint: Complaint | None, language: str) -> str:
    if complaint is None or not complaint.complainant.name:
        return "您好：" if language == ZH else "Hello,"
    name = complaint.complainant.name
    return f"尊敬的{name}：" if language == ZH else f"Dear {name},"


def _outcome(case: Case, language: str) -> Mapping[str, Any]:
    """Return what the letters about a result may say; None where the case has none yet."""
    found, decided, replied = case.found, case.decided, case.replied
    return {
        "reasons": case.materials_reasons,
        "conclusion": found.conclusion.value if found else None,
        "finding_word": found.conclusion.word(language) if found else None,
        "finding_reasons": (found.reasons or None) if found else None,
        "outcome": decided.outcome.value if decided else None,
        "outcome_word": decided.outcome.word(language) if decided else None,
        "basis_word": decided.basis.word(language) if decided else None,
        "decision_reasons": (decided.reasons or None) if decided else None,
        "remedy": decided.remedy.value if decided else None,
        "remedy_word": decided.remedy.word(language) if decided else None,
        "amount": show_money(decided.amount, decided.currency, language) if decided and decided.amount else None,
        "topic": replied.topic.value if replied else None,
        "topic_word": replied.topic.word(language) if replied else None,
        "words": (replied.words or None) if replied else None,
    }


def _review(case: Case) -> Mapping[str, Any]:
    """Return what is said of a review of the decision; None where no regime has one, or none was asked for."""
    windows = [rule.budget for pack in case.packs for rule in pack.clocks if rule.name == "review-request"]
    late = [clock.late for clock in _answer_clocks(case).values() if clock.met_at]
    asked, reopened = case.happened.get("review_requested"), case.happened.get("reopened")
    return {
        "review_days": windows[0] if windows else None,
        "review_asked_on": _shown(case, asked),
        "answered_on": _shown(case, case.happened.get("answered")),
        "answered_late": any(late) if late else None,
        "decision_changed": bool(asked and reopened and reopened > asked),
    }


def _notice(case: Case, letter: str, round: int, now: datetime) -> Mapping[str, Any]:
    """Return what a notice says of a pause or an extension; nothing where the letter is none."""
    told, which = notice_of(case, letter, round), announced(case, letter, round)
    if told is None or which is None:
        return {}
    language, (key, act) = case.facts.language, which
    rule, pack = rule_of(case, key)
    allowed = rule.pause(act.pause) if isinstance(act, ClockPaused) else rule.extension(act.tier)
    return {
        "notice_clock": LIMIT[language] if hides_reporter(case, letter) else told.clock.word(language),
        "notice_title": told.title.word(language),
        "notice_regime": pack.title.word(language),
        "notice_article": (allowed or rule).article.word(language),
        "notice_reason": told.reason or None,
        "new_due_on": _shown(case, told.new_due_on),
        "paused_on": _shown(case, act.begins) if isinstance(act, ClockPaused) else None,
        "resumes_on": _shown(case, told.resumes_on),
        "still_due_on": _shown(case, _still_due_on(case, key, told.new_due_on, now)),
    }


def _still_due_on(case: Case, key: str, later_on: date | None, now: datetime) -> date | None:
    """Return by when the answer is due all the same, as another limit runs that is stricter; None where none is."""
    clocks = _answer_clocks(case)
    running = [clock for name, clock in clocks.items() if name != key and not (clock.is_over or clock.is_paused)]
    days = [last_day(clock.due_at, case.pack.tz) for clock in running if clock.due_at > now]
    first = min(days, default=None)
    return first if key in clocks and first and (later_on is None or first < later_on) else None


def _answer_clocks(case: Case) -> dict[str, Clock]:
    """Return the limits for the answer, of all regimes."""
    rules = {key: rule_of(case, key)[0] for key in case.clocks}
    return {
        key: case.clocks[key] for key, rule in rules.items() if rule.nature is Nature.DUTY and rule.duty is Duty.ANSWER
    }


def _shown(case: Case, moment: date | datetime | None, language: str | None = None) -> str | None:
    """Return a day, or that of an instant in the regime's zone, as a letter writes it."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(case.pack.tz)
    return show_date(moment, language or case.facts.language) if moment else None


DEPARTMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "complaints": ("消费者权益保护部", "Consumer Protection Department"),
    "collection": ("贷后管理部", "Collections Department"),
    "claims": ("理赔部", "Claims Department"),
    "operations": ("运营管理部", "Operations Department"),
    "credit": ("征信管理部", "Credit Records Department"),
    "compliance": ("合规部", "Compliance Department"),
}


def department_word(department: str, language: str) -> str:
    """Return the name of a department in ``language``."""
    zh, en = DEPARTMENTS[department]
    return zh if language == ZH else en
