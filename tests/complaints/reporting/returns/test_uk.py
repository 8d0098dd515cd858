"""The complaints return of DISP 1 Annex 1R, against returns written out by hand."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from complaints.reporting.returns.model import Grade, ReturnNotMade
from tests.complaints.reporting.returns.building import LONDON, UK_FIRM, a_row, answered, made, musts, said
from tests.complaints.reporting.rows import payments

ANNEX_1R = ("uk-disp", "annex-1r", "2026-H1")


def on(month: int, day: int, hour: int = 10) -> datetime:
    """An hour of 2026 in London."""
    return datetime(2026, month, day, hour, tzinfo=LONDON)


def rows_of(one, table: str) -> dict[str, tuple]:
    """The rows of a table that hold anything, by their first column."""
    return {row[0]: row[1:] for row in one.table(table).rows if any(row[1:])}


def test_a_small_return_is_as_written_out_by_hand():
    one = made(
        *ANNEX_1R,
        a_row(received_at=datetime(2025, 12, 1, tzinfo=LONDON), category="service"),  # outstanding at the start
        a_row(product="Mortgage", category="collection"),
        answered(on(3, 5), payments=payments(("2026-03-05", "12.50", "GBP")), remedy="refund"),  # the 3rd day
        answered(on(4, 27), outcome="not_upheld", product="Mortgage"),  # the last day of the 8th week
        answered(on(4, 28), outcome="partly_upheld", category="conduct"),  # the day after
        own=UK_FIRM,
    )

    assert list(one.table("details").rows) == [
        ("Covers more than one firm", "No"),
        ("Nil return", "No"),
        ("Complaints outstanding at the start of the period", 1),
        ("Complaints opened in the period", 4),
    ]
    assert rows_of(one, "table-1") == {  # selling, information, admin, arrears, other, total
        "Banking and credit cards": (1, 1, 0, 0, 0, 2),
        "Home finance": (0, 1, 0, 1, 0, 2),
        "Total": (1, 2, 0, 1, 0, 4),
    }
    assert rows_of(one, "table-2") == {  # ≤3 days, ≤8 weeks, over 8 weeks, closed, upheld, redress
        "Banking and credit cards": (1, 0, 1, 2, 2, Decimal("12.50")),
        "Home finance": (0, 1, 0, 1, 0, Decimal("0.00")),
        "Total": (1, 1, 1, 3, 2, Decimal("12.50")),
    }
    assert rows_of(one, "table-3") == {"Banking and credit cards": (2000, None), "Home finance": (400, 30)}
    assert (one.due_on, one.is_nil, musts(one)) == (date(2026, 8, 11), False, [])


@pytest.mark.parametrize(
    ("received_at", "ended_at", "column"),
    [
        pytest.param(on(3, 2), on(3, 5, 23), 0, id="Monday to Thursday: the close of the third business day"),
        pytest.param(on(3, 2), on(3, 6, 0), 1, id="the instant after it"),
        pytest.param(on(4, 1), on(4, 8), 0, id="Good Friday and Easter Monday are no business days"),
        pytest.param(on(4, 1), on(4, 9), 1, id="the fourth business day around Easter"),
        pytest.param(on(3, 7), on(3, 11), 0, id="received on a Saturday"),
        pytest.param(on(3, 29), on(5, 24, 23), 1, id="eight weeks, over the change of the clock"),
        pytest.param(on(3, 29), on(5, 25, 0), 2, id="a day more"),
    ],
)
def test_how_long_a_complaint_took_is_counted_in_business_days_then_in_weeks(received_at, ended_at, column):
    one = made(*ANNEX_1R, answered(ended_at, received_at=received_at), own=UK_FIRM)

    times = rows_of(one, "table-2")["Total"][:3]

    assert times == tuple(1 if at == column else 0 for at in range(3))


def test_from_the_threshold_on_the_tables_are_by_product_and_are_published():
    rows = [a_row(sub_product="Cash ISA" if n % 2 else None) for n in range(498)]
    rows += [answered(on(3, 4)), answered(on(4, 4), product="Mortgage", category="service", outcome="not_upheld")]

    one = made(*ANNEX_1R, *rows, own=UK_FIRM)

    assert [table.name for table in one.tables] == ["details", "table-4", "table-5", "table-6", "publication"]
    assert [(row[:2], row[-1]) for row in one.table("table-4").rows] == [
        (("Banking and credit cards", "Current accounts"), 250),
        (("Banking and credit cards", "Savings"), 249),
        (("Home finance", "Mortgages"), 1),
        (("Total", None), 500),
    ]
    published = {row[0]: row[1:] for row in one.table("publication").rows}
    assert published["Banking and credit cards"] == (
        Decimal("249.50"),  # 499 of 2,000 accounts, per 1,000
        None,
        499,
        1,
        Decimal("100.00"),
        Decimal("0.00"),
        Decimal("100.00"),
        "Information, sums/charges or product performance",
    )
    assert published["Home finance"] == (
        Decimal("2.50"),
        Decimal("33.33"),
        1,
        1,
        Decimal("0.00"),
        Decimal("100.00"),
        Decimal("0.00"),
        "General admin/customer service",
    )


def test_one_below_the_threshold_nothing_is_published():
    one = made(*ANNEX_1R, *[a_row() for _ in range(499)], own=UK_FIRM)

    assert [table.name for table in one.tables] == ["details", "table-1", "table-2", "table-3"]


def test_a_period_without_complaints_is_a_nil_return_and_leaves_the_tables_blank():
    one = made(*ANNEX_1R, own=UK_FIRM)

    assert (one.is_nil, musts(one)) == (True, [])
    assert [(table.name, table.rows) for table in one.tables] == [
        ("details", (("Covers more than one firm", "No"), ("Nil return", "Yes")))
    ]


def test_everything_that_is_missing_is_said_at_once():
    paid = {"payments": payments(("2026-03-04", "9.00", "EUR"))}
    one = made(*ANNEX_1R, a_row(product="Pet plan"), a_row(product=None), answered(on(3, 4), **paid), a_row(kind=None))

    assert said(musts(one)) == [
        ("return", "firm reference number (FRN)", "is mandatory, and the firm's own file does not have it"),
        ("return", "kind", "matters of the period not assessed yet, and so not in the return: 1"),
        ("table-2", "product", "the case does not say it, so there is nothing to map"),
        ("table-2", "product", "'Current account' has no code of the authority's"),
        ("table-2", "product", "'Pet plan' has no code of the authority's"),
        ("return", "redress", "the return is in pounds; redress in EUR is not in it"),
    ]
    assert all(finding.cure.zh and finding.cure.en and finding.reason.zh for finding in one.findings)
    assert rows_of(one, "table-1")["not mapped"] == (0, 3, 0, 0, 0, 3)  # in the total, where anybody sees them


def test_the_size_of_the_business_is_asked_for_where_there_are_complaints():
    without_size = UK_FIRM.replace("2026-H1", "2025-H2")

    one = made(*ANNEX_1R, a_row(), own=without_size)

    assert said(musts(one)) == [
        ("table-3", "Banking and credit cards", "our records of complaints do not hold the size of the business")
    ]


def test_what_rests_on_a_source_that_is_not_sure_is_to_be_verified():
    one = made(*ANNEX_1R, a_row(), own=UK_FIRM)

    doubts = {finding.field.en for finding in one.findings if finding.grade is Grade.VERIFY}

    assert one.to_verify
    assert {"complaints return, DISP 1 Annex 1R", "product and service grouping", "counted as upheld"} <= doubts


def test_a_group_says_whose_numbers_it_reports_too():
    one = made(*ANNEX_1R, a_row(), own=UK_FIRM.replace("[maps", 'members = ["222222", "333333"]\n\n[maps', 1))

    assert one.table("details").rows[:3] == (
        ("Covers more than one firm", "Yes"),
        ("Further firm reference number", "222222"),
        ("Further firm reference number", "333333"),
    )


def test_redress_counts_when_it_was_paid_and_only_once():
    row = answered(on(6, 30), payments=payments(("2026-07-01", "40.00", "GBP"))) | {"closed_at": on(7, 8)}
    at = on(7, 30)

    first, second = (made("uk-disp", "annex-1r", name, row, own=UK_FIRM, as_at=at) for name in ("2026-H1", "2026-H2"))

    assert rows_of(first, "table-2")["Total"][3:] == (1, 1, Decimal("0.00"))  # closed by its answer, not yet paid
    assert rows_of(second, "table-2")["Total"] == (0, 0, 0, 0, 0, Decimal("40.00"))


def test_what_was_paid_before_a_case_was_taken_up_again_stays_paid():
    row = a_row(payments=payments(("2026-03-20", "40.00", "GBP")), reopened=1, reopened_at=on(4, 2))

    one = made(*ANNEX_1R, row, own=UK_FIRM)

    assert rows_of(one, "table-2")["Total"] == (0, 0, 0, 0, 0, Decimal("40.00"))


def test_what_was_paid_on_a_complaint_that_was_merged_later_stays_paid_though_it_counts_once():
    merged = {"merged_into": "TS00000", "merged_at": on(4, 2), "closed_at": on(4, 2), "closure": "merged"}
    again = a_row(**merged, reopened=1, reopened_at=on(4, 1), payments=payments(("2026-03-09", "12.50", "GBP")))
    one = made(*ANNEX_1R, a_row(), again, own=UK_FIRM)

    assert rows_of(one, "table-2")["Banking and credit cards"] == (0, 0, 0, 0, 0, Decimal("12.50"))
    assert one.left_out == 1
    assert rows_of(one, "details")["Complaints opened in the period"] == (1,)


def test_redress_on_a_complaint_of_an_earlier_period_is_in_the_period_that_paid_it():
    long_ago = {"received_at": on(3, 2) - timedelta(days=365), "closed_at": None}
    row = answered(on(3, 9) - timedelta(days=365)) | long_ago | {"payments": payments(("2026-01-08", "40.00", "GBP"))}

    one = made(*ANNEX_1R, row, own=UK_FIRM)

    assert rows_of(one, "table-2")["Total"] == (0, 0, 0, 0, 0, Decimal("40.00"))


def test_the_old_return_ends_with_2026_and_the_new_one_says_what_was_not_read():
    with pytest.raises(ReturnNotMade, match=r"it ended on 2026-12-31\. For that time there is: consolidated"):
        made("uk-disp", "annex-1r", "2027-H1")
    with pytest.raises(ReturnNotMade, match="it begins on 2027-01-01"):
        made("uk-disp", "consolidated", "2026-H2")

    one = made("uk-disp", "consolidated", "2027-H1", a_row(received_at=on(3, 2) + timedelta(days=365)), own=UK_FIRM)

    assert one.table("known").rows[:2] == (("Nil return", "No"), ("Complaints opened", 1))
    assert (
        "return",
        "the fields of PS25/19",
        "the list of fields (pages 33 to 40) was not read: not complete",
    ) in said(musts(one))
