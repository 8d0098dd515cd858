"""Comparing the ledger with its anchors, and writing new ones.

Whether the ledger is still what an anchor says does not rest on any time in it: a case's entry of the number that its
leaf names must have the leaf's hash. A new anchor is written only over a ledger that still is what the last one says.
"""

import fcntl
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from complaints.adapters.keeping import leaves as tree
from complaints.adapters.keeping.anchors import (
    FOLDER,
    Anchor,
    AnchorBreak,
    Chain,
    names_of_anchors,
    number_of,
    read_chain,
)
from complaints.adapters.keeping.leaves import Leaves
from complaints.adapters.keeping.outside import Outside
from complaints.adapters.keeping.remembering import remember
from complaints.adapters.store import Store
from complaints.adapters.tables import EntryRow
from complaints.answers import is_same_person
from complaints.errors.base import ComplaintError
from complaints.errors.case import AnswerRefused
from complaints.ledger import Break

_BATCH: Final = 400  # entries asked for at a time
_LOCK: Final = int.from_bytes(b"anchors")
_REFILL: Final = 2  # all leaves are written again once those that changed since are so many times the cases


class AnchorRefused(ComplaintError):
    """No anchor was written: the ledger, or what is remembered of anchors, is not as it was any more."""

    def __init__(self, count: int, first: str) -> None:
        super().__init__(count, first)
        self.count, self.first = count, first

    def __str__(self) -> str:
        more = f" (and {self.count - 1} more)" if self.count > 1 else ""
        return (
            f"No anchor was written, because the database was changed: {self.first}{more}. See: redress verify. "
            "If an older backup was put back by other means: redress anchor --restored TIME --by --approver"
        )


class AnchorsBroken(AnchorRefused):
    """No anchor was written: those there are do not hold, and nothing may follow from them."""

    def __str__(self) -> str:
        return (
            f"No anchor was written, because those there are do not hold: {self.first}. Without a copy of what is "
            "missing or altered, two people give it up: redress anchor --lost --by --approver"
        )


class AnchorTaken(ComplaintError):
    """Another process has just written the anchor that was to be written."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    def __str__(self) -> str:
        return f"Anchor {self.number} is there: another process has just written it."


@dataclass(frozen=True)
class Anchored:
    """What the anchors say, and where the ledger differs.

    Attributes:
        last: The newest anchor; None where there is none yet.
        leaves: The heads that it names; none where they could not be read.
        since_full: How many leaves were written since they were last written in full.
        breaks: Where an anchor, or the ledger, is not as it was.
    """

    last: Anchor | None
    leaves: Leaves
    since_full: int
    breaks: tuple[Break, ...]


def check_anchors(store: Store, outside: Outside) -> Anchored:
    """Compare the ledger with what the anchors say of it, and these with what the database remembers of them.

    The case rows are taken at their word: whether each names the head of its chain is for ``redress verify`` to say.

    Raises:
        AnchorsAway: the place of anchors does not answer.
    """
    chain = read_chain(store, outside)  # first: an anchor that comes now may name what a snapshot has not
    said = _said(chain.anchors, outside)
    with store.read() as session:
        differences = [*_differences(session, said, tree.leaves_of(session))]
    return replace(said, breaks=(*chain.breaks, *said.breaks, *chain.doubts, *differences))


def write_anchor(
    store: Store,
    outside: Outside,
    *,
    restored: datetime | None = None,
    lost: bool = False,
    by: str | None = None,
    approver: str | None = None,
) -> Anchor:
    """Write what the ledger is now outside the database, and have the database remember it.

    Args:
        store: The case database.
        outside: Where anchors are.
        restored: When the backup was taken that was just restored: what anchors say of later entries is lost with
            these, and the new one starts afresh.
        lost: Anchors are missing or do not hold, and there is no copy of them: the new one begins their chain anew.
        by: Who says either, where it is not ``redress restore``.
        approver: Who approved that; another person.

    Raises:
        AnswerRefused: nobody else approved it, or nothing is lost.
        AnchorRefused: the ledger is not as it was; nothing was written.
        AnchorsBroken: anchors are missing or not as they were; nothing was written, after a restore neither.
        AnchorTaken: another process wrote it at this moment.
        AnchorsAway: the place of anchors does not answer.
    """
    if (by is not None or lost) and (approver is None or is_same_person(by or "", approver)):
        raise AnswerRefused("approver", "must be somebody else than who says what was restored or lost")
    chain = read_chain(store, outside)  # first: an anchor that comes now may name what a snapshot has not
    said = _said(chain.anchors, outside)
    _refuse_broken([*chain.breaks, *said.breaks], lost=lost)
    with store.read() as session:
        now, current = store.now(session), tree.leaves_of(session)
        differences = [*chain.doubts, *_differences(session, said, current)]
    if differences and restored is None:
        raise AnchorRefused(len(differences), str(differences[0]))
    afresh = lost or restored is not None
    if said.last and said.last.number > chain.memory.number and not afresh:
        remember(store, said.last.number, said.last.sha256)  # who wrote it was killed before this
    changed = tree.changed(said.leaves, current)
    is_full = afresh or said.last is None or said.since_full + len(changed) > _REFILL * len(current)
    content = tree.packed(current if is_full else changed)
    digest = hashlib.sha256(content).hexdigest()
    number = 1 + (_highest(chain, outside) if lost else said.last.number if said.last else 0)
    anchor = Anchor(
        number=number,
        at=now,
        cases=len(current),
        entries=int(current["entries"].sum()),
        root=tree.root(current),
        leaves=f"{number:06}-{digest[:12]}.leaves.gz",
        leaves_sha256=digest,
        changed=len(current) if is_full else len(changed),
        is_full=is_full,
        previous=chain.memory.sha256 if lost else said.last.sha256 if said.last else None,
        restored=restored,
        lost=lost,
        by=by,
        approver=approver,
    ).marked(store.master)
    outside.add(FOLDER, anchor.leaves, content)  # first: an anchor without its leaves would look like an altered one
    with _alone(store):
        if not outside.add(FOLDER, anchor.name, anchor.content):
            raise AnchorTaken(number)
    remember(store, number, anchor.sha256, anyhow=afresh)
    return anchor


@contextmanager
def _alone(store: Store) -> Iterator[None]:
    """Keep others waiting who write anchors of this database: not every place refuses to write over a file.

    Nobody else waits for the place of anchors: on SQLite, which serves one machine, a file is locked, not the database.
    """
    if store.engine.dialect.name == "sqlite":
        with store.key_file.open("rb") as key:
            fcntl.flock(key, fcntl.LOCK_EX)
            yield
        return
    with store.engine.begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        yield


def _refuse_broken(breaks: Sequence[Break], *, lost: bool) -> None:
    """Refuse to go on over anchors that do not hold, and to give up such as do.

    Raises:
        AnchorsBroken: they do not hold, and nobody gave them up.
        AnswerRefused: they were given up, and hold.
    """
    if breaks and not lost:
        raise AnchorsBroken(len(breaks), str(breaks[0]))
    if lost and not breaks:
        raise AnswerRefused("lost", "is nothing: every anchor is there and holds")


def _highest(chain: Chain, outside: Outside) -> int:
    """Return the highest number that an anchor ever had, as far as anything tells."""
    return max([chain.memory.number, *map(number_of, names_of_anchors(outside))])


def _said(anchors: Sequence[Anchor], outside: Outside) -> Anchored:
    """Read what anchors say; the breaks are those of their leaves."""
    nothing = tree.latest([])
    if not anchors:
        return Anchored(None, nothing, 0, ())
    last = anchors[-1]
    first = max(place for place, one in enumerate(anchors) if one.is_full or place == 0)
    pieces = []
    for one in anchors[first:]:
        content = outside.read(FOLDER, one.leaves) or b""
        if hashlib.sha256(content).hexdigest() != one.leaves_sha256:
            missing = AnchorBreak("", one.number, f"{one.leaves} is missing or was altered")
            return Anchored(last, nothing, 0, (missing,))
        pieces.append(tree.unpacked(content))
    leaves = tree.latest(pieces)
    same = tree.root(leaves) == last.root
    breaks = () if same else (AnchorBreak("", last.number, "its leaves have another root"),)
    return Anchored(last, leaves, sum(map(len, pieces)), breaks)


def _differences(session: Session, said: Anchored, current: Leaves) -> Iterator[Break]:
    """Yield the cases that are not any more what the last anchor says."""
    anchor, leaves = said.last, said.leaves
    for reference, entries, _ in tree.removed(leaves, current).tolist():
        reason = f"removed: {anchor} names the case, with {entries} entries"
        yield Break(reference.decode(), 0, reason)
    stood = {one[0]: one for one in tree.changed(current, leaves).tolist()}  # as the anchor has them
    grown = []
    for reference, entries, head in tree.changed(leaves, current).tolist():
        before = stood.get(reference)
        if before is None:  # came after the anchor
            continue
        if entries > before[1]:
            grown.append(before)
        elif entries < before[1]:
            yield Break(reference.decode(), entries + 1, f"removed: {anchor} names {before[1]} entries")
        elif head != before[2]:
            yield Break(reference.decode(), entries, f"rewritten: {anchor} names another last hash")
    for start in range(0, len(grown), _BATCH):
        yield from _rewritten(session, f"{anchor}", grown[start : start + _BATCH])


def _rewritten(session: Session, anchor: str, leaves: Sequence[tuple[bytes, int, bytes]]) -> Iterator[Break]:
    """Yield the cases that went on since, but from another entry than an anchor names."""
    wanted = {(reference.decode(), entries): head.decode() for reference, entries, head in leaves}
    query = select(EntryRow.reference, EntryRow.seq, EntryRow.hash).where(
        tuple_(EntryRow.reference, EntryRow.seq).in_(list(wanted))
    )
    there = {(reference, seq): digest for reference, seq, digest in session.execute(query).tuples()}
    for (reference, seq), head in wanted.items():
        if there.get((reference, seq)) != head:
            yield Break(reference, seq, f"rewritten: {anchor} names another hash of this entry")
