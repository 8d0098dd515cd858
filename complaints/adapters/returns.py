"""Returns, from the ledger to files (see :mod:`complaints.reporting.returns.places`).

An edition's name follows from its bytes, so that no folder is ever written over: the same return made again is the
folder that is there, and one with another cut-off, map or pack is another. A folder is written whole or not at all.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pandas as pd
from sqlalchemy import select

from complaints.adapters.draft_folders import draft_folder, drop_abandoned, drop_folder
from complaints.adapters.durable import sync_folder
from complaints.adapters.frames import load_frame
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow
from complaints.errors.settings import SettingError
from complaints.reporting.periods import Period
from complaints.reporting.returns.data import ReturnData, read_data
from complaints.reporting.returns.files import files_of
from complaints.reporting.returns.making import MAKERS, PUBLIC_EXPORT, make_return, names_of, refuse
from complaints.reporting.returns.model import Return, ReturnUnknown
from complaints.reporting.returns.places import MANIFEST, edition_of, folder_of, read_file
from complaints.reporting.returns.population import NUMBERS
from complaints.settings import Firm

_STAMP: Final = "%Y%m%dT%H%M%SZ"


def data_for(regime: str, folder: Path) -> ReturnData:
    """Return what a regime's returns must know beside the cases.

    Args:
        regime: The regime.
        folder: Where the firm's own files lie, one a regime, such as ``uk-disp.toml``.

    Raises:
        ReturnUnknown: no return of this regime is made here.
        SettingError: the firm's own file is not in order.
    """
    if not names_of(regime):
        raise ReturnUnknown(regime, "", (f"{of} {name}" for of, name in MAKERS))
    return read_data(regime, own_tables(regime, folder))


def own_tables(regime: str, folder: Path) -> str:
    """Return the firm's own file for a regime, as text; empty where it has none.

    Raises:
        SettingError: it is not text.
    """
    own = folder / f"{regime}.toml"
    try:
        return own.read_text(encoding="utf-8-sig") if own.is_file() else ""
    except UnicodeDecodeError:
        raise SettingError(f"returns/{own.name}", "is not text in UTF-8", "Save it as UTF-8") from None


def prepare_return(
    store: Store, regime: str, name: str, period: Period, as_at: datetime, firm: Firm, data: ReturnData
) -> Return:
    """Make a return from the ledger; nothing is written.

    Args:
        store: The case database.
        regime: The regime, such as "uk-disp".
        name: The return, as its pack has it.
        period: For which.
        as_at: What was known before; aware, not in the future.
        firm: Who reports.
        data: From :func:`data_for`.

    Raises:
        SettingError: there is no such regime.
        ReturnUnknown: there is no such return.
        ReturnNotMade: it is not made for this period, or the period has not begun.
        CutOffAhead: the cut-off lies in the future.
        StillWriting: a writer did not finish; the same may succeed later.
    """
    rules = store.rules()
    newest = rules.pack(regime)
    _, ends_at = period.span(newest.tz)
    pack = rules.in_force(regime, ends_at - timedelta(microseconds=1))
    refuse(pack, name, period, as_at)
    window = period.span(pack.tz)
    is_export = name == PUBLIC_EXPORT
    frame = load_frame(store, as_at, windows=[window], regime=None if is_export else regime)
    if is_export:
        frame = frame.merge(_numbers(store, *window), on="reference", how="left")
    return make_return(pack, name, period, as_at, frame, rules.calendar(pack.calendar), firm, data)


def _numbers(store: Store, starts_at: datetime, ends_at: datetime) -> pd.DataFrame:
    """Return by which numbers others know the cases received in a time; they never change."""
    columns = (CaseRow.reference, *(getattr(CaseRow, name) for name in NUMBERS))
    query = select(*columns).where(CaseRow.received_at >= starts_at, CaseRow.received_at < ends_at)
    with store.read() as session:
        rows = [tuple(row) for row in session.execute(query)]
    return pd.DataFrame(rows, columns=["reference", *NUMBERS], dtype="object")


def write_return(made: Return, root: Path) -> Path:
    """Write the files of a return, their folder whole or not at all, and return it. Safe to run twice.

    Args:
        made: The return.
        root: The folder of summaries and returns.

    Raises:
        ReturnBroken: the folder is there already, and a file in it is not what was written.
    """
    files = files_of(made)
    files[MANIFEST] = _manifest(made, files)
    parent = folder_of(root, made.regime, made.period.name, made.name)
    target = parent / f"{made.as_at.astimezone(UTC):{_STAMP}}-{edition_of(files[MANIFEST])}"
    if not target.is_dir():
        drop_abandoned(parent)
        draft = draft_folder(parent, target.name, files)
        try:
            try:
                draft.rename(target)
            except OSError:  # another process was first, with the same bytes
                if not target.is_dir():
                    raise
            sync_folder(parent)
        finally:
            drop_folder(draft)
    for name in files:
        read_file(target / name)
    return target


def _manifest(made: Return, files: Mapping[str, bytes]) -> bytes:
    content = {
        "regime": made.regime,
        "return": made.name,
        "period": made.period.name,
        "as_at": made.as_at.astimezone(UTC).isoformat(),
        "is_nil": made.is_nil,
        "is_ready": made.is_ready,
        "rows": {table.name: len(table.rows) for table in made.tables},
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
