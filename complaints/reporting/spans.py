"""Which cases count in a span of time: every definition of ``docs/figures.md``, as one array of yes and no.

What a case *is* (its kind, category, whoever handled it last) is what the frame says of it: what was known at the
cut-off. What *happened* is placed by its time, so that a case that was answered, merged or closed after the span counts
in it as unanswered, of its own and open.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from itertools import chain
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from complaints.payments import payments_in
from complaints.reporting.counting import Coded, Mask
from complaints.words import Closure, Kind, Outcome

UNASSESSED: Final = "unassessed"
UNCATEGORISED: Final = "uncategorised"
NOT_STATED: Final = "not_stated"
CONFIDENTIAL: Final = "confidential"

MISSING: Final = {
    "kind": UNASSESSED,
    "category": UNCATEGORISED,
    "cause": NOT_STATED,
    "channel": NOT_STATED,
    "region": NOT_STATED,
    "product": NOT_STATED,
    "issue": NOT_STATED,
    "urgency": UNASSESSED,
    "severity": UNASSESSED,
    "party_type": NOT_STATED,
    "department": UNASSESSED,
    "handler": NOT_STATED,
    "breach_cause": NOT_STATED,
}
"""The code of a case that has none in a column; in any other column it is not counted."""

_MOMENT: Final = timedelta(microseconds=1)

Days = NDArray[np.datetime64]


class Payments(NamedTuple):
    """Money that was paid, a place a payment.

    Attributes:
        case: The place of its case in the frame.
        on: The day.
        amount: Decimals.
        currency: Its code.
    """

    case: NDArray[np.int64]
    on: Days
    amount: NDArray[np.object_]
    currency: Coded

    def where(self, mask: Mask) -> "Payments":
        """Return those of ``mask``."""
        currency = Coded(self.currency.labels, self.currency.codes[mask])
        return Payments(self.case[mask], self.on[mask], self.amount[mask], currency)


class Cases:
    """A frame of cases, read once for all the spans that are counted in it.

    Args:
        frame: By reference; columns as in :data:`complaints.reporting.frame.COLUMNS`.
        zone: In which days begin.
        code_of: The code of a name, by its column and the name.

    Attributes:
        is_complaint: Its kind is complaint; a matter that nobody has assessed is what its sender called it.
        is_report: A whistle-blowing report: it must not be found by its region, product or handler.
    """

    def __init__(
        self, frame: pd.DataFrame, zone: ZoneInfo, code_of: Callable[[str, str], str] = lambda _, name: name
    ) -> None:
        self.frame, self.zone, self._code_of = frame, zone, code_of
        self.is_complaint = self.equals("kind", Kind.COMPLAINT)
        self.is_report = self.equals("kind", Kind.REPORT)
        self._coded: dict[tuple[str, bool], Coded] = {}
        self._days: dict[str, Days] = {}

    def __len__(self) -> int:
        return len(self.frame)

    def at(self, column: str) -> NDArray[np.datetime64]:
        """Return instants of a column in UTC; NaT, which is neither before nor after anything, where there is none."""
        instants: NDArray[np.datetime64] = self.frame[column].dt.tz_convert(None).to_numpy("datetime64[us]")
        return instants

    def days(self, column: str) -> Days:
        """Return the days of a column's instants in the zone."""
        if column not in self._days:
            local = self.frame[column].dt.tz_convert(self.zone).dt.tz_localize(None)
            self._days[column] = local.to_numpy("datetime64[D]")
        return self._days[column]

    def equals(self, column: str, code: str) -> Mask:
        """Return which cases have a code."""
        return self.frame[column].eq(str(code)).fillna(False).to_numpy(bool)

    def given(self, column: str) -> Mask:
        """Return which cases have anything in a column."""
        return self.frame[column].notna().to_numpy(bool)

    def holds(self, column: str) -> Mask:
        """Return of which cases a column says yes."""
        return self.frame[column].fillna(False).to_numpy(bool)

    def coded(self, column: str, *, open_to_all: bool = False) -> Coded:
        """Return the codes of a column, those of reports hidden behind one of their own.

        Args:
            column: Of codes or names.
            open_to_all: It tells nothing of who reported, so that reports need not be hidden.
        """
        key = (column, open_to_all)
        if key not in self._coded:
            plain = Coded.of(self.frame[column]).renamed(partial(self._code_of, column))
            if column in MISSING:
                plain = plain.replaced(plain.codes < 0, MISSING[column])
            self._coded[key] = plain if open_to_all else self.hidden(plain)
        return self._coded[key]

    @cached_property
    def payments(self) -> Payments:
        """All payments, whatever became of their cases later."""
        told = np.flatnonzero(self.given("payments"))
        by_case = payments_in(self.frame["payments"].to_numpy()[told])
        days, amounts, currencies = zip(*chain.from_iterable(by_case), strict=True) if len(told) else ((), (), ())
        return Payments(
            np.repeat(told, [len(one) for one in by_case]),
            np.array(days, "datetime64[D]"),
            np.array(amounts, "object"),
            Coded.of(pd.Series(currencies, dtype="str")),
        )

    def hidden(self, coded: Coded) -> Coded:
        """Return codes with those of whistle-blowing reports replaced by one of their own."""
        reports = self.is_report & (coded.codes >= 0)
        return coded.replaced(reports, CONFIDENTIAL) if reports.any() else coded


class Span:
    """Which cases count from ``starts_at`` up to ``until``, each property an array of yes and no."""

    def __init__(self, cases: Cases, starts_at: datetime, until: datetime) -> None:
        self.cases, self.starts_at, self.until = cases, starts_at, until
        self._starts, self._until = _utc(starts_at), _utc(until)

    def _within(self, column: str) -> Mask:
        at = self.cases.at(column)
        return (at >= self._starts) & (at < self._until)

    def _before_its_end(self, column: str) -> Mask:
        return self.cases.at(column) < self._until

    @cached_property
    def received(self) -> Mask:
        """Matters of every kind, history included, by their receipt."""
        return self._within("received_at")

    @cached_property
    def complaints(self) -> Mask:
        """Those received that are complaints, declined and withdrawn ones too."""
        return self.received & self.cases.is_complaint

    @cached_property
    def deduplicated(self) -> Mask:
        """Complaints received, without those that were merged into another before the span ended (CN-NFRA art. 18)."""
        return self.complaints & ~self._merged

    @cached_property
    def _merged(self) -> Mask:
        return self.cases.given("merged_into") & self._before_its_end("merged_at")

    @cached_property
    def forwarded(self) -> Mask:
        """Complaints received that an authority or its hotline passed on."""
        return self.complaints & self.cases.holds("forwarded")

    @cached_property
    def group(self) -> Mask:
        """Complaints received that many people raised together."""
        return self.complaints & self.cases.holds("is_group")

    @cached_property
    def repeat(self) -> Mask:
        """Complaints received that were merged into another, or that had another merged into them, by its end."""
        into = self.cases.frame["merged_into"][self._merged]
        return self.complaints & (self._merged | self.cases.frame["reference"].isin(into.astype("str")).to_numpy(bool))

    @cached_property
    def answered(self) -> Mask:
        """Matters whose complainant was told the outcome."""
        return self._within("answered_at")

    @cached_property
    def closed(self) -> Mask:
        """Matters closed; imported history only where its closing date is known."""
        return self._within("closed_at")

    @cached_property
    def withdrawn(self) -> Mask:
        """Matters closed because they were withdrawn."""
        return self.closed & self.cases.equals("closure", Closure.WITHDRAWN)

    @cached_property
    def reopened(self) -> Mask:
        """Matters that were taken up again; one that was several times counts with the last."""
        return self._within("reopened_at")

    @cached_property
    def ended(self) -> Mask:
        """Matters that were answered, or closed without an answer: with that their limit ended."""
        return self.answered | (self.closed & ~self.cases.given("answered_at"))

    @cached_property
    def in_time(self) -> Mask:
        """Matters whose limit for the answer ended, and was kept."""
        return self.ended & self.cases.given("late") & ~self.cases.holds("late")

    @cached_property
    def late(self) -> Mask:
        """Matters whose limit for the answer ended, and was missed."""
        return self.ended & self.cases.holds("late")

    @cached_property
    def handled(self) -> Mask:
        """Complaints answered or closed; not those that were merged into another by its end."""
        return self.ended & self.cases.is_complaint & ~self._merged

    @cached_property
    def open(self) -> Mask:
        """Matters received and not closed at its end; history is never open."""
        never_open = self.cases.holds("history") & ~self.cases.given("closed_at")
        return self._before_its_end("received_at") & ~self._before_its_end("closed_at") & ~never_open

    @cached_property
    def unanswered(self) -> Mask:
        """Open matters that were not answered at its end."""
        return self.open & ~self._before_its_end("answered_at")

    @cached_property
    def overdue(self) -> Mask:
        """Unanswered matters whose limit had run out; at midnight the day that is in time has just ended.

        While the clock stands still there is no limit, and nothing runs out.
        """
        return self.unanswered & self._before_its_end("decision_due_at")

    @cached_property
    def told(self) -> Mask:
        """Matters whose complainant was told the outcome, where it may be told which: of a report it is not."""
        return self.answered & ~self.cases.is_report

    @cached_property
    def upheld(self) -> Mask:
        """Decisions told by which a complaint was upheld, wholly or in part."""
        whole, part = (self.cases.equals("outcome", one) for one in (Outcome.UPHELD, Outcome.PARTLY_UPHELD))
        return self.told & (whole | part)

    @cached_property
    def review_asked(self) -> Mask:
        """Matters of which a review was asked for."""
        return self._within("review_asked_at")

    @cached_property
    def review_told(self) -> Mask:
        """Matters of which a review's result was told, since it was last asked for."""
        return self._within("review_told_at") & (self.cases.at("review_told_at") >= self.cases.at("review_asked_at"))

    @cached_property
    def changed_by_review(self) -> Mask:
        """Matters taken up again after a review had been asked for."""
        return self.reopened & (self.cases.at("reopened_at") >= self.cases.at("review_asked_at"))

    @cached_property
    def paid(self) -> Payments:
        """Payments of its days, also on cases that were taken up again since."""
        paid = self.cases.payments
        return paid.where((paid.on >= self._day(self.starts_at)) & (paid.on <= self._last_day))

    @cached_property
    def age_days(self) -> NDArray[np.int64]:
        """Of every case the days from its receipt to the last day of the span, the day of receipt being day 0."""
        return _whole(self._last_day - self.cases.days("received_at"))

    @property
    def _last_day(self) -> np.datetime64:
        return self._day(self.until - _MOMENT)

    def _day(self, at: datetime) -> np.datetime64:
        return np.datetime64(at.astimezone(self.cases.zone).date())

    @cached_property
    def days_to_end(self) -> NDArray[np.int64]:
        """Of every case that was answered or closed the calendar days from its receipt to that; -1 of others."""
        answered, closed = self.cases.days("answered_at"), self.cases.days("closed_at")
        return _whole(np.where(np.isnat(answered), closed, answered) - self.cases.days("received_at"))

    def days_to(self, column: str) -> NDArray[np.int64]:
        """Return of every case the calendar days from its receipt to an instant of it; -1 where there is none."""
        return _whole(self.cases.days(column) - self.cases.days("received_at"))


def _utc(at: datetime) -> np.datetime64:
    return np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")


def _whole(spans: NDArray[Any]) -> NDArray[np.int64]:
    return np.where(np.isnat(spans), np.int64(-1), spans.astype("int64"))
