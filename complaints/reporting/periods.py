"""The periods that summaries and returns are made for, and the last day for handing in what is made of them."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from complaints.calendars.model import WorkingCalendar
from complaints.deadlines import add_months
from complaints.errors.base import ComplaintError
from complaints.regimes.due_dates import report_due_on
from complaints.regimes.model import ReportRule
from complaints.words import Worded

DAY: Final = timedelta(days=1)


class PeriodUnknown(ComplaintError):
    """What was given names no period."""

    def __init__(self, given: str) -> None:
        super().__init__(given)
        self.given = given

    def __str__(self) -> str:
        return (
            f"period: '{self.given}' is none. Write a month as 2026-03, a quarter as 2026-Q1, a half-year as 2026-H1, "
            "a year as 2026"
        )


class PeriodKind(Worded):
    """How long a period is."""

    MONTH = "month", "月度", "month"
    QUARTER = "quarter", "季度", "quarter"
    HALF = "half", "半年度", "half-year"
    YEAR = "year", "年度", "year"

    @property
    def months(self) -> int:
        """How many months it has."""
        return _MONTHS[self]

    @classmethod
    def of(cls, rule: ReportRule) -> "PeriodKind":
        """Return for which periods a return is made."""
        return cls.HALF if rule.period == "half_year" else cls(rule.period)


_MONTHS: Final = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.HALF: 6, PeriodKind.YEAR: 12}
_NAME: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})|-Q([1-4])|-H([12]))?")


@dataclass(frozen=True, order=True)
class Period:
    """A month, quarter, half-year or year of the calendar.

    Attributes:
        kind: How long it is.
        first_day: Its first day.

    Raises:
        PeriodUnknown: no such period begins on that day.
    """

    kind: PeriodKind
    first_day: date

    def __post_init__(self) -> None:
        """Refuse a day on which none begins."""
        object.__setattr__(self, "kind", PeriodKind(self.kind))
        begins = self.first_day.day == 1 and (self.first_day.month - 1) % self.kind.months == 0
        if not begins or not date.min.year + 1 < self.first_day.year < date.max.year:  # it has neighbours
            raise PeriodUnknown(f"{self.kind} from {self.first_day}")

    @classmethod
    def parse(cls, name: str) -> Self:
        """Return the period with a name: "2026-03", "2026-Q1", "2026-H1" or "2026".

        Raises:
            PeriodUnknown: there is none.
        """
        if (found := _NAME.fullmatch(name)) is None:
            raise PeriodUnknown(name)
        year, month, quarter, half = (int(one) if one else None for one in found.groups())
        kind, number = next(
            (kind, number)
            for kind, number in (
                (PeriodKind.MONTH, month),
                (PeriodKind.QUARTER, quarter),
                (PeriodKind.HALF, half),
                (PeriodKind.YEAR, 1),
            )
            if number is not None
        )
        try:
            return cls(kind, date(year or 0, (number - 1) * kind.months + 1, 1))
        except (ValueError, PeriodUnknown):  # month 13, year 0
            raise PeriodUnknown(name) from None

    @classmethod
    def containing(cls, kind: PeriodKind, day: date) -> Self:
        """Return the period that a day lies in."""
        kind = PeriodKind(kind)
        return cls(kind, date(day.year, (day.month - 1) // kind.months * kind.months + 1, 1))

    @property
    def name(self) -> str:
        """Such as "2026-03", "2026-Q1", "2026-H1" or "2026": in the order of time for one kind."""
        year, number = f"{self.first_day.year:04}", (self.first_day.month - 1) // self.kind.months + 1
        match self.kind:
            case PeriodKind.MONTH:
                return f"{year}-{number:02}"
            case PeriodKind.QUARTER:
                return f"{year}-Q{number}"
            case PeriodKind.HALF:
                return f"{year}-H{number}"
            case _:
                return year

    @property
    def last_day(self) -> date:
        """Its last day."""
        return self.after.first_day - DAY

    @property
    def before(self) -> Self:
        """The period before it."""
        return self._moved(-self.kind.months)

    @property
    def after(self) -> Self:
        """The period after it."""
        return self._moved(self.kind.months)

    @property
    def year_before(self) -> Self:
        """The same period a year before."""
        return self._moved(-12)

    def _moved(self, months: int) -> Self:
        return type(self)(self.kind, add_months(self.first_day, months))

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return its first instant in ``zone``, and the first one after it."""
        ends = add_months(self.first_day, self.kind.months)
        return _midnight(self.first_day, zone), _midnight(ends, zone)

    def __str__(self) -> str:
        return self.name


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def due_on(period: Period, rule: ReportRule | None, calendar: WorkingCalendar) -> date | None:
    """Return the last day for what is made for a period.

    Args:
        period: The period.
        rule: The regulator's return; None: the firm's own summary, which is due on the period's last working day.
        calendar: The regime's working days.

    Returns:
        The day. None where the return is not made for that period, or the authority names no figure.

    Raises:
        DeadlineError: see :func:`~complaints.deadlines.due`.
        NoWorkingTime: the calendar has no working day for years on end.
    """
    if rule is None:
        return calendar.at_or_before(period.last_day)
    if PeriodKind.of(rule) is not period.kind:
        return None
    return report_due_on(rule, period.last_day, calendar)
