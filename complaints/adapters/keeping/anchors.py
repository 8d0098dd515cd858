"""Anchors: what the ledger was, written outside the database, so that whoever rewrites a whole chain is found.

An anchor is the Merkle root over the heads of all chains, chained to the anchor before and marked with a key that is
made from the master key. Beside it lie its leaves: which case had how many entries and which last hash. Only those
that changed are written; from time to time all of them, so that little has to be read to know them.

This module reads them and says whether their own chain holds; :mod:`~complaints.adapters.keeping.anchoring` compares
the ledger with them and writes new ones.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import ClassVar, Final

from pydantic import AwareDatetime, ValidationError

from complaints.adapters.keeping.marks import Marked
from complaints.adapters.keeping.outside import Outside
from complaints.adapters.keeping.remembering import Memory, recall
from complaints.adapters.store import Store
from complaints.ledger import Break
from complaints.sealing import MasterKey

FORMAT: Final = "redress-anchor/1"
FOLDER: Final = "anchors"
_SUFFIX: Final = ".json"
_DIGITS: Final = 6  # of the number in the name: enough for an anchor a day in 2,700 years


class Anchor(Marked):
    """What the ledger was at a moment.

    Attributes:
        number: From 1, without gaps.
        at: The firm's time at which the heads were read.
        cases: How many there were.
        entries: How many entries their ledgers had.
        root: The Merkle root over all heads, in hex.
        leaves: Name of the file of the leaves that changed since the anchor before.
        leaves_sha256: Its hash.
        changed: How many those are.
        is_full: Whether they are all leaves.
        previous: SHA-256 of the anchor before as it was written.
        restored: When the backup was taken that was restored just before; what came after it was lost then.
        lost: Whether anchors before this one are missing or do not hold, and were given up: the chain begins here.
        by: Who said so, where no run of ``redress restore`` did.
        approver: Who approved that; another person.
    """

    purpose: ClassVar = "redress anchors"

    format: str = FORMAT
    number: int
    at: AwareDatetime
    cases: int
    entries: int
    root: str
    leaves: str
    leaves_sha256: str
    changed: int
    is_full: bool
    previous: str | None
    restored: AwareDatetime | None = None
    lost: bool = False
    by: str | None = None
    approver: str | None = None

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.number:0{_DIGITS}}{_SUFFIX}"

    @property
    def content(self) -> bytes:
        """What its file holds."""
        return (json.dumps(self.model_dump(mode="json"), indent=1) + "\n").encode()

    @property
    def sha256(self) -> str:
        """The hash of its file."""
        return hashlib.sha256(self.content).hexdigest()

    def __str__(self) -> str:
        return f"anchor {self.number} of {self.at:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class AnchorBreak(Break):
    """Where the anchors themselves do not hold."""

    def __str__(self) -> str:
        return f"anchor {self.seq}: {self.reason}"


class MemoryBreak(Break):
    """Where what the database remembers of the last anchor does not hold."""

    def __str__(self) -> str:
        return f"the last anchor that the database remembers: {self.reason}"


@dataclass(frozen=True)
class Chain:
    """The anchors in order, and where they do not hold.

    Attributes:
        anchors: As far as their chain holds.
        breaks: Where it does not, or the last that the database remembers is not among them.
        doubts: Where the database does not remember what it must; the anchors may be as they were.
        memory: What it remembers.
    """

    anchors: tuple[Anchor, ...]
    breaks: tuple[Break, ...]
    doubts: tuple[Break, ...]
    memory: Memory


def read_chain(store: Store, outside: Outside) -> Chain:
    """Return all anchors in order, and where their chain, or what the database remembers of it, does not hold.

    Raises:
        AnchorsAway: the place does not answer.
    """
    # An anchor is remembered after it was written. One that another process writes at this moment therefore is there
    # if it was remembered before we looked, and is remembered afterwards if it was there, but for the very last.
    before = recall(store)
    anchors, breaks = anchors_of(outside, store.master)
    after = recall(store)
    if not breaks:
        breaks = _forgotten_outside(anchors, before)
    return Chain(tuple(anchors), tuple(breaks), tuple(_forgotten_inside(anchors, after)), before)


def anchors_of(outside: Outside, master: MasterKey) -> tuple[list[Anchor], list[Break]]:
    """Return all anchors in order, and where their own chain does not hold.

    Where anchors were given up, the chain begins with the one that says so.

    Raises:
        AnchorsAway: the place does not answer.
    """
    found: list[Anchor] = []
    breaks: list[Break] = []
    for name in names_of_anchors(outside):
        content = outside.read(FOLDER, name) or b""
        anchor = _parsed(content)
        is_ours = anchor is not None and anchor.content == content and anchor.is_marked(master)
        if anchor and is_ours and anchor.lost and anchor.name == name:
            found, breaks = [anchor], []
        elif breaks:
            continue
        elif flaw := _flaw(anchor, name, found, is_ours=is_ours):
            breaks.append(AnchorBreak("", found[-1].number + 1 if found else 1, flaw))
        elif anchor:
            found.append(anchor)
    return found, breaks


def names_of_anchors(outside: Outside) -> list[str]:
    """Return the names of the files of anchors, in order.

    Raises:
        AnchorsAway: the place does not answer.
    """
    return [name for name in outside.names(FOLDER) if name.endswith(_SUFFIX)]


def number_of(name: str) -> int:
    """Return the number that the name of an anchor's file says; 0 where none of ours is called so."""
    digits = name.removesuffix(_SUFFIX)
    return int(digits) if len(digits) == _DIGITS and digits.isdecimal() else 0


def _parsed(content: bytes) -> Anchor | None:
    try:
        return Anchor.model_validate_json(content)
    except ValidationError:
        return None


def _flaw(anchor: Anchor | None, name: str, before: list[Anchor], *, is_ours: bool) -> str:
    """Return why an anchor does not stand in the chain after those before it; nothing where it does."""
    if anchor is None:
        return f"{name} cannot be read"
    number = before[-1].number + 1 if before else 1
    if anchor.number != number or anchor.name != name:
        return f"is missing; {name} stands in its place"
    if not is_ours:
        return "was altered, or made with another master key"
    if anchor.previous != (before[-1].sha256 if before else None):
        return "does not follow from the one before it"
    return ""


def _forgotten_outside(anchors: list[Anchor], memory: Memory) -> list[Break]:
    """Return whether the last anchor that the database remembers is not where it was written."""
    if not memory.number:
        return []
    last = anchors[-1].number if anchors else 0
    if last < memory.number:
        others = f" with all after anchor {last}" if last else " with all before it"
        return [
            AnchorBreak(
                "",
                memory.number,
                f"is missing{others if memory.number - last > 1 else ''}, but the database remembers it: it was taken "
                "away, or REDRESS_ANCHORS names another place. Put it back from a copy, or name the place where it is",
            )
        ]
    if any(one.number == memory.number and one.sha256 != memory.sha256 for one in anchors):
        reason = "is not the one the database remembers: REDRESS_ANCHORS names the place of another database"
        return [AnchorBreak("", memory.number, reason)]
    return []


def _forgotten_inside(anchors: list[Anchor], memory: Memory) -> list[Break]:
    """Return whether the database does not remember anchors that it must."""
    if memory.is_altered:
        return [MemoryBreak("", 0, "it was altered, or written by hand")]
    since = [one for one in anchors if one.number > memory.number]
    # The last may not be remembered yet. One after a restore is written whatever the database remembers.
    if len(since) < 2 or since[-1].restored or since[-1].lost:
        return []
    known = f"anchor {memory.number}" if memory.number else "none"
    reason = f"it is {known}, but {since[-1]} is there: an older state of the database was put back"
    return [MemoryBreak("", memory.number, reason)]
