"""The monthly summary: every figure by a table, and again by an independent count in SQL."""

import csv
import io
import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow
from complaints.errors import SettingError
from complaints.regimes.model import Pack
from complaints.regimes.rulebook import load_pack
from complaints.reporting.monthly import (
    AGE_BANDS,
    COLUMNS,
    Figures,
    load_cases,
    month_span,
    monthly_figures,
    render_summary,
    summary_csv,
    write_summary,
)
from complaints.settings import Firm
from complaints.words import Category, Channel, Closure, Kind, Outcome, Satisfaction
from tests.builders import REGIME, SHANGHAI

PACK = load_pack(REGIME)
MARCH = datetime(2026, 3, 1, tzinfo=SHANGHAI)
APRIL = datetime(2026, 4, 1, tzinfo=SHANGHAI)
TICK = timedelta(microseconds=1)


def on(month: int, day: int, hour: int = 10) -> datetime:
    """An hour of 2026 in Shanghai."""
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


def a_row(**changes: Any) -> dict[str, Any]:
    """What is known of an open complaint of 2 March 2026."""
    received_at = changes.get("received_at", on(3, 2))
    return {
        "kind": "complaint",
        "category": "fees",
        "channel": "web",
        "region": "CN-31",
        "product": "轻舟消费贷",
        "history": False,
        "received_at": received_at,
        "answered_at": None,
        "closed_at": None,
        "decision_due_at": datetime.combine(received_at.date(), datetime.min.time(), SHANGHAI) + timedelta(days=16),
        "late": None,
        "outcome": None,
        "closure": None,
        "redress_paid": None,
        "redress_currency": None,
        "satisfaction": None,
    } | changes


def a_closed_row(**changes: Any) -> dict[str, Any]:
    """What is known of a complaint that went its whole way: answered on the 9th, closed on the 19th of March."""
    whole_way = {
        "answered_at": on(3, 9),
        "closed_at": on(3, 19),
        "late": False,
        "outcome": "upheld",
        "closure": "completed",
        "satisfaction": "satisfied",
    }
    return a_row(**whole_way | changes)


def a_history_row(**changes: Any) -> dict[str, Any]:
    """What is known of a complaint imported after the fact."""
    return a_row(**{"history": True, "closure": "history", "decision_due_at": None} | changes)


def frame(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """A frame of cases as :func:`load_cases` returns it."""
    numbered = [{"reference": f"TS{n:05}"} | dict(row) for n, row in enumerate(rows)]
    return pd.DataFrame(numbered, columns=list(COLUMNS), dtype="object").astype(dict(COLUMNS))


def stored(store: Store, *rows: Mapping[str, Any]) -> None:
    """Put rows straight into ``cases``."""
    usual = {"version": 1, "head": "0" * 64, "asks": None, "regime": REGIME, "sender": "crm", "number": None}
    with store.write() as session:
        for n, row in enumerate(rows):
            stage = "closed" if row["closed_at"] or row["history"] else "received"
            base = usual | {"reference": f"TS{n:05}", "stage": stage, "language": "zh-CN", "party_type": "person"}
            session.add(CaseRow(**base | dict(row)))


def as_dict(table: pd.DataFrame, value: str, key: str = "code") -> dict[str, Any]:
    """One column of a table of figures by its codes, without the zeros."""
    return {code: one for code, one in zip(table[key], table[value], strict=True) if one}


def march(*rows: Mapping[str, Any]) -> Figures:
    """The figures of March 2026."""
    return monthly_figures(frame(*rows), 2026, 3, SHANGHAI)


# --- figures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([], {"received": 0, "complaints": 0, "closed": 0}, id="an empty month"),
        pytest.param([a_row()], {"received": 1, "complaints": 1, "closed": 0}, id="one open complaint"),
        pytest.param([a_closed_row()], {"received": 1, "complaints": 1, "closed": 1}, id="one closed complaint"),
        pytest.param([a_row(kind="consultation")], {"received": 1, "complaints": 0}, id="a consultation"),
        pytest.param([a_row(kind=None)], {"received": 1, "complaints": 0}, id="not assessed yet"),
        pytest.param([a_row(received_at=MARCH)], {"received": 1, "received_before": 0}, id="the first instant"),
        pytest.param([a_row(received_at=MARCH - TICK)], {"received": 0, "received_before": 1}, id="the instant before"),
        pytest.param([a_row(received_at=APRIL - TICK)], {"received": 1}, id="23:59:59.999999 on the last day"),
        pytest.param([a_row(received_at=APRIL)], {"received": 0}, id="midnight after the last day"),
        pytest.param(
            [a_row(received_at=datetime(2026, 2, 28, 16, tzinfo=UTC))],  # already 1 March in Shanghai
            {"received": 1, "received_before": 0},
            id="February in UTC",
        ),
        pytest.param([a_closed_row(closed_at=APRIL - TICK)], {"closed": 1}, id="closed at the last instant"),
        pytest.param([a_closed_row(closed_at=APRIL)], {"closed": 0}, id="closed at midnight after"),
        pytest.param(
            [a_closed_row(received_at=on(1, 30), answered_at=on(2, 9), closed_at=on(2, 28))],
            {"received": 0, "received_before": 0, "closed": 0, "closed_before": 1},
            id="closed the month before",
        ),
        pytest.param([a_history_row()], {"received": 1, "complaints": 1, "closed": 0}, id="history, closing unknown"),
        pytest.param([a_history_row(closed_at=on(3, 5))], {"received": 1, "closed": 1}, id="history, closing known"),
    ],
)
def test_received_and_closed_count_by_their_day_in_the_regimes_zone(
    rows: list[dict[str, Any]], expected: dict[str, int]
) -> None:
    figures = march(*rows)

    assert {name: getattr(figures, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("rows", "name", "received", "complaints"),
    [
        pytest.param([a_row(kind=None)], "kind", {"unassessed": 1}, {}, id="not assessed yet"),
        pytest.param(
            [a_row(), a_row(kind="suggestion")],
            "kind",
            {"complaint": 1, "suggestion": 1},
            {"complaint": 1},
            id="two kinds",
        ),
        pytest.param(
            [a_row(category=None)], "category", {"uncategorised": 1}, {"uncategorised": 1}, id="uncategorised"
        ),
        pytest.param(
            [a_row(), a_row(kind="consultation"), a_row(category="claim")],
            "category",
            {"fees": 2, "claim": 1},
            {"fees": 1, "claim": 1},
            id="two categories",
        ),
        pytest.param([a_row(channel="post")], "channel", {"post": 1}, {"post": 1}, id="by post"),
        pytest.param([a_row(region=None)], "region", {"not_stated": 1}, {"not_stated": 1}, id="no region"),
        pytest.param([a_row(product=None)], "product", {"not_stated": 1}, {"not_stated": 1}, id="no product"),
        pytest.param([a_history_row()], "product", {"轻舟消费贷": 1}, {"轻舟消费贷": 1}, id="history"),
        pytest.param([a_row(kind="report", region="CN-54")], "kind", {"report": 1}, {}, id="a report by kind"),
        pytest.param(
            [a_row(kind="report", region="CN-54")], "region", {"confidential": 1}, {}, id="a report by region"
        ),
        pytest.param([a_row(kind="report")], "category", {"confidential": 1}, {}, id="a report by category"),
        pytest.param([], "category", {}, {}, id="an empty month"),
    ],
)
def test_what_was_received_is_broken_down(
    rows: list[dict[str, Any]], name: str, received: dict[str, int], complaints: dict[str, int]
) -> None:
    table = march(*rows).received_by[name]

    assert as_dict(table, "received") == received
    assert as_dict(table, "complaints") == complaints


def test_a_breakdown_shows_the_most_frequent_first_and_equals_by_code() -> None:
    table = march(a_row(channel="web"), a_row(channel="app"), a_row(channel="post"), a_row(channel="post")).received_by

    assert list(table["channel"]["code"]) == ["post", "app", "web"]


@pytest.mark.parametrize(
    ("rows", "in_time", "late"),
    [
        pytest.param([], {}, {}, id="an empty month"),
        pytest.param([a_row()], {}, {}, id="still running"),
        pytest.param(
            [a_row(answered_at=on(3, 9), late=False)], {"complaint": 1}, {}, id="answered in time, still open"
        ),
        pytest.param([a_row(answered_at=on(3, 19), late=True)], {}, {"complaint": 1}, id="answered late"),
        pytest.param(
            [a_row(answered_at=on(3, 9), kind="consultation", late=False)], {"consultation": 1}, {}, id="kind"
        ),
        pytest.param([a_row(answered_at=on(3, 9), kind=None, late=False)], {"unassessed": 1}, {}, id="no kind"),
        pytest.param(
            [a_closed_row(received_at=on(1, 30), answered_at=on(2, 9))],
            {},
            {},
            id="answered the month before, closed now",
        ),
        pytest.param(
            [a_row(closed_at=on(3, 19), closure="withdrawn", late=True)], {}, {"complaint": 1}, id="withdrawn, too late"
        ),
        pytest.param([a_history_row(late=False)], {}, {}, id="history, closing unknown"),
        pytest.param([a_history_row(late=True, closed_at=on(3, 5))], {}, {"complaint": 1}, id="history, closing known"),
    ],
)
def test_a_time_limit_counts_in_the_month_in_which_it_ended(
    rows: list[dict[str, Any]], in_time: dict[str, int], late: dict[str, int]
) -> None:
    table = march(*rows).timeliness

    assert (as_dict(table, "in_time"), as_dict(table, "late")) == (in_time, late)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([], {}, id="an empty month"),
        pytest.param([a_row(outcome="upheld")], {}, id="decided, not told yet"),
        pytest.param([a_row(outcome="upheld", answered_at=on(3, 9))], {"upheld": 1}, id="told, still open"),
        pytest.param(
            [a_closed_row(outcome=one) for one in ("partly_upheld", "not_upheld", "not_upheld", None)],
            {"partly_upheld": 1, "not_upheld": 2},
            id="each",
        ),
    ],
)
def test_an_outcome_counts_when_it_was_told(rows: list[dict[str, Any]], expected: dict[str, int]) -> None:
    assert as_dict(march(*rows).outcomes, "cases") == expected


def paid(amount: str, currency: str, **changes: Any) -> dict[str, Any]:
    """A closed complaint on which money was paid."""
    return a_closed_row(redress_paid=Decimal(amount), redress_currency=currency, **changes)


@pytest.mark.parametrize(
    ("rows", "amounts", "cases"),
    [
        pytest.param([], {}, {}, id="an empty month"),
        pytest.param([a_closed_row()], {}, {}, id="nothing paid"),
        pytest.param([paid("128.50", "CNY", closed_at=None)], {}, {}, id="paid, not closed yet"),
        pytest.param([paid("128.50", "CNY", closed_at=APRIL)], {}, {}, id="closed the month after"),
        pytest.param(
            [paid("0.10", "CNY"), paid("0.20", "CNY"), paid("9999999999999999.99", "HKD"), paid("1.00", "USD")],
            {"CNY": Decimal("0.30"), "HKD": Decimal("9999999999999999.99"), "USD": Decimal("1.00")},
            {"CNY": 2, "HKD": 1, "USD": 1},
            id="three currencies, exact",
        ),
    ],
)
def test_redress_is_added_exactly_for_each_currency(
    rows: list[dict[str, Any]], amounts: dict[str, Decimal], cases: dict[str, int]
) -> None:
    redress = march(*rows).redress

    assert as_dict(redress, "amount", key="currency") == amounts
    assert as_dict(redress, "cases", key="currency") == cases


@pytest.mark.parametrize(
    ("row", "band", "unanswered", "overdue"),
    [
        (a_row(received_at=APRIL - TICK), "days_0_15", 1, 0),  # the last day of the month is day 0
        (a_row(received_at=on(3, 16, 0)), "days_0_15", 1, 0),  # day 15: the last day that is in time
        (a_row(received_at=on(3, 16, 0) - TICK), "days_16_30", 1, 1),
        (a_row(received_at=on(3, 1, 0)), "days_16_30", 1, 1),  # day 30
        (a_row(received_at=on(3, 1, 0) - TICK), "days_31_60", 1, 1),
        (a_row(received_at=on(1, 30, 0)), "days_31_60", 1, 1),  # day 60
        (a_row(received_at=on(1, 30, 0) - TICK), "days_over_60", 1, 1),
        (a_row(answered_at=on(3, 9)), "days_16_30", 0, 0),
        (a_row(answered_at=APRIL, late=True), "days_16_30", 1, 1),  # answered after the cut-off
        (a_closed_row(closed_at=APRIL), "days_16_30", 0, 0),  # closed after the cut-off
        (a_closed_row(closed_at=APRIL - TICK), None, 0, 0),
        (a_row(received_at=APRIL), None, 0, 0),
        (a_history_row(), None, 0, 0),
    ],
)
def test_what_is_open_at_the_end_is_counted_by_age(
    row: dict[str, Any], band: str | None, unanswered: int, overdue: int
) -> None:
    table = march(row).open_by_age

    assert list(table["code"]) == list(AGE_BANDS)
    assert as_dict(table, "open") == ({band: 1} if band else {})
    assert (table["unanswered"].sum(), table["overdue"].sum()) == (unanswered, overdue)


@pytest.mark.parametrize(
    ("closed_on", "average", "median"),
    [
        pytest.param([], None, None, id="none"),
        pytest.param([on(3, 2, 11)], "0.0", "0.0", id="the same day"),
        pytest.param([on(3, 3, 1)], "1.0", "1.0", id="the next day, after fifteen hours"),
        pytest.param([on(3, 3), on(3, 4)], "1.5", "1.5", id="two"),
        pytest.param([on(3, 3), on(3, 3), on(3, 22)], "7.3", "1.0", id="one far off"),
        pytest.param([on(3, 2), on(3, 2), on(3, 2), on(3, 3)], "0.3", "0.0", id="a quarter rounds up"),
    ],
)
def test_days_to_closing(closed_on: list[datetime], average: str | None, median: str | None) -> None:
    durations = march(*(a_closed_row(answered_at=None, closed_at=at) for at in closed_on)).durations.set_index("code")

    assert durations.loc["close", "cases"] == len(closed_on)
    assert durations.loc["close", "average_days"] == (Decimal(average) if average else None)
    assert durations.loc["close", "median_days"] == (Decimal(median) if median else None)
    assert durations.loc["answer", "cases"] == 0


def test_satisfaction_counts_with_the_closing() -> None:
    figures = march(a_closed_row(), a_closed_row(satisfaction="not_reached"), a_closed_row(closed_at=APRIL))

    assert as_dict(figures.satisfaction, "cases") == {"satisfied": 1, "not_reached": 1}


def test_a_cut_off_within_the_month_ends_it() -> None:
    cases = frame(a_row(), a_closed_row(), a_row(received_at=on(3, 20)), a_row(received_at=on(3, 17, 12)))
    figures = monthly_figures(cases, 2026, 3, SHANGHAI, until=on(3, 17, 12))

    assert (figures.received, figures.closed) == (2, 0)
    assert as_dict(figures.open_by_age, "open") == {"days_0_15": 2}
    assert figures.open_by_age["overdue"].sum() == 0


@pytest.mark.parametrize(("month", "before"), [(1, (2025, 12)), (3, (2026, 2)), (12, (2026, 11))])
def test_the_month_before_is_a_calendar_month(month: int, before: tuple[int, int]) -> None:
    starts_at, ends_at = month_span(*before, SHANGHAI)
    cases = frame(*(a_row(received_at=at) for at in (starts_at - TICK, starts_at, ends_at - TICK)))

    figures = monthly_figures(cases, 2026, month, SHANGHAI)

    assert figures.received_before == 2
    assert figures.starts_at == ends_at


# --- from the database ------------------------------------------------------------------------------


def random_rows(seed: int, count: int = 300) -> list[dict[str, Any]]:
    """Cases around March 2026, among them many on a month's edge."""
    draw = random.Random(seed)
    edges = [at + shift for at in (MARCH, APRIL) for shift in (-TICK, timedelta(), TICK)]
    rows = []
    for _ in range(count):
        anywhere = on(1, 5) + timedelta(seconds=draw.randrange(100 * 86_400))
        received_at = draw.choice(edges) if draw.random() < 0.2 else anywhere
        answered_at = received_at + timedelta(days=draw.expovariate(0.1)) if draw.random() < 0.8 else None
        closed_at = (
            (answered_at or received_at) + timedelta(days=draw.expovariate(0.2)) if draw.random() < 0.7 else None
        )
        if draw.random() < 0.1 and received_at < APRIL:
            closed_at = draw.choice([at for at in edges if at >= received_at])
            answered_at = min(answered_at, closed_at) if answered_at else None
        history = draw.random() < 0.1
        if history:
            answered_at, closed_at = None, draw.choice([None, None, closed_at])
        ended_at = answered_at or closed_at
        row = a_row(
            received_at=received_at,
            answered_at=answered_at,
            closed_at=closed_at,
            history=history,
            kind=draw.choice([*map(str, Kind), None]),
            category=draw.choice([*map(str, Category), None]),
            channel=draw.choice(list(map(str, Channel))),
            region=draw.choice(["CN-31", "CN-44", "CN-XZ", None]),
            product=draw.choice(["轻舟消费贷", "安心分期", None]),
            outcome=draw.choice([*map(str, Outcome), None]),
            closure="history" if history else draw.choice(list(map(str, Closure))) if closed_at else None,
            satisfaction=draw.choice([*map(str, Satisfaction), None]) if closed_at else None,
        )
        if history:
            row["decision_due_at"] = None
        row["late"] = draw.random() < 0.3 if ended_at or history else None
        if closed_at and draw.random() < 0.5:
            row["redress_paid"] = Decimal(draw.randrange(1, 10**9)) / 100
            row["redress_currency"] = draw.choice(["CNY", "USD", "HKD"])
        rows.append(row)
    return rows


NOT_CLOSED = "(closed_at IS NULL AND NOT history OR closed_at >= :ends)"
LIMIT_ENDED = (
    "late IS NOT NULL AND COALESCE(answered_at, closed_at) >= :starts AND COALESCE(answered_at, closed_at) < :ends"
)
RECOUNTS = {
    "received": "SELECT count(*) FROM cases WHERE received_at >= :starts AND received_at < :ends",
    "received_before": "SELECT count(*) FROM cases WHERE received_at >= :before AND received_at < :starts",
    "closed": "SELECT count(*) FROM cases WHERE closed_at >= :starts AND closed_at < :ends",
    "closed_before": "SELECT count(*) FROM cases WHERE closed_at >= :before AND closed_at < :starts",
    "open": f"SELECT count(*) FROM cases WHERE received_at < :ends AND {NOT_CLOSED}",
    "unanswered": f"SELECT count(*) FROM cases WHERE received_at < :ends AND {NOT_CLOSED} "
    "AND (answered_at IS NULL OR answered_at >= :ends)",
    "overdue": f"SELECT count(*) FROM cases WHERE received_at < :ends AND {NOT_CLOSED} "
    "AND (answered_at IS NULL OR answered_at >= :ends) AND decision_due_at < :ends",
    "over_60": f"SELECT count(*) FROM cases WHERE received_at < :sixty AND {NOT_CLOSED}",
    "in_time": f"SELECT count(*) FROM cases WHERE NOT late AND {LIMIT_ENDED}",
    "late": f"SELECT count(*) FROM cases WHERE late AND {LIMIT_ENDED}",
}
RECOUNTS_BY = {
    "category": "SELECT COALESCE(category, 'uncategorised'), count(*) FROM cases WHERE received_at >= :starts "
    "AND received_at < :ends AND (kind IS NULL OR kind <> 'report') GROUP BY 1",
    "channel": "SELECT channel, count(*) FROM cases WHERE received_at >= :starts "
    "AND received_at < :ends AND (kind IS NULL OR kind <> 'report') GROUP BY 1",
    "kind": "SELECT COALESCE(kind, 'unassessed'), count(*) FROM cases WHERE received_at >= :starts "
    "AND received_at < :ends GROUP BY 1",
    "outcomes": "SELECT outcome, count(*) FROM cases WHERE outcome IS NOT NULL AND answered_at >= :starts "
    "AND answered_at < :ends GROUP BY 1",
    "closed_by": "SELECT closure, count(*) FROM cases WHERE closed_at >= :starts AND closed_at < :ends GROUP BY 1",
    "satisfaction": "SELECT satisfaction, count(*) FROM cases WHERE satisfaction IS NOT NULL AND closed_at >= :starts "
    "AND closed_at < :ends GROUP BY 1",
}
PAID = "SELECT redress_currency, redress_paid FROM cases WHERE closed_at >= :starts AND closed_at < :ends"


def bounds(store: Store) -> dict[str, str]:
    """The edges of the recount, as text that either database compares rightly."""
    sqlite = store.engine.dialect.name == "sqlite"
    edges = {"before": on(2, 1, 0), "starts": MARCH, "ends": APRIL, "sixty": on(1, 30, 0)}
    shape = "%Y-%m-%d %H:%M:%S.%f" if sqlite else "%Y-%m-%d %H:%M:%S.%f+00"
    return {name: at.astimezone(UTC).strftime(shape) for name, at in edges.items()}


def recount(session: Session, store: Store, query: str) -> list[Any]:
    """Count by hand-written SQL."""
    given = {name: value for name, value in bounds(store).items() if f":{name}" in query}
    if store.engine.dialect.name == "postgresql":
        query = re.sub(r":(\w+)", r"CAST(:\1 AS timestamptz)", query)
    return list(session.execute(text(query), given))


@pytest.mark.parametrize("seed", [1, 2])
def test_an_independent_count_in_sql_agrees(store: Store, seed: int) -> None:
    stored(store, *random_rows(seed))
    with store.read() as session:
        figures = monthly_figures(load_cases(session, APRIL), 2026, 3, SHANGHAI)
        single = {name: recount(session, store, query)[0][0] for name, query in RECOUNTS.items()}
        grouped = {name: dict(map(tuple, recount(session, store, query))) for name, query in RECOUNTS_BY.items()}
        amounts: dict[str, Decimal] = {}
        for currency, amount in recount(session, store, PAID):
            if amount is not None:
                amounts[currency] = amounts.get(currency, Decimal(0)) + Decimal(amount)

    for name in ("received", "received_before", "closed", "closed_before"):
        assert getattr(figures, name) == single[name]
    for name in ("open", "unanswered", "overdue"):
        assert figures.open_by_age[name].sum() == single[name]
    assert as_dict(figures.open_by_age, "open").get("days_over_60", 0) == single["over_60"]
    assert figures.timeliness["in_time"].sum() == single["in_time"]
    assert figures.timeliness["late"].sum() == single["late"]
    for name in ("category", "channel"):
        by = as_dict(figures.received_by[name], "received")
        assert by.pop("confidential", 0) + sum(by.values()) == single["received"]
        assert by == grouped[name]
    assert as_dict(figures.received_by["kind"], "received") == grouped["kind"]
    for name in ("outcomes", "satisfaction"):
        assert as_dict(getattr(figures, name), "cases") == grouped[name]
    assert as_dict(figures.closed_by, "closed") == grouped["closed_by"]
    assert as_dict(figures.redress, "amount", key="currency") == amounts


def test_what_since_leaves_out_bears_on_no_figure(store: Store) -> None:
    stored(store, *random_rows(3))
    with store.read() as session:
        everything = load_cases(session, APRIL)
        needed = load_cases(session, APRIL, since=on(2, 1, 0))

    assert len(needed) < len(everything)
    assert summary_csv(monthly_figures(needed, 2026, 3, SHANGHAI)) == summary_csv(
        monthly_figures(everything, 2026, 3, SHANGHAI)
    )


@pytest.mark.parametrize("rows", [[], [a_row()], [a_history_row(), paid("0.10", "CNY")]], ids=["none", "one", "two"])
def test_cases_are_loaded_with_the_documented_columns_and_types(store: Store, rows: list[dict[str, Any]]) -> None:
    stored(store, *rows)
    with store.read() as session:
        cases = load_cases(session, APRIL)

    pd.testing.assert_frame_equal(cases, frame(*rows))
    assert {name: str(dtype) for name, dtype in cases.dtypes.items()} == dict(COLUMNS)


def test_another_regimes_cases_are_left_out(store: Store) -> None:
    stored(store, a_row(), a_row(regime="uk-disp"))
    with store.read() as session:
        assert len(load_cases(session, APRIL, regime=REGIME)) == 1
        assert len(load_cases(session, APRIL)) == 2


# --- pages and CSV ----------------------------------------------------------------------------------


class Outline(HTMLParser):
    """Notes the words of a page, and what its charts say to those who cannot see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.charts: list[dict[str, str | None]] = []
        self.loads: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "svg":
            self.charts.append(given)
        if tag in ("script", "link", "img", "iframe") or "src" in given:
            self.loads.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def page(*rows: Mapping[str, Any], language: str = "zh-CN", pack: Pack = PACK, as_of: datetime = APRIL) -> str:
    """The summary of March 2026."""
    return render_summary(march(*rows), language, Firm(), pack, as_of)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("rows", [[], [a_row()], random_rows(4)], ids=["empty", "one", "many"])
def test_a_page_is_whole_and_loads_nothing(language: str, rows: list[dict[str, Any]]) -> None:
    source = page(*rows, language=language)
    seen = Outline(source)

    assert source.startswith(f'<!DOCTYPE html>\n<html lang="{language}">')
    assert seen.loads == []
    assert "url(" not in source
    assert not re.search(r"\b(None|nan|NaT|NaN)\b", seen.text)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_chart_has_a_title_and_a_description(language: str) -> None:
    source = page(*random_rows(4), language=language)

    charts = Outline(source).charts

    assert len(charts) == 3
    for chart in charts:
        assert chart["role"] == "img"
        for name in str(chart["aria-labelledby"]).split():
            assert re.search(rf'<(title|desc) id="{name}">[^<]{{5,}}</', source)


def test_what_the_sender_wrote_is_shown_and_never_obeyed() -> None:
    source = page(a_row(product="<script>alert(1)</script>"))

    assert "<script>" not in source
    assert "&lt;script&gt;" in source


@pytest.mark.parametrize(("language", "mark"), [("zh-CN", "待核实"), ("en", "to verify")])
def test_a_figure_that_rests_on_an_unverified_rule_is_marked(language: str, mark: str) -> None:
    unsure = [rule.model_copy(update={"confidence": "M"}) for rule in PACK.clocks]
    sure = [rule.model_copy(update={"confidence": "H"}) for rule in PACK.clocks]

    def marks(pack: Pack) -> int:
        return page(a_row(), language=language, pack=pack).count(f'<span class="verify">{mark}</span>')

    assert marks(PACK.model_copy(update={"clocks": tuple(sure)})) == 0
    assert marks(PACK) == 2  # the follow-up is the firm's own standard: its part, and its line among the rules
    assert marks(PACK.model_copy(update={"clocks": tuple(unsure)})) == 7
    assert marks(PACK.model_copy(update={"clocks": ()})) == 0


@pytest.mark.parametrize(
    ("as_of", "language", "shown", "is_preliminary"),
    [
        (APRIL, "zh-CN", "2026年3月31日24时", False),
        (APRIL, "en", "the end of 31 March 2026", False),
        (on(3, 17, 12), "zh-CN", "2026年3月17日12:00", True),
        (on(3, 17, 12), "en", "12:00 on 17 March 2026", True),
    ],
)
def test_a_page_names_its_cut_off(as_of: datetime, language: str, shown: str, is_preliminary: bool) -> None:
    source = page(language=language, as_of=as_of)

    assert shown in source
    assert ("2026年3月1日至2026年3月31日" in source) or ("1 March 2026 to 31 March 2026" in source)
    assert ("期中数据" in source or "interim figures" in source) is is_preliminary


ACTIVE = "=+-@\t\r＝＋－＠"


@pytest.mark.parametrize(
    "product",
    ["=1+1", "+86", "-2", "@SUM(A1)", "\t=1", " =1", "\n=1", "＝1+1", "a;=1+1", 'a",=1+1', "=cmd|' /C calc'!A0"],
)
def test_no_cell_of_the_csv_is_a_formula(product: str) -> None:
    source = summary_csv(march(a_row(product=product), paid("128.50", "CNY")))

    assert source.startswith("\ufeffsection,item,value,currency\r\n")
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(source.removeprefix("\ufeff"), newline=""), delimiter=separator):
            assert not any(cell.strip().startswith(tuple(ACTIVE)) for cell in row)


def test_the_csv_holds_every_figure() -> None:
    source = summary_csv(
        march(a_closed_row(received_at=on(2, 25)), paid("128.50", "CNY"), paid("1.00", "USD"), a_row())
    )
    rows = [tuple(row) for row in csv.reader(io.StringIO(source.removeprefix("\ufeff"), newline=""))]

    assert {
        ("report", "month", "2026-03", ""),
        ("report", "cut_off", "2026-04-01T00:00:00+08:00", ""),
        ("received", "total", "3", ""),
        ("received", "month_before", "1", ""),
        ("received_by_category", "fees", "3", ""),
        ("closed", "total", "3", ""),
        ("decided_in_time", "complaint", "3", ""),
        ("decided_late", "complaint", "0", ""),
        ("outcome", "upheld", "3", ""),
        ("redress_paid", "amount", "128.50", "CNY"),
        ("redress_paid", "amount", "1.00", "USD"),
        ("open_at_cut_off", "total", "1", ""),
        ("overdue_at_cut_off", "days_16_30", "1", ""),
        ("days_to_answer", "average_days", "8.7", ""),
        ("days_to_answer", "median_days", "7.0", ""),
        ("satisfaction", "satisfied", "3", ""),
    } <= set(rows)
    assert len(rows) == len({row[:2] + row[3:] for row in rows})


# --- files ------------------------------------------------------------------------------------------


def test_a_summary_written_twice_is_the_same_to_the_byte(store: Store, tmp_path: Path) -> None:
    stored(store, *random_rows(5))
    first = write_summary(store, 2026, 3, tmp_path / "a", Firm(), PACK, on(4, 3))
    inode = first[0].stat().st_ino
    second = write_summary(store, 2026, 3, tmp_path / "b", Firm(), PACK, on(4, 20))
    again = write_summary(store, 2026, 3, tmp_path / "a", Firm(), PACK, on(5, 1))

    assert [file.name for file in first] == ["summary.zh-CN.html", "summary.en.html", "summary.csv"]
    assert {file.parent for file in first} == {tmp_path / "a" / "2026-03"}
    assert first == again
    assert first[0].stat().st_ino != inode  # replaced, not written over
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
    assert sorted(file.name for file in (tmp_path / "a" / "2026-03").iterdir()) == sorted(file.name for file in first)


def test_a_write_that_fails_leaves_the_last_summary(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [page, *_] = write_summary(store, 2026, 3, tmp_path, Firm(), PACK, on(4, 3))
    before = page.read_bytes()
    stored(store, a_row())

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("complaints.reporting.monthly.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_summary(store, 2026, 3, tmp_path, Firm(), PACK, on(4, 3))

    assert page.read_bytes() == before
    assert len(list(page.parent.iterdir())) == 3


def test_a_month_that_has_not_begun_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="2026-05 has not begun"):
        write_summary(store, 2026, 5, tmp_path, Firm(), PACK, on(4, 30))


def test_a_summary_counts_this_regime_and_the_whole_month_before(store: Store, tmp_path: Path) -> None:
    early = a_closed_row(received_at=on(2, 1, 0), answered_at=on(2, 1, 1), closed_at=on(2, 1, 2))
    stored(store, early, a_row(regime="uk-disp"), a_row())

    *_, figures = write_summary(store, 2026, 3, tmp_path, Firm(), PACK, on(4, 3))

    lines = figures.read_text(encoding="utf-8").splitlines()
    assert {"received,total,1,", "received,month_before,1,", "closed,month_before,1,"} <= set(lines)


def test_a_summary_of_the_running_month_ends_now(store: Store, tmp_path: Path) -> None:
    stored(store, a_row(), a_row(received_at=on(3, 20)))
    files = write_summary(store, 2026, 3, tmp_path, Firm(), PACK, on(3, 17, 12))

    assert "received,total,1," in files[2].read_text(encoding="utf-8")
    assert "期中数据" in files[0].read_text(encoding="utf-8")
