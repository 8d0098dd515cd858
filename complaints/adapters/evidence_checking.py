"""Check the evidence store against the ledger, and remove what transactions that came to nothing have left behind."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from complaints.acts import EvidenceAdded
from complaints.adapters.archive.packed import packed_cases
from complaints.adapters.evidence import EvidenceStore, context_of
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow, EntryRow
from complaints.errors.case import UnknownCase
from complaints.errors.sealing import SealBroken
from complaints.sealing import CaseKey
from complaints.words import Worded


class Problem(Worded):
    """What is wrong with a file."""

    MISSING = "missing", "文件缺失", "the file is missing"
    ALTERED = "altered", "文件被改动", "the file was altered"
    IN_NO_ENTRY = "in_no_entry", "台账无记载", "the file is in no entry of the ledger"


@dataclass(frozen=True)
class Discrepancy:
    """Where the evidence store and the ledger differ."""

    reference: str
    name: str  # the file's SHA-256, or whatever it is called
    problem: Problem
    number: int | None = None

    def __str__(self) -> str:
        which = f"evidence {self.number}" if self.number else self.name
        return f"{self.reference}, {which}: {self.problem.both}"


@dataclass
class EvidenceVerified:
    """The result of a verification.

    Attributes:
        files: That were opened and hashed again.
        erased: That nobody can open any more, because the person was erased.
        packed: That are in archive packages; 'redress archive verify' looks into those.
    """

    files: int = 0
    erased: int = 0
    packed: int = 0
    discrepancies: list[Discrepancy] = field(default_factory=list)


@dataclass(frozen=True)
class _Known:
    """What the ledger says of one case's evidence: numbers by hash, and whether it is in the archive package."""

    numbers: dict[str, int]
    key: CaseKey | None
    is_packed: bool


def verify_evidence(
    cases: Store,
    store: EvidenceStore,
    reference: str | None = None,
    *,
    written_before: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> EvidenceVerified:
    """Open and hash every file again, of one case or of all.

    Args:
        cases: The case database; whether its ledger is whole is for ``redress verify`` to say.
        store: The evidence store.
        reference: One case, or None for all.
        written_before: A younger file that is in no entry may just be being added, and is not named.
        progress: Called with the number of files checked so far.

    Raises:
        UnknownCase: there is no case ``reference``.
        EvidenceStoreAway: the store does not answer.
    """
    result = EvidenceVerified()
    for one in [reference] if reference else _references(cases, store):
        known = _known(cases, one, must_exist=reference is not None)
        there = store.files.names(one)
        for sha256, number in known.numbers.items():
            if known.key is None:
                result.erased += 1
            elif known.is_packed:
                result.packed += 1
            elif (problem := _problem(store, one, sha256, known.key)) is not None:
                result.discrepancies.append(Discrepancy(one, sha256, problem, number))
            result.files += known.key is not None and not known.is_packed
            progress(result.files)
        result.discrepancies += _strays(store, one, there - known.numbers.keys(), written_before)
    return result


def tidy_evidence(cases: Store, store: EvidenceStore, *, written_before: datetime) -> list[Discrepancy]:
    """Remove files that are in no entry; return which they were. Safe to run beside everything else.

    Args:
        cases: The case database.
        store: The evidence store.
        written_before: Younger files are left: the case that they are for may not be saved yet.

    Raises:
        EvidenceStoreAway: the store does not answer.
    """
    removed = []
    for reference in _references(cases, store):
        strays = store.files.names(reference) - _known(cases, reference).numbers.keys()
        if not _strays(store, reference, strays, written_before):
            continue
        with cases.write() as session:  # who adds evidence holds this lock from before it writes until it has committed
            session.get(CaseRow, reference, with_for_update=True)
            strays -= _numbers(session, reference).keys()
            for stray in _strays(store, reference, strays, written_before):
                store.files.remove(reference, stray.name)
                removed.append(stray)
    return removed


def _references(cases: Store, store: EvidenceStore) -> list[str]:
    """Return every case that has evidence by the ledger or by the store."""
    added = select(EntryRow.reference).where(EntryRow.kind == EvidenceAdded.kind_name()).distinct()
    with cases.read() as session:
        known = set(session.scalars(added))
    return sorted(known | store.files.references())


def _known(cases: Store, reference: str, *, must_exist: bool = False) -> _Known:
    with cases.read() as session:
        if must_exist and session.get(CaseRow, reference) is None:
            raise UnknownCase(reference)
        is_packed = reference in packed_cases(session, [reference])
        return _Known(_numbers(session, reference), cases.case_key(session, reference), is_packed)


def _numbers(session: Session, reference: str) -> dict[str, int]:
    query = select(EntryRow.facts).where(EntryRow.reference == reference, EntryRow.kind == EvidenceAdded.kind_name())
    acts = (json.loads(facts) for facts in session.scalars(query))
    return {act["sha256"]: act["number"] for act in acts}


def _problem(store: EvidenceStore, reference: str, sha256: str, key: CaseKey) -> Problem | None:
    sealed = store.files.read(reference, sha256)
    if sealed is None:
        return Problem.MISSING
    try:
        content = key.open(sealed, context_of(sha256))
    except SealBroken:
        return Problem.ALTERED
    return None if hashlib.sha256(content).hexdigest() == sha256 else Problem.ALTERED


def _strays(store: EvidenceStore, reference: str, names: set[str], written_before: datetime) -> list[Discrepancy]:
    """Return what is in no entry and old enough to stay so."""
    written = ((name, store.files.written_at(reference, name)) for name in sorted(names))
    return [Discrepancy(reference, name, Problem.IN_NO_ENTRY) for name, at in written if at and at < written_before]
