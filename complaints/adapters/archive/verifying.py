"""Verifying the archive: every package that the ledger names, and what lies there besides."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import select

from complaints.acts import Archived
from complaints.adapters.archive.package import find_package
from complaints.adapters.archive.packed import archived_as
from complaints.adapters.archive.restoring import check_archived
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow
from complaints.errors.base import ComplaintError
from complaints.errors.case import UnknownCase
from complaints.sealing import CaseKey
from complaints.words import Stage

_BATCH: Final = 500  # cases


@dataclass
class ArchiveVerified:
    """The result of a verification.

    Attributes:
        cases: Archived cases whose package, or folder, was read.
        size: Bytes of the packages.
        erased: Of them whose contents nobody can open any more.
        problems: What does not hold, a line each.
    """

    cases: int = 0
    size: int = 0
    erased: int = 0
    problems: list[str] = field(default_factory=list)


class NotArchived(ComplaintError):
    """The package of a case was to be verified that has none."""

    def __init__(self, reference: str, stage: str) -> None:
        super().__init__(reference, stage)
        self.reference, self.stage = reference, stage

    def __str__(self) -> str:
        return (
            f"Case {self.reference} is not in the archive, but at stage '{self.stage}'. For its ledger and its files: "
            f"redress verify {self.reference}, redress evidence verify {self.reference}."
        )


def verify_archive(
    store: Store, folder: Path, reference: str | None = None, progress: Callable[[int], None] = lambda _: None
) -> ArchiveVerified:
    """Read and open every package again, of one case or of all, and look for packages that belong to no case.

    Args:
        store: The case database; whether its ledger is whole is for ``redress verify`` to say.
        folder: The archive.
        reference: One case, or None for all.
        progress: Is told how many cases were looked at.

    Raises:
        UnknownCase: there is no case ``reference``.
        NotArchived: it is not in the archive.
    """
    result = ArchiveVerified()
    for one, archived, key in _archived(store, reference):
        problems = check_archived(folder, archived, one, key)
        if problems and _as_it_is_now(store, one) != archived:  # changed meanwhile
            continue
        result.problems += [f"{one}: {problem}" for problem in problems]
        result.cases += 1
        result.erased += key is None
        if path := find_package(folder, one, archived.sha256):
            result.size += path.stat().st_size
        progress(result.cases)
    if reference is None:
        result.problems += _nobodys(store, folder)
    return result


def _archived(store: Store, reference: str | None) -> Iterator[tuple[str, Archived, CaseKey | None]]:
    with store.read() as session:
        if reference is not None:
            stage = session.scalar(select(CaseRow.stage).where(CaseRow.reference == reference))
            if stage is None:
                raise UnknownCase(reference)
            if stage != Stage.ARCHIVED:
                raise NotArchived(reference, stage)
            wanted = iter([reference])
        else:
            query = select(CaseRow.reference).where(CaseRow.stage == Stage.ARCHIVED).order_by(CaseRow.reference)
            wanted = iter(session.scalars(query).all())
    while batch := [*islice(wanted, _BATCH)]:
        with store.read() as session:  # afresh: what one session sees stands still for hours
            found = [(one, how, store.case_key(session, one)) for one, how in archived_as(session, batch).items()]
        yield from found


def _as_it_is_now(store: Store, reference: str) -> Archived | None:
    with store.read() as session:
        return archived_as(session, [reference]).get(reference)


def _nobodys(store: Store, folder: Path) -> Iterator[str]:
    """Name packages of cases that are not there; one of a case that is not archived is replaced when it is."""
    there = {path.stem for path in folder.glob("[0-9]*/*.zip")}
    with store.read() as session:
        known = set(session.scalars(select(CaseRow.reference)))
    yield from (f"{one}: there is a package, but no such case" for one in sorted(there - known))
