"""The first assessment: kind, category, cause, weight and department, each with its reason."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Final

from complaints.acts import Assessed
from complaints.case import Case
from complaints.words import Category, Cause, Channel, Kind, Severity, Urgency

LARGE_AMOUNT: Final = Decimal(50_000)
"""From this amount on, in the complaint's currency, a matter is complex; the firm's own measure."""

DEPARTMENT_OF: Final[Mapping[Category, str]] = {
    Category.COLLECTION: "collection",
    Category.CLAIM: "claims",
    Category.CREDIT_REPORT: "credit",
    Category.PAYMENT: "operations",
}


def assess(case: Case) -> Assessed:
    """Settle kind, category, cause, severity, urgency and department of a case.

    What the sender stated stands; the rest is suggested by the words of the narrative, and says so in ``reasons``.
    The reasons name only words of our own lists, never the complainant's.
    """
    words = (case.complaint.narrative if case.complaint else "").casefold()
    reasons: list[str] = []
    kind = case.facts.stated_kind or Kind(_suggest("kinds", words, Kind.COMPLAINT, reasons))
    suggested = case.facts.cause or Cause(_suggest("causes", words, Cause.GENERAL, reasons))
    category = case.facts.category or Category(_suggest("categories", words, Category.OTHER, reasons))
    if suggested is not Cause.GENERAL and case.facts.category is None and category is Category.OTHER:
        category = Category.COLLECTION
    fits = category in (Category.COLLECTION, Category.INFORMATION)
    return Assessed(
        kind=kind,
        category=category,
        cause=case.facts.cause or (suggested if fits else Cause.GENERAL),
        severity=_severity(case, reasons),
        urgency=_urgency(case, suggested, reasons),
        department="compliance" if kind is Kind.REPORT else DEPARTMENT_OF.get(category, "complaints"),
        reasons=tuple(reasons),
    )


def _severity(case: Case, reasons: list[str]) -> Severity:
    amount = case.facts.amount
    if amount and amount.value >= LARGE_AMOUNT:
        reasons.append(f"amount from {LARGE_AMOUNT} {amount.currency} on: complex")
        return Severity.COMPLEX
    return Severity.ORDINARY


def _urgency(case: Case, cause: Cause, reasons: list[str]) -> Urgency:
    if case.facts.urgent:
        reasons.append("marked urgent by the sender")
    elif case.facts.channel in (Channel.REGULATOR, Channel.HOTLINE):
        reasons.append(f"came through {case.facts.channel}: urgent")
    elif cause in (Cause.IMPROPER_COMMUNICATION, Cause.LEAKED_INFORMATION):
        reasons.append(f"cause {cause}: urgent")
    else:
        return Urgency.GENERAL
    return Urgency.URGENT


def _suggest(group: str, text: str, default: str, reasons: list[str]) -> str:
    for code, words in _words()[group].items():
        for word, pattern in words:
            if pattern.search(text):
                reasons.append(f"{code}: suggested by '{word}'")
                return code
    return default


@cache
def _words() -> Mapping[str, Mapping[str, Sequence[tuple[str, re.Pattern[str]]]]]:
    lists = tomllib.loads((resources.files("complaints") / "assessment.toml").read_text(encoding="utf-8"))
    return {
        group: {code: [(word.rstrip("-"), _pattern(word)) for word in words] for code, words in codes.items()}
        for group, codes in lists.items()
    }


def _pattern(word: str) -> re.Pattern[str]:
    """Return what finds a word: a Chinese one anywhere, an English one as a word, or from its start."""
    if not word.isascii():
        return re.compile(re.escape(word))
    return re.compile(rf"\b{re.escape(word.rstrip('-'))}" + ("" if word.endswith("-") else r"\b"), re.ASCII)
