"""What summaries and returns count of a case beyond where it stands; everything follows from the ledger alone."""

from typing import TYPE_CHECKING, Any, Final

from complaints import acts
from complaints.payments import payments_as_text
from complaints.words import BreachCause, Channel

if TYPE_CHECKING:
    from complaints.case import Case

GROUP: Final = "group"
"""The circumstance by which regimes know a complaint that many people raise together."""

REVIEW_REQUESTED: Final = "review_requested"
REVIEW_TOLD: Final = "review_told"
"""The events by which regimes know that a review was asked for, and that its result was told."""

ASKED, ANSWERED = "asked", "answered"

_FORWARDING: Final = frozenset({Channel.REGULATOR, Channel.HOTLINE})


def statistics_of(case: "Case") -> dict[str, Any]:
    """Return the columns of ``cases`` that are there for statistics only.

    ``sub_product`` and ``issue`` are the sender's own names; ``forwarded`` is what an authority or its hotline passed
    on, by its number or by the channel alone; ``repeats`` counts the cases that were merged into this one;
    ``reopened_at``, ``review_asked_at`` and ``review_told_at`` are the last time each;
    ``payments`` is all that was ever paid on it, before it was taken up again too;
    ``handler`` is who answered a question of the case last; ``changed_at`` is the latest time in its ledger.
    """
    facts = case.facts
    return {
        "sub_product": facts.sub_product,
        "issue": facts.issue,
        "represented": facts.represented,
        "forwarded": facts.authority is not None or facts.channel in _FORWARDING,
        "is_group": GROUP in case.circumstances,
        "repeats": len(case.absorbed),
        "merged_into": case.merged.into if case.merged else None,
        "merged_at": case.happened.get(acts.Merged.kind_name()) if case.merged else None,
        "reopened": case.reopened,
        "reopened_at": case.happened.get(acts.Reopened.kind_name()),
        "review": _review(case),
        "review_asked_at": case.happened.get(REVIEW_REQUESTED),
        "review_told_at": case.happened.get(REVIEW_TOLD),
        "payments": payments_as_text(case.payments),
        "handler": case.handler,
        "breach_cause": _breach_cause(case),
        "changed_at": case.changed_at,
    }


def _review(case: "Case") -> str | None:
    """Return how a review stands: the last one, where there were several."""
    asked, told = case.happened.get(REVIEW_REQUESTED), case.happened.get(REVIEW_TOLD)
    if asked is None:
        return None
    return ANSWERED if told and told >= asked else ASKED


def _breach_cause(case: "Case") -> BreachCause | None:
    """Return why a limit was missed: that for the answer before all others."""
    explained = [clock for clock in case.clocks.values() if clock.is_breach and clock.cause]
    if not explained:
        return None
    answer = case.answer_clock
    return next((clock for clock in explained if clock is answer), explained[0]).cause
