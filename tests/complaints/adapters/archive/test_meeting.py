"""The archive meets somebody else at its work: another run, a restore, a case that cannot be read or is not over."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from complaints import acts
from complaints.adapters.archive import restoring, verifying, writing
from complaints.adapters.archive.folders import in_folders
from complaints.adapters.archive.package import find_package
from complaints.adapters.archive.restoring import copy_case, restore_case
from complaints.adapters.archive.verifying import verify_archive
from complaints.adapters.archive.writing import archivable, archive_cases, remove_leftovers
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow, EntryRow
from complaints.words import Stage
from tests.builders import a_letter, an_act, prepare_letter
from tests.complaints.adapters.archive.cases import Firm


def restored(firm: Firm, reference: str) -> None:
    """Take a case back."""
    restore_case(firm.store, firm.evidence, firm.folder, reference, "li.wei")


def completed(firm: Firm) -> list[str]:
    """Begin a night's run."""
    return remove_leftovers(firm.store, firm.evidence, firm.folder, datetime.now(UTC))


def spoil(store: Store, reference: str) -> None:
    """Make a case unreadable."""
    with store.write() as session:
        entry = update(EntryRow).where(EntryRow.reference == reference, EntryRow.seq == 2)
        session.execute(entry.values(facts="{nonsense"))


def test_a_run_that_begins_while_a_case_is_taken_back_leaves_its_evidence(small_firm: Firm, monkeypatch):
    reference = small_firm.a_closed_case()
    evidence = small_firm.evidence_names(reference)
    small_firm.archive(reference)
    opening, begun = Store.open_case, []

    def opened(store: Store, one: str):
        if not begun:
            begun.append(completed(small_firm))
        return opening(store, one)

    monkeypatch.setattr(Store, "open_case", opened)
    restored(small_firm, reference)

    assert begun == [[]]
    assert small_firm.evidence_names(reference) == evidence


def test_a_run_that_has_just_recorded_a_case_leaves_what_was_taken_back_at_once(small_firm: Firm, monkeypatch):
    reference = small_firm.a_closed_case()
    evidence = small_firm.evidence_names(reference)
    letting_go = writing._let_go

    def late(*args):
        restored(small_firm, reference)
        letting_go(*args)

    monkeypatch.setattr(writing, "_let_go", late)
    archive_cases(small_firm.store, small_firm.evidence, small_firm.folder, [reference])

    assert small_firm.store.read_case(reference).stage is Stage.CLOSED
    assert small_firm.evidence_names(reference) == evidence


def test_the_package_of_a_case_that_was_archived_anew_stays(small_firm: Firm, monkeypatch):
    reference = small_firm.a_closed_case()
    small_firm.archive(reference)
    removing = restoring._remove_restored

    def late(*args):
        archive_cases(small_firm.store, small_firm.evidence, small_firm.folder, [reference])
        removing(*args)

    monkeypatch.setattr(restoring, "_remove_restored", late)
    restored(small_firm, reference)

    assert small_firm.store.read_case(reference).is_packed
    assert verify_archive(small_firm.store, small_firm.folder).problems == []


def test_of_two_packages_in_two_years_the_recorded_one_counts_and_the_other_goes(small_firm: Firm):
    reference = small_firm.a_closed_case()
    whole = small_firm.archive(reference).read_bytes()
    restored(small_firm, reference)
    path = small_firm.archive(reference)
    older = small_firm.folder / "2001" / path.name
    older.parent.mkdir()
    older.write_bytes(whole)

    assert verify_archive(small_firm.store, small_firm.folder).problems == []
    assert completed(small_firm) == []
    assert (path.exists(), older.exists()) == (True, False)


def test_a_case_with_a_letter_that_has_not_left_waits(small_firm: Firm):
    reference = small_firm.a_closed_case()
    sent = small_firm.a_closed_case(number="CRM-2")
    with small_firm.store.open_case(reference) as desk:
        rendered = a_letter()
        prepare_letter(desk.case, now=desk.now, letter="answer", sha256=rendered.sha256)
        desk.keep_letter("answer", 1, rendered)

    assert archivable(small_firm.store, small_firm.store.now(), 0) == [sent]
    outcome = archive_cases(small_firm.store, small_firm.evidence, small_firm.folder, [reference])
    assert (outcome.archived, outcome.later, outcome.problems) == ([], [reference], {})
    assert small_firm.store.read_letter(reference, "answer", 1) == rendered


def test_a_case_whose_letter_came_back_waits(small_firm: Firm):
    reference = small_firm.a_closed_case()
    with small_firm.store.open_case(reference) as desk:
        desk.case.record(an_act(acts.LetterFailed), desk.now)

    assert archivable(small_firm.store, small_firm.store.now(), 0) == []


def test_a_case_that_changed_while_it_was_written_is_no_problem(small_firm: Firm, monkeypatch):
    reference = small_firm.a_closed_case()
    putting = writing._put_in_place

    def late(*args):
        with small_firm.store.open_case(reference) as desk:
            desk.case.record(acts.Viewed(what="case"), desk.now, "li.wei")
        return putting(*args)

    monkeypatch.setattr(writing, "_put_in_place", late)
    outcome = archive_cases(small_firm.store, small_firm.evidence, small_firm.folder, [reference])

    assert (outcome.archived, outcome.later, outcome.problems) == ([], [reference], {})


def test_a_case_that_cannot_be_read_is_named_and_the_others_are_archived(small_firm: Firm):
    spoilt, other, packed = (small_firm.a_closed_case(number=one) for one in ("1", "2", "3"))
    small_firm.archive(packed)
    small_firm.evidence.files.write(packed, "a" * 64, b"left")
    spoil(small_firm.store, spoilt)
    spoil(small_firm.store, packed)
    assert completed(small_firm) == []

    with small_firm.store.write() as session:
        session.execute(
            update(EntryRow)
            .where(EntryRow.reference == packed, EntryRow.kind == acts.EvidenceAdded.kind_name())
            .values(facts="{nonsense")
        )
    (problem,) = completed(small_firm)
    assert problem.startswith(f"{packed}: ")
    outcome = archive_cases(small_firm.store, small_firm.evidence, small_firm.folder, [spoilt, other])

    assert (outcome.archived, outcome.problems.keys()) == ([other], {spoilt})
    assert "nonsense" not in outcome.problems[spoilt]


def test_the_folder_of_an_erased_case_becomes_no_package(small_firm: Firm):
    reference, other = small_firm.a_closed_case(number="1"), small_firm.a_closed_case(number="2")
    for one in (reference, other):
        small_firm.as_the_first_version_did(one)
    with small_firm.store.write() as session:
        session.execute(
            update(CaseRow).where(CaseRow.reference == reference).values(erased_at=small_firm.store.now(session))
        )

    assert in_folders(small_firm.store, small_firm.folder) == [other]


def test_a_case_taken_back_while_the_archive_is_verified_is_no_problem(small_firm: Firm, monkeypatch):
    reference, other = small_firm.a_closed_case(number="1"), small_firm.a_closed_case(number="2")
    for one in (reference, other):
        small_firm.archive(one)
    checking = verifying.check_archived

    def late(folder, archived, one, key):
        if one == reference:
            restored(small_firm, reference)
        return checking(folder, archived, one, key)

    monkeypatch.setattr(verifying, "check_archived", late)
    result = verify_archive(small_firm.store, small_firm.folder)

    assert (result.cases, result.problems) == (1, [])


def test_a_copy_that_finds_no_room_leaves_nothing_in_clear(small_firm: Firm, tmp_path, monkeypatch):
    reference = small_firm.a_closed_case()
    small_firm.archive(reference)
    write, written = restoring._write, []

    def full(*args):
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(args)
        write(*args)

    monkeypatch.setattr(restoring, "_write", full)
    (to := tmp_path / "to").mkdir()
    with pytest.raises(OSError, match="No space"):
        copy_case(small_firm.store, small_firm.folder, reference, to, "li.wei")

    assert len(written) == 3
    assert list(to.iterdir()) == []


def test_the_folder_of_a_new_year_is_brought_to_the_disk(small_firm: Firm, monkeypatch):
    synced = []
    monkeypatch.setattr(writing, "sync_folder", synced.append)

    small_firm.archive(reference := small_firm.a_closed_case())

    path = find_package(small_firm.folder, reference)
    assert path is not None
    assert synced == [path.parent, small_firm.folder, small_firm.folder.parent]
