"""Check the whole ledger: every hash, every chain, and that what is stored beside it follows from it."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Optional

from sqlalchemy import select
from sqlalchemy.orm import Session

from complaints.adapters.keeping.erasing_again import check_erasures
from complaints.adapters.keeping.orders import check_orders
from complaints.adapters.keeping.outside import Outside
from complaints.adapters.store import Store
from complaints.adapters.tables import (
    AlertRow,
    CaseKeyRow,
    CaseRow,
    ClockRow,
    DeliveryRow,
    EntryRow,
    LetterRow,
    SignRow,
)
from complaints.adapters.verifying.batches import Checked, check
from complaints.announcements import Wants
from complaints.errors.case import UnknownCase
from complaints.ledger import Break

if TYPE_CHECKING:
    from complaints.adapters.keeping.anchors import Anchor

_BATCH: Final = 500  # cases held in memory at a time
_SEVERAL: Final = 5_000  # cases from which on several processes are worth their start
_MOST_PROCESSES: Final = 8


class Verified(Checked):
    """The result of a verification.

    Attributes:
        anchor: The newest anchor that the ledger was compared with; None: there is none, or it was not asked for.
    """

    anchor: Optional["Anchor"] = None


def verify(
    store: Store,
    reference: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
    *,
    outside: Outside | None = None,
    chains_only: bool = False,
) -> Verified:
    """Check one case or all of them.

    For each case: every entry's hash, the chain, its length and its head; then the case is built again from the
    ledger and compared with its row, its clocks and its letters. Last, nothing may refer to a case that is gone, and
    the whole must be what the newest anchor outside the database says.

    Args:
        store: The case database.
        reference: One case, or None for all.
        progress: Called with the number of cases checked so far.
        outside: Where anchors and the record of erasures are; None: these are not looked at.
        chains_only: Do not build the cases again: whether anything was altered, but not whether lists tell the truth.

    Raises:
        UnknownCase: there is no case ``reference``.
        SettingError: the master key is not the right one; it would look as if every case had been altered.
        AnchorsAway: the place of anchors does not answer.
    """
    result = Verified()
    _ = store.master
    batches = [[reference]] if reference is not None else list(_batches(store))
    with _checking(store, batches, chains_only=chains_only) as checked:
        for part in checked:
            for _ in range(part.cases):
                result.cases += 1
                progress(result.cases)
            result.entries += part.entries
            result.breaks += part.breaks
    if reference is not None:
        if not result.cases:
            raise UnknownCase(reference)
        return result
    with store.read() as session:
        result.breaks += _orphans(session)
    if outside is not None:
        from complaints.adapters.keeping.anchoring import check_anchors  # numpy, which other commands do without

        anchored = check_anchors(store, outside)
        result.anchor = anchored.last
        result.breaks += [*anchored.breaks, *check_erasures(store, outside)]
    result.breaks += check_orders(store)
    return result


def _batches(store: Store) -> Iterator[Sequence[str]]:
    """Yield all references in order, some at a time."""
    query, last = select(CaseRow.reference).order_by(CaseRow.reference).limit(_BATCH), ""
    with store.read() as session:
        while batch := session.scalars(query.where(CaseRow.reference > last)).all():
            yield batch
            last = batch[-1]


@contextmanager
def _checking(store: Store, batches: Sequence[Sequence[str]], *, chains_only: bool) -> Iterator[Iterator[Checked]]:
    """Check batches, in order; where there are many, in several processes."""
    processes = min(_processors(), _MOST_PROCESSES, len(batches))
    if processes < 2 or sum(map(len, batches)) < _SEVERAL:
        yield (check(store, batch, chains_only=chains_only) for batch in batches)
        return
    store.rules()  # read once, before there are several
    store.engine.dispose()  # no connection may be open twice: every process makes its own
    way = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    made_from = (store.url, store.key_file, store.office, store.wants)
    with ProcessPoolExecutor(processes, way, _open, made_from) as pool:
        tasks = [pool.submit(_check, batch, chains_only) for batch in batches]
        try:
            yield (task.result() for task in tasks)
        finally:
            pool.shutdown(cancel_futures=True)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_store: Store
"""Of a process that checks."""


def _open(url: str, key_file: Path, office: str, wants: Wants) -> None:
    global _store
    _store = Store(url, key_file, office, wants)


def _check(batch: Sequence[str], chains_only: bool) -> Checked:
    return check(_store, batch, chains_only=chains_only)


def _orphans(session: Session) -> list[Break]:
    """Find what refers to a case that is not there: the case was removed as a whole."""
    gone: set[str] = set()
    for column in (
        EntryRow.reference,
        CaseKeyRow.reference,
        ClockRow.reference,
        LetterRow.reference,
        DeliveryRow.reference,
        AlertRow.reference,
        SignRow.reference,
    ):
        known = select(CaseRow.reference).where(CaseRow.reference == column).exists()
        gone.update(session.scalars(select(column).where(~known).distinct()))
    return [Break(reference, 0, "removed: the case is gone, but parts of it are left") for reference in sorted(gone)]
