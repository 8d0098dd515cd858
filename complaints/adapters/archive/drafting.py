"""Drafting: the package of a closed case, written beside its place and read back from the disk.

It is checked down to every letter and file that the ledger names before anybody relies on it.
"""

import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from complaints.adapters.archive.checking import check_package
from complaints.adapters.archive.contents import (
    PAPER,
    Source,
    case_file_name,
    case_files,
    contents_of,
    record_in,
    sealed_evidence_in,
)
from complaints.adapters.archive.folders import check_folder, folder_path
from complaints.adapters.archive.index import Indexed
from complaints.adapters.archive.package import (
    PIECE,
    UNREADABLE,
    Manifest,
    Package,
    PackageBroken,
    find_packages,
    package_path,
    sha256_of,
    write_package,
)
from complaints.adapters.archive.paper import to_pdf
from complaints.adapters.archive.reading import ArchiveBroken
from complaints.adapters.durable import draft_beside
from complaints.adapters.evidence import EvidenceStore, context_of
from complaints.adapters.pdf import PdfUnavailable
from complaints.case import Case
from complaints.errors.base import RetryableError
from complaints.errors.evidence import EvidenceAltered, EvidenceMissing
from complaints.errors.sealing import SealBroken
from complaints.exhibits import Exhibit
from complaints.letters import environment
from complaints.sealing import CaseKey


class ArchiveUnwritable(RetryableError):
    """The archive takes no more files; nothing was removed anywhere."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder, self.reason = folder, reason

    def __str__(self) -> str:
        return (
            f"archive folder: {self.folder} cannot be written ({self.reason}). What is archived stands, all other "
            "cases are as they were. Make room, or see to its permissions; the next run goes on."
        )


@dataclass(frozen=True)
class Draft:
    """A package beside its place, checked.

    Attributes:
        case: As it is in it; of a confidential report without its personal data.
        line: Of the index. Its head is that of the chain that the package was made from.
    """

    file: Path
    target: Path
    line: Indexed
    case: Case
    has_pdf: bool

    @property
    def reference(self) -> str:
        """Whose package it is."""
        return self.case.reference

    @property
    def evidence(self) -> tuple[str, ...]:
        """SHA-256 of the files of evidence that are in it."""
        return tuple(one.added.sha256 for one in self.case.evidence)


@contextmanager
def drafts_of_a_run() -> Iterator[list[Draft]]:
    """Yield a list for drafts; those that are not in their places at the end are removed."""
    drafts: list[Draft] = []
    try:
        yield drafts
    finally:
        for one in drafts:
            one.file.unlink(missing_ok=True)  # what is in its place has no draft any more


def draft_package(evidence: EvidenceStore, folder: Path, source: Source) -> Draft:
    """Write and check the package of a case; raises as :func:`begin_draft` and what it returns."""
    return next(begin_draft(evidence, folder, source))


def begin_draft(evidence: EvidenceStore, folder: Path, source: Source) -> Generator[Draft]:
    """Write the package of a case; others may be written while the disk takes it.

    Returns:
        What gives the draft once it is on the disk, was read back and checked. Closed before that, it leaves nothing.

    Raises:
        ArchiveBroken: what was written does not match.
        EvidenceMissing, EvidenceAltered: a file of evidence is not in its store as it was taken in.
        ArchiveUnwritable: there is no room.
    """
    steps = _draft(evidence, folder, source)
    next(steps)
    return cast(Generator[Draft], steps)


def _draft(evidence: EvidenceStore, folder: Path, source: Source) -> Generator[Draft | None]:
    """Yield None once a package is written, and then its draft."""
    case, key = source.case, source.key
    closed_on = (case.closed_at or case.facts.received_at).astimezone(case.pack.tz)
    target = package_path(folder, case.reference, closed_on.year)
    _refuse_broken_folder(folder, target, case)
    pages, left_out = _pages(source)
    manifest = Manifest(
        reference=case.reference,
        regime=case.facts.regime,
        regime_version=case.facts.regime_version,
        kind=case.kind,
        closed_on=closed_on.date() if case.closed_at else None,
        is_confidential=case.is_confidential,
        is_erased=key is None,
        head=source.entries[-1].hash,
        entries=len(source.entries),
        left_out=left_out,
    )
    words = {"reference": case.reference, "is_erased": key is None, "left_out": left_out, "piece": PIECE}
    readme = environment().get_template("sheets/archive/README.txt").render(words)
    size = sum(one.added.size for one in case.evidence)
    try:
        for place in (folder, target.parent):  # each by itself: parents=True would open those in between
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as undo:
            with draft_beside(target) as out:
                file = Path(out.name)
                contents = contents_of(source, pages, _Reader(evidence, folder, source))
                whole = write_package(out, manifest, readme, source.entries, contents, key, size)
                out.flush()
                _let_go_of(out.fileno())
                yield None
            undo.callback(file.unlink, missing_ok=True)
            with file.open("rb") as written:
                _let_go_of(written.fileno())  # what is checked comes from the disk
            if problems := check_package(file, key):
                raise ArchiveBroken(case.reference, problems)
            line = Indexed.of(whole, sha256_of(file), file.stat().st_size)
            undo.pop_all()
    except OSError as error:
        raise ArchiveUnwritable(str(folder), error.strerror or type(error).__name__) from None
    yield Draft(file, target, line, case, has_pdf=not left_out)


def _let_go_of(file: int) -> None:
    """Have the disk begin to take a file that memory holds, or memory let go of one that the disk has."""
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)


def _pages(source: Source) -> tuple[Mapping[str, bytes], tuple[str, ...]]:
    """Return the case file as HTML and PDF, by name, and the names of those that cannot be made here."""
    html = case_files(source)
    pages = {case_file_name(language): page.encode() for language, page in html.items()}
    try:
        return pages | {PAPER: to_pdf(html[source.language])}, ()
    except PdfUnavailable:
        return pages, (PAPER,)


class _Reader:
    """Reads evidence as it goes into a package: from its store, or from a package that a lost ledger had recorded.

    After a restore the ledger may be older than the archive: then a package is there that no entry names, and holds
    evidence that had left the store. Of several, from different years, the one counts whose record names the file.
    """

    def __init__(self, evidence: EvidenceStore, folder: Path, source: Source) -> None:
        self._evidence, self._folder, self._source = evidence, folder, source

    def __call__(self, exhibit: Exhibit) -> bytes:
        reference, sha256, key = self._source.case.reference, exhibit.added.sha256, self._source.key
        if key is None:
            raise EvidenceMissing(reference, exhibit.number)
        sealed = self._evidence.files.read(reference, sha256)
        if sealed is None and (sealed := self._in_a_package(sha256, key)) is None:
            raise EvidenceMissing(reference, exhibit.number)
        try:
            content = key.open(sealed, context_of(sha256))
        except SealBroken:
            raise EvidenceAltered(reference, exhibit.number) from None
        return sealed if self._source.case.is_confidential else content

    def _in_a_package(self, sha256: str, key: CaseKey) -> bytes | None:
        for path in find_packages(self._folder, self._source.case.reference):
            try:
                with Package.open(path) as package, package.contents(key) as inside:
                    for kept in record_in(inside.read)["evidence"]:
                        if kept["sha256"] == sha256 and kept["file"]:
                            return sealed_evidence_in(inside.read, kept, key)
            except (PackageBroken, SealBroken, KeyError, ValueError, TypeError, *UNREADABLE):
                continue
        return None


def _refuse_broken_folder(folder: Path, target: Path, case: Case) -> None:
    """Refuse to replace a folder of the first format that is not as it was written: somebody must see it first."""
    old = folder_path(target)
    if case.archived is not None and old.is_dir() and (problems := check_folder(old)):
        raise ArchiveBroken(
            case.reference, [f"its folder of the first format does not hold: {one}" for one in problems]
        )
