"""When a return is due, and how long a file is kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from complaints import acts
from complaints.calendars.model import WorkingCalendar
from complaints.case import Case
from complaints.clock_rules import applies
from complaints.deadlines import Term, add_months, due
from complaints.regimes.model import MonthDay, ReportRule, RetentionRule


def report_due_on(rule: ReportRule, period_end: date, calendar: WorkingCalendar) -> date | None:
    """Return the last day on which the return for a period may be handed in.

    Args:
        rule: The return.
        period_end: The last day of the period.
        calendar: The regime's working days.

    Returns:
        The day, or None where the return is not made for that period, or the authority names no figure.

    Raises:
        DeadlineError: see :func:`~complaints.deadlines.due`.
    """
    not_yet = rule.periods_from is not None and period_end < rule.periods_from
    not_any_more = rule.periods_to is not None and period_end > rule.periods_to
    if not_yet or not_any_more:
        return None
    if rule.due_budget:
        ended = datetime.combine(period_end, time(12), calendar.zone)
        return due(Term(rule.due_budget, rule.due_unit, ended, calendar.zone, calendar)).on
    days = (_on(day, year) for year in (period_end.year, period_end.year + 1) for day in rule.window)
    return min((day for day in days if day > period_end), default=None)


def _on(day: MonthDay, year: int) -> date:
    """Return a day of a year; the 31st of a shorter month is its last day."""
    first = date(year, day.month, 1)
    last = (add_months(first, 1) - first).days
    return first.replace(day=min(day.day, last))


@dataclass(frozen=True)
class Kept:
    """How long a file is kept.

    Attributes:
        until: The last day on which it must be there.
        rule: The rule that asks for it: the longest of those that apply.
    """

    until: date
    rule: RetentionRule


def kept_until(case: Case, rules: Iterable[RetentionRule] | None = None, *, held: bool = False) -> Kept | None:
    """Return how long the file of a case is kept: the longest rule that applies wins.

    Args:
        case: The case.
        rules: Retention rules; those of its regimes where they are left out.
        held: Somebody ordered that it be kept until further notice, as for a lawsuit.

    Returns:
        The last day and the rule; None while no end is in sight: the case is open or held, or no rule began to count.
    """
    if case.stage.is_open or held:
        return None
    of_its_regimes = (rule for pack in case.packs for rule in pack.retention)
    return max(_kept(case, of_its_regimes if rules is None else rules), key=lambda kept: kept.until, default=None)


def _kept(case: Case, rules: Iterable[RetentionRule]) -> Iterator[Kept]:
    for rule in rules:
        began = case.happened.get(rule.starts)
        if rule.starts == acts.Closed.kind_name():
            began = case.closed_at or began  # of an imported case, when it really was
        if began and applies(case, rule.when):
            yield Kept(add_months(began.astimezone(case.pack.tz).date(), 12 * rule.years), rule)
