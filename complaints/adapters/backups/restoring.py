"""Restoring a backup: everything is opened and checked beside its place, and put there at the end.

What happened between the backup and the disaster is in no ledger any more. A letter that the backup holds as prepared
may have left since: a person is asked before it is sent again. A letter that was prepared later goes out once more
when its step is done again, under the same Message-ID.
"""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from alembic.script import ScriptDirectory
from sqlalchemy import select

from complaints import acts
from complaints.adapters.archive.package import sha256_of
from complaints.adapters.archive.packed import archived_as
from complaints.adapters.backups import manifest as names
from complaints.adapters.backups.manifest import Contents, Manifest, newest, read_manifest
from complaints.adapters.backups.sealed import unseal
from complaints.adapters.backups.taking import check_parts, heads_of, kept_file, rows_of_tables
from complaints.adapters.backups.targets import target_of
from complaints.adapters.database import MIGRATIONS
from complaints.adapters.evidence import EvidenceStore
from complaints.adapters.evidence_checking import Discrepancy, verify_evidence
from complaints.adapters.evidence_files import EvidenceFiles
from complaints.adapters.keeping.erasing import Erasures
from complaints.adapters.keeping.erasing_again import erase_again
from complaints.adapters.keeping.outside import AnchorsAway
from complaints.adapters.keeping.remnants import clear_remnants, places_of
from complaints.adapters.mail import write_private
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow, LetterRow
from complaints.adapters.verify import Verified, verify
from complaints.errors.backups import BackupBroken, BackupRefused
from complaints.errors.base import ComplaintError
from complaints.errors.sealing import MasterKeyMissing
from complaints.moves import OPEN
from complaints.sealing import MasterKey
from complaints.settings import Settings

Progress = Callable[[str, int], None]
"""Is told what is being done, and how much of it is done."""

_KEPT_ON_FILE: Final = "file"
"""The channel of letters that never leave."""


@dataclass(frozen=True)
class Restored:
    """What a restore came to.

    Attributes:
        verified: The ledger, checked before it was put in place; what is broken was so when the backup was taken.
        asked: Letters that may have left since the backup; a person is asked of each.
        evidence: Files that were copied into the evidence store.
        evidence_wrong: Files that the ledger names and neither the store nor the backup has as they were.
        files: That were written into the home folder.
        replaced: Where what was there before is kept.
        erased: Cases that were erased since the backup was taken, and were erased again.
        not_erased: Why some of these were not.
        anchor: The anchor that says what was restored, or why there is none.
    """

    backup: Path
    manifest: Manifest
    verified: Verified
    asked: int
    evidence: int
    evidence_wrong: tuple[Discrepancy, ...]
    files: int
    replaced: tuple[str, ...]
    erased: int = 0
    not_erased: tuple[str, ...] = ()
    anchor: str = ""


class Backup:
    """A backup that is to be restored.

    Args:
        place: A backup, or the folder of several: the newest.
        key_file: The master key that it was taken with.

    Raises:
        BackupBroken: it is none, or not as it was written.
        MasterKeyMissing, MasterKeyWrong: the key is not there, or another one.
    """

    def __init__(self, place: Path, key_file: Path) -> None:
        self.folder, self.manifest = newest(place), read_manifest(newest(place))
        master = MasterKey.load(key_file)
        if master is None:
            cure = f"Put a copy of key {self.manifest.key} there: no backup holds it, and none can be read without it"
            raise MasterKeyMissing(str(key_file), "the master key is not there", cure)
        self.master = master
        self.manifest.refuse_unless_ours(master)
        check_parts(self.folder, self.manifest, master)
        with (self.folder / names.CONTENTS).open("rb") as file:
            self.contents = Contents.model_validate_json(b"".join(unseal(file, names.CONTENTS, master)))

    def settings_file(self) -> bytes | None:
        """Return the ``redress.toml`` that it holds."""
        known = next((one for one in self.contents.files if one.path == "redress.toml"), None)
        return self._file(known.name) if known else None

    def restore(self, settings: Settings, *, replace: bool, progress: Progress = lambda what, done: None) -> Restored:
        """Restore it.

        Args:
            settings: Say where to.
            replace: Cases that are there may be replaced; they are kept aside.
            progress: Is told how far it is.

        Raises:
            BackupRefused: somebody works with what is there, or it holds cases; nothing was changed.
            BackupBroken: the backup is not as it was written; what is there stands.
        """
        self._refuse_unless_it_fits(settings)
        target = target_of(settings.cases_url, now := datetime.now(UTC))
        target.refuse_if_used()
        if target.holds_cases() and not replace:
            cure = "Restore into another home folder or database, or say --replace: what is there is then kept aside"
            raise BackupRefused("case database", "holds cases", cure)
        with ExitStack() as undo:
            undo.callback(target.give_up)
            progress(names.DATABASE, 0)
            with (self.folder / names.DATABASE).open("rb") as file:
                url = target.fill(unseal(file, names.DATABASE, self.master), self.manifest)
            store = Store(url, settings.key_file, settings.office_calendar, settings.wants)
            undo.callback(store.engine.dispose)
            self._refuse_unless_it_is_whole(store)
            store.migrate()
            erased = _erase_again(store, settings)
            asked = ask_about_letters(store, self.manifest.taken_at, progress)
            verified = verify(store, progress=lambda done: progress("verify", done))
            evidence, wrong = self._put_evidence_back(store, settings, progress)
            for one in self.contents.files:  # what cannot be read is found while nothing has been replaced
                self._file(one.name)
            store.engine.dispose()
            aside = [target.put_in_place(), _set_runs_aside(settings, now)]
        aside += self._put_packages_back(settings, now)
        files = self._put_files_back(settings, progress)
        replaced = tuple(one for one in aside if one)
        refused = tuple(str(why) for why in erased.refused.values())
        return Restored(
            self.folder,
            self.manifest,
            verified,
            asked,
            evidence,
            wrong,
            files,
            replaced,
            len(erased.erased),
            refused,
            self._keep(settings),
        )

    def _keep(self, settings: Settings) -> str:
        """Remove the files of who was erased again, and anchor what was restored; that must not undo the restore."""
        from complaints.adapters.keeping.anchoring import write_anchor  # numpy, which other commands do without

        store, places = Store(settings.cases_url, settings.key_file), places_of(settings)
        try:
            clear_remnants(store, places)
            return str(write_anchor(store, places.outside, restored=self.manifest.taken_at))
        except ComplaintError as wrong:
            return str(wrong)
        finally:
            store.engine.dispose()

    def _refuse_unless_it_fits(self, settings: Settings) -> None:
        backend = "sqlite" if settings.cases_url.startswith("sqlite") else "postgresql"
        if backend != self.manifest.database:
            cure = "Set REDRESS_DATABASE_URL to a database of that kind"
            raise BackupRefused("case database", f"the backup is of {self.manifest.database}, not {backend}", cure)
        known = [one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
        if self.manifest.revision not in known:
            cure = f"Install Redress {self.manifest.redress} or newer"
            raise BackupRefused(
                "case database", f"the backup has schema {self.manifest.revision}, newer than ours", cure
            )

    def _refuse_unless_it_is_whole(self, store: Store) -> None:
        """Refuse what has other rows, or other chains, than the backup was taken of."""
        with store.read() as session:
            if rows_of_tables(session) != self.manifest.tables or heads_of(session) != self.manifest.heads:
                raise BackupBroken(names.DATABASE, "holds other cases than it was taken of")

    def _put_evidence_back(
        self, cases: Store, settings: Settings, progress: Progress
    ) -> tuple[int, tuple[Discrepancy, ...]]:
        """Copy what the evidence store has not, or not as it was; return how much, and what is still wrong."""
        kept, store = EvidenceFiles(str(self.folder.parent / names.EVIDENCE)), EvidenceStore(settings.evidence_place)
        copied = 0
        wrong = _wrong_evidence(cases, store, progress)
        for one in wrong:
            progress("evidence", copied)
            if (content := kept.read(one.reference, one.name)) is not None:
                store.files.write(one.reference, one.name, content)
                copied += 1
        return copied, _wrong_evidence(cases, store, progress) if copied else wrong

    def _put_packages_back(self, settings: Settings, now: datetime) -> list[str]:
        """Set a package aside that was made since; return where to. The one that the ledger names is then put back."""
        store = Store(settings.cases_url, settings.key_file)
        with store.read() as session:
            recorded = {archived.sha256: reference for reference, archived in archived_as(session).items()}
        store.engine.dispose()
        aside = []
        for one in self.contents.files:
            target = settings.home / one.path
            is_package = target.suffix == ".zip" and target.is_relative_to(settings.archive_folder)
            if not is_package or not target.is_file() or sha256_of(target) in recorded:
                continue
            if recorded.get(hashlib.sha256(self._file(one.name)).hexdigest()) == target.stem:
                aside.append(str(target.rename(f"{target}.replaced-{now:%Y%m%d_%H%M%S}")))
        return aside

    def _put_files_back(self, settings: Settings, progress: Progress) -> int:
        """Write what the home folder has not; what is there is newer, and stays."""
        done = 0
        for one in self.contents.files:
            progress("files", done)
            target = settings.home / one.path
            if not target.exists() and target.resolve().is_relative_to(settings.home):
                write_private(target, self._file(one.name))
                done += 1
        return done

    def _file(self, name: str) -> bytes:
        try:
            with kept_file(self.folder.parent, name).open("rb") as file:
                return b"".join(unseal(file, name, self.master))
        except FileNotFoundError:
            raise BackupBroken(f"files/{name}", "is missing") from None


def _erase_again(store: Store, settings: Settings) -> Erasures:
    """Erase again who was erased since the backup; where nobody can say who, the cases are needed all the same."""
    try:
        return erase_again(store, places_of(settings).outside)
    except AnchorsAway as away:
        return Erasures(refused={"": away})


def ask_about_letters(store: Store, taken_at: datetime, progress: Progress = lambda what, done: None) -> int:
    """Have a person asked of every letter that was on its way when a backup was taken; return how many there are.

    Args:
        store: The restored case database.
        taken_at: When the backup was taken.
        progress: Is told how many cases were looked at.
    """
    on_its_way = (
        select(LetterRow.reference)
        .join(CaseRow, CaseRow.reference == LetterRow.reference)
        .where(CaseRow.stage.in_(OPEN))
    )
    with store.read() as session:
        references = session.scalars(on_its_way.distinct()).all()
    reason = f"restored from the backup of {taken_at:%Y-%m-%d %H:%M} UTC; it may have left since"
    asked = 0
    for number, reference in enumerate(references):
        progress("letters", number)
        with store.open_case(reference) as desk:
            for (letter, round), known in list(desk.case.letters.items()):
                if known.status == "prepared" and known.channel != _KEPT_ON_FILE:
                    failed = acts.LetterFailed(letter=letter, round=round, reason=reason, uncertain=True)
                    desk.letter_row(letter, round).sending_since = None
                    desk.case.record(failed, desk.now)
                    asked += 1
    return asked


def _wrong_evidence(cases: Store, store: EvidenceStore, progress: Progress) -> tuple[Discrepancy, ...]:
    """Open every file that the ledger names; files that came after the backup are in no entry, and are left alone."""
    nothing_is_older = datetime.min.replace(tzinfo=UTC)
    checked = verify_evidence(
        cases, store, written_before=nothing_is_older, progress=lambda done: progress("evidence", done)
    )
    return tuple(checked.discrepancies)


def _set_runs_aside(settings: Settings, now: datetime) -> str | None:
    """Set Prefect's own database aside where it is in the home folder: every open case gets a fresh run."""
    folder = settings.home / "prefect"
    if not (folder / "prefect.db").exists():
        return None
    aside = folder.with_name(f"prefect.replaced-{now:%Y%m%d_%H%M%S}")
    folder.rename(aside)
    return str(aside)
