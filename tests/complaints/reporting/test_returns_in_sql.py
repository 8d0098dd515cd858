"""The tables of returns a second time: the Chinese ones counted by the database, the others a complaint at a time.

Rows come from plain SQL, and are looked at one by one, by the definitions of ``docs/returns.md``. Nothing of the code
that makes returns is used here but its result; the holidays and the changes of the clock are written out.
"""

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from importlib.resources import files
from json import loads
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from complaints.adapters.returns import prepare_return
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow
from complaints.reporting.periods import Period
from complaints.reporting.returns.data import read_data
from complaints.reporting.returns.model import Return, Value
from complaints.settings import Firm
from complaints.words import Channel
from tests.builders import REGIME, SHANGHAI
from tests.complaints.reporting.rows import random_rows
from tests.complaints.reporting.test_figures_in_sql import AXES, OWN, Recount, on_axis, stored

AS_AT = datetime(2026, 11, 1, tzinfo=UTC)  # nothing was recorded later
LONDON, SYDNEY, NEW_YORK = (ZoneInfo(name) for name in ("Europe/London", "Australia/Sydney", "America/New_York"))
DAY = timedelta(days=1)


def returned(store: Store, regime: str, name: str, period: str, own: str = "") -> Return:
    """A return of what is in the database."""
    return prepare_return(store, regime, name, Period.parse(period), AS_AT, Firm(), read_data(regime, own))


def rows_around(seed: int, count: int, regime: str, shift: int, currency: str = "CNY") -> list[dict[str, Any]]:
    """Random cases, of which many lie on the edge of a month once their times are moved by some hours.

    Args:
        seed: Which ones.
        count: How many.
        regime: Under which they were received.
        shift: By so many hours their times are moved.
        currency: In which much of their money was paid.
    """
    moved = []
    for row in random_rows(seed, count):
        later = {name: at + timedelta(hours=shift) for name, at in row.items() if isinstance(at, datetime)}
        money = {name: (row[name] or "").replace("CNY", currency) or None for name in ("payments", "redress_currency")}
        moved.append(row | later | money | {"regime": regime})
    return moved


# --- China, by the database -------------------------------------------------------------------------

LABELS = {
    name: {one["code"]: one["title"]["zh"] for one in listed["codes"]}
    for name, listed in tomllib.loads(
        (files("complaints.reporting.returns") / "data" / "cn-nfra.toml").read_text("utf-8")
    )["lists"].items()
}
COMPLAINT = "received AND complaint"
TOTALS = {
    "收到投诉总量": COMPLAINT,
    "其中：并入其他投诉的": f"{COMPLAINT} AND merged",
    "去重后投诉总量": f"{COMPLAINT} AND NOT merged",
    "监管转办": f"{COMPLAINT} AND forwarded",
    "群体投诉": f"{COMPLAINT} AND is_group",
    "期内答复或办结": "ended AND complaint AND NOT merged",
    "其中：超期": "ended AND complaint AND NOT merged AND late",
    "期末未结": "is_open AND complaint",
}
BRANCH = OWN + '\n[entity]\nnumber = "B0001H231000001"\nbranch = "上海分行"\nregions = ["CN-31", "CN-44"]\n'


@pytest.mark.parametrize(("own", "regions"), [(OWN, ""), (BRANCH, " AND region IN ('CN-31', 'CN-44')")])
def test_the_tables_for_the_local_bureau_are_what_the_database_counts(store: Store, own: str, regions: str) -> None:
    stored(store, random_rows(6, 400))

    made = returned(store, REGIME, "local-bureau", "2026-Q1", own)

    with store.read() as session:
        recount = Recount(session, *Period.parse("2026-Q1").span(SHANGHAI), "month")

        def count(where: str, code: str = "''") -> Counter[str]:
            rows = recount.ask(f"{recount.flagged} SELECT {code} FROM flagged WHERE {where}{regions}")
            return Counter(str(one) for (one,) in rows)

        assert {str(name): number for name, number in made.table("totals").rows} == {
            name: count(where).total() for name, where in TOTALS.items()
        }
        for axis in ("business", "cause", "channel"):
            code = on_axis(*AXES[f"jrt_{axis}"])
            received, once = (count(TOTALS[name], code) for name in ("收到投诉总量", "去重后投诉总量"))
            shown = {str(name): figures for name, *figures in made.table(f"by-{axis}").rows if any(figures)}
            labels = LABELS[axis] | {"unmapped": "未对应"}
            assert shown == {
                labels[one]: [received[one], once[one], percent(once[one], once.total())] for one in received
            } | {"合计": [received.total(), once.total(), Decimal("100.00")]}
            assert sum(once.values()) == dict(made.table("totals").rows)["去重后投诉总量"]


def percent(part: int, whole: int) -> Decimal:
    """A share in per cent, to the hundredth."""
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_the_yearly_disclosure_is_what_the_database_counts(store: Store) -> None:
    stored(store, random_rows(7, 400))

    made = returned(store, REGIME, "yearly-disclosure", "2025", OWN)

    with store.read() as session:
        recount = Recount(session, *Period.parse("2025").span(SHANGHAI), "month")
        for axis in ("business", "cause"):
            code = on_axis(*AXES[f"jrt_{axis}"])
            where = "received AND complaint AND NOT merged"
            once = Counter(one for (one,) in recount.ask(f"{recount.flagged} SELECT {code} FROM flagged WHERE {where}"))
            shown = {str(name): (number, share) for name, number, share in made.table(f"by-{axis}").rows if number}
            labels = LABELS[axis] | {"unmapped": "未对应"}
            assert shown.pop("合计") == (once.total(), Decimal("100.00"))
            assert shown == {labels[one]: (n, percent(n, once.total())) for one, n in once.items()}
            assert made.table("totals").rows == (("去重后投诉总量", once.total()),)


# --- the others, a complaint at a time --------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """A complaint as a return sees it: what had become of it before ``until``."""

    row: Any
    zone: ZoneInfo
    starts: datetime
    until: datetime

    def day(self, at: datetime | None) -> date | None:
        """The day of an instant in the regime's zone."""
        return at.astimezone(self.zone).date() if at else None

    @cached_property
    def ended_at(self) -> datetime | None:
        """When it was answered, closed or merged, whichever came first, if that was before the end."""
        known = [one for one in (self.row.answered_at, self.row.closed_at, self.row.merged_at) if one]
        return min(known) if known and min(known) < self.until else None

    @property
    def is_same_as_another(self) -> bool:
        """Whether it came in and was merged into another within the period."""
        merged_at = self.row.merged_at
        return self.is_opened and merged_at is not None and merged_at < self.until

    @property
    def is_over_undated(self) -> bool:
        """Whether it is history of which nobody knows when it ended."""
        return self.row.history and not (self.row.answered_at or self.row.closed_at or self.row.merged_at)

    @property
    def is_opened(self) -> bool:
        """Whether it came in within the period."""
        return self.starts <= self.row.received_at < self.until

    @property
    def is_closed(self) -> bool:
        """Whether it ended within the period."""
        return self.ended_at is not None and self.ended_at >= self.starts

    @property
    def is_outstanding(self) -> bool:
        """Whether it was open when the period began."""
        ended_before = self.is_over_undated or (self.ended_at is not None and self.ended_at < self.starts)
        return self.row.received_at < self.starts and not ended_before

    @property
    def ending(self) -> str | None:
        """Its outcome, else how it was closed; nothing while it is open."""
        return (self.row.outcome or self.row.closure) if self.ended_at or self.is_over_undated else None

    @property
    def days(self) -> tuple[date, date | None]:
        """The days on which it came in and ended."""
        received_on = self.day(self.row.received_at)
        assert received_on
        return received_on, self.day(self.ended_at)

    def payments(self) -> Iterator[tuple[Decimal, str]]:
        """What was paid on it in the period."""
        first, last = self.day(self.starts), self.day(self.until - timedelta(microseconds=1))
        for paid_on, amount, currency in loads(self.row.payments or "[]"):
            if first <= date.fromisoformat(paid_on) <= last:
                yield Decimal(amount), currency


def seen(store: Store, regime: str, zone: ZoneInfo, starts: datetime, ends: datetime) -> list[Seen]:
    """The complaints of a regime that had come in before the period ended."""
    query = select(CaseRow).where(CaseRow.regime == regime, CaseRow.kind == "complaint", CaseRow.received_at < ends)
    with store.read() as session:
        rows = list(session.scalars(query.order_by(CaseRow.reference)))
    return [Seen(row, zone, starts, ends) for row in rows]


UK_FIRM = """
[entity]
number = "123456"

[maps.product]
title = { zh = "产品", en = "product" }
by = ["product", "sub_product"]
to = "grouping"
confidence = "H"
codes = { "轻舟消费贷" = "credit.Loans", "安心分期 / 助学" = "banking.Cards" }
"""
CAUSES = {
    "information": {"product", "contract", "information", "fees"},
    "admin": {"service", "payment", "claim", "credit_report"},
    "arrears": {"collection"},
    "selling": {"conduct"},
    "other": {"other"},
}
BANK_HOLIDAYS = {date(2026, *day) for day in ((1, 1), (4, 3), (4, 6), (5, 4), (5, 25), (8, 31), (12, 25), (12, 28))} | {
    date(2025, *day) for day in ((1, 1), (4, 18), (4, 21), (5, 5), (5, 26), (8, 25), (12, 25), (12, 26))
}


def third_business_day_after(day: date) -> date:
    """England's third business day after a day."""
    left = 3
    while left:
        day += DAY
        left -= day.weekday() < 5 and day not in BANK_HOLIDAYS
    return day


def grouping(one: Seen) -> str:
    """The grouping by the firm's own map."""
    if one.row.product == "轻舟消费贷":
        return "Credit related"
    return (
        "Banking and credit cards" if (one.row.product, one.row.sub_product) == ("安心分期", "助学") else "not mapped"
    )


def cause(one: Seen) -> str:
    """The authority's cause by our category."""
    return next((code for code, categories in CAUSES.items() if one.row.category in categories), "unmapped")


def taken(one: Seen) -> str:
    """How long it took."""
    received_on, ended_on = one.days
    assert ended_on
    if ended_on <= third_business_day_after(received_on):
        return "3 days"
    return "8 weeks" if (ended_on - received_on).days <= 56 else "longer"


BANDS = ("3 days", "8 weeks", "longer")
ORDER = ("selling", "information", "admin", "arrears", "other", "unmapped")
"""The authority's causes, in the order of its columns."""


@pytest.mark.parametrize("shift", [8, 7])  # midnight of Shanghai becomes that of London in winter, and in summer
def test_annex_1r_is_what_each_complaint_says(store: Store, shift: int) -> None:
    stored(store, rows_around(8, 500, "uk-disp", shift, "GBP"))
    starts, ends = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 30, 23, tzinfo=UTC)

    made = returned(store, "uk-disp", "annex-1r", "2026-H1", UK_FIRM)

    everyone = seen(store, "uk-disp", LONDON, starts, ends)
    counted = [one for one in everyone if not one.is_same_as_another]
    opened, closed = ([one for one in counted if getattr(one, what)] for what in ("is_opened", "is_closed"))
    assert made.left_out == len(everyone) - len(counted) > 0
    assert dict(made.table("details").rows) == {
        "Covers more than one firm": "No",
        "Nil return": "No",
        "Complaints outstanding at the start of the period": sum(one.is_outstanding for one in counted),
        "Complaints opened in the period": len(opened),
    }
    for name in {grouping(one) for one in everyone} | {"Total"}:
        came, over, all_ = (
            [one for one in of if name in (grouping(one), "Total")] for of in (opened, closed, everyone)
        )
        by_cause = [sum(cause(one) == code for one in came) for code in ORDER]
        assert row_of(made, "table-1", name) == [*by_cause, len(came)]
        assert row_of(made, "table-2", name) == [
            *(sum(taken(one) == band for one in over) for band in BANDS),
            len(over),
            sum(one.row.outcome in ("upheld", "partly_upheld") for one in over),
            sum((amount for one in all_ for amount, currency in one.payments() if currency == "GBP"), Decimal("0.00")),
        ]
    assert {taken(one) for one in closed} == set(BANDS)


def row_of(made: Return, table: str, name: str) -> list[Value]:
    """The row of a table whose first column says so."""
    [row] = [figures for first, *figures in made.table(table).rows if first == name]
    return row


@pytest.mark.parametrize("shift", [-2, -3])  # midnight of Shanghai becomes that of Sydney in winter, and in summer
def test_the_idr_data_report_is_what_each_complaint_says(store: Store, shift: int) -> None:
    stored(store, rows_around(9, 400, "au-rg271", shift, "AUD"))
    starts, ends = datetime(2025, 12, 31, 13, tzinfo=UTC), datetime(2026, 6, 30, 14, tzinfo=UTC)

    made = returned(store, "au-rg271", "idr-data", "2026-H1")

    counted = [
        one
        for one in seen(store, "au-rg271", SYDNEY, starts, ends)
        if (one.is_opened and not one.is_same_as_another) or one.is_outstanding
    ]
    told = {row["Complaint unique identifier"]: row for row in made.table("complaints").records()}
    assert list(told) == [one.row.reference for one in counted]
    for one in counted:
        row, (received_on, ended_on) = told[one.row.reference], one.days
        assert row["Date received"] == received_on
        assert row["Date closed or resolved"] == ended_on
        assert row["Days taken to resolve"] == ((ended_on - received_on).days if ended_on else None)
        is_again = one.row.reopened_at is not None and one.row.reopened_at < ends
        is_over = ended_on is not None or one.is_over_undated
        assert row["Complaint status"] == ("Closed" if is_over else "Re-opened" if is_again else "Open")
        is_paid = is_over and one.row.redress_currency == "AUD"
        assert row["Monetary remedy amount"] == (one.row.redress_paid if is_paid else None)
    assert {row["Complaint status"] for row in told.values()} == {"Open", "Closed", "Re-opened"}


VIA: dict[str, str] = {
    Channel.WEB: "Web",
    Channel.TELEPHONE: "Phone",
    Channel.POST: "Postal mail",
    Channel.EMAIL: "Email",
    Channel.REGULATOR: "Referral",
}
MONEY, RELIEF = {"refund", "compensation"}, {"apology", "correction", "repayment_plan"}


def response(one: Seen) -> str | None:
    """The authority's words for how it ended, or that it has not."""
    late = one.row.decision_due_at is not None and one.row.decision_due_at < one.until
    if not one.ended_at and not one.is_over_undated:
        return "Untimely response" if late else "In progress"
    if one.row.outcome in ("upheld", "partly_upheld", "not_upheld"):
        money, relief = one.row.remedy in MONEY, one.row.remedy in RELIEF
        return f"Closed with {'monetary relief' if money else 'non-monetary relief' if relief else 'explanation'}"
    return {
        "answered_at_once": "Closed with explanation",
        "declined": "Closed with explanation",
        "withdrawn": "Closed",
    }.get(one.row.closure)


def test_the_rows_of_the_cfpbs_layout_are_what_each_complaint_says(store: Store) -> None:
    rows = rows_around(10, 400, "us-cfpb", 13)
    stored(store, [row | {"sender": "cfpb", "number": f"9{n:06}"} for n, row in enumerate(rows)])
    starts, ends = datetime(2026, 3, 1, 5, tzinfo=UTC), datetime(2026, 4, 1, 4, tzinfo=UTC)

    made = returned(store, "us-cfpb", "public-export", "2026-03")

    everyone = seen(store, "us-cfpb", NEW_YORK, starts, ends)
    counted = [one for one in everyone if one.is_opened and not one.is_same_as_another]
    told = {row["Complaint ID"]: row for row in made.table("complaints").records()}
    assert len(told) == len(counted) > 20
    for one in counted:
        row, is_over = told[one.row.number], one.ended_at is not None or one.is_over_undated
        is_late = one.row.decision_due_at is not None and one.row.decision_due_at < ends
        late = one.row.late if is_over else (is_late or None)
        assert row["Date received"] == one.days[0]
        assert row["Submitted via"] == VIA.get(one.row.channel)
        assert row["Company response to consumer"] == response(one)
        assert row["Timely response?"] == {True: "No", False: "Yes", None: None}[late]


def test_what_annex_1r_leaves_open_is_what_the_next_one_begins_with(store: Store) -> None:
    stored(store, rows_around(11, 300, "uk-disp", 8))
    first, second = (returned(store, "uk-disp", "annex-1r", period) for period in ("2025-H2", "2026-H1"))
    outstanding, opened, begun = (
        row_of(made, "details", f"Complaints {what} the period")[0]
        for made, what in (
            (first, "outstanding at the start of"),
            (first, "opened in"),
            (second, "outstanding at the start of"),
        )
    )
    closed = row_of(first, "table-2", "Total")[3]
    undated = next((len(one.cases) for one in first.findings if one.field.en == "date closed"), 0)

    assert outstanding + opened - closed - undated == begun > 0


def test_what_an_idr_data_report_leaves_open_is_what_the_next_one_begins_with(store: Store) -> None:
    stored(store, rows_around(11, 300, "au-rg271", -2))
    first, second = (
        returned(store, "au-rg271", "idr-data", period).table("complaints").records()
        for period in ("2025-H2", "2026-H1")
    )

    left = {row["Complaint unique identifier"] for row in first if row["Complaint status"] != "Closed"}
    begun = {row["Complaint unique identifier"] for row in second if row["Date received"] < date(2026, 1, 1)}
    assert left == begun != set()
