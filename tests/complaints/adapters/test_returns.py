"""Returns from the ledger to files."""

import csv
import gzip
import hashlib
import io
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from complaints.adapters.frames import CutOffAhead
from complaints.adapters.returns import data_for, prepare_return, write_return
from complaints.adapters.spreadsheets.cfpb import CfpbLayout
from complaints.adapters.spreadsheets.importing import import_file
from complaints.adapters.store import Store
from complaints.errors.settings import SettingError
from complaints.reporting.periods import Period
from complaints.reporting.returns.files import table_csv
from complaints.reporting.returns.model import Return, ReturnNotMade, ReturnUnknown
from complaints.reporting.returns.places import (
    MANIFEST,
    ReturnBroken,
    find_file,
    linked_name,
    read_file,
    verify_returns,
)
from complaints.settings import Firm
from tests.builders import a_complaint
from tests.conftest import SqliteFiles

SYDNEY = ZoneInfo("Australia/Sydney")
SHARED = Path(__file__).parents[3] / ".." / "shared" / "data" / "cfpb"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real CFPB files in ../shared/data/cfpb")

KEPT = ("Date received", "Product", "Sub-product", "Issue", "Submitted via", "Timely response?", "Complaint ID")
"""The columns of the CFPB's that a case keeps as they are."""

COLUMNS = [
    "Date received",
    "Product",
    "Sub-product",
    "Issue",
    "Sub-issue",
    "Consumer complaint narrative",
    "Company public response",
    "Company",
    "State",
    "ZIP code",
    "Tags",
    "Submitted via",
    "Date sent to company",
    "Company response to consumer",
    "Timely response?",
    "Complaint ID",
]


def a_source_row(**changes: str) -> dict[str, str]:
    """A row as the CFPB publishes it."""
    cells = {
        "Date received": "2021-03-01",
        "Product": "Mortgage",
        "Sub-product": "VA mortgage",
        "Issue": "Trouble during payment process",
        "Consumer complaint narrative": "They took it, twice.",
        "Company": "EXAMPLE BANK, N.A.",
        "State": "FL",
        "ZIP code": "335XX",
        "Tags": "Older American",
        "Submitted via": "Web",
        "Date sent to company": "2021-03-02",
        "Company response to consumer": "Closed with monetary relief",
        "Timely response?": "Yes",
        "Complaint ID": "4170001",
    }
    return dict.fromkeys(COLUMNS, "") | cells | {name.replace("_", " "): cell for name, cell in changes.items()}


SOURCE = [
    a_source_row(),
    a_source_row(Date_received="2021-03-31", State="PR", Submitted_via="Phone", Complaint_ID="4270002")
    | {"Sub-product": "", "Timely response?": "No"},
    a_source_row(Date_received="2021-04-01", State="NY", Submitted_via="Postal mail", Complaint_ID="4280003")
    | {"Timely response?": ""},
]


def written(folder: Path, rows: list[dict[str, str]]) -> Path:
    """A file of the CFPB's."""
    file = folder / "complaints.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file


@pytest.fixture
def cases(sqlite: SqliteFiles, key_file: Path) -> Iterator[Store]:
    """A case database on SQLite alone, for what no database changes."""
    store = Store(sqlite.migrated(), key_file)
    yield store
    store.engine.dispose()


def prepared(store: Store, regime: str, name: str, period: str, folder: Path | None = None) -> Return:
    data = data_for(regime, folder or Path("nowhere"))
    return prepare_return(store, regime, name, Period.parse(period), store.now(), Firm(), data)


def exported(store: Store, period: str) -> list[dict[str, str]]:
    one = prepared(store, "us-cfpb", "public-export", period)
    return list(csv.DictReader(io.StringIO(table_csv(one.tables[0]))))


# --- from the ledger --------------------------------------------------------------------------------


def test_a_return_is_made_from_the_ledger_on_either_database(store):
    store.make_demo(datetime(2026, 6, 30, 20, tzinfo=SYDNEY))
    ours = store.file(a_complaint(), "crm", "au-rg271")
    store.file(a_complaint(number="CRM-0002", kind="consultation"), "crm", "au-rg271")
    store.file(a_complaint(number="CRM-0003"), "crm", "cn-nfra")
    store.move_time(datetime(2026, 7, 2, 9, tzinfo=SYDNEY))
    store.file(a_complaint(number="CRM-0004"), "crm", "au-rg271")

    first, second = (prepared(store, "au-rg271", "idr-data", name) for name in ("2026-H1", "2026-H2"))

    assert [row[0] for row in first.tables[0].rows] == [ours.reference]
    assert len(second.tables[0].rows) == 2  # still open, and new


def test_the_same_cut_off_gives_the_same_return_whatever_is_recorded_later(cases):
    cases.make_demo(datetime(2026, 6, 1, tzinfo=SYDNEY))
    reference = cases.file(a_complaint(), "crm", "au-rg271").reference
    cases.move_time(datetime(2026, 7, 2, tzinfo=SYDNEY))
    as_at, data = cases.now(), data_for("au-rg271", Path("nowhere"))

    def at_the_cut_off() -> Return:
        return prepare_return(cases, "au-rg271", "idr-data", Period.parse("2026-H1"), as_at, Firm(), data)

    before = at_the_cut_off()
    cases.move_time(datetime(2026, 7, 9, tzinfo=SYDNEY))
    with cases.open_case(reference) as desk:
        desk.case.withdraw("h.chen", desk.now)

    assert at_the_cut_off() == before
    with pytest.raises(CutOffAhead):
        prepare_return(cases, "au-rg271", "idr-data", Period.parse("2026-H1"), as_at + timedelta(days=99), Firm(), data)


def test_the_public_export_equals_the_file_that_was_imported_in_the_columns_we_keep(store, tmp_path):
    assert import_file(store, written(tmp_path, SOURCE), CfpbLayout(), as_history=True, regime="cn-nfra").new == 3

    march, april = exported(store, "2021-03"), exported(store, "2021-04")

    assert list(march[0]) == COLUMNS  # the same sixteen columns, in their order
    assert [{name: row[name] for name in KEPT} for row in (*march, *april)] == [
        {name: row[name] for name in KEPT} for row in SOURCE
    ]
    assert [row["State"] for row in (*march, *april)] == ["FL", "PR", "NY"]
    for row in (*march, *april):
        assert row["Consumer complaint narrative"] == row["ZIP code"] == ""


@needs_shared
def test_the_public_export_of_real_complaints_equals_their_source(cases, tmp_path):
    with gzip.open(SHARED / "complaints-18col.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = [row for _, row in zip(range(200), csv.DictReader(file), strict=False)]
    report = import_file(cases, written(tmp_path, rows), CfpbLayout(), as_history=True, regime="cn-nfra")
    assert report.rejected == 0

    made = {
        row["Complaint ID"]: row
        for year in sorted({row["Date received"][:4] for row in rows})
        for row in exported(cases, year)
    }

    assert made.keys() == {row["Complaint ID"] for row in rows}
    via = {"Fax": "Postal mail", "Web Referral": "Referral"}  # which we do not tell apart
    for row in rows:
        expected = {name: row[name] for name in KEPT} | {
            "Submitted via": via.get(row["Submitted via"], row["Submitted via"])
        }
        assert {name: made[row["Complaint ID"]][name] for name in KEPT} == expected


def test_a_regime_or_a_return_that_nobody_knows_is_named(cases):
    with pytest.raises(ReturnUnknown, match="uk-disp annex-1r"):
        data_for("hk-hkma", Path("nowhere"))
    with pytest.raises(ReturnUnknown, match="Known are: idr-data"):
        prepared(cases, "au-rg271", "annex-1r", "2026-H1")
    with pytest.raises(ReturnNotMade, match="the period has not begun"):
        prepared(cases, "au-rg271", "idr-data", "2099-H1")


def test_a_firms_own_file_is_read_from_its_folder(cases, tmp_path):
    (tmp_path / "au-rg271.toml").write_text('\ufeff[entity]\nnumber = "234567"\n', encoding="utf-8")
    assert prepared(cases, "au-rg271", "idr-data", "2025-H2", tmp_path).entity.number == "234567"

    (tmp_path / "au-rg271.toml").write_bytes('[entity]\nname = "示例"\n'.encode("gb18030"))
    with pytest.raises(SettingError, match=r"returns/au-rg271\.toml: is not text in UTF-8"):
        data_for("au-rg271", tmp_path)


# --- to files ---------------------------------------------------------------------------------------


def test_a_return_is_written_beside_the_summaries_of_its_period_and_lists_its_hashes(cases, tmp_path):
    folder = write_return(prepared(cases, "uk-disp", "annex-1r", "2025-H2"), tmp_path)

    assert folder.parent == tmp_path / "uk-disp" / "2025-H2" / "returns" / "annex-1r"
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    assert set(manifest["files"]) | {MANIFEST} == {one.name for one in folder.iterdir()}
    assert (manifest["is_nil"], manifest["return"], manifest["period"]) == (True, "annex-1r", "2025-H2")
    assert folder.stat().st_mode & 0o077 == 0


def test_the_same_return_written_twice_is_the_same_folder(cases, tmp_path):
    one = prepared(cases, "uk-disp", "annex-1r", "2025-H2")

    first, again = write_return(one, tmp_path), write_return(one, tmp_path)

    assert first == again
    assert len(list(first.parent.iterdir())) == 1


def test_a_return_with_another_map_stands_beside_the_first(cases, tmp_path):
    as_at, period = cases.now(), Period.parse("2025-H2")
    (tmp_path / "uk-disp.toml").write_text('[entity]\nnumber = "123456"\n', encoding="utf-8")

    folders = {
        write_return(
            prepare_return(cases, "uk-disp", "annex-1r", period, as_at, Firm(), data_for("uk-disp", where)), tmp_path
        )
        for where in (tmp_path, tmp_path / "nowhere")
    }

    assert len(folders) == 2


def test_a_full_disk_leaves_no_half_return(cases, tmp_path, monkeypatch):
    one = prepared(cases, "uk-disp", "annex-1r", "2025-H2")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_return(one, tmp_path)
    monkeypatch.undo()

    assert [path for path in (tmp_path / "uk-disp").rglob("*") if path.is_file()] == []
    assert write_return(one, tmp_path).is_dir()


def test_what_a_killed_process_left_behind_never_looks_whole_and_is_removed(cases, tmp_path):
    one = prepared(cases, "uk-disp", "annex-1r", "2025-H2")
    folder = write_return(one, tmp_path)
    killed = folder.with_name(f".{folder.name}.0123abcd")
    folder.rename(killed)
    (killed / "table-1.csv").write_bytes(b"half")
    os.utime(killed, (0, 0))

    assert find_file(tmp_path, linked_name(killed, "details.csv")) is None
    assert write_return(one, tmp_path) == folder
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_link_finds_a_file_of_a_return_and_nothing_else(cases, tmp_path):
    folder = write_return(prepared(cases, "uk-disp", "annex-1r", "2025-H2"), tmp_path)

    for file in folder.iterdir():
        assert find_file(tmp_path, linked_name(folder, file.name)) == file
    good = linked_name(folder, "details.csv")
    for bad in (
        good.replace("uk-disp", ".."),
        good.replace("details", "../details"),
        good + "/x",
        f"{good}\n",
        "x",
        "",
    ):
        assert find_file(tmp_path, bad) is None
    assert os.sep not in good


def test_a_forged_file_is_neither_read_nor_taken_for_the_same_return_and_is_named(cases, tmp_path):
    one = prepared(cases, "uk-disp", "annex-1r", "2025-H2")
    folder = write_return(one, tmp_path)
    assert list(verify_returns(tmp_path)) == []

    (folder / "details.csv").write_bytes(b"forged")
    (folder / "more.csv").write_bytes(b"more")

    for attempt in (lambda: read_file(folder / "details.csv"), lambda: write_return(one, tmp_path)):
        with pytest.raises(ReturnBroken, match=r"details\.csv: altered"):
            attempt()
    assert [str(flaw).partition(":")[0].split(".", 4)[-1] for flaw in verify_returns(tmp_path)] == [
        "details.csv",
        "more.csv",
    ]


def test_a_manifest_forged_with_its_file_does_not_fit_the_name_of_its_folder(cases, tmp_path):
    folder = write_return(prepared(cases, "uk-disp", "annex-1r", "2025-H2"), tmp_path)
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / "details.csv").write_bytes(b"forged")
    manifest["files"]["details.csv"] = hashlib.sha256(b"forged").hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")

    with pytest.raises(ReturnBroken, match=r"manifest\.json: altered"):
        read_file(folder / "details.csv")
    assert len(list(verify_returns(tmp_path))) == 1
