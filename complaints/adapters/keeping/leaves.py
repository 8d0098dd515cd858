"""The heads of all chains at one moment, as arrays: small, quick to compare, and kept as plain lines."""

import gzip
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import select
from sqlalchemy.orm import Session

from complaints.adapters.tables import CaseRow
from complaints.merkle import leaf_hash, root_of

Leaves = npt.NDArray[Any]
"""One record a case, by reference: ``reference``, ``entries`` (their number), ``head`` (hash of the last, in hex)."""

_LEAF: Final = np.dtype([("reference", "S24"), ("entries", "<u4"), ("head", "S64")])
_PIECE: Final = 50_000  # cases held as Python objects at a time


def leaves_of(session: Session) -> Leaves:
    """Return the heads of all cases as the case rows name them, by reference."""
    query = select(CaseRow.reference, CaseRow.version, CaseRow.head).execution_options(yield_per=_PIECE)
    pieces = [_array(part) for part in session.execute(query).tuples().partitions()]
    return latest(pieces)


def latest(pieces: Iterable[Leaves]) -> Leaves:
    """Return one record a case, by reference: that of the last piece which has it."""
    every = np.concatenate([np.empty(0, _LEAF), *pieces])
    every = every[np.argsort(every["reference"], kind="stable")]
    is_last = np.ones(len(every), bool)
    is_last[:-1] = every["reference"][1:] != every["reference"][:-1]
    found: Leaves = every[is_last]
    return found


def changed(before: Leaves, after: Leaves) -> Leaves:
    """Return the records of ``after`` that are not in ``before`` as they are."""
    if not len(before):
        return after
    place = np.minimum(np.searchsorted(before["reference"], after["reference"]), len(before) - 1)
    found: Leaves = after[before[place] != after]
    return found


def removed(before: Leaves, after: Leaves) -> Leaves:
    """Return the records of ``before`` whose case is not in ``after``."""
    gone: Leaves = before[~np.isin(before["reference"], after["reference"])]
    return gone


def root(leaves: Leaves) -> str:
    """Return the Merkle root (RFC 6962) over records in their order, in hex."""
    return root_of(leaf_hash(line) for line in _lines(leaves)).hex()


def packed(leaves: Leaves) -> bytes:
    """Return records as compressed lines; the same records give the same bytes."""
    return gzip.compress(b"".join(line + b"\n" for line in _lines(leaves)), compresslevel=1, mtime=0)


def unpacked(content: bytes) -> Leaves:
    """Return the records that :func:`packed` wrote.

    Raises:
        ValueError: it did not.
    """
    try:
        lines = gzip.decompress(content).splitlines()
    except (OSError, EOFError) as wrong:
        raise ValueError("no compressed lines") from wrong
    rows = [(reference, int(entries), head) for reference, entries, head in (line.split(b" ") for line in lines)]
    return np.array(rows, _LEAF)


def _array(rows: Sequence[tuple[str, int, str]]) -> Leaves:
    return np.array([tuple(row) for row in rows], _LEAF)


def _lines(leaves: Leaves) -> Iterator[bytes]:
    for start in range(0, len(leaves), _PIECE):
        for reference, entries, head in leaves[start : start + _PIECE].tolist():
            yield b"%b %d %b" % (reference, entries, head)
