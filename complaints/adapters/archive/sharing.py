"""Archiving with several processes: what a package costs is computing, mostly for its PDF."""

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from complaints.adapters.archive.writing import Outcome, archive_cases
from complaints.adapters.evidence import EvidenceStore
from complaints.adapters.store import Store
from complaints.announcements import Wants

SHARE: Final = 25
"""Cases that are recorded in one transaction: few enough that nobody waits long for one of them."""
_WORTH_IT: Final = 4 * SHARE  # cases from which on it pays to start processes
_MOST: Final = 8  # processes; each holds a few hundred megabytes while it makes PDF

Share = Callable[[Sequence[str]], Outcome]

_of_this_process: Share | None = None


@contextmanager
def sharing(
    store: Store, evidence: EvidenceStore, folder: Path, cases: int, processes: int | None = None
) -> Iterator[Share]:
    """Yield what archives cases, in shares, by as many processes as it pays to start.

    They are started afresh, not forked: a run of Prefect's has threads, which a fork would cut off amid what they hold.
    What is yielded raises as :func:`complaints.adapters.archive.writing.archive_cases` does; shares beside the one that
    failed may have been archived.

    Args:
        store: The case database.
        evidence: Where evidence is kept.
        folder: The archive.
        cases: How many there will be.
        processes: How many; without it, one a processor where there are many cases.
    """
    many = processes or (min(os.cpu_count() or 1, _MOST) if cases >= _WORTH_IT else 1)
    if many == 1:
        yield partial(_archive, map, partial(archive_cases, store, evidence, folder))
        return
    places = store.url, store.key_file, store.office, store.wants, evidence.files.url, folder
    with ProcessPoolExecutor(many, get_context("spawn"), begin, places) as pool:
        yield partial(_archive, pool.map, archive_here)


def batches(references: Sequence[str], size: int) -> Iterator[list[str]]:
    """Yield a list in parts."""
    left = iter(references)
    while part := [*islice(left, size)]:
        yield part


def _archive(apply: Callable[..., Iterator[Outcome]], share: Share, references: Sequence[str]) -> Outcome:
    outcome = Outcome()
    for done in apply(share, batches(references, SHARE)):
        outcome.add(done)
    return outcome


def begin(url: str, key_file: Path, office: str, wants: Wants, evidence_url: str, folder: Path) -> None:
    """Open, in a process of its own, what it works with; what :func:`archive_here` needs is then there."""
    global _of_this_process
    store = Store(url, key_file, office, wants)
    _of_this_process = partial(archive_cases, store, EvidenceStore(evidence_url), folder)
    gc.freeze()  # what was imported stays: to look through it again and again took a tenth of the time


def archive_here(references: Sequence[str]) -> Outcome:
    """Archive cases in a process that has begun.

    Raises:
        RuntimeError: it has not.
    """
    if _of_this_process is None:
        raise RuntimeError("this process was not begun")
    return _of_this_process(references)
