"""Folders of the first format: still checked, and turned into packages without anything getting lost."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from complaints.adapters.archive.checking import check_package
from complaints.adapters.archive.folders import check_folder, in_folders
from complaints.adapters.archive.reading import ArchiveBroken
from complaints.adapters.archive.restoring import copy_case, restore_case
from complaints.adapters.archive.verifying import verify_archive
from complaints.adapters.archive.writing import remove_leftovers
from complaints.adapters.verify import verify
from complaints.words import Stage
from tests.complaints.adapters.archive.cases import Firm


def test_a_folder_becomes_a_package_that_holds_everything(firm: Firm):
    reference = firm.a_closed_case()
    folder = firm.as_the_first_version_did(reference)
    assert in_folders(firm.store, firm.folder) == [reference]
    assert verify_archive(firm.store, firm.folder).problems == []

    path = firm.archive(reference)

    assert not folder.exists()
    assert check_package(path, firm.key(reference)) == []
    assert {"letters/1-acknowledgement.txt", "evidence/1-流水.pdf"} <= firm.contents(path).keys()
    assert len(firm.archived_entries(reference)) == 2
    assert firm.evidence_names(reference) == set()
    assert in_folders(firm.store, firm.folder) == []
    assert verify(firm.store).breaks == []


def test_a_folder_that_does_not_hold_is_left_for_somebody_to_see(small_firm: Firm):
    reference = small_firm.a_closed_case()
    folder = small_firm.as_the_first_version_did(reference)
    (folder / "case.json").write_text("{}", encoding="utf-8")

    with pytest.raises(ArchiveBroken, match=r"case\.json has 2 bytes"):
        small_firm.archive(reference)
    assert folder.is_dir()
    assert len(verify_archive(small_firm.store, small_firm.folder).problems) == 1


def test_a_folder_that_a_killed_run_left_beside_its_package_is_removed(small_firm: Firm, tmp_path: Path):
    reference = small_firm.a_closed_case()
    folder = small_firm.as_the_first_version_did(reference)
    copy = shutil.copytree(folder, tmp_path / "copy")
    small_firm.archive(reference)
    shutil.copytree(copy, folder)

    assert remove_leftovers(small_firm.store, small_firm.evidence, small_firm.folder, datetime.now(UTC)) == []
    assert not folder.exists()


def test_a_folder_is_restored_and_read_too(small_firm: Firm, tmp_path: Path):
    firm = small_firm
    reference = firm.a_closed_case()
    folder = firm.as_the_first_version_did(reference)

    copy = copy_case(firm.store, firm.folder, reference, tmp_path, "li.wei")
    assert (copy / "letters/1-acknowledgement.txt").read_text(encoding="utf-8") == "林知夏您好。"
    restore_case(firm.store, firm.evidence, firm.folder, reference, "li.wei")
    assert firm.store.read_case(reference).stage is Stage.CLOSED
    assert not folder.exists()
    assert len(firm.evidence_names(reference)) == 1
    assert verify(firm.store).breaks == []


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, sqlite) -> Path:
    """A folder to copy."""
    from complaints.adapters.evidence import EvidenceStore

    place = tmp_path_factory.mktemp("folders")
    with sqlite.shared() as store:
        firm = Firm(store, EvidenceStore(str(place / "evidence")), place / "archive")
        return firm.as_the_first_version_did(firm.a_closed_case())


def link_away(folder: Path) -> None:
    """Replace a file by a link to the same content."""
    (folder / "case.json").rename(folder.parent / "elsewhere.json")
    (folder / "case.json").symlink_to(folder.parent / "elsewhere.json")


def cut(folder: Path) -> None:
    """Remove the last entry."""
    ledger = folder / "ledger.jsonl"
    ledger.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize(
    ("harm", "problems"),
    [
        (lambda folder: None, []),
        (lambda folder: (folder / "case.json").write_text("{}"), ["case.json has 2 bytes, the manifest says"]),
        (lambda folder: (folder / "case.json").unlink(), ["case.json is missing"]),
        (lambda folder: (folder / "more.txt").write_text("x"), ["more.txt is not in the manifest"]),
        (lambda folder: (folder / "more").symlink_to(folder.parent), ["more is not in the manifest"]),
        (link_away, ["case.json is not a plain file"]),
        (cut, ["ledger.jsonl has", "removed or added"]),
        (lambda folder: (folder / "ledger.jsonl").unlink(), ["ledger.jsonl is missing"]),
        (lambda folder: (folder / "manifest.json").unlink(), ["manifest.json cannot be read: FileNotFoundError"]),
        (lambda folder: (folder / "manifest.json").write_text("[]"), ["manifest.json cannot be read: TypeError"]),
        (lambda folder: shutil.rmtree(folder / "letters"), ["letters/1-acknowledgement.txt is missing"]),
    ],
)
def test_a_check_of_a_folder_names_every_mismatch(written: Path, tmp_path: Path, harm, problems: list[str]):
    folder = Path(shutil.copytree(written, tmp_path / written.name))
    harm(folder)

    found = check_folder(folder)

    assert len(found) == len(problems), found
    assert all(part in one for part, one in zip(problems, found, strict=True)), found
