"""The IDR data report of RG 271: one row a complaint, against rows written out by hand."""

import csv
import io
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from complaints.errors.settings import SettingError
from complaints.reporting.returns.data import read_data
from complaints.reporting.returns.files import table_csv
from complaints.reporting.returns.making import file_checked
from complaints.reporting.returns.model import Grade, ReturnUnknown
from complaints.reporting.returns.validating import NotThisReturn
from tests.complaints.reporting.returns.building import AU_FIRM, SYDNEY, a_row, answered, made, musts, said

IDR = ("au-rg271", "idr-data", "2026-H1")
TICK = timedelta(microseconds=1)
FIRST, AFTER = datetime(2026, 1, 1, tzinfo=SYDNEY), datetime(2026, 7, 1, tzinfo=SYDNEY)


def on(month: int, day: int, hour: int = 10, year: int = 2026) -> datetime:
    """An hour in Sydney."""
    return datetime(year, month, day, hour, tzinfo=SYDNEY)


def filled(one) -> list[dict[str, object]]:
    """The rows of the report, without what is blank."""
    return [{name: value for name, value in row.items() if value is not None} for row in one.tables[0].records()]


def test_each_complaint_is_a_row_as_written_out_by_hand():
    one = made(
        *IDR,
        a_row(received_at=on(11, 20, year=2025), category="service", channel="telephone", party_type="person"),
        answered(
            on(3, 5), received_at=on(3, 2), remedy="refund", redress_paid=Decimal("128.50"), redress_currency="AUD"
        ),
        a_row(received_at=on(5, 4), product="Mortgage", reopened=1, reopened_at=on(6, 2)),
        own=AU_FIRM,
    )

    shared = {
        "Subsidiary, brand or superannuation fund": "Example",
        "Complainant type": "Consumer",
        "Complaint is about a representative": "No",
    }
    assert filled(one) == [
        shared
        | {
            "Complaint unique identifier": "TS00000",
            "Complaint status": "Open",
            "Complaint channel": "1",
            "Date received": date(2025, 11, 20),
            "Product or service 1": "11",
            "Issue 1": "301",
        },
        shared
        | {
            "Complaint unique identifier": "TS00001",
            "Complaint status": "Closed",
            "Complaint channel": "3",
            "Date received": date(2026, 3, 2),
            "Date closed or resolved": date(2026, 3, 5),
            "Days taken to resolve": 3,
            "Product or service 1": "11",
            "Issue 1": "201",
            "Outcome 1": "7",
            "Monetary remedy amount": Decimal("128.50"),
        },
        shared
        | {
            "Complaint unique identifier": "TS00002",
            "Complaint status": "Re-opened",
            "Complaint channel": "3",
            "Date received": date(2026, 5, 4),
            "Product or service 1": "21",
            "Product or service 2": "22",
            "Issue 1": "201",
        },
    ]
    assert (one.due_on, one.is_nil, musts(one)) == (date(2026, 8, 31), False, [])


@pytest.mark.parametrize(
    ("row", "is_in"),
    [
        pytest.param(a_row(received_at=FIRST), True, id="the first instant of the half-year in Sydney"),
        pytest.param(a_row(received_at=AFTER - TICK), True, id="the last one"),
        pytest.param(a_row(received_at=AFTER), False, id="the first of the next"),
        pytest.param(a_row(received_at=FIRST - TICK), True, id="open at its start"),
        pytest.param(answered(FIRST - TICK, received_at=on(11, 1, year=2025)), False, id="ended just before"),
        pytest.param(answered(FIRST, received_at=on(11, 1, year=2025)), True, id="ended just after it began"),
        pytest.param(a_row(received_at=FIRST, kind="consultation"), False, id="no complaint"),
        pytest.param(a_row(received_at=FIRST, kind="report"), False, id="a whistle-blowing report"),
    ],
)
def test_the_half_year_begins_and_ends_at_midnight_in_sydney(row, is_in):
    assert len(made(*IDR, row, own=AU_FIRM).tables[0].rows) == is_in


def test_a_half_year_of_the_second_sort_is_due_at_the_end_of_february():
    one = made("au-rg271", "idr-data", "2027-H2", own=AU_FIRM)

    assert (one.due_on, one.is_nil) == (date(2028, 2, 29), True)


def test_a_half_year_without_complaints_is_a_nil_submission_with_nothing_but_the_header():
    one = made(*IDR, own=AU_FIRM)

    assert (one.is_nil, musts(one)) == (True, [])
    assert table_csv(one.tables[0]).count("\n") == 1


def test_what_happened_after_the_half_year_is_not_in_it():
    one = made(*IDR, answered(AFTER, received_at=on(6, 1)), own=AU_FIRM, as_at=on(8, 1))

    assert (filled(one)[0]["Complaint status"], "Outcome 1" in filled(one)[0]) == ("Open", False)


def test_a_complaint_taken_up_again_after_the_half_year_is_open_in_it():
    one = made(*IDR, a_row(received_at=on(6, 1), reopened=1, reopened_at=AFTER), own=AU_FIRM, as_at=on(8, 1))

    assert filled(one)[0]["Complaint status"] == "Open"


def test_a_complaint_merged_into_another_is_a_row_only_where_it_was_one_before():
    merged = {"closure": "merged", "merged_into": "TS00009", "closed_at": on(3, 9), "merged_at": on(3, 9)}
    own = AU_FIRM.replace('"withdrawn" = "10"', '"merged" = "12"')
    one = made(
        *IDR,
        a_row(reference="TS00001", received_at=on(3, 8)) | merged,
        a_row(reference="TS00002", received_at=on(12, 8, year=2025)) | merged,  # reported as open at the last time
        a_row(reference="TS00009", received_at=on(3, 2), repeats=2),
        own=own,
    )

    rows = {row["Complaint unique identifier"]: row["Complaint status"] for row in one.tables[0].records()}

    assert rows == {"TS00002": "Closed", "TS00009": "Open"}
    assert (one.left_out, musts(one)) == (1, [])


def test_without_the_firms_own_tables_everything_missing_is_said_at_once_and_nothing_is_invented():
    one = made(*IDR, answered(on(3, 5), received_at=on(3, 2), party_type="firm"), own="")

    assert said(musts(one)) == [
        ("return", "AFS licence number", "is mandatory, and the firm's own file does not have it"),
        ("complaints", "complainant type", "'firm' has no code of the authority's"),
        ("complaints", "channel received", "'web' has no code of the authority's"),
        ("complaints", "about a representative", "'Current account' has no code of the authority's"),
        ("complaints", "product or service", "'Current account' has no code of the authority's"),
        ("complaints", "issue", "'fees / general' has no code of the authority's"),
        ("complaints", "outcome", "'upheld / apology' has no code of the authority's"),
    ]
    assert sorted(filled(one)[0]) == [
        "Complaint status",
        "Complaint unique identifier",
        "Date closed or resolved",
        "Date received",
        "Days taken to resolve",
    ]


def test_history_without_a_date_of_closing_is_closed_and_lacks_the_date():
    one = made(*IDR, a_row(received_at=on(3, 2), history=True, closure="history"), own=AU_FIRM)

    assert filled(one)[0]["Complaint status"] == "Closed"
    assert said(musts(one)) == [
        ("complaints", "outcome", "'history' has no code of the authority's"),
        ("complaints", "date closed or resolved", "is needed where complaint status is Closed, and has no value"),
        ("complaints", "days taken to resolve", "is needed where complaint status is Closed, and has no value"),
    ]


def test_a_remedy_in_another_currency_is_no_number_of_this_return():
    paid = {"remedy": "refund", "redress_paid": Decimal("9.00"), "redress_currency": "NZD"}
    one = made(*IDR, answered(on(3, 5), received_at=on(3, 2), **paid), own=AU_FIRM)

    assert "Monetary remedy amount" not in filled(one)[0]
    assert [finding.field.en for finding in musts(one)] == ["monetary remedy amount"]


def test_more_codes_than_three_are_a_finding():
    own = AU_FIRM.replace('["21", "22"]', '["21", "22", "23", "24"]')
    one = made(*IDR, a_row(received_at=on(3, 2), product="Mortgage"), own=own)

    assert [filled(one)[0][f"Product or service {n}"] for n in (1, 2, 3)] == ["21", "22", "23"]
    assert said(musts(one)) == [
        ("complaints", "product or service", "the map gives over 3 codes; the others are left out")
    ]


def test_the_codes_that_could_not_be_read_are_to_be_verified_until_the_firm_has_written_them():
    listed = (
        '[lists.product]\ntitle = { zh = "产品", en = "product or service" }\nconfidence = "H"\ncodes = [\n%s\n]\n\n'
    )
    code = '{ code = "%s", title = { zh = "产品", en = "product" } },'
    ours, theirs = (AU_FIRM + listed % "\n".join(code % one for one in known) for known in (["11", "21", "22"], ["11"]))

    one = made(*IDR, a_row(received_at=on(3, 2)), own=ours)

    assert "product or service" not in {
        x.field.en for x in one.findings if x.reason.en == "the code tables were not read"
    }
    with pytest.raises(SettingError, match="map product leads to 21, 22, which list 'product' does not have"):
        read_data("au-rg271", theirs)


# --- a file that somebody completed ----------------------------------------------------------------


def checked(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """What must be put right in a file: field and reason, and in which lines."""
    findings = file_checked("au-rg271", "idr-data", text, read_data("au-rg271", AU_FIRM))
    return [(f"{one.field.en} {one.reason.en}", one.cases) for one in findings if one.grade is Grade.MUST]


def a_file(**changes: str) -> str:
    """The file of two closed complaints, in which somebody wrote something into the second line."""
    rows = [answered(on(3, 5), received_at=on(3, 2), outcome="not_upheld", remedy=None) for _ in range(2)]
    made_rows = list(csv.DictReader(io.StringIO(table_csv(made(*IDR, *rows, own=AU_FIRM).tables[0]))))
    made_rows[1] |= changes
    out = io.StringIO()
    writer = csv.DictWriter(out, made_rows[0])
    writer.writeheader()
    writer.writerows(made_rows)
    return out.getvalue()


def test_a_file_that_was_made_here_is_in_order():
    assert checked(a_file()) == []
    assert checked("\ufeff" + a_file()) == []  # as Excel saves it


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Date received": "02/03/2026"}, "date received is not written as 2026-03-02"),
        ({"Days taken to resolve": "3.5"}, "days taken to resolve is not written as 15"),
        ({"Monetary remedy amount": "A$ 12"}, "monetary remedy amount is not written as 128.50"),
        ({"Complaint channel": ""}, "channel received is mandatory and has no value"),
        ({"Outcome 1": ""}, "outcome 1 is needed where complaint status is Closed, and has no value"),
        (
            {"Complaint is about a representative": "Yes"},
            "which representative is needed where about a representative is Yes, and has no value",
        ),
        (
            {"Representative": "=1+1"},
            "which representative begins as a formula would; the file has an apostrophe before it",
        ),
    ],
)
def test_what_somebody_wrote_into_the_file_is_checked_line_by_line(changes, expected):
    assert checked(a_file(**changes)) == [(expected, ("line 3",))]


def test_a_line_without_anything_is_no_row_and_the_others_keep_their_numbers():
    first, rest = a_file(**{"Date received": "?"}).split("\n", 1)

    assert checked(f"{first}\n,,,\n\n{rest}") == [("date received is not written as 2026-03-02", ("line 5",))]


def test_an_identifier_that_is_there_twice_is_named_in_all_its_lines():
    assert checked(a_file(**{"Complaint unique identifier": "TS00000"})) == [
        ("complaint unique identifier is there more than once", ("line 2", "line 3"))
    ]


def test_everything_wrong_in_a_file_is_said_together():
    wrong = a_file(**{"Date received": "?", "Complaint channel": "", "Days taken to resolve": "x"})

    assert len(checked(wrong)) == 3


def test_a_file_with_other_columns_is_refused_with_what_it_lacks():
    with pytest.raises(NotThisReturn, match=r"it lacks Complaint status; it has Status beside them"):
        checked(a_file().replace("Complaint status", "Status"))
    with pytest.raises(NotThisReturn, match="it lacks Complaint unique identifier"):
        checked("")
    with pytest.raises(ReturnUnknown):
        file_checked("uk-disp", "annex-1r", "", read_data("uk-disp"))
