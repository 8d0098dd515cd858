"""On which day a summary is prepared by itself."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from complaints.calendars.model import WorkingCalendar
from complaints.regimes.model import Pack
from complaints.reporting.periods import Period, PeriodKind, due_on

CATCH_UP: Final = timedelta(days=10)
"""How long after its day a summary is still prepared by itself: the machines may have stood still on the day."""


def preparation_day(period: Period, pack: Pack, calendar: WorkingCalendar) -> date:
    """Return on which day the summary of a period is prepared.

    It is the firm's own standard, the last working day of the period, unless the regime asks for a return for such
    periods by a day that it names: then it is the first working day after the period, so that the period is whole and
    the most time is left for review and sign-off.

    Args:
        period: The period.
        pack: The regime.
        calendar: Its working days.
    """
    if any(due_on(period, rule, calendar) for rule in pack.reports):
        return calendar.at_or_after(period.after.first_day)
    return calendar.at_or_before(period.last_day)


def period_to_prepare(
    kind: PeriodKind, today: date, pack: Pack, calendar: WorkingCalendar, prepared: Mapping[str, date]
) -> Period | None:
    """Return the period whose summary is to be prepared now, or None.

    A period whose last cut-off lies before its end is prepared once more on the first working day after it: only then
    it is whole, and may be signed off.

    Args:
        kind: How long the period is.
        today: The day in the regime's zone.
        pack: The regime.
        calendar: Its working days.
        prepared: The periods of which there is a version, by name: the day of the last one's cut-off.
    """
    current = Period.containing(kind, today)
    for period in (current, current.before):
        last = prepared.get(period.name, date.min)
        day, over_on = preparation_day(period, pack, calendar), period.after.first_day
        whole_day = calendar.at_or_after(over_on)
        if day <= today <= day + CATCH_UP and last < day:
            return period
        if whole_day <= today <= whole_day + CATCH_UP and last < over_on:
            return period
    return None
