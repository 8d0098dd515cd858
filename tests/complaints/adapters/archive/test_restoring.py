"""Taking cases back: into the live stores, byte for byte, or as a copy to read."""

import json
import stat
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from complaints import acts
from complaints.adapters.archive import drafting
from complaints.adapters.archive.package import find_package
from complaints.adapters.archive.restoring import PackageUnfit, copy_case, restore_case
from complaints.adapters.archive.verifying import verify_archive
from complaints.adapters.archive.writing import archivable
from complaints.adapters.evidence import open_evidence
from complaints.adapters.tables import CaseKeyRow, LetterRow
from complaints.adapters.verify import verify
from complaints.errors.case import AnswerRefused, StageError, UnknownCase
from complaints.errors.sealing import KeyDestroyed
from complaints.words import LANGUAGES, Stage
from tests.builders import a_letter, an_act
from tests.complaints.adapters.archive.cases import IDENTITY, Firm
from tests.evidence_places import PDF


def restored(firm: Firm, reference: str) -> int:
    """Take a case back."""
    return restore_case(firm.store, firm.evidence, firm.folder, reference, "li.wei")


def test_a_restored_case_is_as_it_was_before(firm: Firm):
    reference = firm.a_closed_case()
    with firm.store.write() as session:
        session.execute(update(LetterRow).values(attempt=3))
    before = firm.store.read_case(reference)
    firm.archive(reference)

    assert restored(firm, reference) == 2

    case = firm.store.read_case(reference)
    assert (case.stage, case.closed_at, case.letters) == (Stage.CLOSED, before.closed_at, before.letters)
    assert firm.store.read_letter(reference, "acknowledgement", 1) == a_letter()
    with firm.store.read() as session:
        assert session.scalars(select(LetterRow.attempt)).all() == [3]
    exhibit, content = open_evidence(firm.store, firm.evidence, reference, 1, by="li.wei", purpose="核对")
    assert (exhibit.added.name, content) == ("流水.pdf", PDF)
    assert [(one.kind, one.by) for one in firm.store.entries(reference)][-2] == ("unarchived", "li.wei")
    assert find_package(firm.folder, reference) is None
    assert verify(firm.store).breaks == []


def test_a_package_with_two_pdfs_as_they_were_made_before_is_checked_copied_and_taken_back(
    small_firm: Firm, tmp_path, monkeypatch
):
    firm, reference = small_firm, small_firm.a_closed_case()
    both = {f"case_file.{language}.{end}": b"%PDF-1.7" for language in LANGUAGES for end in ("html", "pdf")}
    monkeypatch.setattr(drafting, "_pages", lambda _: (both, ()))
    firm.archive(reference)
    (to := tmp_path / "to").mkdir()

    copy = copy_case(firm.store, firm.folder, reference, to, "li.wei")

    assert both.keys() < {one.name for one in copy.iterdir()}
    assert verify_archive(firm.store, firm.folder).problems == []
    assert restored(firm, reference) == 2


@pytest.mark.parametrize("text", ["您好:\r\n一\r二\n\n三\n", "\n\n", "您好 \x0b\x85"])
def test_a_letter_comes_back_to_the_byte(small_firm: Firm, text: str):
    firm = small_firm
    reference = firm.a_closed_report("report_receipt", text)
    firm.archive(reference)
    restored(firm, reference)

    assert firm.store.read_letter(reference, "report_receipt", 1) == a_letter(text)


@pytest.mark.parametrize("letter", ["acknowledgement", "report_receipt"])
def test_a_confidential_report_comes_back_whole(small_firm: Firm, letter: str):
    firm = small_firm
    reference = firm.a_closed_report(letter)
    firm.archive(reference)
    restored(firm, reference)

    _, content = open_evidence(firm.store, firm.evidence, reference, 1, by="li.wei", purpose="核查")
    assert content == PDF + IDENTITY[3].encode()
    assert firm.store.read_case(reference).complaint.complainant.name == IDENTITY[0]
    assert verify(firm.store).breaks == []


def test_a_restored_case_can_be_taken_up_again_and_archived_again(firm: Firm):
    reference = firm.a_closed_case()
    first = firm.archive(reference).read_bytes()
    restored(firm, reference)
    with firm.store.open_case(reference) as desk:
        desk.case.record(an_act(acts.Reopened), desk.now, "li.wei")
        desk.case.withdraw("li.wei", desk.now)

    path = firm.archive(reference)

    assert path.read_bytes() != first
    assert len(firm.archived_entries(reference)) == 2
    assert [one.name for one in firm.folder.glob("*/*.zip")] == [path.name]
    assert "evidence/1-流水.pdf" in firm.contents(path)


def test_a_restored_case_is_left_alone_for_as_long_as_a_closed_one(firm: Firm):
    reference = firm.a_closed_case()
    firm.archive(reference)
    restored(firm, reference)
    back_at = firm.store.entries(reference)[-1].at

    assert archivable(firm.store, back_at + timedelta(days=30, seconds=-1), 30) == []
    assert archivable(firm.store, back_at + timedelta(days=30), 30) == [reference]


def test_only_archived_cases_are_restored(firm: Firm, tmp_path):
    reference = firm.a_closed_case()

    with pytest.raises(StageError, match="is at stage 'closed'"):
        restored(firm, reference)
    with pytest.raises(UnknownCase):
        restored(firm, "TS260302-0000000")
    with pytest.raises(StageError):
        copy_case(firm.store, firm.folder, reference, tmp_path, "li.wei")


def test_a_spoilt_package_is_not_restored(small_firm: Firm, tmp_path):
    firm = small_firm
    reference = firm.a_closed_case()
    path = firm.archive(reference)
    path.write_bytes(path.read_bytes() + b"\0")

    with pytest.raises(PackageUnfit, match="not the one that was recorded"):
        restored(firm, reference)
    with pytest.raises(PackageUnfit):
        copy_case(firm.store, firm.folder, reference, tmp_path, "li.wei")
    path.unlink()
    with pytest.raises(PackageUnfit, match="the package is missing"):
        restored(firm, reference)
    assert firm.store.read_case(reference).stage is Stage.ARCHIVED


def test_nobody_restores_an_erased_person(small_firm: Firm, tmp_path):
    firm = small_firm
    reference = firm.a_closed_case()
    firm.archive(reference)
    with firm.store.write() as session:
        session.execute(update(CaseKeyRow).values(wrapped=None))

    with pytest.raises(KeyDestroyed):
        restored(firm, reference)
    with pytest.raises(KeyDestroyed):
        copy_case(firm.store, firm.folder, reference, tmp_path, "li.wei")
    assert not [
        one for one in tmp_path.rglob(f"*{reference}*") if one.is_dir() and one.is_relative_to(tmp_path / reference)
    ]


# --- a copy to read -------------------------------------------------------------------------------


def test_a_copy_is_what_is_in_the_package_for_its_reader_alone(firm: Firm, tmp_path):
    reference = firm.a_closed_case()
    path, to = firm.archive(reference), tmp_path / "copies"
    to.mkdir()

    copy = copy_case(firm.store, firm.folder, reference, to, "li.wei")

    assert copy == to / reference
    found = {str(one.relative_to(copy)): one.read_bytes() for one in copy.rglob("*") if one.is_file()}
    assert found.keys() == firm.contents(path).keys() | {"ledger.jsonl"}
    assert found["evidence/1-流水.pdf"] == PDF
    assert {stat.S_IMODE(one.stat().st_mode) for one in copy.rglob("*") if one.is_file()} == {0o600}
    assert {stat.S_IMODE(one.stat().st_mode) for one in (copy, *copy.rglob("*")) if one.is_dir()} == {0o700}
    last = firm.store.entries(reference)[-1]
    assert (last.kind, last.by, json.loads(last.facts)) == ("viewed", "li.wei", {"what": "archive"})


def test_a_copy_is_written_over_nothing(small_firm: Firm, tmp_path):
    reference = small_firm.a_closed_case()
    small_firm.archive(reference)
    copy_case(small_firm.store, small_firm.folder, reference, tmp_path, "li.wei")

    with pytest.raises(AnswerRefused, match="name another folder"):
        copy_case(small_firm.store, small_firm.folder, reference, tmp_path, "li.wei")


def test_a_copy_of_a_report_shows_nobody(small_firm: Firm, tmp_path):
    reference = small_firm.a_closed_report("acknowledgement")
    small_firm.archive(reference)

    copy = copy_case(small_firm.store, small_firm.folder, reference, tmp_path, "li.wei")

    for file in (one for one in copy.rglob("*") if one.is_file()):
        assert [one for one in IDENTITY if one.encode() in file.read_bytes()] == [], file.name
