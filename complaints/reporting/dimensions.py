"""The five dimensions of analysis (time, people, event, channel, solution) and root causes, each as a table."""

from datetime import date, timedelta
from typing import Final

import numpy as np

from complaints.reporting.counting import Coded, Mask, Table, by_code
from complaints.reporting.periods import Period, PeriodKind
from complaints.reporting.spans import Days, Span
from complaints.words import Channel, PartyType, Remedy, Satisfaction

DIRECT, REPRESENTED = "direct", "represented"

_WEEK: Final = timedelta(days=7)


def dimensions_of(span: Span, period: Period) -> dict[str, Table]:
    """Return the five dimensions and the root causes.

    Args:
        span: The cases.
        period: A month is divided into weeks, anything longer into months.
    """
    cases = span.cases
    represented = Coded((DIRECT, REPRESENTED), cases.holds("represented").astype("int32"))
    people = cases.coded("party_type", open_to_all=True).within(represented)
    event = cases.coded("category", open_to_all=True).within(cases.coded("cause", open_to_all=True))
    everybody = [f"{party}/{way}" for party in PartyType for way in represented.labels]
    return {
        "dimension_time": _time(span, period),
        "dimension_people": by_code(cases.hidden(people), _course(span), everybody),
        "dimension_event": by_code(cases.hidden(event), _course(span)),
        "dimension_channel": by_code(cases.coded("channel"), _course(span), [str(one) for one in Channel]),
        "dimension_solution": by_code(cases.coded("remedy"), _worked(span), _REMEDIES),
        "root_causes": by_code(cases.hidden(event), {"cases": span.upheld}),
    }


_REMEDIES: Final = tuple(str(one) for one in Remedy)


def _course(span: Span) -> dict[str, Mask]:
    """What came in, by its receipt, and how complaints went, by their answer."""
    of_complaints = span.cases.is_complaint
    return {
        "complaints": span.complaints,
        "deduplicated": span.deduplicated,
        "late": span.late & of_complaints,
        "upheld": span.upheld & of_complaints,
    }


def _worked(span: Span) -> dict[str, Mask]:
    """How well remedies worked, of the cases closed with a decision."""
    closed = span.closed & span.cases.given("remedy") & ~span.cases.is_report
    satisfied, broadly, dissatisfied = (
        closed & span.cases.equals("satisfaction", one)
        for one in (Satisfaction.SATISFIED, Satisfaction.NEUTRAL, Satisfaction.DISSATISFIED)
    )
    return {
        "cases": closed,
        "satisfied": satisfied,
        "broadly_satisfied": broadly,
        "dissatisfied": dissatisfied,
        "reopened": closed & span.cases.given("reopened_at"),
    }


def _time(span: Span, period: Period) -> Table:
    days = span.cases.days("received_at")
    if period.kind is PeriodKind.MONTH:
        begins, steps = _weeks(period, days)
    else:
        begins = [date(period.first_day.year, month, 1) for month in _months(period)]
        steps = (days.astype("datetime64[M]") - np.datetime64(begins[0], "M")).astype("int64")
    within = (steps >= 0) & (steps < len(begins))
    coded = Coded(tuple(day.isoformat() for day in begins), np.where(within, steps, -1).astype("int32"))
    received = {"received": span.received, "complaints": span.complaints, "deduplicated": span.deduplicated}
    return by_code(coded, received, coded.labels)


def _months(period: Period) -> range:
    return range(period.first_day.month, period.last_day.month + 1)


def _weeks(period: Period, days: Days) -> tuple[list[date], "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """Return the Mondays of a month's weeks, the first of which may lie before the month, and each day's week."""
    monday = period.first_day - timedelta(days=period.first_day.weekday())
    number = (period.last_day - monday).days // 7 + 1
    steps = (days - np.datetime64(monday)).astype("int64") // 7
    return [monday + week * _WEEK for week in range(number)], steps
