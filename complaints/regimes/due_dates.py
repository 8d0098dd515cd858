"""When a return is due."""

from datetime import date, datetime, time

from complaints.calendars.model import WorkingCalendar
from complaints.deadlines import Term, add_months, due
from complaints.regimes.model import MonthDay, ReportRule


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
