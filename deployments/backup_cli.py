"""The command line for backups: ``redress backup`` and ``redress restore``."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn

from complaints.adapters.backups.restoring import Backup, Restored
from complaints.adapters.backups.taking import Progress as Tell
from complaints.adapters.backups.taking import take_backup
from complaints.adapters.mail import write_private
from complaints.adapters.store import Store
from complaints.errors.backups import BackupRefused
from complaints.settings import settings
from deployments.console import out


def backup(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="holds all backups; on another disk or machine")],
) -> None:
    """Back up cases, evidence, settings, letters and archive while everything runs; the master key is not in it."""
    where = settings()
    store = Store(where.cases_url, where.key_file, where.office_calendar)  # as it stands: not brought up to date
    try:
        with _told() as tell:
            taken = take_backup(where, store, folder, tell)
    finally:
        store.engine.dispose()
    known = taken.manifest
    out.print(str(taken.folder), markup=False, soft_wrap=True)
    out.print(
        f"{known.tables.get('cases', 0)} cases, {known.tables.get('ledger', 0)} entries, "
        f"{known.evidence} files of evidence ({taken.copied} new), {known.files} other files; "
        f"{taken.written / 2**20:,.1f} MiB written"
    )
    out.print(f"Keep the master key {known.key} ({where.key_file}) apart from it: without it, it cannot be read.")
    if known.evidence_missing:
        out.print(f"{known.evidence_missing} files of evidence were missing. See: redress evidence verify")
        raise typer.Exit(1)


def restore(
    place: Annotated[Path, typer.Argument(exists=True, help="a backup, or the folder of all: the newest")],
    replace: Annotated[bool, typer.Option("--replace", help="although cases are there; they are kept aside")] = False,
) -> None:
    """Restore a backup into this installation, which must be stopped; it is checked before anything is replaced."""
    settings().home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _nothing_up(settings().home):
        found = Backup(place, settings().key_file)
        file, content = settings().home / "redress.toml", found.settings_file()
        if content is not None and not file.exists():
            write_private(file, content)
            settings.cache_clear()
            out.print(f"Wrote {file} from the backup; it is used from here on.", soft_wrap=True)
        with _told() as tell:
            restored = found.restore(settings(), replace=replace, progress=tell)
    _show(restored)
    if restored.verified.breaks or restored.evidence_wrong:
        raise typer.Exit(1)


def _show(restored: Restored) -> None:
    known, checked = restored.manifest, restored.verified
    out.print(f"Restored {restored.backup.name}: the cases as they were at {known.taken_at:%Y-%m-%d %H:%M:%S} UTC.")
    out.print(f"{restored.evidence} files of evidence and {restored.files} other files put back.")
    for broken in (*checked.breaks, *restored.evidence_wrong):
        out.print(f"BROKEN  {broken}", markup=False)
    out.print(f"{checked.entries} entries of {checked.cases} cases checked, {len(checked.breaks)} broken")
    for aside in restored.replaced:
        out.print(f"What was there is kept as {aside}; remove it when nobody needs it any more.", soft_wrap=True)
    if restored.asked:
        out.print(
            f"{restored.asked} letters may have left since the backup: a person is asked of each before it is sent."
        )
    if restored.erased:
        out.print(f"{restored.erased} cases that were erased since the backup were erased again.")
    for why in restored.not_erased:
        out.print(f"NOT ERASED  {why}", markup=False)
    out.print(f"The ledger as restored: {restored.anchor}", markup=False)
    out.print("Next: redress up. Every open case then gets its run again.")


@contextmanager
def _nothing_up(home: Path) -> Iterator[None]:
    """Keep ``redress up`` away from a home folder.

    Raises:
        BackupRefused: it runs there.
    """
    from deployments.up import LOCK

    with (home / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused("home folder", f"'redress up' runs on {home}", "Stop it first") from None
        yield


@contextmanager
def _told() -> Iterator[Tell]:
    """Show what is being done, and how much of it is done."""
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed:,}"))
    with Progress(*columns, console=out, transient=True) as progress:
        bar = progress.add_task("", total=None)
        yield lambda what, done: progress.update(bar, description=what, completed=done)
