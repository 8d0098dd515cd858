"""The disk of the archive is full while many cases are archived: nothing is lost, and it goes on when there is room."""

import shutil
from pathlib import Path

import pytest

from complaints.adapters.archive import drafting
from complaints.adapters.archive.checking import check_package
from complaints.adapters.archive.drafting import ArchiveUnwritable
from complaints.adapters.archive.package import find_package
from complaints.adapters.archive.writing import archive_cases
from complaints.adapters.evidence import EvidenceStore
from complaints.adapters.pdf import PdfUnavailable
from complaints.adapters.store import Store
from complaints.adapters.verify import verify
from tests.complaints.adapters.archive.cases import Firm
from tests.evidence_places import PDF
from tests.trials.test_full_disk import small_disk

pytestmark = pytest.mark.slow
__all__ = ["small_disk"]


def test_a_full_disk_leaves_whole_packages_and_cases_as_they_were(small_disk, session_key, tmp_path, monkeypatch):
    def unavailable(_: str) -> bytes:
        raise PdfUnavailable("there is no Pango")

    monkeypatch.setattr(drafting, "to_pdf", unavailable)
    store = Store(f"sqlite:///{tmp_path / 'cases.db'}", Path(shutil.copy(session_key, tmp_path / "master.key")))
    store.migrate()
    firm = Firm(store, EvidenceStore(str(tmp_path / "evidence")), small_disk / "archive")
    references = [firm.a_closed_case(number=f"{number}", evidence=PDF + bytes(2**20)) for number in range(24)]
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(4 * 2**20))

    refused = 0
    for reference in references:
        try:
            archive_cases(store, firm.evidence, firm.folder, [reference])
        except ArchiveUnwritable:
            refused += 1
    assert 0 < refused < len(references)
    for reference in references:
        packed, path = store.read_case(reference).is_packed, find_package(firm.folder, reference)
        assert packed == (path is not None)
        assert packed == (firm.evidence_names(reference) == set())
        assert path is None or check_package(path, firm.key(reference)) == []
    assert not [*firm.folder.glob("*/.*.part")]
    assert verify(store).breaks == []

    ballast.unlink()
    firm.folder.rename(small_disk / "aside")
    shutil.move(small_disk / "aside", tmp_path / "archive")  # to a larger disk
    larger = Firm(store, firm.evidence, tmp_path / "archive")
    assert archive_cases(store, larger.evidence, larger.folder, references).problems == {}
    assert all(store.read_case(one).is_packed for one in references)
    assert all(check_package(find_package(larger.folder, one), larger.key(one)) == [] for one in references)
    store.engine.dispose()
