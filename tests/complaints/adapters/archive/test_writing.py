"""Archiving: what is recorded, what leaves the live stores, what is refused, and several at once."""

import errno
import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from complaints import acts, timekeeping
from complaints.adapters.archive import drafting, writing
from complaints.adapters.archive.checking import check_package
from complaints.adapters.archive.contents import Source
from complaints.adapters.archive.drafting import ArchiveUnwritable
from complaints.adapters.archive.index import read_index
from complaints.adapters.archive.package import Package, find_package
from complaints.adapters.archive.reading import ArchiveBroken, read_source
from complaints.adapters.archive.writing import archivable, archive_case, archive_cases, remove_leftovers
from complaints.adapters.entries import replay
from complaints.adapters.evidence import EvidencePacked, context_of, open_evidence
from complaints.adapters.evidence_checking import verify_evidence
from complaints.adapters.evidence_files import EvidenceFiles
from complaints.adapters.store import Store
from complaints.adapters.tables import EntryRow, LetterRow
from complaints.adapters.verify import verify
from complaints.errors.case import CaseConflict, StageError, UnknownCase
from complaints.errors.evidence import EvidenceAltered, EvidenceMissing, EvidenceStoreAway
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.words import Closure, Stage
from tests.builders import REGIME, a_complaint, a_letter, a_stored_case
from tests.complaints.adapters.archive.cases import Firm
from tests.evidence_places import PDF


def letters_of(store: Store, reference: str) -> int:
    """How many letters of a case are in the outbox."""
    with store.read() as session:
        return len(session.scalars(select(LetterRow).where(LetterRow.reference == reference)).all())


def a_source(firm: Firm, reference: str) -> Source:
    """A case as it goes into its package."""
    source = read_source(firm.store, reference)
    assert source is not None
    return source


def everything_in(firm: Firm) -> dict[str, bytes]:
    """Every file of the archive but the index."""
    files = (one for one in firm.folder.rglob("*") if one.is_file() and one.name != "index.csv")
    return {str(one.relative_to(firm.folder)): one.read_bytes() for one in files}


# --- what is recorded, and what leaves ------------------------------------------------------------


def test_the_ledger_names_the_package(firm: Firm):
    reference = firm.a_closed_case()
    head, count = firm.store.entries(reference)[-1].hash, len(firm.store.entries(reference))
    closed_at = firm.store.read_case(reference).closed_at

    path = firm.archive(reference)

    assert firm.archived_entries(reference) == [hashlib.sha256(path.read_bytes()).hexdigest()]
    assert firm.store.read_case(reference).stage is Stage.ARCHIVED
    with Package.open(path) as package:
        assert (package.manifest.head, package.manifest.entries) == (head, count)
    assert path == firm.folder / str(closed_at.astimezone(load_pack(REGIME).tz).year) / f"{reference}.zip"
    assert check_package(path, firm.key(reference)) == []


def test_letters_and_evidence_are_in_the_package_and_nowhere_else(firm: Firm):
    reference = firm.a_closed_case()
    assert (letters_of(firm.store, reference), len(firm.evidence_names(reference))) == (1, 1)

    firm.archive(reference)

    assert (letters_of(firm.store, reference), firm.evidence_names(reference)) == (0, set())
    assert firm.evidence.files.references() == set()


def test_checks_of_the_live_stores_know_where_it_is(firm: Firm):
    reference = firm.a_closed_case()
    firm.archive(reference)

    checked = verify_evidence(firm.store, firm.evidence, written_before=datetime.now(UTC) + timedelta(days=1))

    assert (checked.files, checked.packed, checked.discrepancies) == (0, 1, [])
    assert verify(firm.store).breaks == []
    with pytest.raises(EvidencePacked, match=f"redress archive restore {reference} --to FOLDER"):
        open_evidence(firm.store, firm.evidence, reference, 1, by="li.wei", purpose="核对")


def test_nobody_else_can_read_it(small_firm: Firm):
    path = small_firm.archive(small_firm.a_closed_case())

    places = (small_firm.folder, path.parent, path, path.parent / "index.csv")
    assert [stat.S_IMODE(one.stat().st_mode) for one in places] == [0o700, 0o700, 0o600, 0o600]


def test_archiving_twice_changes_nothing(firm: Firm):
    reference = firm.a_closed_case()
    path = firm.archive(reference)
    before, entries = everything_in(firm), firm.store.entries(reference)

    assert firm.archive(reference) == path
    assert (everything_in(firm), firm.store.entries(reference)) == (before, entries)


def test_the_same_case_gives_the_same_package(small_firm: Firm, tmp_path, monkeypatch):
    reference = small_firm.a_closed_case()
    drafts = []
    for _ in range(2):
        draft = drafting.draft_package(small_firm.evidence, small_firm.folder, a_source(small_firm, reference))
        drafts.append(draft.file.read_bytes())

    assert drafts[0] == drafts[1]


def test_many_cases_are_recorded_together_and_a_broken_one_keeps_no_other_back(firm: Firm):
    whole = [firm.a_closed_case(number=f"whole-{number}") for number in range(3)]
    broken, still_open = firm.a_closed_case(number="broken"), a_stored_case(firm.store, Stage.ANSWERED, number="open")
    alter_entry(firm, broken)

    outcome = archive_cases(firm.store, firm.evidence, firm.folder, [whole[0], broken, still_open, *whole[1:]])

    assert sorted(outcome.archived) == sorted(whole)
    assert outcome.without_pdf == 3
    assert set(outcome.problems) == {broken}
    assert outcome.later == [still_open]  # taken up again since it was chosen
    assert "entry 2: altered" in outcome.problems[broken]
    assert sorted(one.reference for one in read_index(firm.folder)) == sorted(whole)
    assert len(firm.evidence_names(broken)) == 1


# --- several at once ------------------------------------------------------------------------------


def test_four_workers_at_once_archive_each_case_once(firm: Firm):
    references = [firm.a_closed_case(number=f"{number}") for number in range(6)]

    with ThreadPoolExecutor(4) as pool:
        runs = [
            pool.submit(archive_cases, firm.store, firm.evidence, firm.folder, references[turn:] + references[:turn])
            for turn in range(4)
        ]
        outcomes = [run.result() for run in runs]

    assert sorted(one for outcome in outcomes for one in outcome.archived) == sorted(references)
    for reference in references:
        path = find_package(firm.folder, reference)
        assert path is not None
        assert firm.archived_entries(reference) == [hashlib.sha256(path.read_bytes()).hexdigest()]
        assert check_package(path, firm.key(reference)) == []
    assert not [*firm.folder.glob("*/.*.part")]
    assert verify(firm.store).breaks == []


def test_what_is_recorded_meanwhile_is_not_lost(firm: Firm, monkeypatch):
    reference = firm.a_closed_case()
    putting = writing._put_in_place

    def after_somebody_else(*given):
        with firm.store.open_case(reference) as desk:
            desk.case.record(acts.Viewed(what="complainant"), desk.now, "li.wei")
        return putting(*given)

    with monkeypatch.context() as patch:
        patch.setattr(writing, "_put_in_place", after_somebody_else)
        with pytest.raises(CaseConflict):
            firm.archive(reference)
    assert (letters_of(firm.store, reference), len(firm.evidence_names(reference))) == (1, 1)

    with Package.open(firm.archive(reference)) as package:
        assert package.manifest.head == firm.store.entries(reference)[-2].hash


# --- what is refused ------------------------------------------------------------------------------


def test_an_open_case_is_not_archived(firm: Firm):
    reference = a_stored_case(firm.store, Stage.ANSWERED)

    with pytest.raises(StageError, match="'archived' is not allowed"):
        firm.archive(reference)
    assert not firm.folder.exists()


@pytest.mark.parametrize("reference", ["TS260302-0000000", "../../etc"])
def test_an_unknown_case_is_not_archived(small_firm: Firm, reference: str):
    with pytest.raises(UnknownCase):
        small_firm.archive(reference)


def alter_entry(firm: Firm, reference: str) -> None:
    """Change a fact in the ledger."""
    with firm.store.write() as session:
        session.execute(update(EntryRow).filter_by(reference=reference, seq=2).values(by="nobody"))


def swap_letter(firm: Firm, reference: str) -> None:
    """Replace a letter in the outbox."""
    with firm.store.open_case(reference) as desk:
        row = desk.letter_row("acknowledgement", 1)
        row.sealed = desk.case_key.seal(a_letter("另一封信").dump(), "letter/acknowledgement/1")


def lose_letter(firm: Firm, reference: str) -> None:
    """Remove a letter from the outbox."""
    with firm.store.write() as session:
        session.delete(session.get_one(LetterRow, (reference, "acknowledgement", 1)))


def lose_evidence(firm: Firm, reference: str) -> None:
    """Remove a file from the evidence store."""
    for name in firm.evidence_names(reference):
        firm.evidence.files.remove(reference, name)


def spoil_evidence(firm: Firm, reference: str) -> None:
    """Put another file in the place of one, sealed as if it were right."""
    (name,) = firm.evidence_names(reference)
    key = firm.key(reference)
    assert key is not None
    firm.evidence.files.write(reference, name, key.seal(b"other", context_of(name)))


def break_evidence(firm: Firm, reference: str) -> None:
    """Spoil a file in the evidence store."""
    (name,) = firm.evidence_names(reference)
    firm.evidence.files.write(reference, name, b"x" * 100)


@pytest.mark.parametrize(
    ("harm", "wrong", "said"),
    [
        (alter_entry, ArchiveBroken, "entry 2: altered"),
        (swap_letter, ArchiveBroken, "is not the one"),
        (lose_letter, ArchiveBroken, "is not in the outbox"),
        (lose_evidence, EvidenceMissing, "evidence"),
        (break_evidence, EvidenceAltered, "evidence"),
        (spoil_evidence, ArchiveBroken, "evidence 1 is not what was taken in"),
    ],
)
def test_a_case_that_was_tampered_with_is_not_archived(small_firm: Firm, harm, wrong, said: str):
    reference = small_firm.a_closed_case()
    harm(small_firm, reference)

    with pytest.raises(wrong, match=said):
        small_firm.archive(reference)
    assert small_firm.archived_entries(reference) == []
    assert everything_in(small_firm) == {}


def test_what_the_disk_garbles_is_not_recorded(firm: Firm, monkeypatch):
    reference, sync = firm.a_closed_case(), os.fsync

    def garble(descriptor: int) -> None:
        sync(descriptor)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.pwrite(descriptor, b"\0\0\0\0", os.fstat(descriptor).st_size // 2)

    with monkeypatch.context() as patch:
        patch.setattr(drafting.os, "fsync", garble)
        with pytest.raises(ArchiveBroken, match=r"contents\.sealed"):
            firm.archive(reference)

    assert firm.archived_entries(reference) == []
    assert everything_in(firm) == {}
    assert (letters_of(firm.store, reference), len(firm.evidence_names(reference))) == (1, 1)


@pytest.mark.parametrize("step", ["write", "fsync", "replace", "index"])
def test_a_full_disk_at_any_step_leaves_everything_as_it_was(firm: Firm, monkeypatch, step: str):
    from pathlib import Path

    from complaints.adapters.archive import index, writing

    reference = firm.a_closed_case()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    places = {
        "write": (drafting, "write_package"),
        "fsync": (drafting.os, "fsync"),
        "replace": (Path, "replace"),
        "index": (index, "_append"),
    }
    with monkeypatch.context() as patch:
        patch.setattr(*places[step], full)
        with pytest.raises(ArchiveUnwritable, match="No space left on device"):
            archive_cases(firm.store, firm.evidence, firm.folder, [reference])
    assert firm.archived_entries(reference) == []
    assert not [*firm.folder.rglob(".*.part")]
    assert (letters_of(firm.store, reference), len(firm.evidence_names(reference))) == (1, 1)

    assert writing.archive_cases(firm.store, firm.evidence, firm.folder, [reference]).archived == [reference]
    assert len(firm.archived_entries(reference)) == 1
    assert [one.reference for one in read_index(firm.folder)] == [reference]


def test_all_packages_of_a_share_are_written_before_the_disk_is_waited_for(firm: Firm, monkeypatch):
    references, sync, there = [firm.a_closed_case(number=f"{one}") for one in range(3)], os.fsync, []

    def count(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            there.append(len([*firm.folder.rglob(".*.part")]))
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(drafting.os, "fsync", count)
        archive_cases(firm.store, firm.evidence, firm.folder, references)

    assert there[:3] == [3, 3, 3]


def test_an_evidence_store_that_goes_away_amid_a_share_leaves_no_draft_and_nothing_recorded(firm: Firm, monkeypatch):
    references, read, asked = [firm.a_closed_case(number=f"{one}") for one in range(2)], EvidenceFiles.read, []

    def away(files: EvidenceFiles, reference: str, sha256: str) -> bytes | None:
        asked.append([*firm.folder.rglob(".*.part")])
        if len(asked) == 2:
            raise EvidenceStoreAway("it sleeps")
        return read(files, reference, sha256)

    with monkeypatch.context() as patch:
        patch.setattr(EvidenceFiles, "read", away)
        with pytest.raises(EvidenceStoreAway):
            archive_cases(firm.store, firm.evidence, firm.folder, references)

    assert [len(drafts) for drafts in asked] == [1, 2]  # the first was written
    assert everything_in(firm) == {}
    assert [firm.archived_entries(one) for one in references] == [[], []]


# --- after a restore of a backup ------------------------------------------------------------------


def test_evidence_that_only_an_unrecorded_package_holds_is_kept(small_firm: Firm):
    """The ledger was restored as it stood before the case was archived; the archive was not."""
    reference = small_firm.a_closed_case()
    draft = drafting.draft_package(small_firm.evidence, small_firm.folder, a_source(small_firm, reference))
    draft.file.rename(draft.target)
    lose_evidence(small_firm, reference)

    path = small_firm.archive(reference)

    assert "evidence/1-流水.pdf" in small_firm.contents(path)
    assert check_package(path, small_firm.key(reference)) == []


def test_of_two_unrecorded_packages_the_one_counts_whose_record_names_the_file(small_firm: Firm):
    """It was archived, taken up again with evidence, and archived in a later year; then the ledger was lost."""
    reference = small_firm.a_closed_case()
    source = a_source(small_firm, reference)
    count = [entry.kind for entry in source.entries].index("evidence_added")
    before = replay(reference, REGIME, source.entries[:count], source.key)
    first = Source(before, source.entries[:count], source.key, source.letters, source.recorded[:count])
    for year, one in (("2001", first), ("2002", source)):
        draft = drafting.draft_package(small_firm.evidence, small_firm.folder, one)
        (small_firm.folder / year).mkdir()
        draft.file.rename(small_firm.folder / year / f"{reference}.zip")
    lose_evidence(small_firm, reference)

    path = small_firm.archive(reference)

    assert small_firm.contents(path)["evidence/1-流水.pdf"] == PDF
    assert [*small_firm.folder.glob(f"*/{reference}.zip")] == [path]


def test_evidence_is_kept_while_its_package_is_not_the_one_that_was_recorded(firm: Firm):
    reference = firm.a_closed_case()
    evidence = {name: firm.evidence.files.read(reference, name) for name in firm.evidence_names(reference)}
    path = firm.archive(reference)
    for name, content in evidence.items():
        firm.evidence.files.write(reference, name, content or b"")
    whole = path.read_bytes()

    path.write_bytes(whole[:-1])
    problems = remove_leftovers(firm.store, firm.evidence, firm.folder, datetime.now(UTC))
    assert problems == [f"{reference}: its package is not the one that was recorded; its evidence was kept"]
    assert firm.evidence_names(reference) == evidence.keys()

    path.write_bytes(whole)
    assert remove_leftovers(firm.store, firm.evidence, firm.folder, datetime.now(UTC)) == []
    assert firm.evidence_names(reference) == set()


# --- which cases ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days_later", "after_days", "is_due"),
    [
        (timedelta(days=30), 30, True),
        (timedelta(days=30) - timedelta(microseconds=1), 30, False),
        (timedelta(), 0, True),
        (timedelta(days=400), 30, True),
    ],
)
def test_a_case_is_archivable_some_days_after_it_was_closed(
    firm: Firm, days_later: timedelta, after_days: int, is_due: bool
):
    reference = firm.a_closed_case()
    closed_at = firm.store.read_case(reference).closed_at
    assert closed_at is not None

    assert archivable(firm.store, closed_at + days_later, after_days) == ([reference] if is_due else [])


def test_a_case_whose_decision_is_being_reviewed_is_not_archivable(firm: Firm):
    reference, store = firm.a_closed_case(), firm.store
    with store.open_case(reference) as desk:
        timekeeping.note(desk.case, "review_requested", desk.now, "li.wei", desk.now)
    assert archivable(store, store.now() + timedelta(days=400), 30) == []

    with store.open_case(reference) as desk:
        timekeeping.note(desk.case, "review_told", desk.now, "li.wei", desk.now)
    assert archivable(store, store.now() + timedelta(days=400), 30) == [reference]


def test_only_closed_cases_are_archivable(firm: Firm):
    store = firm.store
    a_stored_case(store, Stage.FOLLOWED_UP, number="open")
    archive_case(store, firm.evidence, firm.folder, firm.a_closed_case(number="archived"))
    with store.write() as session:
        now = store.now(session)
        history = receive("TS200101-2222222", load_pack(REGIME), a_complaint(number="old"), "crm", now, history=True)
        history.record(acts.Closed(closure=Closure.HISTORY, closed_at=now - timedelta(days=900)), now)
        store.add(session, history)
    first, second = firm.a_closed_case(number="first"), firm.a_closed_case(number="second")

    assert archivable(store, store.now() + timedelta(days=31), 30) == [first, second]
