"""Archiving: a closed case becomes a package, and its letters and evidence live nowhere else.

In one transaction, with the case locked, a package that was checked is renamed into its place, the ledger says so, and
the letters leave the outbox. The evidence leaves its store last, with the case locked again and the ledger asked once
more: somebody may have taken it back. A kill at any moment leaves either a case as it was, whose package is written
again, or evidence that is in its package as well, which :func:`remove_leftovers` takes away.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from complaints import acts
from complaints.adapters.archive.drafting import (
    ArchiveUnwritable,
    Draft,
    begin_draft,
    draft_package,
    drafts_of_a_run,
)
from complaints.adapters.archive.folders import folders
from complaints.adapters.archive.index import Indexed, add_to_index
from complaints.adapters.archive.package import find_package, sha256_of
from complaints.adapters.archive.packed import packed_cases
from complaints.adapters.archive.reading import read_source, read_sources
from complaints.adapters.archive.recording import Change, lock_cases, lock_packed, record_archived, save
from complaints.adapters.durable import sync_folder
from complaints.adapters.evidence import EvidenceStore
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow, ClockRow, EntryRow
from complaints.errors.base import ComplaintError, RetryableError
from complaints.errors.case import CaseConflict, StageError
from complaints.errors.sealing import SealBroken
from complaints.regimes.model import Nature
from complaints.words import Stage


@dataclass
class Outcome:
    """What became of cases that were to be archived.

    Attributes:
        archived: That are in the archive now, by this run.
        without_pdf: How many of them, because no PDF can be made here.
        later: That changed meanwhile, or have a letter on its way: the next run sees to them.
        problems: Why others are not, by reference.
    """

    archived: list[str] = field(default_factory=list)
    without_pdf: int = 0
    later: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)

    def add(self, other: "Outcome") -> None:
        """Take in what became of other cases."""
        self.archived += other.archived
        self.without_pdf += other.without_pdf
        self.later += other.later
        self.problems |= other.problems


LEFT_AFTER: Final = timedelta(hours=1)
"""A draft this old, by the disk's own time, is one of a process that was killed: a batch takes minutes."""


def archivable(store: Store, now: datetime, after_days: int) -> list[str]:
    """Return the cases, the longest closed first, that were closed at least ``after_days`` days ago; not history.

    A case in which a duty still runs, such as a review, is not over, nor is one with a letter that has not left or came
    back; one that was taken back from the archive is left alone for as long again.
    """
    limit = now - timedelta(days=after_days)
    duty = select(ClockRow.name).where(ClockRow.reference == CaseRow.reference, ClockRow.running)
    back = select(EntryRow.seq).where(
        EntryRow.reference == CaseRow.reference, EntryRow.kind == acts.Unarchived.kind_name(), EntryRow.at > limit
    )
    query = select(CaseRow.reference).where(
        CaseRow.stage == Stage.CLOSED,
        CaseRow.history.is_(False),
        CaseRow.erased_at.is_(None),  # nothing is left to keep, and nothing is recorded any more
        CaseRow.closed_at <= limit,
        ~duty.where(ClockRow.nature == Nature.DUTY).exists(),
        ~back.exists(),
    )
    with store.read() as session:
        due = session.scalars(query.order_by(CaseRow.closed_at, CaseRow.reference)).all()
        waiting = _with_open_letters(session, query)
    return [one for one in due if one not in waiting]


def archive_case(store: Store, evidence: EvidenceStore, folder: Path, reference: str) -> Path:
    """Write one closed case into the archive; see :func:`archive_cases`. Safe to run twice.

    Returns:
        Where its package is; also where it was archived before.

    Raises:
        UnknownCase: there is none.
        StageError: it is not closed.
        ArchiveBroken: its ledger, a letter or what was written does not match; nothing was recorded.
        EvidenceMissing, EvidenceAltered: a file of evidence is not in its store as it was taken in.
        CaseConflict: something was recorded on it meanwhile, or a letter has not left; archive it again later.
        ArchiveUnwritable: there is no room.
    """
    source = read_source(store, reference)
    if source is not None:
        with drafts_of_a_run() as drafts:
            drafts.append(draft_package(evidence, folder, source))
            outcome = _put_in_place(store, evidence, folder, drafts)
        if outcome.later or outcome.problems:
            raise CaseConflict(reference, len(source.entries))
    return find_package(folder, reference) or folder


def archive_cases(store: Store, evidence: EvidenceStore, folder: Path, references: Sequence[str]) -> Outcome:
    """Write closed cases into the archive, in one transaction for all of them. Safe to run twice, and beside others.

    Args:
        store: The case database.
        evidence: Where evidence is kept; what is in a package leaves it.
        folder: The archive; a case becomes ``<year of closing>/<reference>.zip`` in it.
        references: The cases; those that are in the archive already are left alone.

    Raises:
        ArchiveUnwritable: there is no room.
        EvidenceStoreAway: the evidence store does not answer.
    """
    outcome, begun = Outcome(), dict[str, Iterator[Draft]]()
    with ExitStack() as unfinished, drafts_of_a_run() as drafts:
        for reference, source in read_sources(store, references).items():
            with _noted(outcome, reference):
                if isinstance(source, ComplaintError):
                    raise source
                if source is not None:
                    begun[reference] = unfinished.enter_context(closing(begin_draft(evidence, folder, source)))
        for reference, draft in begun.items():
            with _noted(outcome, reference):
                drafts.append(next(draft))
        outcome.add(_put_in_place(store, evidence, folder, drafts))
    return outcome


@contextmanager
def _noted(outcome: Outcome, reference: str) -> Iterator[None]:
    """Note why a case is not archived: the others are, all the same."""
    try:
        yield
    except RetryableError:
        raise
    except StageError:  # taken up again since it was chosen
        outcome.later.append(reference)
    except ComplaintError as wrong:
        outcome.problems[reference] = str(wrong)


def remove_leftovers(store: Store, evidence: EvidenceStore, folder: Path, now: datetime) -> list[str]:
    """Complete what a killed run has begun; return what cannot be, and why.

    Args:
        store: The case database.
        evidence: Where evidence is kept.
        folder: The archive.
        now: The time of the disk, not the firm's.
    """
    for draft in (*folder.glob("[0-9]*/.*.part"), *folder.glob("[0-9]*/.*.old")):
        try:
            is_left = datetime.fromtimestamp(draft.stat().st_mtime, now.tzinfo) < now - LEFT_AFTER
        except FileNotFoundError:  # its writer has just put it in its place
            continue
        if is_left:
            shutil.rmtree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)
    problems = []
    there = evidence.files.references() | {one.name for one in folders(folder)}
    there |= {reference for reference, packages in _packages(folder).items() if packages > 1}
    for reference in _archived(store, there):
        with store.write() as session:
            if (archived := lock_packed(session, [reference]).get(reference)) is None:
                continue
            path = find_package(folder, reference, archived.sha256)
            if path is None or sha256_of(path) != archived.sha256:
                problems.append(f"{reference}: its package is not the one that was recorded; its evidence was kept")
                continue
            try:
                hashes = _evidence_of(session, reference)
            except (ValueError, KeyError, TypeError):
                problems.append(f"{reference}: {SealBroken(reference)}")
                continue
            _remove(evidence, [*folder.glob("[0-9]*")], reference, path, hashes)
    return problems


# --- into its place -------------------------------------------------------------------------------


def _put_in_place(store: Store, evidence: EvidenceStore, folder: Path, drafts: Sequence[Draft]) -> Outcome:
    """Rename packages into their places, and record that; then let go of what is in them."""
    outcome, placed, changes = Outcome(), list[Draft](), list[Change]()
    if not drafts:
        return outcome
    with store.write() as session:
        references = [one.reference for one in drafts]
        heads, now = lock_cases(session, references), store.now(session)
        moved_on = [one.reference for one in drafts if heads.get(one.reference) != one.line.head]
        faster = packed_cases(session, moved_on) if moved_on else set()
        for draft in drafts:
            case, line = draft.case, draft.line
            if case.reference in faster:  # another worker's
                continue
            is_waiting = any(not one.is_settled for one in case.letters.values())  # the outbox holds what is to leave
            if case.reference in moved_on or is_waiting:
                outcome.later.append(case.reference)
                continue
            try:
                changes.append(record_archived(case, line.sha256, line.entries, line.head, now))
            except ComplaintError as wrong:  # such as: the person was erased
                outcome.problems[case.reference] = str(wrong)
                continue
            try:
                draft.file.replace(draft.target)
            except OSError as error:
                raise ArchiveUnwritable(str(folder), error.strerror or type(error).__name__) from None
            placed.append(draft)
        _note(folder, placed)
        save(session, store.wants, changes)
    _let_go(store, evidence, folder, placed)
    outcome.archived = [one.reference for one in placed]
    outcome.without_pdf = sum(not one.has_pdf for one in placed)
    return outcome


def _note(folder: Path, placed: Sequence[Draft]) -> None:
    """Bring what was renamed to the disk, and into the index."""
    by_year: dict[Path, list[Indexed]] = {}
    for draft in placed:
        by_year.setdefault(draft.target.parent, []).append(draft.line)
    try:
        for place, lines in by_year.items():
            add_to_index(folder, int(place.name), lines)
            sync_folder(place)
        for place in (folder, folder.parent):  # the year may be new, and so may the archive
            sync_folder(place)
    except OSError as error:
        raise ArchiveUnwritable(str(folder), error.strerror or type(error).__name__) from None


def _let_go(store: Store, evidence: EvidenceStore, folder: Path, placed: Sequence[Draft]) -> None:
    """Remove what is in packages that were recorded, of those that nobody has taken back since."""
    if not placed:
        return
    years = [*folder.glob("[0-9]*")]
    with store.write() as session:
        archived = lock_packed(session, [one.reference for one in placed])
        for draft in placed:
            reference = draft.reference
            named = archived.get(reference)
            if named is not None and named.sha256 == draft.line.sha256 and draft.target.exists():
                _remove(evidence, years, reference, draft.target, draft.evidence)


def _remove(
    evidence: EvidenceStore, years: Sequence[Path], reference: str, package: Path, hashes: Iterable[str]
) -> None:
    """Remove what is in a package that was recorded: evidence, a folder of the first format, an older package.

    The case is locked, and the ledger names this package. ``years`` are the folders of the archive.
    """
    for sha256 in hashes:
        evidence.files.remove(reference, sha256)
    evidence.files.remove_folder(reference)
    for year in years:
        if year != package.parent:  # it had been closed in another year, and taken up again
            (year / package.name).unlink(missing_ok=True)
        if (old := year / reference).exists():
            shutil.rmtree(old)


def _archived(store: Store, references: set[str]) -> list[str]:
    """Return those of the cases that are archived."""
    with store.read() as session:
        archived = session.scalars(select(CaseRow.reference).where(CaseRow.stage == Stage.ARCHIVED))
        return sorted(references.intersection(archived))


def _packages(folder: Path) -> Counter[str]:
    return Counter(one.stem for one in folder.glob("[0-9]*/*.zip"))


def _evidence_of(session: Session, reference: str) -> list[str]:
    """Return the SHA-256 of every file of evidence that a ledger names."""
    added = select(EntryRow.facts).where(
        EntryRow.reference == reference, EntryRow.kind == acts.EvidenceAdded.kind_name()
    )
    return [json.loads(facts)["sha256"] for facts in session.scalars(added)]


def _with_open_letters(session: Session, cases: Select[tuple[str]]) -> set[str]:
    """Return those of the cases with a letter that has not left, or came back, as the ledger says; none is opened."""
    open_again = (acts.LetterPrepared.kind_name(), acts.LetterFailed.kind_name(), acts.LetterRepaired.kind_name())
    settled_by = (acts.LetterSent.kind_name(), acts.LetterGivenUp.kind_name())
    query = (
        select(EntryRow.reference, EntryRow.kind, EntryRow.facts)
        .where(EntryRow.reference.in_(cases), EntryRow.kind.in_(open_again + settled_by))
        .order_by(EntryRow.reference, EntryRow.seq)
        .execution_options(yield_per=1000)
    )
    last: dict[tuple[str, str, int], bool] = {}
    for reference, kind, facts in session.execute(query).tuples():
        try:
            letter = json.loads(facts)
            last[reference, letter["letter"], letter["round"]] = kind in settled_by
        except (ValueError, KeyError, TypeError):  # the archive names it when it opens the case
            continue
    return {reference for (reference, *_), settled in last.items() if not settled}
