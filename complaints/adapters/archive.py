"""The archive: a closed case as a folder that can be read, and checked, without Redress.

The folder is written beside its place, read back against its manifest, and renamed; only then is it recorded in the
ledger. The same case gives the same bytes, so that a run which was killed in between is simply repeated.
"""

import base64
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic_core import to_jsonable_python
from sqlalchemy import select
from sqlalchemy.orm import Session

from complaints import acts
from complaints.adapters.entries import read_act, replay
from complaints.adapters.projection import case_columns
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow, ClockRow, LetterRow
from complaints.case import Case, Letter
from complaints.case_explanation import explain_case
from complaints.errors import CaseConflict, ComplaintError, StageError, UnknownCase
from complaints.ledger import Entry, canonical, check_chain
from complaints.letters import CONFIDENTIAL, Rendered, department_word, environment
from complaints.regimes.model import Nature
from complaints.sealing import CaseKey
from complaints.timekeeping import rule_of
from complaints.words import LANGUAGES, Stage

FORMAT: Final = "redress-archive/1"
MANIFEST: Final = "manifest.json"
LEDGER: Final = "ledger.jsonl"

WITHHELD: Final = frozenset(
    {"sender", "number", "channel", "language", "party_type", "product", "region", "amount", "currency"}
)
"""Facts about a whistle-blowing report that could lead to the person; the ledger has them for who must know."""


class ArchiveBroken(ComplaintError):
    """A case cannot be archived because something does not match; nothing was recorded."""

    def __init__(self, reference: str, problems: Sequence[str]) -> None:
        super().__init__(reference, problems)
        self.reference, self.problems = reference, tuple(problems)

    def __str__(self) -> str:
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        return (
            f"Case {self.reference} was not archived: {self.problems[0]}{more}. Run 'redress verify {self.reference}'; "
            "if it finds nothing, check the disk and archive again."
        )


@dataclass(frozen=True)
class Kept:
    """A letter in the archive: its files, or one sealed file where it could show who reported."""

    number: int
    letter: Letter
    files: Mapping[str, bytes] = field(default_factory=dict)


def archivable(store: Store, now: datetime, after_days: int) -> list[str]:
    """Return the cases, the longest closed first, that were closed at least ``after_days`` days ago; not history.

    A case in which a duty still runs, such as a review, is not over.
    """
    duty = select(ClockRow.name).where(ClockRow.reference == CaseRow.reference, ClockRow.running)
    query = select(CaseRow.reference).where(
        CaseRow.stage == Stage.CLOSED,
        CaseRow.history.is_(False),
        CaseRow.closed_at <= now - timedelta(days=after_days),
        ~duty.where(ClockRow.nature == Nature.DUTY).exists(),
    )
    with store.read() as session:
        return list(session.scalars(query.order_by(CaseRow.closed_at, CaseRow.reference)))


def archive_case(store: Store, reference: str, folder: Path) -> Path:
    """Write a closed case into the archive and record that in its ledger. Safe to run twice.

    Args:
        store: The case database.
        reference: The case.
        folder: The archive; the case becomes ``<year of closing>/<reference>`` in it.

    Returns:
        The case's folder; also where the case was archived before.

    Raises:
        UnknownCase: there is none.
        StageError: it is not closed.
        ArchiveBroken: its ledger, a letter or what was written does not match; nothing was recorded.
        CaseConflict: something was recorded on it meanwhile; archive it again.
    """
    case, files = _read(store, reference)
    closed_on = (case.closed_at or case.facts.received_at).astimezone(case.pack.tz)
    target = folder / str(closed_on.year) / reference
    if case.stage is Stage.ARCHIVED:
        return target
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(target.parent):
        draft, old = target.with_name(f".{reference}.part"), target.with_name(f".{reference}.old")
        for left_behind in (draft, old):  # by a run that was killed
            shutil.rmtree(left_behind, ignore_errors=True)
        if not _is_there(target, files[MANIFEST]):
            _write(draft, files)
            if problems := check_archive(draft):
                shutil.rmtree(draft)
                raise ArchiveBroken(reference, problems)
            if target.exists():  # never recorded, and no longer what the case is
                target.rename(old)
            draft.rename(target)
            _sync(target.parent)
            shutil.rmtree(old, ignore_errors=True)
        manifest = json.loads(files[MANIFEST])
        with store.open_case(reference) as opened:
            row = opened.session.get_one(CaseRow, reference)
            if row.head != manifest["head"] and opened.case.stage is not Stage.ARCHIVED:
                raise CaseConflict(reference, manifest["entries"])
            if opened.case.stage is not Stage.ARCHIVED:
                opened.case.record(acts.Archived(sha256=_sha256(files[MANIFEST])), opened.now)
    return target


def check_archive(folder: Path) -> list[str]:
    """Return every mismatch of an archived case: files with the manifest, ledger entries with their chain."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        listed = {str(name): (str(one["sha256"]), int(one["size"])) for name, one in manifest["files"].items()}
        reference, head, count = str(manifest["reference"]), str(manifest["head"]), int(manifest["entries"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as wrong:
        return [f"{MANIFEST} cannot be read: {type(wrong).__name__}"]
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}
    problems = [f"{name} is missing" for name in sorted(listed.keys() - there)]
    problems += [f"{name} is not in the manifest" for name in sorted(there - listed.keys() - {MANIFEST})]
    for name in sorted(listed.keys() & there):
        problems += _check_file(folder / name, name, *listed[name])
    if LEDGER in listed and LEDGER in there:
        try:
            entries = [_load_entry(line) for line in (folder / LEDGER).read_bytes().splitlines()]
        except (OSError, ValueError, KeyError, TypeError):
            return [*problems, f"{LEDGER} cannot be read"]
        problems += [f"{LEDGER}: entry {one.seq}: {one.reason}" for one in check_chain(reference, entries, head, count)]
    elif LEDGER not in listed:
        problems.append(f"{LEDGER} is not in the manifest")
    return problems


# --- from the case to its files ---------------------------------------------------------------------


def _read(store: Store, reference: str) -> tuple[Case, dict[str, bytes]]:
    """Return a closed case and the files of its archive; for an archived one, no files.

    The case of a whistle-blowing report is built without its key: what is not known cannot be written.
    """
    with store.read() as session:
        row = session.get(CaseRow, reference)
        if row is None:
            raise UnknownCase(reference)
        key = store.case_key(session, reference)
        entries = store.entries(reference)
        case = replay(reference, row.regime, entries, None, store.rules(session))
        if case.stage.is_open:
            raise StageError(reference, case.stage, acts.Archived.kind_name())
        if case.stage is Stage.ARCHIVED:
            return case, {}
        if breaks := check_chain(reference, entries, row.head, row.version):
            raise ArchiveBroken(reference, [str(one) for one in breaks])
        if not case.is_confidential:
            case = replay(reference, row.regime, entries, key, store.rules(session))
        letters = [_letter(session, case, n, one, key) for n, one in enumerate(case.letters.values(), 1)]
    open_key = None if case.is_confidential else key
    files = {
        "case.json": _json(_case_record(case, entries, open_key, is_erased=key is None)),
        LEDGER: "".join(_dump_entry(entry) + "\n" for entry in entries).encode(),
    }
    for kept in letters:
        files |= kept.files
    for language in LANGUAGES:
        files[f"case_file.{language}.html"] = _case_file(case, entries, letters, language, is_erased=key is None)
    manifest = {
        "format": FORMAT,
        "reference": reference,
        "regime": case.facts.regime,
        "regime_version": case.facts.regime_version,
        "head": entries[-1].hash,
        "entries": len(entries),
        "files": {name: {"sha256": _sha256(content), "size": len(content)} for name, content in files.items()},
    }
    return case, files | {MANIFEST: _json(manifest)}


def _letter(session: Session, case: Case, number: int, letter: Letter, key: CaseKey | None) -> Kept:
    prepared = letter.prepared
    if key is None:
        return Kept(number, letter)
    row = session.get(LetterRow, (case.reference, prepared.letter, prepared.round))
    if row is None:
        raise ArchiveBroken(case.reference, [f"letter {number} ('{prepared.letter}') is not in the outbox"])
    rendered = Rendered.load(key.open(row.sealed, f"letter/{prepared.letter}/{prepared.round}"))
    if rendered.sha256 != prepared.sha256:
        raise ArchiveBroken(case.reference, [f"letter {number} ('{prepared.letter}') is not the one that was prepared"])
    stem = f"letters/{number}-{prepared.letter}"
    if case.is_confidential and prepared.letter not in CONFIDENTIAL:  # sent before it was known to be a report
        return Kept(number, letter, {f"{stem}.sealed": base64.b64encode(row.sealed) + b"\n"})
    text = f"{rendered.subject}\n\n{rendered.text}".encode()
    return Kept(number, letter, {f"{stem}.html": rendered.html.encode(), f"{stem}.txt": text})


def _case_record(case: Case, entries: Sequence[Entry], key: CaseKey | None, *, is_erased: bool) -> dict[str, Any]:
    facts = {name: value for name, value in case_columns(case).items() if name != "asks"}
    if case.is_confidential:
        facts = {name: value for name, value in facts.items() if name not in WITHHELD}
    personal: dict[str, Any] | None = None
    if key is not None:
        opened = {entry.seq: read_act(entry, key) for entry in entries if entry.sealed is not None}
        personal = {str(seq): act.model_dump(mode="json", include=set(act.personal)) for seq, act in opened.items()}
    return {
        "format": FORMAT,
        "reference": case.reference,
        "regime_version": case.facts.regime_version,
        "is_confidential": case.is_confidential,
        "is_erased": is_erased,
        "facts": to_jsonable_python(facts),
        "personal": personal,  # by number of the ledger entry that holds it sealed
    }


def _case_file(
    case: Case, entries: Sequence[Entry], letters: Sequence[Kept], language: str, *, is_erased: bool
) -> bytes:
    def when(at: datetime | None) -> str:
        return f"{at.astimezone(case.pack.tz):%Y-%m-%d %H:%M:%S}" if at else "—"

    def until(at: datetime) -> str:
        """Midnight ends the day before: that is the last day in time."""
        shown, last = when(at), when(at - timedelta(seconds=1))
        return f"{last[:10]} 24:00:00" if shown.endswith("00:00:00") else shown

    facts = [json.loads(entry.facts) for entry in entries]
    titles = {name: rule_of(case, name)[0].title.word(language) for name in case.clocks}
    department = department_word(case.assessed.department, language) if case.assessed else None
    return (
        environment()
        .get_template(f"sheets/case_file/{language}.html")
        .render(
            case=case,
            is_erased=is_erased,
            closure=case.closed.closure.word(language) if case.closed else "—",
            department=department,
            titles=titles,
            clocks=explain_case(case),
            letters=letters,
            ledger=[(entry, one.get("clock"), one.get("letter")) for entry, one in zip(entries, facts, strict=True)],
            when=when,
            until=until,
        )
        .encode()
    )


def _dump_entry(entry: Entry) -> str:
    sealed = base64.b64encode(entry.sealed).decode() if entry.sealed is not None else None
    return canonical(vars(entry) | {"at": entry.at.isoformat(timespec="microseconds"), "sealed": sealed})


def _load_entry(line: bytes) -> Entry:
    content = json.loads(line)
    content["at"] = datetime.fromisoformat(content["at"])
    if content["sealed"] is not None:
        content["sealed"] = base64.b64decode(content["sealed"], validate=True)
    return Entry(**content)


def _json(content: object) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --- on the disk ------------------------------------------------------------------------------------


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time write into ``folder``; the lock ends with the process that holds it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_there(target: Path, manifest: bytes) -> bool:
    """Whether a run that was killed before it could record it left this very archive, whole."""
    file = target / MANIFEST
    return file.is_file() and file.read_bytes() == manifest and not check_archive(target)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(mode=0o700)
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
    for inner in {(folder / name).parent for name in files}:
        _sync(inner)


def _sync(folder: Path) -> None:
    """Bring a folder's names to the disk: what the ledger calls archived survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_file(file: Path, name: str, sha256: str, size: int) -> list[str]:
    if file.is_symlink() or not file.is_file():
        return [f"{name} is not a plain file"]
    try:
        content = file.read_bytes()
    except OSError as wrong:
        return [f"{name} cannot be read: {type(wrong).__name__}"]
    if len(content) != size:
        return [f"{name} has {len(content)} bytes, the manifest says {size}"]
    return [] if _sha256(content) == sha256 else [f"{name} was altered"]
