"""Taking a backup: the case database as it stands at one moment, the evidence that it knows, and the home folder.

The database first: a file of evidence is in its store before the entry that names it is committed, so whatever the
snapshot names is there to be copied. A package of the archive may go meanwhile, when its case is taken back: then the
backup is begun again. A backup is written under a name that says it is not whole, read back, and only
then renamed.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Final

from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, inspect, select, table
from sqlalchemy.orm import Session

from complaints.acts import Archived, EvidenceAdded
from complaints.adapters.archive.packed import archived_as, packed_cases
from complaints.adapters.backups import manifest as names
from complaints.adapters.backups.manifest import Contents, KeptFile, Manifest, Part
from complaints.adapters.backups.postgres_tools import VERSION_TABLE
from complaints.adapters.backups.sealed import name_of, seal, unseal
from complaints.adapters.backups.snapshots import snapshot
from complaints.adapters.durable import draft_beside, sync_folder
from complaints.adapters.evidence_files import EvidenceFiles
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseKeyRow, CaseRow, EntryRow
from complaints.errors.backups import BackupBroken, BackupRefused
from complaints.errors.evidence import EvidenceStoreAway
from complaints.sealing import MasterKey
from complaints.settings import Settings

_PIECE: Final = 1024 * 1024  # bytes
_TRIES: Final = 3
"""How often a backup is begun during which cases are taken back from the archive."""

Progress = Callable[[str, int], None]
"""Is told what is being done, and how much of it is done."""


@dataclass(frozen=True)
class Taken:
    """A backup that is whole.

    Attributes:
        folder: Where it is.
        copied: Files of evidence that no earlier backup in the same place had.
        written: Bytes.
    """

    folder: Path
    manifest: Manifest
    copied: int
    written: int


def take_backup(settings: Settings, store: Store, place: Path, progress: Progress = lambda what, done: None) -> Taken:
    """Take a backup into a folder that holds all backups of this installation.

    Args:
        settings: Say where evidence and everything else is.
        store: The case database; others may write to it meanwhile.
        place: A folder; made where it is not there.
        progress: Is told how far it is.

    Raises:
        BackupRefused: another one is being taken, or a tool or room is missing; what was there before is as it was.
        BackupBroken: what was written could not be read back.
        MasterKeyMissing, MasterKeyWrong: it cannot be sealed.
    """
    with _alone(place), _own_words_for_a_full_disk(place):
        _remove_leftovers(place)
        return _Taking(settings, store, place, progress).take()


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (place / names.LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused(str(place), "another backup is being taken into it", "Wait for its end") from None
        yield


def _remove_leftovers(place: Path) -> None:
    """Remove what backups that were killed have left: one that is not whole, and drafts of kept files."""
    for left in place.glob(f"*{names.UNFINISHED}"):
        shutil.rmtree(left)
    for draft in (place / names.FILES).glob(f"*/.*{names.UNFINISHED}"):
        draft.unlink()


@contextmanager
def _own_words_for_a_full_disk(place: Path) -> Iterator[None]:
    """Say what an error of a disk means.

    Raises:
        BackupRefused: it was one.
    """
    try:
        yield
    except OSError as error:
        cure = "The earlier backups there are as they were; make room or choose another folder"
        where = error.filename or place
        raise BackupRefused(str(where), f"cannot be read or written ({error.strerror})", cure) from None


class _Taking:
    def __init__(self, settings: Settings, store: Store, place: Path, progress: Progress) -> None:
        self._settings, self._store, self._place, self._progress = settings, store, place, progress
        self._master, self._written, self._copied = store.master, 0, 0

    def take(self) -> Taken:
        for _ in range(_TRIES):
            if taken := self._try():
                return taken
        cure = "Take it again when nobody takes cases back from the archive; earlier backups are as they were"
        raise BackupRefused(str(self._place), "cases were taken back from the archive while it was taken", cure)

    def _try(self) -> Taken | None:
        """Take it; None where a package that the snapshot needs has left the archive since."""
        with snapshot(self._store) as held:
            taken_at = datetime.now(UTC)
            folder = self._place / f"{taken_at:%Y-%m-%dT%H-%M-%S}-{taken_at.microsecond // 1000:03}Z"
            draft = folder.with_name(folder.name + names.UNFINISHED)
            draft.mkdir(mode=0o700)
            with ExitStack() as undo:
                undo.callback(shutil.rmtree, draft, ignore_errors=True)
                parts = {names.DATABASE: self._write(draft, names.DATABASE, held.dump())}
                evidence, missing = self._copy_evidence(held.session)
                files, hashes = self._keep_files()
                absent = {
                    one: archived
                    for one, archived in archived_as(held.session).items()
                    if archived.format > 1 and archived.sha256 not in hashes
                }
                if any(self._was_taken_back(*one) for one in absent.items()):
                    return None
                missing += len(absent)
                contents = Contents(files=tuple(files))
                parts[names.CONTENTS] = self._write(draft, names.CONTENTS, [contents.model_dump_json().encode()])
                manifest = Manifest(
                    taken_at=taken_at,
                    redress=version("redress"),
                    revision=revision_of(held.session),
                    database=held.database,
                    server=held.server,
                    key=self._master.fingerprint,
                    parts=parts,
                    tables=rows_of_tables(held.session),
                    heads=heads_of(held.session),
                    evidence=evidence,
                    evidence_missing=missing,
                    files=len(files),
                ).signed(self._master)
                _write_file(draft / names.MANIFEST, [manifest.model_dump_json(indent=2).encode()])
                self._progress("reading it back", 0)
                check_parts(draft, manifest, self._master)
                sync_folder(draft)
                draft.rename(folder)
                sync_folder(self._place)
                undo.pop_all()
        return Taken(folder, manifest, self._copied, self._written)

    def _write(self, draft: Path, name: str, content: Iterable[bytes]) -> Part:
        """Write a sealed part."""
        self._progress(name, 0)
        part = _write_file(draft / name, self._told(name, seal(content, name, self._master)))
        self._written += part.size
        return part

    def _told(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        done = 0
        for piece in pieces:
            yield piece
            done += len(piece)
            self._progress(name, done)

    def _copy_evidence(self, session: Session) -> tuple[int, int]:
        """Copy what no earlier backup has; return how many files belong to this one, and how many are missing."""
        source, kept = EvidenceFiles(self._settings.evidence_place), EvidenceFiles(str(self._place / names.EVIDENCE))
        there = missing = 0
        for number, (reference, sha256) in enumerate(evidence_of(session)):
            self._progress("evidence", number)
            if not kept.holds(reference, sha256):
                if (content := source.read(reference, sha256)) is None:
                    missing += not self._is_in_the_archive(reference)
                    continue
                self._keep(kept, reference, sha256, content)
                self._copied += 1
                self._written += len(content)
            there += 1
        return there, missing

    def _is_in_the_archive(self, reference: str) -> bool:
        """Whether evidence has left its store for the archive, perhaps since the snapshot; that is copied next."""
        with self._store.read() as session:
            return reference in packed_cases(session, [reference])

    def _keep(self, kept: EvidenceFiles, reference: str, sha256: str, content: bytes) -> None:
        try:
            kept.write(reference, sha256, content)
            is_same = kept.read(reference, sha256) == content
        except EvidenceStoreAway as error:
            cure = "The earlier backups there are as they were; make room or choose another folder"
            raise BackupRefused(str(self._place), f"takes no more files ({error.reason})", cure) from None
        if not is_same:
            raise BackupBroken(f"evidence of case {reference}", "was not kept as it was written")

    def _was_taken_back(self, reference: str, archived: Archived) -> bool:
        """Whether the ledger no longer names the package that it named; else it is simply missing, or altered."""
        with self._store.read() as session:
            return archived_as(session, [reference]).get(reference) != archived

    def _keep_files(self) -> tuple[list[KeptFile], set[str]]:
        """Keep what else is in the home folder, each content once; return it, and the SHA-256 of each content."""
        kept, hashes = [], set()
        for number, file in enumerate(sorted(_files(self._settings))):
            self._progress("files", number)
            try:
                with file.open("rb") as content:  # once: another may be put in its place
                    digest, size = hashlib.sha256(), os.fstat(content.fileno()).st_size
                    name = name_of(_pieces(content, digest.update), self._master)
                    target = kept_file(self._place, name)
                    if not target.exists():
                        content.seek(0)
                        self._written += _write_file(target, seal(_pieces(content), name, self._master)).size
            except FileNotFoundError:  # it was just replaced, or taken away: the next backup has it
                continue
            kept.append(KeptFile(path=str(file.relative_to(self._settings.home)), name=name, size=size))
            hashes.add(digest.hexdigest())
        return kept, hashes


# --- what is in a case database -------------------------------------------------------------------


def revision_of(session: Session) -> str:
    """Return the revision of a database's schema."""
    return MigrationContext.configure(session.connection()).get_current_revision() or ""


def rows_of_tables(session: Session) -> dict[str, int]:
    """Count the rows of each table."""
    there = sorted(set(inspect(session.connection()).get_table_names()) - {VERSION_TABLE})
    return {name: session.scalar(select(func.count()).select_from(table(name))) or 0 for name in there}


def heads_of(session: Session) -> str:
    """Return one hash over the head of every chain: another one, and an entry differs somewhere."""
    digest = hashlib.sha256()
    query = select(CaseRow.reference, CaseRow.version, CaseRow.head).execution_options(yield_per=1000)
    for reference, length, head in sorted(session.execute(query).tuples()):  # by code point, as no collation does
        digest.update(f"{reference} {length} {head}\n".encode())
    return digest.hexdigest()


def evidence_of(session: Session) -> Iterator[tuple[str, str]]:
    """Yield the case and the SHA-256 of every file of evidence that can still be opened."""
    query = (
        select(EntryRow.reference, EntryRow.facts)
        .join(CaseKeyRow, CaseKeyRow.reference == EntryRow.reference)
        .where(EntryRow.kind == EvidenceAdded.kind_name(), CaseKeyRow.wrapped.is_not(None))
        .order_by(EntryRow.reference, EntryRow.seq)
    )
    for reference, facts in session.execute(query).tuples():
        yield reference, json.loads(facts)["sha256"]


# --- files ----------------------------------------------------------------------------------------


def kept_file(place: Path, name: str) -> Path:
    """Return where a file's content is kept."""
    return place / names.FILES / name[:2] / name


def check_parts(folder: Path, manifest: Manifest, master: MasterKey) -> None:
    """Read a backup's own files again: each as long as it was, with the same hash, and to be opened.

    Raises:
        BackupBroken: one is not as it was written.
    """
    for name, part in manifest.parts.items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
                if (file.tell(), found) != (part.size, part.sha256):
                    raise BackupBroken(name, "is not as it was written")
                file.seek(0)
                for _ in unseal(file, name, master):
                    pass
        except FileNotFoundError:
            raise BackupBroken(name, "is missing") from None


def _files(settings: Settings) -> Iterator[Path]:
    """Yield every file of the home folder that a backup holds."""
    file = settings.home / "redress.toml"
    if file.is_file():
        yield file
    kept = (settings.letters_folder, settings.archive_folder, settings.summaries_folder, settings.returns_folder)
    for folder in kept:
        for found in folder.rglob("*"):
            is_draft = any(part.startswith(".") for part in found.relative_to(folder).parts)
            if found.is_file() and not is_draft:
                yield found


def _pieces(content: IO[bytes], also: Callable[[bytes], object] = lambda _: None) -> Iterator[bytes]:
    while piece := content.read(_PIECE):
        also(piece)
        yield piece


def _write_file(file: Path, content: Iterable[bytes]) -> Part:
    """Write a file, whole or not at all, so that it survives a power cut."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with draft_beside(file) as out:
        for piece in content:
            out.write(piece)
            digest.update(piece)
            size += len(piece)
    Path(out.name).replace(file)
    sync_folder(file.parent)
    return Part(size=size, sha256=digest.hexdigest())
