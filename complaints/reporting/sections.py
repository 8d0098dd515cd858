"""The sections of a summary that count cases, each as a table; the five dimensions are beside it."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from complaints.reporting.counting import Coded, Layer, Mask, Table, by_code, by_name
from complaints.reporting.spans import Cases, Span
from complaints.words import (
    BreachCause,
    Closure,
    Kind,
    Outcome,
    PartyType,
    Remedy,
    Satisfaction,
    Severity,
    Urgency,
    Worded,
)

AGE_BANDS: Final = {"days_0_15": 15, "days_16_30": 30, "days_31_60": 60, "days_over_60": None}
"""The last day of each band of days since receipt, the day of receipt being day 0: the three limits of CN-NFRA 2020-3
art. 18, and beyond."""

BREAKDOWNS: Final[Mapping[str, type[Worded] | None]] = {
    "kind": Kind,
    "category": None,
    "cause": None,
    "channel": None,
    "region": None,
    "product": None,
    "issue": None,
    "urgency": Urgency,
    "severity": Severity,
    "party_type": PartyType,
    "department": None,
}
"""By what the matters received are broken down, and the codes that are shown though nobody has them."""


def sections_of(span: Span) -> dict[str, Table]:
    """Return every section that is no dimension, in the order of a summary."""
    cases = span.cases
    received = {"received": span.received, "complaints": span.complaints, "deduplicated": span.deduplicated}
    breakdowns = {
        name: by_code(cases.coded(name, open_to_all=name == "kind"), received, _codes(words))
        for name, words in BREAKDOWNS.items()
    }
    return {
        "totals": _totals(span),
        **breakdowns,
        "handled": by_code(_banded(span.days_to_end), {"cases": span.handled, "late": span.handled & span.late}, BANDS),
        "timeliness": by_code(
            cases.coded("kind", open_to_all=True), {"in_time": span.in_time, "late": span.late}, _codes(Kind)
        ),
        "breach_causes": _counted(cases, "breach_cause", span.late, BreachCause),
        "closed_by": by_code(cases.coded("closure", open_to_all=True), {"closed": span.closed}, _codes(Closure)),
        "outcomes": _counted(cases, "outcome", span.told, Outcome),
        "upheld": by_code(cases.coded("category"), _by_outcome(span)),
        "remedies": _counted(cases, "remedy", span.told, Remedy),
        "redress": _redress(span),
        "reviews": by_name(
            {
                "asked": {"cases": span.review_asked},
                "answered": {"cases": span.review_told},
                "changed": {"cases": span.changed_by_review},
            }
        ),
        "satisfaction": _counted(cases, "satisfaction", span.closed & ~cases.is_report, Satisfaction),
        "open_by_age": by_code(
            _banded(span.age_days), {"open": span.open, "unanswered": span.unanswered, "overdue": span.overdue}, BANDS
        ),
        "durations": _durations(span),
        "handlers": by_code(cases.coded("handler"), _load(span)),
        "departments": by_code(cases.coded("department"), _load(span)),
    }


BANDS: Final = tuple(AGE_BANDS)
_LAST_DAYS: Final = [last for last in AGE_BANDS.values() if last is not None]


def _codes(words: type[Worded] | None) -> tuple[str, ...] | None:
    return None if words is None else tuple(map(str, words))


def _totals(span: Span) -> Table:
    counted = {
        "matters": span.received,
        "complaints": span.complaints,
        "complaints_deduplicated": span.deduplicated,
        "forwarded": span.forwarded,
        "group": span.group,
        "repeat": span.repeat,
        "closed": span.closed,
        "withdrawn": span.withdrawn,
        "reopened": span.reopened,
    }
    return by_name({code: {"cases": mask} for code, mask in counted.items()})


def _counted(cases: Cases, column: str, mask: Mask, words: type[Worded]) -> Table:
    """Count by a code: every one of its list, none left out."""
    return by_code(cases.coded(column), {"cases": mask}, _codes(words))


def _banded(days: NDArray[np.int64]) -> Coded:
    return Coded(BANDS, np.searchsorted(_LAST_DAYS, days).astype("int32"))


def _by_outcome(span: Span) -> dict[str, Mask]:
    return {str(one): span.told & span.cases.equals("outcome", one) for one in Outcome}


def _load(span: Span) -> dict[str, Mask]:
    return {"received": span.received, "closed": span.closed, "open": span.open, "late": span.late}


def _redress(span: Span) -> Table:
    """Add what was paid, exactly, and never across currencies."""
    paid = span.paid.where(~span.cases.is_report[span.paid.case])  # how much was paid on one would be in the sum
    amounts, layers = [], []
    for place in range(len(paid.currency.labels)):  # a case may be paid in several, and twice in one
        of_currency = paid.where(paid.currency.codes == place)
        amounts.append(sum(of_currency.amount, Decimal("0.00")))
        cases = np.zeros(len(span.cases), bool)
        cases[of_currency.case] = True
        layers.append(Layer(cases, place))
    return Table(paid.currency.labels, {"cases": layers, "amount": layers}, values={"amount": amounts})


def _durations(span: Span) -> Table:
    ends = {"answer": (span.answered, "answered_at"), "close": (span.closed, "closed_at")}
    table = by_name({code: dict.fromkeys(("cases", *_AVERAGES), mask) for code, (mask, _) in ends.items()})
    days = [span.days_to(column)[mask] for mask, column in ends.values()]
    values = {name: [average(one) if len(one) else None for one in days] for name, average in _AVERAGES.items()}
    return Table(table.labels, table.measures, table.listed, values)


def _average(days: NDArray[np.int64]) -> Decimal:
    return _tenth(Decimal(int(days.sum())) / len(days))


def _median(days: NDArray[np.int64]) -> Decimal:
    return _tenth(Decimal(str(float(np.median(days)))))


_AVERAGES: Final[Mapping[str, Any]] = {"average_days": _average, "median_days": _median}


def _tenth(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)
