"""What the report to an authority says: what became of a matter that it forwarded, and whether people were told."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from complaints.case import Case
from complaints.correspondence import ON_FILE, Letter
from complaints.deadlines import last_day
from complaints.transfers import name_of_authority, polite_you
from complaints.words import Cause, Closure, GiveUpReason, Kind, Title, show_money

Show = Callable[[date | datetime | None], str | None]
"""Writes a day, or that of an instant, as the letter does; None for None."""


class How(StrEnum):
    """In which of its ways a matter was dealt with."""

    DECIDED = "decided"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    REPLIED = "replied"
    EXAMINED = "examined"
    RECORDED = "recorded"
    SETTLED = "settled"


TELL_THE_OUTCOME: Final = frozenset(
    {
        "decision",
        "decline",
        "consultation_answer",
        "suggestion_thanks",
        "report_receipt",
        "report_outcome",
        "summary_resolution",
    }
)
"""Letters by which the complainant learns the outcome; of several the last counts."""

BY: Final[Mapping[str, Title]] = {
    "email": Title(zh="电子邮件", en="by e-mail"),
    "hand": Title(zh="书面或电话", en="on paper or by telephone"),
}
"""How a letter travelled."""

UNTOLD: Final[Mapping[GiveUpReason, Title]] = {
    GiveUpReason.NOT_REACHABLE: Title(zh="投诉人无法联系", en="the complainant cannot be reached"),
    GiveUpReason.REFUSED: Title(zh="投诉人拒收", en="the complainant refuses letters"),
}


def report_words(case: Case, language: str, show: Show, *, hidden: bool) -> Mapping[str, Any]:
    """Return what the report's templates can ask for.

    Args:
        case: A case that an authority forwarded.
        language: The letter's.
        show: Writes days in this language.
        hidden: Nothing may show who complains.
    """
    transfer = case.complaint.transfer if case.complaint else None
    if transfer is None:
        return {}
    name = name_of_authority(transfer.authority, language)
    return {
        "authority": name,
        "you": polite_you(name),
        "number": transfer.number,
        "sent_on": show(transfer.sent_on),
        "report_by": show(transfer.report_by),
        "how": how_dealt_with(case).value,
        "is_complaint": case.kind in (None, Kind.COMPLAINT),
        "hidden": hidden,
        **_people(case, language, hidden=hidden),
        **_matter(case, language),
        **_redress(case, show),
        **_told(case, language, show),
        **_time(case, show),
        "merged_into": case.merged.into if case.merged else None,
        "result_word": case.report.result.word(language) if case.report else None,
        "satisfaction_word": case.followed_up.satisfaction.word(language) if case.followed_up else None,
    }


def how_dealt_with(case: Case) -> How:
    """Return in which of its ways a matter was dealt with."""
    if case.ended:
        return How.MERGED if case.ended.closure is Closure.MERGED else How.WITHDRAWN
    if case.decided:
        return How.DECIDED
    if case.found and case.found.conclusion.declines:
        return How.DECLINED
    by_kind = {Kind.CONSULTATION: How.REPLIED, Kind.REPORT: How.EXAMINED, Kind.SUGGESTION: How.RECORDED}
    return by_kind.get(case.kind or Kind.COMPLAINT, How.SETTLED)


def _people(case: Case, language: str, *, hidden: bool) -> Mapping[str, Any]:
    """Return who complains: the name, by which the authority finds its own file, and nothing more."""
    complaint = None if hidden else case.complaint
    represented, amount = (complaint.representative, complaint.amount) if complaint else (None, None)
    return {
        "complainant": complaint.complainant.name if complaint else None,
        "representative": represented.name if represented else None,
        "amount": show_money(amount.value, amount.currency, language) if amount else None,
    }


def _matter(case: Case, language: str) -> Mapping[str, Any]:
    """Return what the matter is about, in the words of our own lists."""
    cause = case.found.cause if case.found else case.assessed.cause if case.assessed else None
    return {
        "category_word": case.category.word(language) if case.category else None,
        "cause_word": cause.word(language) if cause and cause is not Cause.GENERAL else None,
    }


def _redress(case: Case, show: Show) -> Mapping[str, Any]:
    """Return whether the remedy was carried out, and when; None where there was nothing to carry out."""
    owed = case.decided is not None and case.decided.remedy.needs_doing
    done_on = case.put_right.done_on if case.put_right else None
    return {"redress_done_on": show(done_on), "redress_open": owed and case.put_right is None}


def _told(case: Case, language: str, show: Show) -> Mapping[str, Any]:
    """Return whether the complainant was told the outcome, when and how, or why not."""
    letter = _outcome_letter(case)
    reason = GiveUpReason(letter.reason) if letter and letter.status == "given_up" else None
    why_not = UNTOLD.get(reason) if reason else None
    known = letter is None or letter.channel != ON_FILE
    waits = letter is not None and known and letter.kept is not None
    told = case.answered_at is not None and known and why_not is None and not waits
    by = BY.get(letter.channel) if letter and letter.status == "sent" else None
    return {
        "told_on": show((letter and letter.sent_at) or case.answered_at) if told else None,
        "told_by": by.word(language) if told and by else None,
        "written_on": show(letter.written_at) if letter and waits else None,
        "untold_because": why_not.word(language) if why_not else None,
        "is_unreachable": case.answered_at is not None and not known,
    }


def _outcome_letter(case: Case) -> Letter | None:
    sent = [letter for (name, _), letter in case.letters.items() if name in TELL_THE_OUTCOME]
    return sent[-1] if sent else None


def _time(case: Case, show: Show) -> Mapping[str, Any]:
    """Return by when the answer was due, whether that was extended, and when handling ended without one."""
    clock = case.answer_clock
    return {
        "answer_due_on": show(last_day(clock.due_at, case.pack.tz)) if clock else None,
        "is_extended": bool(clock and clock.extensions),
        "ended_on": show(case.happened["handling_ended"]) if case.ended else None,
    }
