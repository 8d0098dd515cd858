"""The import of the CFPB's complaint database: what becomes of its rows, and what never does."""

import csv
import gzip
import io
import pickle
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from complaints import acts
from complaints.adapters.filing import new_reference
from complaints.adapters.spreadsheets import batches, cfpb, importing
from complaints.adapters.spreadsheets import report as reports
from complaints.adapters.spreadsheets.cfpb import CfpbLayout
from complaints.adapters.spreadsheets.importing import import_file
from complaints.adapters.spreadsheets.report import ImportReport, Reject, TableRefused, write_rejects
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow
from complaints.adapters.verify import verify
from complaints.case import Case
from complaints.errors.settings import SettingError
from complaints.words import Category, Channel, Closure, ContactKind, Kind, Stage
from tests.builders import REGIME
from tests.conftest import SqliteFiles

HEADER_18 = (
    "Date received,Product,Sub-product,Issue,Sub-issue,Consumer complaint narrative,Company public response,Company,"
    "State,ZIP code,Tags,Consumer consent provided?,Submitted via,Date sent to company,Company response to consumer,"
    "Timely response?,Consumer disputed?,Complaint ID"
)
HEADER_INTAKE = (
    "date_received,product,sub_product,issue,sub_issue,consumer_narrative,company_public_response,company,state,"
    "zip_code,tag,consent_status,submitted_via,date_sent_to_company,company_response_to_consumer,timely_response,"
    "consumer_disputed,public_id"
)
HEADER_ONE_BANK = (
    "Complaint ID,Submitted via,Date submitted,Date received,State,Product,Sub-product,Issue,Sub-issue,"
    "Company public response,Company response to consumer,Timely response?"
)
COLUMNS_18 = HEADER_18.split(",")
COLUMNS_16 = [name for name in COLUMNS_18 if name not in ("Consumer consent provided?", "Consumer disputed?")]
COLUMNS_17 = [*COLUMNS_16, "Eligible"]
COLUMNS_19 = [*COLUMNS_18, "Event tag"]
INTAKE = HEADER_INTAKE.split(",")
ONE_BANK = HEADER_ONE_BANK.split(",")

CELLS = {
    "Date received": "2019-09-24",
    "Product": "Checking or savings account",
    "Sub-product": "Checking account",
    "Issue": "Problem caused by your funds being low",
    "Sub-issue": "Overdrafts and overdraft fees",
    "Consumer complaint narrative": 'They charged me twice,\nthen "lost" my letter.',
    "Company public response": "Company chooses not to provide a public response",
    "Company": "EXAMPLE BANK, N.A.",
    "State": "FL",
    "ZIP code": "335XX",
    "Tags": "Older American",
    "Consumer consent provided?": "Consent provided",
    "Submitted via": "Web",
    "Date sent to company": "2019-09-26",
    "Company response to consumer": "Closed with monetary relief",
    "Timely response?": "Yes",
    "Consumer disputed?": "N/A",
    "Complaint ID": "3384392",
    "Event tag": "",
    "Eligible": "true",
    "Date submitted": "2019-09-24",
}
SHARED = Path(__file__).parents[4] / ".." / "shared" / "data" / "cfpb"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real CFPB files in ../shared/data/cfpb")


def a_row(**changes: str) -> dict[str, str]:
    """A valid row; spaces of a column's name are written as underscores, and its question mark is left out."""
    named = {name.replace(" ", "_").replace("-", "_").removesuffix("?"): name for name in CELLS}
    return CELLS | {named[key]: cell for key, cell in changes.items()}


def rows_numbered(*numbers: int) -> list[dict[str, str]]:
    return [a_row(Complaint_ID=str(number)) for number in numbers]


def as_text(rows: Iterable[dict[str, str]], columns: Sequence[str] = COLUMNS_18, header: Sequence[str] = ()) -> str:
    """The CSV text of rows; ``header`` gives the columns other names."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header or columns)
    writer.writerows([row[name] for name in columns] for row in rows)
    return stream.getvalue()


def write(folder: Path, content: str | bytes, name: str = "complaints.csv") -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def run(store: Store, file: Path, *, as_history: bool = True, limit: int | None = None) -> ImportReport:
    return import_file(store, file, CfpbLayout(), as_history=as_history, regime=REGIME, limit=limit)


def import_rows(store: Store, folder: Path, *rows: dict[str, str], as_history: bool = True) -> ImportReport:
    return run(store, write(folder, as_text(rows)), as_history=as_history)


def counts(report: ImportReport) -> tuple[int, int, int]:
    assert report.read == report.new + report.same + report.rejected
    assert report.updated == 0
    return report.new, report.same, report.rejected


def stored(store: Store) -> dict[str | None, Case]:
    """All cases by their number."""
    with store.read() as session:
        references = session.scalars(select(CaseRow.reference)).all()
    cases = [store.read_case(reference) for reference in references]
    return {case.facts.number: case for case in cases}


def only_case(store: Store) -> Case:
    (case,) = stored(store).values()
    return case


@pytest.fixture
def cases(sqlite: SqliteFiles, key_file: Path) -> Iterator[Store]:
    """A case database on SQLite alone, for what no database changes."""
    store = Store(sqlite.migrated(), key_file)
    yield store
    store.engine.dispose()


# --- what a row becomes -------------------------------------------------------------------------


def test_an_open_row_becomes_an_ordinary_case_with_its_clocks_running(store, tmp_path):
    report = import_rows(store, tmp_path, CELLS, as_history=False)

    case = only_case(store)
    assert counts(report) == (1, 0, 0)
    assert case.stage is Stage.RECEIVED
    assert case.clocks
    assert not case.facts.history
    assert case.facts.sender == "cfpb"
    assert case.facts.number == "3384392"
    assert case.kind is Kind.COMPLAINT


def test_a_row_keeps_everything_that_a_record_has_room_for(cases, tmp_path):
    import_rows(cases, tmp_path, CELLS, as_history=False)

    complaint = only_case(cases).complaint
    assert complaint is not None
    assert complaint.channel is Channel.WEB
    assert complaint.language == "en"
    assert complaint.product == "Checking or savings account"
    assert complaint.sub_product == "Checking account"
    assert complaint.issue == "Problem caused by your funds being low"
    assert complaint.category is Category.FEES
    assert complaint.respondent == "EXAMPLE BANK, N.A."
    assert complaint.region == "US-FL"
    assert complaint.place == "ZIP 335XX"
    assert complaint.narrative == 'They charged me twice,\nthen "lost" my letter.'
    assert complaint.wanted is None
    assert complaint.complainant.name is None


def test_letters_to_an_imported_complainant_go_onto_the_list_to_be_handed_over(cases, tmp_path):
    import_rows(cases, tmp_path, CELLS, as_history=False)

    contact = only_case(cases).best_contact
    assert contact is not None
    assert (contact.kind, contact.value) == (ContactKind.PORTAL, "CFPB Company Portal")


@pytest.mark.parametrize(
    ("said", "late"), [("Yes", False), ("No", True), ("", None), ("N/A", None)], ids=["Yes", "No", "blank", "N/A"]
)
def test_history_is_closed_without_a_date_and_late_where_the_cfpb_says_so(cases, tmp_path, said, late):
    import_rows(cases, tmp_path, a_row(Timely_response=said))

    case = only_case(cases)
    assert case.stage is Stage.CLOSED
    assert case.closed == acts.Closed(closure=Closure.HISTORY, timely=None if late is None else not late)
    assert case.closed_at is None
    assert not case.clocks
    with cases.read() as session:
        assert session.scalar(select(CaseRow.late)) is late


@pytest.mark.parametrize("as_history", [False, True], ids=["open", "history"])
def test_imported_cases_verify(store, tmp_path, as_history):
    import_rows(store, tmp_path, *rows_numbered(1, 2, 3), as_history=as_history)

    verified = verify(store)
    assert verified.cases == 3
    assert not verified.breaks


@pytest.mark.parametrize("withheld", ["", "   ", "None"])
def test_a_withheld_narrative_is_replaced_by_issue_and_sub_issue(cases, tmp_path, withheld):
    import_rows(cases, tmp_path, a_row(Consumer_complaint_narrative=withheld))

    complaint = only_case(cases).complaint
    assert complaint is not None
    assert complaint.narrative == (
        "Issue: Problem caused by your funds being low / Sub-issue: Overdrafts and overdraft fees "
        "(no narrative published)"
    )


def test_a_withheld_narrative_without_a_sub_issue_names_the_issue_alone(cases, tmp_path):
    import_rows(cases, tmp_path, a_row(Consumer_complaint_narrative="", Sub_issue="", Sub_product=""))

    complaint = only_case(cases).complaint
    assert complaint is not None
    assert complaint.narrative == "Issue: Problem caused by your funds being low (no narrative published)"
    assert complaint.sub_product is None


def test_each_way_of_submitting_has_its_channel(cases, tmp_path):
    expected = {
        "Web": "web",
        "Phone": "telephone",
        "Postal mail": "post",
        "Fax": "post",
        "Email": "email",
        "Referral": "regulator",
        "Web Referral": "regulator",
        "": "regulator",
        "Pigeon": "regulator",
    }

    import_rows(
        cases, tmp_path, *(a_row(Complaint_ID=str(n), Submitted_via=via) for n, via in enumerate(expected, start=1))
    )

    found = stored(cases)
    assert [found[str(n)].facts.channel for n in range(1, len(expected) + 1)] == list(expected.values())


def test_a_state_becomes_a_region_and_what_is_no_state_leaves_it_open(cases, tmp_path):
    expected = {
        "CA": "US-CA",
        "pr": "US-PR",
        "UNITED STATES MINOR OUTLYING ISLANDS": "US-UM",
        "AE": "US",
        "FM": "FM",
        "": None,
        "None": None,
        "Somewhere": None,
    }

    import_rows(cases, tmp_path, *(a_row(Complaint_ID=str(n), State=state) for n, state in enumerate(expected, 1)))

    found = stored(cases)
    assert [found[str(n)].facts.region for n in range(1, len(expected) + 1)] == list(expected.values())


@pytest.mark.parametrize(
    ("product", "issue", "category"),
    [
        ("Debt collection", "Improper contact or sharing of info", "collection"),
        ("Mortgage", "Incorrect information on your report", "credit_report"),
        ("Credit reporting", "Something new", "credit_report"),
        ("Credit card", "Late fee", "fees"),
        ("Mortgage", "Trouble during payment process", "payment"),
        ("Mortgage", "Loan modification,collection,foreclosure", "contract"),
        ("Money transfers", "Fraud or scam", "payment"),
        ("Checking or savings account", "Managing an account", "service"),
        ("Credit card", "Rewards", "product"),
        ("Credit card", "Advertising and marketing", "information"),
        ("Credit card", "Other", "other"),
    ],
)
def test_product_and_issue_settle_the_category(cases, tmp_path, product, issue, category):
    import_rows(cases, tmp_path, a_row(Product=product, Issue=issue))

    assert only_case(cases).facts.category == category


# --- dates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "2019-09-24",  # the bulk file
        "2019-09-24T12:00:00-05:00",  # the API until 2026
        "2019-09-24T22:26:56.000Z",  # the search export since June 2026
        "2019-09-24T22:26:56.000+0000",
        "09/24/2019",  # the first years' export
        "9/24/2019",
        "09/24/19",  # the search export until 2026
        "9/24/19",  # the official fixtures
        " 2019-09-24 ",
    ],
)
def test_every_shape_of_a_date_is_the_same_day(cases, tmp_path, written):
    import_rows(cases, tmp_path, a_row(Date_received=written))

    assert only_case(cases).facts.received_at == datetime(2019, 9, 24, 4, 0, tzinfo=UTC)  # midnight in New York


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "is blank"),
        ("2019-02-30", "is no day of the calendar"),
        ("24/09/2019", "is no day of the calendar"),
        ("20190924", "is no date; write 2019-09-24"),
        ("2019-9-24", "is no date; write 2019-09-24"),
        ("yesterday", "is no date; write 2019-09-24"),
        ("1999-09-24", "lies before 2011, when the CFPB began"),
        ("2099-09-09", "lies in the future"),
        ("09/09/99", "lies in the future"),
    ],
)
def test_a_date_that_cannot_be_is_rejected(cases, tmp_path, written, reason):
    report = import_rows(cases, tmp_path, a_row(Date_received=written))

    assert report.rejects == [Reject(2, "Date received", reason)]
    assert not stored(cases)


def test_a_row_of_tomorrow_is_rejected_and_one_of_today_is_not(cases, tmp_path):
    today = cases.now().astimezone(cfpb.NEW_YORK).date()
    tomorrow = today + timedelta(days=1)

    report = import_rows(
        cases,
        tmp_path,
        a_row(Complaint_ID="1", Date_received=today.isoformat()),
        a_row(Complaint_ID="2", Date_received=tomorrow.isoformat()),
    )

    assert counts(report) == (1, 0, 1)
    assert report.rejects == [Reject(3, "Date received", "lies in the future")]


# --- layouts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [COLUMNS_16, COLUMNS_17, COLUMNS_18, COLUMNS_19], ids=["16", "17", "18", "19"])
def test_every_generation_of_the_layout_gives_the_same_case(cases, tmp_path, columns):
    report = run(cases, write(tmp_path, as_text([CELLS], columns)))

    assert counts(report) == (1, 0, 0)
    assert report.ignored == ()
    complaint = only_case(cases).complaint
    assert complaint is not None
    assert complaint.narrative == CELLS["Consumer complaint narrative"]
    assert complaint.region == "US-FL"


@pytest.mark.parametrize(
    "header",
    [
        INTAKE,
        [name.upper() for name in COLUMNS_18],
        [f"  {name.replace(' ', '')} " for name in COLUMNS_18],
    ],
    ids=["intake", "capitals", "spaces"],
)
def test_columns_are_known_by_name_whatever_the_writing(cases, tmp_path, header):
    report = run(cases, write(tmp_path, as_text([CELLS], COLUMNS_18, header)))

    assert counts(report) == (1, 0, 0)
    assert only_case(cases).facts.number == "3384392"


def test_columns_may_come_in_any_order(cases, tmp_path):
    report = run(cases, write(tmp_path, as_text([CELLS], COLUMNS_18[::-1])))

    assert counts(report) == (1, 0, 0)
    assert only_case(cases).facts.region == "US-FL"


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_a_name(cases, tmp_path):
    text = as_text([CELLS]).replace("\n", "\r\n")

    report = run(cases, write(tmp_path, b"\xef\xbb\xbf" + text.encode()))

    assert counts(report) == (1, 0, 0)


def test_in_a_single_banks_extract_the_cfpb_received_what_the_consumer_submitted(cases, tmp_path):
    row = a_row(Date_submitted="2019-09-24", Date_received="2019-10-30")

    run(cases, write(tmp_path, as_text([row], ONE_BANK)))

    assert only_case(cases).facts.received_at == datetime(2019, 9, 24, 4, 0, tzinfo=UTC)


def test_missing_columns_are_named_and_nothing_is_imported(cases, tmp_path):
    columns = [name for name in COLUMNS_18 if name not in ("Complaint ID", "State")]
    file = write(tmp_path, as_text([CELLS], columns))

    with pytest.raises(TableRefused, match=r"lacks the columns: Complaint ID, State\.") as refused:
        run(cases, file)

    assert refused.value.missing == ("Complaint ID", "State")
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)
    assert not stored(cases)


def test_a_column_named_twice_is_refused(cases, tmp_path):
    file = write(tmp_path, as_text([CELLS], [*COLUMNS_18, "State"]))

    with pytest.raises(TableRefused, match="names columns twice: State"):
        run(cases, file)


def test_a_column_that_no_layout_has_is_reported_as_ignored(cases, tmp_path):
    text = as_text([CELLS], [*COLUMNS_18, "Event tag"], [*COLUMNS_18, "Our remarks"])

    report = run(cases, write(tmp_path, text))

    assert counts(report) == (1, 0, 0)
    assert report.ignored == ("Our remarks",)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"[\n{}\n]",
        b'{"date_received":"2019-09-24","product":"Mortgage"}\n',
        b"\x1f\x8b damaged",
        b"PK\x03\x04",
    ],
    ids=["empty", "blank", "JSON", "NDJSON", "gzip", "zip"],
)
def test_a_file_that_is_no_table_is_refused_in_one_sentence(cases, tmp_path, content):
    with pytest.raises(TableRefused, match="Nothing was imported"):
        run(cases, write(tmp_path, content))


def test_a_file_that_is_not_there_is_refused_in_one_sentence(cases, tmp_path):
    with pytest.raises(TableRefused, match="cannot be opened"):
        run(cases, tmp_path / "nowhere.csv")


def test_an_unknown_regime_is_refused_before_anything_is_read(cases, tmp_path):
    with pytest.raises(SettingError, match="no regime pack"):
        import_file(cases, tmp_path / "nowhere.csv", CfpbLayout(), as_history=True, regime="atlantis")


def test_gzip_and_zip_are_unpacked_whatever_the_file_is_called(cases, tmp_path):
    packed = write(tmp_path, gzip.compress(as_text(rows_numbered(1)).encode()), "one")
    with zipfile.ZipFile(tmp_path / "two", "w") as archive:
        archive.writestr("complaints.csv", as_text(rows_numbered(2)))
        archive.writestr("__MACOSX/._complaints.csv", "no table")

    assert counts(run(cases, packed)) == (1, 0, 0)
    assert counts(run(cases, tmp_path / "two")) == (1, 0, 0)
    assert set(stored(cases)) == {"1", "2"}


# --- once only ----------------------------------------------------------------------------------


@pytest.mark.parametrize("as_history", [False, True], ids=["open", "history"])
def test_importing_twice_changes_nothing(store, tmp_path, as_history):
    file = write(tmp_path, as_text(rows_numbered(1, 2, 3)))

    first = run(store, file, as_history=as_history)
    before = {number: store.entries(case.reference) for number, case in stored(store).items()}
    second = run(store, file, as_history=as_history)

    assert counts(first) == (3, 0, 0)
    assert counts(second) == (0, 3, 0)
    assert {number: store.entries(case.reference) for number, case in stored(store).items()} == before


def test_a_row_that_is_there_is_the_same_whether_open_or_history_and_whatever_it_says_now(cases, tmp_path):
    import_rows(cases, tmp_path, CELLS, as_history=False)

    report = import_rows(cases, tmp_path, a_row(Product="Mortgage"), as_history=True)

    assert counts(report) == (0, 1, 0)
    assert only_case(cases).facts.product == "Checking or savings account"
    assert only_case(cases).stage is Stage.RECEIVED


def test_of_two_rows_with_one_number_the_first_counts(cases, tmp_path):
    report = import_rows(cases, tmp_path, a_row(Product="Mortgage", Sub_product=""), a_row(Product="Student loan"))

    assert counts(report) == (1, 1, 0)
    assert only_case(cases).facts.product == "Mortgage"


def test_an_import_that_was_broken_off_goes_on_where_it_ended(cases, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    file = write(tmp_path, as_text(rows_numbered(1, 2, 3, 4, 5)))

    def break_off(read: int) -> None:
        if read == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(cases, file, CfpbLayout(), as_history=True, regime=REGIME, progress=break_off)

    assert set(stored(cases)) == {"1", "2", "3", "4"}
    assert counts(run(cases, file)) == (1, 4, 0)


def test_a_reference_drawn_twice_costs_no_row(store, tmp_path, monkeypatch):
    drawn = iter(["TS260302-2222222", "TS260302-2222222"])
    monkeypatch.setattr(batches, "new_reference", lambda now, zone: next(drawn, None) or new_reference(now, zone))

    report = import_rows(store, tmp_path, *rows_numbered(1, 2, 3))

    assert counts(report) == (3, 0, 0)
    assert set(stored(store)) == {"1", "2", "3"}


def test_two_imports_at_a_time_store_each_row_once(store, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 5)
    numbers = range(1, 41)
    files = [
        write(tmp_path, as_text(rows_numbered(*numbers)), "forwards.csv"),
        write(tmp_path, as_text(rows_numbered(*reversed(numbers))), "backwards.csv"),
    ]

    with ThreadPoolExecutor(max_workers=2) as pool:
        reports = list(pool.map(lambda file: run(store, file), files))

    assert sum(report.new for report in reports) == len(numbers)
    assert sum(report.same for report in reports) == len(numbers)
    assert set(stored(store)) == {str(number) for number in numbers}


# --- rows that cannot be used -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"Complaint_ID": ""}, "Complaint ID", "is blank"),
        ({"Complaint_ID": "3.38E+06"}, "Complaint ID", "is not a number of up to 18 digits"),
        ({"Complaint_ID": "٣٣"}, "Complaint ID", "is not a number of up to 18 digits"),
        ({"Timely_response": "Perhaps"}, "Timely response?", "is neither Yes nor No"),
        ({"Company": "B" * 501}, "Company", "is longer than the 500 characters that a case can hold"),
        (
            {"Consumer_complaint_narrative": "n" * 40_001},
            "Consumer complaint narrative",
            "is longer than the 40,000 characters that a case can hold",
        ),
        (
            {"Consumer_complaint_narrative": "bell \a"},
            "Consumer complaint narrative",
            "contains control characters; send plain text",
        ),
    ],
)
def test_a_bad_row_is_rejected_with_its_row_column_and_reason_and_costs_no_other(
    cases, tmp_path, changes, column, reason
):
    before, after = rows_numbered(1, 2)

    report = import_rows(cases, tmp_path, before, a_row(**changes), after)

    assert counts(report) == (2, 0, 1)
    assert report.rejects == [Reject(3, column, reason)]
    assert not report.cut
    assert set(stored(cases)) == {"1", "2"}


def test_rows_are_counted_as_a_spreadsheet_counts_them(cases, tmp_path):
    report = import_rows(cases, tmp_path, *rows_numbered(1), a_row(Complaint_ID=""))  # a narrative has two lines

    assert [reject.row for reject in report.rejects] == [3]


def test_rows_without_any_content_are_passed_over(cases, tmp_path):
    lines = as_text(rows_numbered(1)) + "\n" + "," * 17 + "\n" + as_text([a_row(Complaint_ID="x")]).split("\n", 1)[1]

    report = run(cases, write(tmp_path, lines))

    assert counts(report) == (1, 0, 1)
    assert [reject.row for reject in report.rejects] == [5]


def test_a_row_with_more_cells_than_names_is_rejected(cases, tmp_path):
    text = as_text(rows_numbered(1)).rstrip("\n") + ",stray\n" + as_text(rows_numbered(2)).split("\n", 1)[1]

    report = run(cases, write(tmp_path, text))

    assert counts(report) == (1, 0, 1)
    assert report.rejects == [Reject(2, "", "the row has 19 cells, but there are 18 column names")]


def test_a_row_that_is_not_utf_8_is_rejected_and_the_next_is_read(cases, tmp_path):
    text = as_text([a_row(Complaint_ID="1", Company="CAFÉ BANK"), *rows_numbered(2)])

    report = run(cases, write(tmp_path, text.encode("latin-1")))

    assert counts(report) == (1, 0, 1)
    assert report.rejects == [Reject(2, "Company", "is not UTF-8; save the file in UTF-8")]


def test_rejects_repeat_nothing_of_what_the_row_says(cases, tmp_path):
    secret = "4455-6677"
    rows = [
        a_row(Complaint_ID=secret),
        a_row(Date_received=secret),
        a_row(Timely_response=secret),
        a_row(Consumer_complaint_narrative=f"{secret}\a"),
    ]

    report = import_rows(cases, tmp_path, *rows)

    assert report.rejected == 4
    assert secret not in str(report)


def test_only_so_many_rejects_are_listed_and_all_are_counted(cases, tmp_path, monkeypatch):
    monkeypatch.setattr(reports, "REJECTS_KEPT", 3)
    report = import_rows(cases, tmp_path, *(a_row(Complaint_ID="x") for _ in range(5)))

    write_rejects(report, tmp_path / "rejects.csv")

    assert (report.rejected, len(report.rejects)) == (5, 3)
    assert (
        (tmp_path / "rejects.csv")
        .read_text(encoding="utf-8")
        .splitlines()[-1]
        .endswith('"and 2 more rows, which are not listed"')
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_of_the_reject_report_starts_a_formula(tmp_path, start):
    report = ImportReport(read=1, rejected=1, rejects=[Reject(2, f"{start}1+1", f"{start}cmd|' /C calc'!A0")])

    write_rejects(report, tmp_path / "rejects.csv")

    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as stream:
        header, cells = csv.reader(stream)
    assert header == ["row", "column", "reason"]
    assert cells == ["2", f"'{start}1+1", f"'{start}cmd|' /C calc'!A0"]


# --- files that are cut -------------------------------------------------------------------------


def test_a_file_cut_inside_a_quoted_cell_is_reported_and_its_whole_rows_are_kept(store, tmp_path):
    text = as_text(rows_numbered(1, 2, 3))

    report = run(store, write(tmp_path, text[: text.rindex("lost")]))

    assert counts(report) == (2, 0, 1)
    assert report.cut
    (reject,) = report.rejects
    assert reject.row == 4
    assert "a quoted cell is cut" in reject.reason
    assert set(stored(store)) == {"1", "2"}


def test_a_file_cut_between_two_cells_is_reported(cases, tmp_path):
    text = as_text(rows_numbered(1, 2))

    report = run(cases, write(tmp_path, text[: text.rindex(",335XX") + 1]))

    assert counts(report) == (1, 0, 1)
    assert report.cut
    assert report.rejects == [
        Reject(3, "Tags", "the row has 10 cells of 18; the file is cut or damaged here"),
    ]


def test_a_truncated_gzip_stream_is_reported_and_its_whole_rows_are_kept(cases, tmp_path):
    packed = gzip.compress(as_text(rows_numbered(*range(1, 2001))).encode())

    report = run(cases, write(tmp_path, packed[: len(packed) // 2]))

    assert report.cut
    assert 0 < report.new < 2000
    assert report.rejected == 1
    assert "the file is cut or damaged here" in report.rejects[0].reason
    assert set(stored(cases)) == {str(number) for number in range(1, report.new + 1)}


def test_wherever_a_file_is_cut_no_half_row_is_ever_stored(cases, sqlite, tmp_path):
    whole = as_text([a_row(Complaint_ID="1000001"), a_row(Complaint_ID="1000002", Consumer_complaint_narrative="")])
    second_row = whole.index("\n", whole.index("1000001")) + 1
    uncut = Store(sqlite.migrated(), cases.key_file)
    run(uncut, write(tmp_path, whole))

    for end in range(second_row, len(whole)):
        run(cases, write(tmp_path, whole[:end]))

    content = [
        {number: (case.complaint, case.closed) for number, case in stored(store).items()} for store in (cases, uncut)
    ]
    assert content[0] == content[1]
    uncut.engine.dispose()


def test_a_last_row_without_a_line_end_is_read_where_it_is_whole(cases, tmp_path):
    report = run(cases, write(tmp_path, as_text(rows_numbered(1000001, 1000002)).rstrip("\n")))

    assert counts(report) == (2, 0, 0)
    assert not report.cut


def test_a_last_row_without_a_line_end_is_rejected_where_its_number_may_be_cut(cases, tmp_path):
    report = run(cases, write(tmp_path, as_text(rows_numbered(1000001, 1000002)).rstrip("\n")[:-1]))

    assert counts(report) == (1, 0, 1)
    assert report.cut
    assert "add a line end if it is whole" in report.rejects[0].reason


@pytest.mark.parametrize("last", ["Timely response?", "State", "Company", "Consumer complaint narrative"])
def test_a_last_cell_that_may_be_cut_is_rejected_in_every_order_of_columns(cases, tmp_path, last):
    columns = [*(name for name in COLUMNS_18 if name != last), last]
    row = a_row(Consumer_complaint_narrative="They charged me twice.")

    report = run(cases, write(tmp_path, as_text([row], columns).rstrip("\n")[:-1]))

    assert counts(report) == (0, 0, 1)
    assert report.cut


def test_a_quote_that_is_never_closed_does_not_fill_the_memory(cases, tmp_path):
    row = as_text([a_row(Complaint_ID="1", Company="OPEN")]).replace("OPEN", '"OPEN')

    report = run(cases, write(tmp_path, row + "no end in sight\n" * 20_000))

    assert report.cut
    assert report.new == 0
    assert "field larger than field limit" in report.rejects[0].reason


def test_a_line_without_end_does_not_fill_the_memory(cases, tmp_path):
    report = run(cases, write(tmp_path, as_text(rows_numbered(1)) + "x" * 3_000_000))

    assert counts(report) == (1, 0, 1)
    assert report.cut
    assert "a line of over 1,048,576 characters" in report.rejects[0].reason


# --- limit and progress -------------------------------------------------------------------------


def test_the_limit_counts_rows_read(cases, tmp_path):
    file = write(tmp_path, as_text([a_row(Complaint_ID="x"), *rows_numbered(1, 2, 3)]))

    assert counts(run(cases, file, limit=3)) == (2, 0, 1)
    assert counts(run(cases, file, limit=0)) == (0, 0, 0)


def test_progress_is_told_after_every_batch(cases, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    told: list[int] = []
    file = write(tmp_path, as_text(rows_numbered(1, 2, 3, 4, 5)))

    import_file(cases, file, CfpbLayout(), as_history=True, regime=REGIME, progress=told.append)

    assert told == [2, 4, 5]


# --- the real files -----------------------------------------------------------------------------


@needs_shared
def test_the_truncated_file_reports_its_297_readable_rows(store):
    report = run(store, SHARED / "truncated.csv.gz")

    assert counts(report) == (297, 0, 1)
    assert report.cut
    assert report.rejects[0].row == 299


@needs_shared
def test_importing_a_real_file_twice_changes_nothing(cases):
    file = SHARED / "complaints-18col.csv.gz"

    first, second = run(cases, file, limit=600), run(cases, file, limit=600)

    assert counts(first) == (600, 0, 0)
    assert counts(second) == (0, 600, 0)


@needs_shared
def test_one_banks_extract_is_read_with_nothing_left_over(cases):
    report = run(cases, SHARED / "one-bank-2017-2023.csv.gz", limit=600)

    assert counts(report) == (600, 0, 0)
    assert report.ignored == ()


@pytest.mark.slow
@needs_shared
def test_every_row_of_the_real_files_is_readable(cases, monkeypatch):
    monkeypatch.setattr(batches.Batches, "take", lambda _, drafts: batches.Batch(new=len(list(drafts))))

    official, one_bank = (run(cases, SHARED / f"{name}.csv.gz") for name in ("complaints-18col", "one-bank-2017-2023"))

    assert counts(official) == (8055, 0, 0)
    assert counts(one_bank) == (62_516, 0, 0)
    assert not official.cut
    assert not one_bank.cut


@needs_shared
def test_every_official_fixture_is_read_whole_or_refused_in_one_sentence(cases, tmp_path):
    read: dict[str, tuple[int, int, int]] = {}
    refused: dict[str, str] = {}
    with tarfile.open(SHARED / "official-fixtures.tar.gz") as archive:
        for member in archive.getmembers():
            if (content := archive.extractfile(member)) is None:
                continue
            name = Path(member.name).name
            try:
                read[name] = counts(run(cases, write(tmp_path, content.read(), name)))
            except TableRefused as error:
                refused[name] = str(error)

    assert read.pop("v1-intake.csv") == (30, 0, 0)
    assert read == {"v1-public.csv": (0, 30, 0), "v2-intake.csv": (0, 30, 0), "v2-public.csv": (0, 30, 0)}
    assert len(refused) == 21
    assert "lacks the columns: Complaint ID, Submitted via, Timely response?" in refused["complaints-subset.csv"]
