"""The append-only ledger: entries of one case, each hash-chained to the one before.

The hash covers every column of an entry, so that altering, removing or reordering one breaks the chain.
Personal data is in ``sealed``, of which the hash covers the ciphertext: erasing a person destroys the key,
not the chain.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_CANONICAL: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))
_QUOTED: Final = json.encoder.encode_basestring
"""A text as JSON; to write the array of an entry by it is three times as fast as by an encoder."""


@dataclass(frozen=True)
class Entry:
    """One entry.

    Attributes:
        reference: The case.
        seq: Place in the case's chain, from 1.
        kind: Name of the act, such as ``letter_sent``.
        at: The firm's time, UTC.
        by: Staff id, or ``redress`` for what the system did.
        facts: Canonical JSON without personal data.
        sealed: Personal data under the case's key, or None.
        previous: Hash of the entry before; for the first, the :func:`genesis` of the case.
        hash: SHA-256 over all of the above.
    """

    reference: str
    seq: int
    kind: str
    at: datetime
    by: str
    facts: str
    sealed: bytes | None
    previous: str
    hash: str


@dataclass(frozen=True)
class Break:
    """Where a chain does not hold."""

    reference: str
    seq: int
    reason: str

    def __str__(self) -> str:
        return f"case {self.reference}, entry {self.seq}: {self.reason}"


def canonical(facts: object) -> str:
    """Return the one JSON text of ``facts``: sorted keys, no spaces."""
    return _CANONICAL.encode(facts)


def genesis(reference: str) -> str:
    """Return what the first entry of a case is chained to."""
    return hashlib.sha256(f"redress:{reference}".encode()).hexdigest()


def entry_hash(
    reference: str, seq: int, kind: str, at: datetime, by: str, facts: str, sealed: bytes | None, previous: str
) -> str:
    """Return the hash of an entry's content; fields are separated so that none can flow into the next."""
    seal = hashlib.sha256(sealed).hexdigest() if sealed is not None else ""
    instant = at.astimezone(UTC).isoformat(timespec="microseconds")
    parts = (_QUOTED(kind), _QUOTED(instant), _QUOTED(by), _QUOTED(facts), _QUOTED(seal), _QUOTED(previous))
    content = f"[{_QUOTED(reference)}, {seq}, {', '.join(parts)}]"
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def chain(
    reference: str, seq: int, previous: str, kind: str, at: datetime, by: str, facts: str, sealed: bytes | None
) -> Entry:
    """Make the entry that follows ``previous``.

    Raises:
        ValueError: ``at`` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("at has no time zone; give its UTC offset")
    digest = entry_hash(reference, seq, kind, at, by, facts, sealed, previous)
    return Entry(reference, seq, kind, at.astimezone(UTC), by, facts, sealed, previous, digest)


def _hash_of(entry: Entry) -> str:
    return entry_hash(
        entry.reference, entry.seq, entry.kind, entry.at, entry.by, entry.facts, entry.sealed, entry.previous
    )


def holds(
    reference: str,
    entries: Iterable[tuple[str, int, str, datetime, str, str, bytes | None, str, str]],
    head: str,
    length: int,
) -> bool:
    """Return whether a case's chain holds; :func:`check_chain` says where it does not.

    Args:
        reference: The case.
        entries: Its entries in the order of ``seq``, as plain rows of what :class:`Entry` has, in that order.
        head: The hash the case's own row names as the last one.
        length: The number of entries the case's own row names.
    """
    last, count = genesis(reference), 0
    for _, seq, kind, at, by, facts, sealed, previous, digest in entries:
        count += 1
        if seq != count or previous != last:
            return False
        if digest != entry_hash(reference, seq, kind, at, by, facts, sealed, previous):
            return False
        last = digest
    return count == length and last == head


def check_chain(reference: str, entries: Iterable[Entry], head: str, length: int) -> list[Break]:
    """Return every place where a case's chain does not hold, the first first.

    Args:
        reference: The case.
        entries: Its entries in the order of ``seq``.
        head: The hash the case's own row names as the last one.
        length: The number of entries the case's own row names.
    """
    breaks: list[Break] = []
    previous, expected = genesis(reference), 1
    for entry in entries:
        if entry.seq < expected:
            reason = f"entry {entry.seq} stands where entry {expected} belongs: reordered or repeated"
            breaks.append(Break(reference, expected, reason))
        elif entry.seq > expected:
            gap = f"entry {expected}" if entry.seq == expected + 1 else f"entries {expected} to {entry.seq - 1}"
            breaks.append(Break(reference, expected, f"removed: {gap} missing before entry {entry.seq}"))
            previous, expected = entry.previous, entry.seq
        if entry.hash != _hash_of(entry):
            breaks.append(Break(reference, entry.seq, f"altered: '{entry.kind}' does not match its hash"))
        elif entry.previous != previous and entry.seq == expected:
            breaks.append(Break(reference, entry.seq, "not chained to the entry before: reordered or replaced"))
        previous, expected = entry.hash, expected + 1
    if expected - 1 != length:
        reason = f"the case names {length} entries, the ledger holds {expected - 1}: removed or added"
        breaks.append(Break(reference, min(expected, length + 1), reason))
    elif not breaks and previous != head:
        breaks.append(Break(reference, length, "the case names another last hash: the entry or the case was replaced"))
    return breaks
