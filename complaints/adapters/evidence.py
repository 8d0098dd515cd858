"""The evidence store: files under their own hash, sealed with their case's key, in a folder or an object store.

A file is written before the transaction that records it is committed. Where that is rolled back, what stays behind
is sealed and in no entry; ``redress evidence verify`` names it, and ``tidy`` removes it.
"""

import hashlib
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from complaints import acts
from complaints.acts import EvidenceAdded, EvidenceRefused
from complaints.adapters.evidence_files import EvidenceFiles
from complaints.adapters.store import OpenCase, Store
from complaints.adapters.virus_scanner import VirusScanner
from complaints.errors.base import ComplaintError
from complaints.errors.case import AnswerRefused, StageError
from complaints.errors.evidence import EvidenceAltered, EvidenceMissing, EvidenceNotTaken
from complaints.errors.sealing import SealBroken
from complaints.evidence import EvidenceLimits, Refusal, Scan, safe_name, stated_type
from complaints.exhibits import Exhibit
from complaints.media_types import UNKNOWN, media_type_of
from complaints.words import Stage

_CHUNK: Final = 1024 * 1024  # bytes
_LONGEST_SOURCE: Final = 64
_LONGEST_NOTE: Final = 2000


class EvidencePacked(ComplaintError):
    """The evidence of a case is in its archive package, and no longer in the evidence store."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return (
            f"The evidence of case {self.reference} is in its archive package. To read it: "
            f"redress archive restore {self.reference} --to FOLDER; to work on the case again, the same without --to."
        )


@dataclass(frozen=True)
class Examined:
    """A file that was looked at: what it is, and why it cannot be taken.

    Attributes:
        content: All of it; nothing where it is too large.
        stated_type: What the sender called it, where that is another known type.
        finding: What the virus scanner calls it.
    """

    content: bytes = field(repr=False)
    sha256: str
    size: int
    media_type: str
    stated_type: str | None
    scanned: Scan
    refusal: Refusal | None = None
    finding: str = ""


class EvidenceStore:
    """Where evidence is kept, and what may come in.

    Args:
        url: A folder, or a URL for fsspec, such as ``s3://bucket/prefix``.
        limits: What is taken.
        scanner: Looks for viruses; None: files are kept unscanned, and the ledger says so.
    """

    def __init__(
        self, url: str, limits: EvidenceLimits = EvidenceLimits(), scanner: VirusScanner | None = None
    ) -> None:
        self.files, self.limits, self.scanner = EvidenceFiles(url), limits, scanner

    def examine(self, content: bytes | BinaryIO, stated: str | None = None) -> Examined:
        """Look at a file: its hash, its type by content, viruses. Stores nothing; best done before a case is opened.

        Args:
            content: The file; a stream is read from where it stands to its end, and held in memory only as far as the
                limit allows.
            stated: The media type that the sender stated.

        Raises:
            ScannerAway: the scanner that is set does not answer.
        """
        content, size, sha256 = self._read(content)
        media_type = media_type_of(content, stated) if content else UNKNOWN
        refusal, finding = self.limits.refusal_of(size, media_type), ""
        if refusal is None and self.scanner is not None and (finding := self.scanner.scan(content) or ""):
            refusal = Refusal.INFECTED
        said = stated_type(stated)
        return Examined(
            content=content if size <= self.limits.max_bytes_per_file else b"",
            sha256=sha256,
            size=size,
            media_type=media_type,
            stated_type=said if said != media_type else None,
            scanned=Scan.CLEAN if self.scanner is not None and refusal is None else Scan.NOT_SCANNED,
            refusal=refusal,
            finding=finding,
        )

    def check(self, content: bytes | BinaryIO, stated: str | None = None) -> Examined:
        """Examine a file for a sender who is told at once: what cannot be taken is an error.

        Raises:
            EvidenceNotTaken: it cannot become evidence.
            ScannerAway: the scanner that is set does not answer.
        """
        examined = self.examine(content, stated)
        if examined.refusal is not None:
            raise EvidenceNotTaken(examined.refusal, examined.refusal.en)
        return examined

    def _read(self, content: bytes | BinaryIO) -> tuple[bytes, int, str]:
        """Return the content as far as the limit allows and one byte more, its whole size, and its SHA-256."""
        if isinstance(content, bytes):
            return content, len(content), hashlib.sha256(content).hexdigest()
        most = self.limits.max_bytes_per_file + 1
        head = content.read(most)
        digest, size = hashlib.sha256(head), len(head)
        while size >= most and (chunk := content.read(_CHUNK)):
            digest.update(chunk)
            size += len(chunk)
        return head, size, digest.hexdigest()


def add_evidence(
    desk: OpenCase,
    store: EvidenceStore,
    content: bytes | BinaryIO | Examined,
    *,
    name: str | None,
    source: str,
    by: str,
    note: str = "",
    media_type_stated: str | None = None,
) -> EvidenceAdded | EvidenceRefused:
    """Take a file as evidence, within the transaction of an opened case. Safe to run twice.

    What cannot be taken is recorded as refused, and the rest of the transaction goes on: a mail with a virus is still
    a complaint. A door whose sender is told at once uses :meth:`EvidenceStore.check` before it opens the case.

    Args:
        desk: The case.
        store: Where it is kept.
        content: The file, or what :meth:`EvidenceStore.examine` said of it before the case was opened.
        name: What the sender calls it; shown to people and sealed, never used to write a file.
        source: The door, sender or staff that it came from; no personal data.
        by: Who adds it; it stands in the ledger, so no name of a complainant.
        note: How it was lawfully obtained.
        media_type_stated: What the sender says it is; see :func:`complaints.media_types.media_type_of`.

    Returns:
        What was recorded; for a file that the case has already, the act of the first time.

    Raises:
        AnswerRefused: ``source`` or ``note`` cannot be stored.
        StageError: the case is archived.
        KeyDestroyed: the person was erased.
        ScannerAway, EvidenceStoreAway: nothing was stored; it may go better later.
    """
    case = desk.case
    _refuse_unless_they_fit(source, note)
    if case.stage is Stage.ARCHIVED:
        raise StageError(case.reference, case.stage, EvidenceAdded.kind_name())
    examined = content if isinstance(content, Examined) else store.examine(content, media_type_stated)
    known = next((one.added for one in case.evidence if one.added.sha256 == examined.sha256), None)
    if known is not None and store.files.holds(case.reference, examined.sha256):
        return known
    refusal = examined.refusal
    if refusal is None and known is None and len(case.evidence) >= store.limits.max_files_per_case:
        refusal = Refusal.TOO_MANY
    if refusal is not None:
        return _refuse(desk, store.limits, examined, refusal, safe_name(name), source, by)
    _keep(desk, store, examined)
    return known or _record(desk, examined, safe_name(name), source, by, note)


def _refuse_unless_they_fit(source: str, note: str) -> None:
    if not 0 < len(source) <= _LONGEST_SOURCE or not source.isprintable():
        raise AnswerRefused("source", f"must be 1 to {_LONGEST_SOURCE} printable characters")
    if len(note) > _LONGEST_NOTE or any(one < " " and one not in "\n\t" for one in note):
        raise AnswerRefused("note", f"must be at most {_LONGEST_NOTE} characters, without control characters")


def _keep(desk: OpenCase, store: EvidenceStore, examined: Examined) -> None:
    sealed = desk.case_key.seal(examined.content, context_of(examined.sha256))
    store.files.write(desk.case.reference, examined.sha256, sealed)


def _record(desk: OpenCase, examined: Examined, name: str | None, source: str, by: str, note: str) -> EvidenceAdded:
    added = EvidenceAdded(
        number=len(desk.case.evidence) + 1,
        sha256=examined.sha256,
        media_type=examined.media_type,
        stated_type=examined.stated_type,
        size=examined.size,
        source=source,
        scanned=examined.scanned,
        name=name,
        note=note or None,
    )
    desk.case.record(added, desk.now, by)
    return added


def _refuse(
    desk: OpenCase,
    limits: EvidenceLimits,
    examined: Examined,
    refusal: Refusal,
    name: str | None,
    source: str,
    by: str,
) -> EvidenceRefused:
    """Record a refusal, once a file and reason; of a flood only as many as the case may hold files."""
    refused = EvidenceRefused(
        reason=refusal,
        sha256=examined.sha256,
        media_type=examined.media_type,
        size=examined.size,
        source=source,
        finding=examined.finding,
        name=name,
    )
    before = desk.case.evidence_refused
    for one in before:
        if (one.sha256, one.reason) == (refused.sha256, refused.reason):
            return one
    if len(before) < limits.max_files_per_case:
        desk.case.record(refused, desk.now, by)
    return refused


def open_evidence(
    cases: Store, store: EvidenceStore, reference: str, number: int, *, by: str, purpose: str
) -> tuple[Exhibit, bytes]:
    """Take a file out to look at it; that, who and why is in the ledger before this returns.

    Args:
        cases: The case database.
        store: Where evidence is kept.
        reference: The case.
        number: Which file, from 1.
        by: Who looks at it.
        purpose: Why; sealed, for it may name people.

    Raises:
        UnknownCase, UnknownEvidence: there is none.
        KeyDestroyed: the person was erased.
        EvidencePacked: it is in the archive package.
        EvidenceMissing, EvidenceAltered: it is not in the store as it was taken in.
        EvidenceStoreAway: the store does not answer.
        AnswerRefused: there is no purpose.
    """
    if not purpose.strip() or len(purpose) > _LONGEST_NOTE:
        raise AnswerRefused("purpose", f"say why the file is opened, in at most {_LONGEST_NOTE} characters")
    with cases.open_case(reference) as desk:
        exhibit = desk.case.exhibit(number)
        content = read_evidence(desk, store, exhibit)
        desk.case.record(acts.EvidenceOpened(number=number, purpose=purpose.strip()), desk.now, by)
    return exhibit, content


def read_evidence(desk: OpenCase, store: EvidenceStore, exhibit: Exhibit) -> bytes:
    """Return a file of an opened case as it was taken in; for people, use :func:`open_evidence`.

    Raises:
        KeyDestroyed: the person was erased.
        EvidencePacked: it is in the archive package.
        EvidenceMissing, EvidenceAltered: it is not in the store as it was taken in.
        EvidenceStoreAway: the store does not answer.
    """
    reference, sha256 = desk.case.reference, exhibit.added.sha256
    key = desk.case_key
    if desk.case.is_packed:
        raise EvidencePacked(reference)
    sealed = store.files.read(reference, sha256)
    if sealed is None:
        raise EvidenceMissing(reference, exhibit.number)
    try:
        content = key.open(sealed, context_of(sha256))
    except SealBroken:
        raise EvidenceAltered(reference, exhibit.number) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise EvidenceAltered(reference, exhibit.number)
    return content


def context_of(sha256: str) -> str:
    """Return what a file is sealed under, so that it opens nowhere else."""
    return f"evidence/{sha256}"
