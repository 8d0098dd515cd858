"""Taking cases back from the archive: into the live stores, or as a copy that people read."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from zipfile import ZipFile

from complaints import acts
from complaints.adapters.archive.checking import check_package
from complaints.adapters.archive.contents import letter_in, record_in, sealed_evidence_in
from complaints.adapters.archive.folders import check_folder, find_folder
from complaints.adapters.archive.package import LEDGER, Package, find_package, sha256_of
from complaints.adapters.evidence import EvidenceStore
from complaints.adapters.store import OpenCase, Store
from complaints.adapters.tables import LetterRow
from complaints.case import Case
from complaints.errors.base import ComplaintError
from complaints.errors.case import AnswerRefused, CaseConflict, StageError
from complaints.errors.sealing import KeyDestroyed
from complaints.sealing import CaseKey
from complaints.words import Stage


class PackageUnfit(ComplaintError):
    """A package is not what the ledger says; nothing was taken from it."""

    def __init__(self, reference: str, problems: Sequence[str]) -> None:
        super().__init__(reference, problems)
        self.reference, self.problems = reference, tuple(problems)

    def __str__(self) -> str:
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        return (
            f"The archive of case {self.reference} does not hold: {self.problems[0]}{more}. Nothing was taken from it. "
            "Put back the package from a backup of the archive folder."
        )


def check_archived(folder: Path, archived: acts.Archived, reference: str, key: CaseKey | None) -> list[str]:
    """Return everything about an archived case that does not hold: its package, or its folder of the first format.

    Args:
        folder: The archive.
        archived: What the ledger says of it.
        reference: The case.
        key: Its key; None: what is sealed is only compared with its hash.
    """
    if archived.format > 1:
        if (path := find_package(folder, reference, archived.sha256)) is None:
            return ["the package is missing"]
        other = [] if sha256_of(path) == archived.sha256 else ["the package is not the one that was recorded"]
        return other + check_package(path, key)
    old = find_folder(folder, reference)
    return check_folder(old) if old else ["the folder is missing"]


def restore_case(store: Store, evidence: EvidenceStore, folder: Path, reference: str, by: str) -> int:
    """Put letters and evidence of an archived case back where they were; it is then closed, as before.

    Its package goes away: when it is archived again, another is made. Evidence is back, and that is recorded, while the
    case is locked; the package goes after that, and only while every file is in its store. A kill leaves it archived,
    or restored with a package too many, which the next one replaces.

    Returns:
        How many letters and files were put back.

    Raises:
        UnknownCase: there is none.
        StageError: it is not archived.
        KeyDestroyed: the person was erased.
        PackageUnfit: the package is not what the ledger says.
        EvidenceStoreAway: the evidence store takes nothing.
        CaseConflict: somebody restored it meanwhile.
    """
    case, key, archived = _archived(store, folder, reference)
    if key is None:
        raise KeyDestroyed(reference)
    letters: list[LetterRow] = []
    files: list[str] = []
    with ExitStack() as stack:
        desk = stack.enter_context(store.open_case(reference))
        _refuse_another(desk, archived)
        if case.is_packed:
            _, inside = stack.enter_context(_open(folder, reference, archived.sha256, key))
            record = record_in(inside.read)
            for kept in record["evidence"]:
                evidence.files.write(reference, kept["sha256"], sealed_evidence_in(inside.read, kept, key))
                files.append(kept["sha256"])
            for kept in record["letters"]:
                which = kept["letter"], kept["round"]
                sealed = key.seal(letter_in(inside.read, kept, key).dump(), f"letter/{which[0]}/{which[1]}")
                letters.append(
                    LetterRow(
                        reference=reference, letter=which[0], round=which[1], sealed=sealed, attempt=kept["attempt"]
                    )
                )
        desk.session.add_all(letters)
        count = len(files) + len(letters)  # once saved, they can no longer be asked
        desk.case.record(acts.Unarchived(), desk.now, by)
    _remove_restored(store, evidence, folder, reference, archived, files)
    return count


def _remove_restored(
    store: Store,
    evidence: EvidenceStore,
    folder: Path,
    reference: str,
    archived: acts.Archived,
    files: Sequence[str],
) -> None:
    """Remove the package that a case was taken back from, not one that was written since; its folder likewise."""
    with store.open_case(reference) as desk:
        if desk.case.archived == archived or not all(evidence.files.holds(reference, one) for one in files):
            return
        for path in folder.glob(f"[0-9]*/{reference}.zip"):
            if sha256_of(path) == archived.sha256:
                path.unlink()
        if desk.case.archived is None and (old := find_folder(folder, reference)):
            shutil.rmtree(old)


def copy_case(store: Store, folder: Path, reference: str, to: Path, by: str) -> Path:
    """Write a copy of an archived case that people read without a key; that stands in the ledger before it is there.

    Of a whistle-blowing report, what could show who reported stays sealed in the copy.

    Args:
        store: The case database.
        folder: The archive.
        reference: The case.
        to: A folder; the copy becomes ``<reference>`` in it.
        by: Who reads it.

    Returns:
        The copy.

    Raises:
        UnknownCase: there is none.
        StageError: it is not archived.
        KeyDestroyed: the person was erased.
        PackageUnfit: the package is not what the ledger says.
        AnswerRefused: something is there already.
    """
    target = to / reference
    if target.exists():
        raise AnswerRefused("--to", f"holds {reference} already; name another folder")
    case, key, archived = _archived(store, folder, reference)
    draft = to / f".{reference}.part"
    with store.open_case(reference) as desk:
        _refuse_another(desk, archived)
        desk.case.record(acts.Viewed(what="archive"), desk.now, by)
    shutil.rmtree(draft, ignore_errors=True)
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, draft, ignore_errors=True)  # what is in it can be read by anybody
        if case.is_packed:
            with _open(folder, reference, archived.sha256, key) as (package, inside):
                for name in inside.namelist():
                    _write(draft, name, inside.read(name))
                _write(draft, LEDGER, package.outer.read(LEDGER))
        elif old := find_folder(folder, reference):
            for file in (one for one in sorted(old.rglob("*")) if one.is_file()):
                _write(draft, str(file.relative_to(old)), file.read_bytes())
        draft.rename(target)
        undo.pop_all()
    return target


def _archived(store: Store, folder: Path, reference: str) -> tuple[Case, CaseKey | None, acts.Archived]:
    """Return an archived case with its key, once its package was checked."""
    case = store.read_case(reference)
    with store.read() as session:
        key = store.case_key(session, reference)
    if case.stage is not Stage.ARCHIVED or case.archived is None:
        raise StageError(reference, case.stage, acts.Unarchived.kind_name())
    if problems := check_archived(folder, case.archived, reference, key):
        raise PackageUnfit(reference, problems)
    return case, key, case.archived


@contextmanager
def _open(folder: Path, reference: str, sha256: str, key: CaseKey | None) -> Iterator[tuple[Package, ZipFile]]:
    path = find_package(folder, reference, sha256)
    if path is None:  # it was there a moment ago
        raise PackageUnfit(reference, ["the package is missing"])
    with Package.open(path) as package:
        if key is None and not package.manifest.is_erased:
            raise KeyDestroyed(reference)
        with package.contents(key) as inside:
            yield package, inside


def _refuse_another(desk: OpenCase, archived: acts.Archived) -> None:
    """Refuse to go on where somebody took the case back, or archived it anew, in between."""
    if desk.case.archived != archived:
        raise CaseConflict(desk.case.reference, 0)


def _write(folder: Path, name: str, content: bytes) -> None:
    file = folder / name
    if not file.resolve().is_relative_to(folder.resolve()):  # a package holds what this program wrote, but who knows
        raise PackageUnfit(folder.name, [f"{name} leads out of the folder"])
    for place in (*reversed(file.parent.relative_to(folder).parents), file.parent.relative_to(folder)):
        (folder / place).mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
