"""Backups of an archive in which cases are taken back, and closed again, meanwhile."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from complaints import acts
from complaints.adapters.archive import drafting
from complaints.adapters.archive.restoring import restore_case
from complaints.adapters.archive.verifying import verify_archive
from complaints.adapters.archive.writing import archive_case
from complaints.adapters.backups import taking
from complaints.adapters.pdf import PdfUnavailable
from complaints.adapters.tables import LetterRow
from complaints.errors.backups import BackupRefused
from complaints.words import Stage
from tests.builders import a_stored_case, advance, an_act
from tests.complaints.adapters.backups.conftest import Firm
from tests.evidence_places import PDF


@pytest.fixture(autouse=True)
def _without_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(_: str) -> bytes:
        raise PdfUnavailable("there is no Pango")

    monkeypatch.setattr(drafting, "to_pdf", unavailable)


@pytest.fixture
def firm(new_firm, tmp_path: Path) -> Firm:
    """An installation on SQLite."""
    made = new_firm("home", f"sqlite:///{tmp_path}/home/cases.db")
    made.store.migrate()
    return made


@pytest.fixture
def archived(firm: Firm) -> str:
    """An archived case with a letter and a file."""
    reference = a_stored_case(firm.store, letter=True)
    firm.evidence(reference, PDF)
    with firm.store.open_case(reference) as desk:
        desk.case.record(an_act(acts.LetterSent), desk.now)
        advance(desk.case, Stage.CLOSED, now=desk.now)
    archive(firm, reference)
    return reference


def archive(firm: Firm, reference: str) -> Path:
    """Archive a case; return its package."""
    return archive_case(firm.store, firm.evidence_store, firm.settings.archive_folder, reference)


def take_back(firm: Firm, reference: str) -> None:
    """Take a case back from the archive."""
    restore_case(firm.store, firm.evidence_store, firm.settings.archive_folder, reference, "li.wei")


def test_a_case_taken_back_while_a_backup_is_taken_is_in_it(firm, new_firm, archived, tmp_path, monkeypatch):
    keeping, tries = taking._Taking._keep_files, []

    def late(self):
        if not tries:
            take_back(firm, archived)
        tries.append(self)
        return keeping(self)

    monkeypatch.setattr(taking._Taking, "_keep_files", late)
    taken = firm.backup(place := tmp_path / "place")
    new = new_firm("new", f"sqlite:///{tmp_path}/new/cases.db")
    restored = new.restore(place)

    assert len(tries) == 2
    assert (taken.manifest.evidence, taken.manifest.evidence_missing) == (1, 0)
    assert (restored.evidence, restored.evidence_wrong) == (1, ())
    with new.store.read() as session:
        assert session.scalar(select(func.count()).select_from(LetterRow)) == 1


def test_a_backup_during_which_cases_are_taken_back_again_and_again_is_refused(firm, archived, tmp_path, monkeypatch):
    keeping = taking._Taking._keep_files

    def late(self):
        take_back(firm, archived)
        kept = keeping(self)
        archive(firm, archived)
        return kept

    monkeypatch.setattr(taking._Taking, "_keep_files", late)
    with pytest.raises(BackupRefused, match="taken back from the archive"):
        firm.backup(place := tmp_path / "place")

    assert not list(place.glob("2*"))


def test_a_package_that_is_simply_missing_is_counted_and_stops_no_backup(firm, archived, tmp_path):
    next(firm.settings.archive_folder.glob("*/*.zip")).unlink()

    assert firm.backup(tmp_path / "place").manifest.evidence_missing > 0


def test_a_restore_puts_the_recorded_package_in_place_of_a_newer_one(firm, archived, tmp_path):
    firm.backup(place := tmp_path / "place")
    take_back(firm, archived)
    with firm.store.open_case(archived) as desk:
        desk.case.record(acts.Reopened(reason="mistake"), desk.now, "li.wei")
        advance(desk.case, Stage.CLOSED, now=desk.now)
    newer = archive(firm, archived).read_bytes()

    restored = firm.restore(place, replace=True)

    assert verify_archive(firm.store, firm.settings.archive_folder).problems == []
    (aside,) = (Path(one) for one in restored.replaced if ".zip.replaced-" in one)
    assert aside.read_bytes() == newer
    take_back(firm, archived)
    assert firm.evidence_store.files.names(archived)
