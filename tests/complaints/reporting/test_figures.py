"""Every figure by a table of cases, the expected ones written out by hand (definitions: docs/figures.md)."""

import pickle
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from complaints.reporting.figures import FigureTwice, FigureUnknown, PeriodNotBegun, make_figures
from complaints.reporting.own_words import OwnWords
from complaints.reporting.periods import Period
from complaints.reporting.sections import AGE_BANDS
from tests.builders import SHANGHAI
from tests.complaints.reporting.rows import (
    APRIL,
    MARCH,
    TICK,
    a_closed_row,
    a_history_row,
    a_merged_row,
    a_row,
    figures_of,
    frame,
    measure,
    on,
    paid,
    payments,
    totals,
)

Row = dict[str, Any]
ONE = {"matters": 1, "complaints": 1, "complaints_deduplicated": 1}
CLOSED = ONE | {"closed": 1}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([], {}, id="an empty month"),
        pytest.param([a_row()], ONE, id="one open complaint"),
        pytest.param([a_closed_row()], CLOSED, id="one closed complaint"),
        pytest.param([a_row(category=None)], ONE, id="without a category"),
        pytest.param([a_row(kind="consultation")], {"matters": 1}, id="a consultation"),
        pytest.param([a_row(kind=None)], {"matters": 1}, id="not assessed yet"),
        pytest.param([a_row(received_at=MARCH)], ONE, id="the first instant"),
        pytest.param([a_row(received_at=MARCH - TICK)], {}, id="the instant before"),
        pytest.param([a_row(received_at=APRIL - timedelta(seconds=1))], ONE, id="23:59:59 on the last day"),
        pytest.param([a_row(received_at=APRIL - TICK)], ONE, id="23:59:59.999999 on the last day"),
        pytest.param([a_row(received_at=APRIL)], {}, id="midnight after the last day"),
        pytest.param([a_row(received_at=datetime(2026, 2, 28, 16, tzinfo=UTC))], ONE, id="February in UTC"),
        pytest.param([a_row(received_at=datetime(2026, 3, 31, 16, tzinfo=UTC))], {}, id="March in UTC, April here"),
        pytest.param([a_closed_row(closed_at=APRIL - TICK)], CLOSED, id="closed at the last instant"),
        pytest.param([a_closed_row(closed_at=APRIL)], ONE, id="closed at midnight after"),
        pytest.param(
            [a_closed_row(received_at=on(1, 30), answered_at=on(2, 9), closed_at=on(2, 28))],
            {},
            id="closed the month before",
        ),
        pytest.param([a_closed_row(closure="declined", answered_at=None)], CLOSED, id="declined is a complaint too"),
        pytest.param([a_closed_row(closure="withdrawn")], CLOSED | {"withdrawn": 1}, id="withdrawn"),
        pytest.param([a_row(forwarded=True, channel="regulator")], ONE | {"forwarded": 1}, id="forwarded"),
        pytest.param([a_row(is_group=True)], ONE | {"group": 1}, id="of a group"),
        pytest.param(
            [a_row(kind="suggestion", forwarded=True, is_group=True)], {"matters": 1}, id="no complaint: not forwarded"
        ),
        pytest.param([a_history_row()], ONE, id="history, closing unknown"),
        pytest.param([a_history_row(closed_at=on(3, 5))], CLOSED, id="history, closing known"),
        # merged: A is of 1 March, B of the 2nd
        pytest.param(
            [a_row(reference="A", received_at=on(3, 1), repeats=1), a_merged_row("A", reference="B")],
            {"matters": 2, "complaints": 2, "complaints_deduplicated": 1, "repeat": 2, "closed": 1},
            id="merged within the month",
        ),
        pytest.param(
            [a_row(reference="A", received_at=on(2, 27), repeats=1), a_merged_row("A", reference="B")],
            {"matters": 1, "complaints": 1, "repeat": 1, "closed": 1},
            id="merged into one of the month before",
        ),
        pytest.param(
            [
                a_row(reference="A", received_at=on(3, 1), repeats=1),
                a_merged_row("A", reference="B", merged_at=APRIL),
            ],
            {"matters": 2, "complaints": 2, "complaints_deduplicated": 2},
            id="merged after the month: still two",
        ),
        pytest.param(
            [a_row(reference="A", received_at=on(3, 1)), a_merged_row("A", reference="B", closed_at=None)],
            {"matters": 2, "complaints": 2, "complaints_deduplicated": 1, "repeat": 2},
            id="merged, the authority still to be told",
        ),
        pytest.param(
            [a_row(reference="A", received_at=on(3, 1)), *(a_merged_row("A", reference=one) for one in "BCD")],
            {"matters": 4, "complaints": 4, "complaints_deduplicated": 1, "repeat": 4, "closed": 3},
            id="three merged into one",
        ),
        # reopened
        pytest.param(
            [a_row(reopened=1, reopened_at=on(3, 25), outcome=None)], ONE | {"reopened": 1}, id="closed and reopened"
        ),
        pytest.param(
            [a_row(received_at=on(1, 5), reopened=2, reopened_at=on(3, 25))], {"reopened": 1}, id="reopened, of January"
        ),
        pytest.param([a_row(reopened=1, reopened_at=APRIL)], ONE, id="reopened after the month"),
        pytest.param(
            [a_closed_row(reopened=1, reopened_at=on(3, 12))], CLOSED | {"reopened": 1}, id="reopened, closed again"
        ),
    ],
)
def test_the_totals_of_a_month_are(rows: list[Row], expected: dict[str, int]) -> None:
    assert totals(figures_of(*rows)) == expected


def test_a_month_without_cases_has_zero_everywhere() -> None:
    figures = figures_of()

    assert figures.members.empty
    for sections in (figures.sections, figures.before, figures.year_before):
        for section in sections.values():
            assert section.columns[0] == "code"
            counts = section.drop(columns=["code", "amount", "average_days", "median_days"], errors="ignore")
            assert (counts == 0).all(axis=None)
            assert {str(dtype) for dtype in counts.dtypes} <= {"int64"}
    assert set(figures.sections["durations"]["average_days"]) == {None}
    for name in ("kind", "closed_by", "outcomes", "open_by_age", "handled", "dimension_time"):
        assert len(figures.sections[name]) >= 3  # a zero is said, not left out


@pytest.mark.parametrize(
    ("rows", "name", "received", "complaints", "deduplicated"),
    [
        pytest.param([a_row(kind=None)], "kind", {"unassessed": 1}, {}, {}, id="not assessed yet"),
        pytest.param(
            [a_row(), a_row(kind="suggestion")],
            "kind",
            {"complaint": 1, "suggestion": 1},
            {"complaint": 1},
            {"complaint": 1},
            id="two kinds",
        ),
        pytest.param(
            [a_row(category=None)],
            "category",
            {"uncategorised": 1},
            {"uncategorised": 1},
            {"uncategorised": 1},
            id="uncategorised",
        ),
        pytest.param(
            [a_row(), a_row(kind="consultation"), a_row(category="claim"), a_merged_row("X")],
            "category",
            {"fees": 3, "claim": 1},
            {"fees": 2, "claim": 1},
            {"fees": 1, "claim": 1},
            id="two categories",
        ),
        pytest.param([a_row(cause=None)], "cause", *[{"not_stated": 1}] * 3, id="no cause"),
        pytest.param([a_row(channel="post")], "channel", *[{"post": 1}] * 3, id="by post"),
        pytest.param([a_row(region=None)], "region", *[{"not_stated": 1}] * 3, id="no region"),
        pytest.param([a_row(product=None)], "product", *[{"not_stated": 1}] * 3, id="no product"),
        pytest.param([a_row(product="3.5%定期")], "product", *[{"3.5%定期": 1}] * 3, id="a product with a point"),
        pytest.param([a_row(issue="多扣费")], "issue", *[{"多扣费": 1}] * 3, id="the sender's issue"),
        pytest.param([a_row(urgency="urgent")], "urgency", *[{"urgent": 1}] * 3, id="urgent"),
        pytest.param([a_row(severity=None)], "severity", *[{"unassessed": 1}] * 3, id="no severity yet"),
        pytest.param([a_row(party_type="firm")], "party_type", *[{"firm": 1}] * 3, id="a firm complains"),
        pytest.param([a_row(department=None)], "department", *[{"unassessed": 1}] * 3, id="no department yet"),
        pytest.param([a_history_row()], "product", *[{"轻舟消费贷": 1}] * 3, id="history"),
        pytest.param([a_row(kind="report", region="CN-54")], "kind", {"report": 1}, {}, {}, id="a report by kind"),
    ],
)
def test_what_was_received_is_broken_down(
    rows: list[Row], name: str, received: dict[str, int], complaints: dict[str, int], deduplicated: dict[str, int]
) -> None:
    figures = figures_of(*rows)

    assert measure(figures, name, "received") == received
    assert measure(figures, name, "complaints") == complaints
    assert measure(figures, name, "deduplicated") == deduplicated


def test_a_whistle_blowing_report_is_found_by_nothing_but_its_kind() -> None:
    told = {
        "region": "CN-54",
        "product": "安心分期",
        "handler": "he.jing",
        "department": "compliance",
        "channel": "post",
    }
    usual = {name: a_row()[name] for name in told}
    figures = figures_of(
        a_closed_row(**usual), a_closed_row(**told, kind="report", outcome=None, category="conduct", remedy=None)
    )

    for name, section in figures.sections.items():
        for code in {*told.values(), "conduct"} & set(section["code"]):  # a list that is shown in full
            assert not section.set_index("code").loc[code].any(), name
    for name in ("category", "region", "handlers", "departments"):
        assert measure(figures, name, "received")["confidential"] == 1
    assert figures.cases_of("region.confidential.received") == ["TS00001"]


def test_how_a_report_ended_is_in_no_figure_by_which_it_could_be_told() -> None:
    ended = {"breach_cause": "staffing", "late": True, "outcome": "upheld", "remedy": "apology"}
    one = figures_of(paid("5.00", "CNY", kind="report", **ended))
    none = figures_of(a_closed_row(kind="report", late=True))

    assert measure(one, "breach_causes", "cases") == {"confidential": 1}
    assert one.cases_of("breach_causes.confidential.cases") == ["TS00000"]
    for section in ("outcomes", "upheld", "remedies", "satisfaction", "redress", "root_causes", "dimension_solution"):
        pd.testing.assert_frame_equal(one.sections[section], none.sections[section])
        assert not one.sections[section].drop(columns="code").to_numpy().any(), section


@pytest.mark.parametrize("name", ["confidential", "not_stated", "unassessed", '"confidential"', "not-shown-abcdefghij"])
@pytest.mark.parametrize("column", ["product", "issue", "handler", "department"])
def test_a_name_is_not_taken_for_a_code_that_has_a_meaning(column: str, name: str) -> None:
    section = {"handler": "handlers"}.get(column, column)
    figures = figures_of(a_row(**{column: name}), a_row(**{column: None}), a_row(**{column: "he.jing"}, kind="report"))

    assert measure(figures, section, "received")[f'"{name}"'] == 1
    assert figures.cases_of(f'{section}."{name}".received') == ["TS00000"]
    assert sorted(measure(figures, section, "received").values()) == [1, 1, 1]
    assert figures.confidential == {"TS00002"}


def test_each_name_that_is_not_shown_has_a_code_of_its_own_which_stays() -> None:
    numbers = ["信用卡 6222020000001234", "信用卡 6222020000005678", "ask zhao@example.com"]
    few, more = (figures_of(*(a_row(product=one) for one in some)) for some in (numbers[:2], numbers))

    codes = measure(few, "product", "received")
    assert list(codes.values()) == [1, 1]
    assert all(re.fullmatch("not-shown-[a-p]{10}", code) for code in codes)
    assert codes.items() < measure(more, "product", "received").items()
    assert len(measure(more, "product", "received")) == 3


def test_only_who_has_the_key_finds_a_name_by_trying() -> None:
    name = "信用卡 6222020000001234"

    codes = {OwnWords(secret).code("product", name) for secret in (b"", b"one", b"other")}

    assert len(codes) == 3


def test_a_staff_number_is_shown_however_long() -> None:
    assert measure(figures_of(a_row(handler="20260312001")), "handlers", "received") == {"20260312001": 1}


def test_two_figures_of_one_id_are_a_bug_that_is_told() -> None:
    twice = pd.DataFrame({"code": ["a", "a"], "cases": [1, 2]})

    with pytest.raises(FigureTwice, match="section 'conformance' has the code 'a' twice"):
        _ = figures_of().with_sections({"conformance": twice}).rows


def test_a_breakdown_shows_the_most_frequent_first_and_equals_by_code() -> None:
    table = figures_of(a_row(), a_row(channel="app"), a_row(channel="post"), a_row(channel="post")).sections["channel"]

    assert list(table["code"]) == ["post", "app", "web"]


@pytest.mark.parametrize(
    ("row", "cases", "late"),
    [
        pytest.param(a_row(), {}, {}, id="still open"),
        pytest.param(a_row(answered_at=on(3, 17, 23), late=False), {"days_0_15": 1}, {}, id="on day 15"),
        pytest.param(
            a_row(answered_at=on(3, 18, 0), late=True), {"days_16_30": 1}, {"days_16_30": 1}, id="on day 16, late"
        ),
        pytest.param(
            a_row(answered_at=on(3, 18), late=False), {"days_16_30": 1}, {}, id="extended: on day 16, in time"
        ),
        pytest.param(
            a_row(received_at=on(3, 1), answered_at=on(3, 31), late=False), {"days_16_30": 1}, {}, id="on day 30"
        ),
        pytest.param(a_row(received_at=on(1, 30), answered_at=on(3, 2)), {"days_31_60": 1}, {}, id="on day 31"),
        pytest.param(a_row(received_at=on(1, 1), answered_at=on(3, 2)), {"days_31_60": 1}, {}, id="on day 60"),
        pytest.param(a_row(received_at=on(1, 1), answered_at=on(3, 3)), {"days_over_60": 1}, {}, id="on day 61"),
        pytest.param(
            a_row(received_at=datetime(2026, 3, 1, 23, 59, tzinfo=SHANGHAI), answered_at=on(3, 17, 0)),
            {"days_16_30": 1},
            {},
            id="fifteen days and a minute later, but on day 16",
        ),
        pytest.param(
            a_closed_row(closure="withdrawn", answered_at=None), {"days_16_30": 1}, {}, id="closed unanswered"
        ),
        pytest.param(a_closed_row(received_at=on(2, 1), answered_at=on(2, 20)), {}, {}, id="answered the month before"),
        pytest.param(a_closed_row(answered_at=APRIL, closed_at=None), {}, {}, id="answered after the month"),
        pytest.param(a_row(kind="consultation", answered_at=on(3, 3)), {}, {}, id="no complaint"),
        pytest.param(a_merged_row("A"), {}, {}, id="merged: handled in another case"),
        pytest.param(
            a_row(answered_at=on(3, 9), merged_into="A", merged_at=APRIL, closed_at=APRIL, closure="merged"),
            {"days_0_15": 1},
            {},
            id="answered, merged after the month",
        ),
    ],
)
def test_what_was_handled_is_counted_by_calendar_days_since_receipt(
    row: Row, cases: dict[str, int], late: dict[str, int]
) -> None:
    figures = figures_of(row)

    assert measure(figures, "handled", "cases") == cases
    assert measure(figures, "handled", "late") == late


@pytest.mark.parametrize(
    ("rows", "in_time", "late"),
    [
        pytest.param([a_row()], {}, {}, id="still running"),
        pytest.param(
            [a_row(answered_at=on(3, 9), late=False)], {"complaint": 1}, {}, id="answered in time, still open"
        ),
        pytest.param([a_row(answered_at=on(3, 19), late=True)], {}, {"complaint": 1}, id="answered late"),
        pytest.param([a_row(answered_at=APRIL, late=True)], {}, {}, id="answered late, after the month"),
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
    rows: list[Row], in_time: dict[str, int], late: dict[str, int]
) -> None:
    figures = figures_of(*rows)

    assert measure(figures, "timeliness", "in_time") == in_time
    assert measure(figures, "timeliness", "late") == late


def test_a_late_answer_is_counted_with_its_cause() -> None:
    late = {"answered_at": on(3, 19), "late": True}
    figures = figures_of(
        a_row(**late, breach_cause="staffing"),
        a_row(**late, breach_cause="staffing", kind="consultation"),
        a_row(**late),
        a_row(answered_at=on(3, 9), late=False, breach_cause="system"),  # another limit was missed
        a_row(answered_at=APRIL, late=True, breach_cause="oversight"),
    )

    assert measure(figures, "breach_causes", "cases") == {"staffing": 2, "not_stated": 1}


def test_a_decision_counts_when_it_was_told() -> None:
    told = {"answered_at": on(3, 9), "remedy": "apology"}
    figures = figures_of(
        a_row(outcome="upheld", remedy="refund"),  # decided, not told yet
        a_row(outcome="upheld", **told),
        a_row(outcome="partly_upheld", **told, category="claim", cause="leaked_information"),
        *[a_row(outcome="not_upheld", **told | {"remedy": "none"}, category="claim")] * 2,
        a_row(answered_at=on(3, 9), kind="consultation"),
        a_row(outcome="upheld", **told | {"answered_at": APRIL}),
    )

    assert measure(figures, "outcomes", "cases") == {"upheld": 1, "partly_upheld": 1, "not_upheld": 2}
    assert measure(figures, "upheld", "upheld") == {"fees": 1}
    assert measure(figures, "upheld", "partly_upheld") == {"claim": 1}
    assert measure(figures, "upheld", "not_upheld") == {"claim": 2}
    assert measure(figures, "remedies", "cases") == {"apology": 2, "none": 2}
    assert measure(figures, "root_causes", "cases") == {"fees/general": 1, "claim/leaked_information": 1}


_128_50 = ({"CNY": Decimal("128.50")}, {"CNY": 1})
_THREE_PAYMENTS = [("12", "CNY"), ("15", "HKD"), ("31", "CNY")]


@pytest.mark.parametrize(
    ("rows", "amounts", "cases"),
    [
        pytest.param([], {}, {}, id="an empty month"),
        pytest.param([a_closed_row()], {}, {}, id="nothing paid"),
        pytest.param([paid("128.50", "CNY", closed_at=None)], *_128_50, id="paid, not closed yet"),
        pytest.param([paid("128.50", "CNY", closed_at=APRIL)], *_128_50, id="closed the month after"),
        pytest.param([paid("128.50", "CNY", on="2026-03-01")], *_128_50, id="on the first day"),
        pytest.param([paid("128.50", "CNY", on="2026-03-31")], *_128_50, id="on the last day"),
        pytest.param([paid("128.50", "CNY", on="2026-02-28")], {}, {}, id="the day before"),
        pytest.param([paid("128.50", "CNY", on="2026-04-01")], {}, {}, id="the day after"),
        pytest.param(
            [a_row(reopened_at=on(3, 20), payments=payments(("2026-03-12", "128.50", "CNY")))],
            *_128_50,
            id="taken up again since",
        ),
        pytest.param(
            [a_row(payments=payments(*((f"2026-03-{day}", "1.10", money) for day, money in _THREE_PAYMENTS)))],
            {"CNY": Decimal("2.20"), "HKD": Decimal("1.10")},
            {"CNY": 1, "HKD": 1},
            id="one case, three payments, two currencies",
        ),
        pytest.param([paid("128.50", "CNY", kind="report")], {}, {}, id="a report"),
        pytest.param(
            [paid("0.10", "CNY"), paid("0.20", "CNY"), paid("9999999999999999.99", "HKD"), paid("1.00", "USD")],
            {"CNY": Decimal("0.30"), "HKD": Decimal("9999999999999999.99"), "USD": Decimal("1.00")},
            {"CNY": 2, "HKD": 1, "USD": 1},
            id="three currencies, exact",
        ),
    ],
)
def test_redress_is_added_exactly_for_each_currency(
    rows: list[Row], amounts: dict[str, Decimal], cases: dict[str, int]
) -> None:
    figures = figures_of(*rows)

    assert measure(figures, "redress", "amount") == amounts
    assert measure(figures, "redress", "cases") == cases
    assert "amount" in figures.sections["redress"]


def test_every_amount_is_reported_in_one_month_only() -> None:
    rows = [paid("5.00", "CNY", "2026-03-31", received_at=on(2, 3), answered_at=on(2, 9), closed_at=on(4, 7))]
    months = ["2026-01", "2026-02", "2026-03", "2026-04"]

    found = [measure(figures_of(*rows, period=month, as_at=on(6, 1)), "redress", "amount") for month in months]

    assert found == [{}, {}, {"CNY": Decimal("5.00")}, {}]


def test_reviews_count_when_they_were_asked_for_told_and_followed() -> None:
    closed = {"received_at": on(1, 5), "answered_at": on(1, 15), "closed_at": on(2, 1)}
    asked = {"review": "asked", "review_asked_at": on(3, 5)}
    told = {"review": "answered", "review_asked_at": on(2, 5), "review_told_at": on(3, 6)}
    figures = figures_of(
        a_closed_row(**closed, **asked),
        a_closed_row(**closed, **told),
        a_row(received_at=on(1, 5), **told, reopened=1, reopened_at=on(3, 7)),
        a_row(received_at=on(1, 5), reopened=1, reopened_at=on(3, 7)),  # for another reason
        a_closed_row(**closed, **told | {"review_told_at": APRIL}),
        # asked again: what was told before was about the first time
        a_closed_row(**closed, **told | {"review_asked_at": on(3, 8), "review_told_at": on(3, 6)}),
    )

    assert measure(figures, "reviews", "cases") == {"asked": 2, "answered": 2, "changed": 1}


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
        (a_row(reopened=1, reopened_at=on(3, 25)), "days_16_30", 1, 1),  # its first receipt counts
        (a_history_row(), None, 0, 0),
    ],
)
def test_what_is_open_at_the_end_is_counted_by_age(row: Row, band: str | None, unanswered: int, overdue: int) -> None:
    figures = figures_of(row)
    table = figures.sections["open_by_age"]

    assert list(table["code"]) == list(AGE_BANDS)
    assert measure(figures, "open_by_age", "open") == ({band: 1} if band else {})
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
    figures = figures_of(*(a_closed_row(answered_at=None, closed_at=at) for at in closed_on))
    durations = figures.sections["durations"].set_index("code")

    assert durations.loc["close", "cases"] == len(closed_on)
    assert durations.loc["close", "average_days"] == (Decimal(average) if average else None)
    assert durations.loc["close", "median_days"] == (Decimal(median) if median else None)
    assert durations.loc["answer", "cases"] == 0


def test_satisfaction_counts_with_the_closing() -> None:
    figures = figures_of(a_closed_row(), a_closed_row(satisfaction="not_reached"), a_closed_row(closed_at=APRIL))

    assert measure(figures, "satisfaction", "cases") == {"satisfied": 1, "not_reached": 1}
    assert measure(figures, "closed_by", "closed") == {"completed": 2}


def test_the_load_of_handlers_and_departments() -> None:
    figures = figures_of(
        a_closed_row(),
        a_row(handler="wu.min", department="claims", received_at=on(2, 1), answered_at=on(3, 4), late=True),
        a_row(),
    )

    assert measure(figures, "handlers", "received") == {"li.wei": 1, "not_stated": 1}
    assert measure(figures, "handlers", "closed") == {"li.wei": 1}
    assert measure(figures, "handlers", "open") == {"wu.min": 1, "not_stated": 1}
    assert measure(figures, "handlers", "late") == {"wu.min": 1}
    assert measure(figures, "departments", "received") == {"complaints": 2}
    assert measure(figures, "departments", "open") == {"claims": 1, "complaints": 1}


# --- five dimensions --------------------------------------------------------------------------------


def test_a_month_is_divided_into_weeks_from_monday() -> None:
    figures = figures_of(
        a_row(received_at=MARCH),  # a Sunday
        a_row(received_at=on(3, 2, 0)),
        a_row(received_at=on(3, 8, 23), kind="suggestion"),
        a_row(received_at=on(3, 9, 0)),
        a_row(received_at=APRIL - TICK),
        a_row(received_at=APRIL),
        a_row(received_at=MARCH - TICK),  # in the same week, but not in the month
    )

    table = figures.sections["dimension_time"]

    assert list(table["code"]) == ["2026-02-23", "2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30"]
    assert list(table["received"]) == [1, 2, 1, 0, 0, 1]
    assert list(table["complaints"]) == [1, 1, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("period", "months"),
    [
        ("2026-Q4", ["2026-10-01", "2026-11-01", "2026-12-01"]),
        ("2026-H1", ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01"]),
        ("2026", [f"2026-{month:02}-01" for month in range(1, 13)]),
    ],
)
def test_anything_longer_is_divided_into_months(period: str, months: list[str]) -> None:
    each = [a_row(received_at=on(month, 1, 0) + shift) for month in range(1, 13) for shift in (timedelta(), -TICK)]
    figures = figures_of(*each, period=period)

    table = figures.sections["dimension_time"]

    assert list(table["code"]) == months
    assert list(table["received"]) == [1 if day == "2026-12-01" else 2 for day in months]


def test_people_event_channel_and_solution() -> None:
    figures = figures_of(
        a_closed_row(represented=True, late=True, satisfaction="neutral"),
        a_closed_row(party_type="firm", satisfaction="dissatisfied", remedy="none", outcome="not_upheld", cause=None),
        a_closed_row(kind="consultation", remedy=None, outcome=None, satisfaction=None, late=True),
        paid("1.00", "CNY", channel="app", category="claim", reopened=1, reopened_at=on(3, 12)),
    )

    assert list(figures.sections["dimension_people"]["code"]) == [
        "person/direct",
        "person/represented",
        "firm/direct",
        "firm/represented",
    ]
    assert measure(figures, "dimension_people", "complaints") == {
        "person/represented": 1,
        "firm/direct": 1,
        "person/direct": 1,
    }
    assert measure(figures, "dimension_event", "deduplicated") == {
        "fees/general": 1,
        "fees/not_stated": 1,
        "claim/general": 1,
    }
    assert measure(figures, "dimension_event", "upheld") == {"fees/general": 1, "claim/general": 1}
    assert measure(figures, "dimension_channel", "complaints") == {"web": 2, "app": 1}
    assert measure(figures, "dimension_channel", "late") == {"web": 1}
    assert measure(figures, "dimension_solution", "cases") == {"apology": 1, "none": 1, "compensation": 1}
    assert measure(figures, "dimension_solution", "satisfied") == {"compensation": 1}
    assert measure(figures, "dimension_solution", "broadly_satisfied") == {"apology": 1}
    assert measure(figures, "dimension_solution", "dissatisfied") == {"none": 1}
    assert measure(figures, "dimension_solution", "reopened") == {"compensation": 1}


# --- two times --------------------------------------------------------------------------------------


def test_what_happened_after_the_period_is_not_in_its_figures() -> None:
    """The same case as at two cut-offs: known in April, and known in May when it had gone its whole way."""
    in_march = a_row(decision_due_at=on(5, 1, 0))
    in_may = in_march | {
        "answered_at": on(4, 9),
        "closed_at": on(4, 20),
        "late": False,
        "closure": "completed",
        "outcome": "upheld",
        "remedy": "apology",
        "satisfaction": "satisfied",
        "review_asked_at": on(4, 25),
        "merged_into": "X",
        "merged_at": on(4, 20),
    }

    first, later = figures_of(in_march), figures_of(in_may, as_at=on(5, 5))

    assert later.until == APRIL
    for name, section in first.sections.items():
        pd.testing.assert_frame_equal(later.sections[name], section)


def test_a_cut_off_within_the_month_ends_it() -> None:
    rows = [a_row(), a_closed_row(), a_row(received_at=on(3, 20)), a_row(received_at=on(3, 17, 12))]
    figures = figures_of(*rows, as_at=on(3, 17, 12))

    assert figures.until == figures.as_at == on(3, 17, 12)
    assert totals(figures) == {"matters": 2, "complaints": 2, "complaints_deduplicated": 2}
    assert measure(figures, "open_by_age", "open") == {"days_0_15": 2}
    assert measure(figures, "open_by_age", "overdue") == {}


def test_a_period_that_has_not_begun_has_no_figures() -> None:
    with pytest.raises(PeriodNotBegun, match="2026-04 has not begun") as refused:
        make_figures(frame(), Period.parse("2026-04"), SHANGHAI, APRIL)

    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)


@pytest.mark.parametrize(
    ("period", "now", "before", "year_before"),
    [
        ("2026-03", on(3, 31, 23), on(2, 28, 23), on(3, 31, 23, 2025)),
        ("2026-01", on(1, 1, 0), on(12, 1, 0, 2025), on(1, 1, 0, 2025)),
        ("2026-Q1", on(1, 1, 0), on(10, 1, 0, 2025), on(1, 1, 0, 2025)),
        ("2026-H1", on(6, 30, 23), on(12, 31, 23, 2025), on(6, 30, 23, 2025)),
    ],
)
def test_figures_stand_beside_those_of_the_period_before_and_a_year_before(
    period: str, now: datetime, before: datetime, year_before: datetime
) -> None:
    figures = figures_of(
        a_row(received_at=now),
        *[a_row(received_at=before, channel="app")] * 2,
        *[a_row(received_at=year_before, channel="post")] * 3,
        period=period,
    )

    assert measure(figures, "channel", "received") == {"web": 1}
    assert measure(figures, "channel", "received", of="before") == {"app": 2}
    assert measure(figures, "channel", "received", of="year_before") == {"post": 3}
    assert list(figures.sections) == list(figures.before) == list(figures.year_before)


def test_open_at_the_end_of_the_period_before_is_counted_as_of_then() -> None:
    figures = figures_of(a_closed_row(received_at=on(2, 10)), a_row(received_at=on(2, 26)))

    assert measure(figures, "open_by_age", "open", of="before") == {"days_0_15": 1, "days_16_30": 1}
    assert measure(figures, "open_by_age", "unanswered", of="before") == {"days_0_15": 1, "days_16_30": 1}
    assert measure(figures, "open_by_age", "open") == {"days_31_60": 1}


# --- the cases behind a figure ----------------------------------------------------------------------


def test_every_figure_leads_to_its_cases() -> None:
    figures = figures_of(
        paid("1.00", "CNY", reference="B"),
        a_row(reference="A", product="3.5%定期"),
        a_row(reference="C", channel="app"),
    )

    assert figures.cases_of("totals.complaints.cases") == ["A", "B", "C"]
    assert figures.cases_of("channel.web.received") == ["A", "B"]
    assert figures.cases_of("product.3.5%定期.deduplicated") == ["A"]
    assert figures.cases_of("redress.CNY.amount") == ["B"]
    assert figures.cases_of("durations.answer.median_days") == ["B"]
    assert figures.cases_of("kind.report.received") == []
    assert list(figures.members.columns) == ["section", "code", "measure", "reference"]


@pytest.mark.parametrize(
    "figure",
    ["", "channel", "channel.web", "channel.fax.received", "channel.web.code", "channel.web.amount", "x.y.z", "..."],
)
def test_a_figure_that_is_none_is_refused(figure: str) -> None:
    with pytest.raises(FigureUnknown, match=r"channel\.web\.received"):
        figures_of(a_row()).cases_of(figure)


def test_further_sections_come_with_their_own_cases() -> None:
    plain = figures_of(a_row(reference="A"))
    section = pd.DataFrame({"code": ["skipped"], "cases": [1]})
    members = pd.DataFrame([("conformance", "skipped", "cases", "A")], columns=list(plain.members.columns))

    figures = plain.with_sections({"conformance": section}, members=members).with_sections(
        {"warnings": section.iloc[:0]}
    )

    assert list(figures.sections)[-2:] == ["conformance", "warnings"]
    assert list(plain.sections) == list(plain.before)
    assert figures.cases_of("conformance.skipped.cases") == ["A"]
    assert figures.cases_of("channel.web.received") == ["A"]
    assert len(figures.members) == len(plain.members) + 1
    assert "conformance" not in figures.before


PAGE = Path(__file__).parents[3] / "docs" / "figures.md"


def test_every_section_and_measure_is_defined_on_its_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    figures = figures_of(a_row())

    for section, table in figures.sections.items():
        assert f"| `{section}`" in text, section
        for name in table.columns.drop("code"):
            assert f"`{name}`" in text, name
    for code in figures.sections["totals"]["code"]:
        assert f"`{code}`" in text, code
