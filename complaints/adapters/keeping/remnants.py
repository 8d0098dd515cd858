"""What is left of an erased case beside the database's own rows: files, and what the database has not given up yet."""

import shutil
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, select, text
from sqlalchemy.exc import OperationalError

from complaints.adapters.evidence_files import EvidenceFiles
from complaints.adapters.keeping.outside import Outside
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseKeyRow, DeliveryRow, LetterRow, RemnantRow, SignRow
from complaints.settings import Settings

_AT_ONCE: Final = 500  # references named in one statement
_PATIENCE_MS: Final = 2000  # for others who read a SQLite database while its log is to be cut
_PATIENCE_SECONDS: Final = 5.0  # for others on PostgreSQL who see an older state, or have a table
_LOOK_SECONDS: Final = 0.05

# Whether anybody may still see what was there before a transaction: what PostgreSQL keeps for them VACUUM does not
# remove, and does not fail either. A snapshot's xmin is older than all that runs, prepared transactions among them; to
# a standby that asks for it belongs no database.
_IS_SEEN: Final = text("""
    SELECT EXISTS (
        SELECT FROM (
            SELECT CAST(pg_snapshot_xmin(pg_current_snapshot()) AS xid) AS oldest
            UNION ALL
            SELECT backend_xmin FROM pg_stat_activity WHERE datname = current_database() OR datname IS NULL
            UNION ALL
            SELECT xmin FROM pg_replication_slots
        ) AS views
        WHERE age(oldest) > age(CAST(CAST(:before AS xid8) AS xid))
    )
""")


@dataclass(frozen=True)
class Places:
    """Where files of a case are, beside the database.

    Attributes:
        evidence: The files of evidence.
        letters: The folder of letters that no mail server took.
        archive: The folder of the archive.
        outside: Where erasures are recorded.
    """

    evidence: EvidenceFiles
    letters: Path
    archive: Path
    outside: Outside


def places_of(settings: Settings) -> Places:
    """Return where files of cases are, as the settings say."""
    evidence, outside = EvidenceFiles(settings.evidence_place), Outside(settings.anchors_place)
    return Places(evidence, settings.letters_folder, settings.archive_folder, outside)


def clear_remnants(store: Store, places: Places, progress: Callable[[int], None] = lambda done: None) -> int:
    """Remove the files of cases that were erased; return of how many. Safe to run twice, and after a kill.

    A case stays among the remnants until the database has given up its key as well: until then each run tries again.

    Raises:
        EvidenceStoreAway: the store of evidence does not answer; the next run goes on.
    """
    with store.read() as session:
        references = session.scalars(select(RemnantRow.reference).order_by(RemnantRow.reference)).all()
    for cleared, reference in enumerate(references, start=1):
        _remove_files(places, reference)
        progress(cleared)
    if references and overwrite(store):
        for start in range(0, len(references), _AT_ONCE):
            gone = RemnantRow.reference.in_(references[start : start + _AT_ONCE])
            with store.write() as session:
                session.execute(delete(RemnantRow).where(gone))
    return len(references)


def _remove_files(places: Places, reference: str) -> None:
    for name in places.evidence.names(reference):
        places.evidence.remove(reference, name)
    for file in places.letters.rglob(f"{reference}-*"):  # named by the letter's number, which begins with the case's
        file.unlink(missing_ok=True)
    for folder in places.archive.glob(f"*/{reference}"):  # of the first archive, which was in clear
        shutil.rmtree(folder)


def overwrite(store: Store) -> bool:
    """Bring the database to give up the old content of rows: a key that was deleted must not be read from a file.

    SQLite overwrites with zeros what is deleted (``secure_delete``), but its log keeps older pages until it is cut.
    PostgreSQL keeps old rows until the table is written anew when nobody sees them any more.

    Returns:
        Whether it was done; not where others were at work: then the next run does it.
    """
    if store.engine.dialect.name == "sqlite":
        with closing(store.engine.raw_connection()) as raw:  # not within a transaction
            raw.detach()  # its patience is not that of others
            cursor = raw.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
            is_busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            cursor.close()
        return not is_busy
    with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        if not _nobody_sees_what_was(connection):
            return False
        connection.execute(text(f"SET lock_timeout = '{_PATIENCE_SECONDS}s'"))
        try:
            for table in (CaseKeyRow, LetterRow, DeliveryRow, SignRow):
                connection.execute(text(f"VACUUM FULL {table.__tablename__}"))
        except OperationalError:
            return False
        finally:
            connection.execute(text("RESET lock_timeout"))
    return True


def _nobody_sees_what_was(connection: Connection) -> bool:
    """Wait until every transaction on PostgreSQL sees what is committed by now; return whether they do in time.

    Those that begin later do as well, so that what VACUUM then finds old it removes.
    """
    before = connection.scalar(text("SELECT CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text)"))
    patience = time.monotonic() + _PATIENCE_SECONDS
    while connection.scalar(_IS_SEEN, {"before": before}):
        if time.monotonic() >= patience:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
