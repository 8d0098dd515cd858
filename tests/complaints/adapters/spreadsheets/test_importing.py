"""Importing a source's spreadsheet by its mapping."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from complaints import acts
from complaints.adapters.spreadsheets import importing
from complaints.adapters.spreadsheets.importing import import_file
from complaints.adapters.spreadsheets.layouts import find_layout
from complaints.adapters.spreadsheets.report import ImportReport, Reject
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseKeyRow, CaseRow, EntryRow, StartRow
from complaints.adapters.verify import verify
from complaints.case import Case
from complaints.words import Category, Channel, Closure, ContactKind, Kind, Stage
from tests.builders import REGIME
from tests.complaints.adapters.spreadsheets.builders import (
    HOTLINE,
    REGISTER,
    TRANSFERS,
    as_csv,
    hotline,
    orders,
    write_csv,
    write_xlsx,
)
from tests.conftest import Databases, SqliteFiles


@pytest.fixture
def cases(sqlite: SqliteFiles, key_file: Path) -> Iterator[Store]:
    """A case database on SQLite alone, for what no database changes."""
    store = Store(sqlite.migrated(), key_file)
    yield store
    store.engine.dispose()


def run(store: Store, file: Path, mapping: str = "hotline", **options: Any) -> ImportReport:
    return import_file(store, file, find_layout(mapping), regime=REGIME, **options)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    """New, updated, same, rejected."""
    assert report.read == report.new + report.updated + report.same + report.rejected
    return report.new, report.updated, report.same, report.rejected


def rows_in(store: Store, table: type) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def case_numbered(store: Store, number: str) -> Case:
    with store.read() as session:
        reference = session.scalars(select(CaseRow.reference).where(CaseRow.number == number)).one()
    return store.read_case(reference)


def reasons(report: ImportReport) -> list[tuple[str, str]]:
    return [(one.column, one.reason) for one in report.rejects]


# --- by which rules -----------------------------------------------------------------------------

NEWER = f'name = "{REGIME}"\nversion = "9"\nextends = "{REGIME}"\nvalid_from = 2020-03-02\n'


def test_rows_that_are_read_after_a_newer_law_was_brought_in_fall_under_it(store, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)

    def bring_in(read: int) -> None:
        if read == 2:
            with store.write() as session:
                store.add_rule(session, "pack", REGIME, "9", NEWER, "c.zhao")

    run(store, write_csv(tmp_path, orders(1, 2, 3, 4)), progress=bring_in)

    assert [case_numbered(store, f"GD-{number}").pack.version for number in (1, 2, 3, 4)] == ["2020-3"] * 2 + ["9"] * 2


# --- what a row becomes -------------------------------------------------------------------------


@pytest.mark.parametrize("write", [write_csv, write_xlsx])
def test_a_work_order_becomes_an_open_case_with_all_that_it_says(store, tmp_path, write):
    report = run(store, write(tmp_path, [HOTLINE]))

    assert counts(report) == (1, 0, 0, 0)
    case = case_numbered(store, "GD-1")
    complaint = case.complaint
    assert complaint is not None
    assert (case.stage, case.facts.sender, case.facts.channel) == (Stage.RECEIVED, "hotline", Channel.TELEPHONE)
    assert (complaint.kind, complaint.category) == (Kind.COMPLAINT, Category.COLLECTION)
    assert complaint.received_at == datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    assert complaint.complainant.name == "王明"
    assert [(one.kind, one.value) for one in complaint.complainant.contacts] == [(ContactKind.PHONE, "021-5550 0000")]
    assert complaint.amount is not None
    assert (complaint.amount.value, complaint.amount.currency) == (Decimal("1280.50"), "CNY")
    assert complaint.urgent
    assert case.answer_clock is not None
    assert rows_in(store, StartRow) == 1
    assert not verify(store).breaks


def test_a_line_of_the_register_becomes_history_that_nobody_handles(store, tmp_path):
    run(store, write_csv(tmp_path, [REGISTER]), "old-register")

    case = case_numbered(store, "TZ-1")
    assert (case.stage, case.facts.history, case.clocks) == (Stage.CLOSED, True, {})
    assert case.closed == acts.Closed(
        closure=Closure.HISTORY, timely=True, closed_at=datetime(2019, 10, 7, 16, tzinfo=UTC)
    )
    assert (case.facts.channel, case.facts.category) == (Channel.COUNTER, Category.FEES)
    assert rows_in(store, StartRow) == 0
    assert not verify(store).breaks


def test_a_transfer_keeps_the_authority_its_number_and_its_dates(store, tmp_path):
    run(store, write_csv(tmp_path, [TRANSFERS]), "transfer-list")

    complaint = case_numbered(store, TRANSFERS["转办编号"]).complaint
    assert complaint is not None
    assert complaint.transfer is not None
    assert (complaint.channel, complaint.transfer.authority) == (Channel.REGULATOR, "nfra-shanghai")
    assert complaint.transfer.number == TRANSFERS["转办编号"]
    assert (complaint.transfer.sent_on, complaint.transfer.report_by) == (date(2026, 2, 27), date(2026, 3, 31))


def test_a_transfer_that_another_sender_delivered_becomes_no_second_case(store, tmp_path):
    run(store, write_csv(tmp_path, [TRANSFERS]), "transfer-list")
    (tmp_path / "branch.toml").write_text(
        (files("complaints.adapters.spreadsheets") / "mappings" / "transfer-list.toml")
        .read_text(encoding="utf-8")
        .replace('sender = "transfer-list"', 'sender = "branch"')
        .replace('names = ["转办编号", "转办单号", "投诉编号", "编号"]\nrequired', 'names = ["分行编号"]\nrequired'),
        encoding="utf-8",
    )
    rows = [{"分行编号": "B-1", **TRANSFERS}, {"分行编号": "B-2", **TRANSFERS, "转办编号": "沪金监转〔2026〕13号"}]

    file = write_csv(tmp_path, rows)
    dry = run(store, file, str(tmp_path / "branch.toml"), dry_run=True)
    report = run(store, file, str(tmp_path / "branch.toml"))

    assert counts(dry) == counts(report) == (1, 0, 0, 1)
    assert dry.rejects == report.rejects
    assert "which another sender delivered" in report.rejects[0].reason
    assert rows_in(store, CaseRow) == 2


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-03-02 09:30:15", datetime(2026, 3, 2, 1, 30, 15, tzinfo=UTC)),
        ("2026/3/2 9:30", datetime(2026, 3, 2, 1, 30, tzinfo=UTC)),
        ("2026年3月2日", datetime(2026, 3, 1, 16, tzinfo=UTC)),
        ("20260302", datetime(2026, 3, 1, 16, tzinfo=UTC)),
    ],
)
def test_dates_are_read_as_offices_write_them(cases, tmp_path, written, instant):
    run(cases, write_csv(tmp_path, [hotline(来电时间=written)]))

    assert case_numbered(cases, "GD-1").facts.received_at == instant


def test_a_date_of_a_workbook_is_a_date_and_a_bare_number_is_none(cases, tmp_path):
    rows = [hotline(来电时间=datetime(2026, 3, 2, 9, 30)), hotline(工单编号="GD-2", 来电时间=46083)]  # noqa: DTZ001

    report = run(cases, write_xlsx(tmp_path, rows))

    assert case_numbered(cases, "GD-1").facts.received_at == datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    assert reasons(report) == [("来电时间", "is no date that the mapping knows; write it like 2026-03-02 00:00:00")]


def test_a_title_may_stand_above_the_column_names(cases, tmp_path):
    report = run(cases, write_csv(tmp_path, [hotline(诉求内容="")], title="热线工单 2026年3月"))

    assert report.rejects == [Reject(3, "诉求内容", "is blank")]


def test_column_names_are_known_whatever_their_writing(cases, tmp_path):
    row = {f" *{name}（必填） " if name == "诉求内容" else name: cell for name, cell in HOTLINE.items()}
    row = {name.replace("（必填）", ""): cell for name, cell in row.items()}

    assert counts(run(cases, write_csv(tmp_path, [row]))) == (1, 0, 0, 0)


def test_a_column_that_the_mapping_does_not_read_is_reported(cases, tmp_path):
    assert run(cases, write_csv(tmp_path, [hotline(备注="已回电")])).ignored == ("备注",)


def test_gb18030_is_read_and_reported(cases, tmp_path):
    report = run(cases, write_csv(tmp_path, orders(*range(20)), "gb18030"))

    assert (counts(report), report.encoding) == ((20, 0, 0, 0), "gb18030")


# --- rows that are not taken --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"工单编号": ""}, "工单编号", "is blank"),
        ({"来电时间": "昨天"}, "来电时间", "is no date that the mapping knows; write it like 2026-03-02 00:00:00"),
        ({"来电时间": "2099-01-01"}, "来电时间", "lies in the future"),
        ({"工单类型": "表扬"}, "工单类型", "has a word that the mapping does not know"),
        ({"涉及金额": "若干"}, "涉及金额", "is no amount; write it like 1234.50"),
        ({"涉及金额": "-5"}, "涉及金额", "Input should be greater than or equal to 0"),
        ({"来电号码": "无"}, "来电号码", "String should have at least 3 characters"),
        ({"诉求内容": "响\a铃"}, "诉求内容", "contains control characters; send plain text"),
        ({"产品": "x" * 501}, "产品", "is longer than the 500 characters that a case can hold"),
    ],
)
def test_a_bad_row_is_rejected_with_its_column_and_reason_and_costs_no_other(cases, tmp_path, changes, column, reason):
    report = run(cases, write_csv(tmp_path, [*orders(1), hotline(工单编号="GD-2") | changes, *orders(3)]))

    assert counts(report) == (2, 0, 0, 1)
    (reject,) = report.rejects
    assert (reject.row, reject.column) == (3, column)
    assert reject.reason.startswith(reason)


def test_rejects_repeat_nothing_of_what_the_row_says(cases, tmp_path):
    secret = "4455-6677"
    rows = [hotline(**{name: f"{secret}\a"}) for name in HOTLINE]

    report = run(cases, write_csv(tmp_path, rows))

    assert report.rejected > 5
    assert secret not in str(report)


def test_a_formula_is_refused_with_its_cure_where_the_column_is_read(cases, tmp_path):
    rows = [hotline(来电人="=HYPERLINK(A1)"), hotline(工单编号="GD-2", 备注="=1+1")]
    rows[0]["备注"] = ""

    report = run(cases, write_xlsx(tmp_path, rows))

    assert counts(report) == (1, 0, 0, 1)
    assert reasons(report) == [
        ("来电人", "holds a formula, which is not evaluated; copy the column and paste its values")
    ]


def test_text_that_looks_like_a_formula_is_text(cases, tmp_path):
    run(cases, write_csv(tmp_path, [hotline(诉求内容="=cmd|' /C calc'!A0")]))

    assert case_numbered(cases, "GD-1").complaint.narrative == "=cmd|' /C calc'!A0"


def test_an_identity_number_that_a_workbook_kept_as_a_number_is_refused(cases, tmp_path):
    row = TRANSFERS | {"证件号码": 310101199001010011}

    assert reasons(run(cases, write_xlsx(tmp_path, [row]), "transfer-list")) == [
        ("证件号码", "is a number of over 15 digits, of which the last are lost; format the column as text")
    ]


# --- twice --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mapping", "row"), [("hotline", HOTLINE), ("old-register", REGISTER)])
def test_importing_twice_changes_nothing(store, tmp_path, mapping, row):
    file = write_csv(tmp_path, [row])
    run(store, file, mapping)
    before = rows_in(store, EntryRow)

    assert counts(run(store, file, mapping)) == (0, 0, 1, 0)
    assert rows_in(store, EntryRow) == before


def test_a_changed_row_of_history_corrects_its_case_once(store, tmp_path):
    run(store, write_csv(tmp_path, [REGISTER]), "old-register")
    changed = write_csv(tmp_path, [REGISTER | {"投诉类别": "催收", "投诉内容": "催收人员辱骂。", "是否按时办结": "否"}])

    assert counts(run(store, changed, "old-register")) == (0, 1, 0, 0)
    assert counts(run(store, changed, "old-register")) == (0, 0, 1, 0)

    case = case_numbered(store, "TZ-1")
    assert case.complaint is not None
    assert (case.complaint.narrative, case.facts.category) == ("催收人员辱骂。", Category.COLLECTION)
    with store.read() as session:
        row = session.get_one(CaseRow, case.reference)
    assert (row.category, row.late, row.version) == (Category.COLLECTION, True, 3)
    assert store.entries(case.reference)[-1].kind == "record_corrected"
    assert "辱骂" not in store.entries(case.reference)[-1].facts
    assert not verify(store).breaks


def test_a_row_that_is_changed_back_is_corrected_back(cases, tmp_path):
    for amount in ("10", "20", "10"):
        report = run(cases, write_csv(tmp_path, [REGISTER | {"涉及金额": amount}]), "old-register")

    assert counts(report) == (0, 1, 0, 0)
    assert case_numbered(cases, "TZ-1").facts.amount.value == 10


def test_a_changed_row_of_an_open_case_is_rejected_with_its_cure(store, tmp_path):
    run(store, write_csv(tmp_path, [HOTLINE]))

    report = run(store, write_csv(tmp_path, [hotline(诉求内容="另一件事。")]))

    assert counts(report) == (0, 0, 0, 1)
    reference = case_numbered(store, "GD-1").reference
    assert report.rejects[0].reason == (
        f"case {reference} is no history and says something else; tell its handler what has changed"
    )
    assert case_numbered(store, "GD-1").complaint.narrative == HOTLINE["诉求内容"]


def test_a_row_that_came_in_through_another_door_is_the_same(cases, tmp_path):
    file = write_csv(tmp_path, [HOTLINE])
    run(cases, file)
    complaint = case_numbered(cases, "GD-1").complaint
    with cases.write() as session:
        session.execute(CaseRow.__table__.update().values(sender="elsewhere"))
    cases.file(complaint, "hotline", REGIME)

    assert counts(run(cases, file)) == (0, 0, 1, 0)
    assert counts(run(cases, write_csv(tmp_path, [hotline(诉求内容="另一件事。")]))) == (0, 0, 0, 1)


def test_of_two_rows_with_one_number_the_first_counts_on_every_import(cases, tmp_path):
    rows = [REGISTER, REGISTER | {"投诉内容": "另一件事。"}, REGISTER]
    file = write_csv(tmp_path, rows)

    first, second = run(cases, file, "old-register"), run(cases, file, "old-register")

    assert (counts(first), counts(second)) == ((1, 0, 1, 1), (0, 0, 2, 1))
    assert first.rejects[0] == Reject(3, "", "row 2 has the same number and says something else; the first counts")


def test_a_row_without_a_number_is_known_again_by_what_it_says(store, tmp_path):
    unnumbered = {name: cell for name, cell in REGISTER.items() if name != "台账编号"}
    file = write_csv(tmp_path, [unnumbered, unnumbered | {"投诉内容": "另一件事。"}, unnumbered])

    assert counts(run(store, file, "old-register")) == (2, 0, 1, 0)
    assert counts(run(store, file, "old-register")) == (0, 0, 3, 0)
    assert all(row.number.startswith("row-") for row in store.list_cases())


def test_a_person_who_was_erased_is_not_taken_in_again(store, tmp_path):
    run(store, write_csv(tmp_path, [REGISTER]), "old-register")
    with store.write() as session:
        session.execute(CaseKeyRow.__table__.update().values(wrapped=None))

    for dry_run in (True, False):
        changed = write_csv(tmp_path, [REGISTER | {"投诉内容": "另一件事。"}])
        report = run(store, changed, "old-register", dry_run=dry_run)

        assert counts(report) == (0, 0, 0, 1)
        assert "was erased" in report.rejects[0].reason


@pytest.mark.slow
def test_an_import_that_is_killed_goes_on_when_it_is_started_again(databases: Databases, key_file, tmp_path):
    store = Store(databases.migrated(), key_file)
    file = write_csv(tmp_path, orders(*range(400)))
    url = store.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.complaints.adapters.spreadsheets.importing_process"]
    process = subprocess.Popen(
        [*command, url, str(key_file), str(file), "hotline"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for stored in (50, 100, 150):
        assert process.stdout.readline() == f"{stored}\n"
        if stored < 150:
            process.stdin.write("on\n")
            process.stdin.flush()
    process.stdin.write("on\n")  # it is killed wherever it is by then: within a batch
    process.stdin.flush()
    process.send_signal(signal.SIGKILL)
    process.communicate()

    report = run(store, file)

    new, updated, same, rejected = counts(report)
    assert (updated, rejected, new + same) == (0, 0, 400)
    assert same in (150, 200)  # whole batches
    assert (rows_in(store, CaseRow), rows_in(store, StartRow)) == (400, 400)
    assert counts(run(store, file)) == (0, 0, 400, 0)
    assert not verify(store).breaks
    store.engine.dispose()


# --- dry run ------------------------------------------------------------------------------------


def test_a_dry_run_says_what_would_become_of_the_rows_and_stores_nothing(store, tmp_path):
    run(store, write_csv(tmp_path, [REGISTER, REGISTER | {"台账编号": "TZ-2"}]), "old-register")
    rows = [
        REGISTER,
        REGISTER | {"台账编号": "TZ-2", "投诉内容": "另一件事。"},
        REGISTER | {"台账编号": "TZ-3"},
        REGISTER | {"台账编号": "TZ-3"},
        REGISTER | {"台账编号": "TZ-4", "投诉日期": ""},
    ]
    file = write_csv(tmp_path, rows)
    before = rows_in(store, EntryRow), rows_in(store, CaseRow)

    dry = run(store, file, "old-register", dry_run=True)

    assert (rows_in(store, EntryRow), rows_in(store, CaseRow)) == before
    real = run(store, file, "old-register")
    assert counts(dry) == counts(real) == (1, 1, 2, 1)
    assert dry.rejects == real.rejects


# --- files that may be cut ----------------------------------------------------------------------


def test_a_last_row_without_a_line_end_is_rejected(cases, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text(as_csv(orders(1, 2)).rstrip(), encoding="utf-8")

    report = run(cases, file)

    assert counts(report) == (1, 0, 0, 1)
    assert report.cut
    assert "add a line end if it is whole" in report.rejects[0].reason
