"""The Merkle tree of RFC 6962 section 2.1: one hash over many, of which none can be changed, added or removed."""

import hashlib
from collections.abc import Iterable, Sequence

_LEAF, _NODE = b"\x00", b"\x01"  # kept apart, so that no node can pass for a leaf


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(_LEAF + content).digest()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over the hashes of leaves, in their order; of none, the hash of nothing.

    RFC 6962 splits at the largest power of two; to pair from below and to let an odd one rise is the same tree.
    """
    level: Sequence[bytes] = list(leaves)
    if not level:
        return hashlib.sha256(b"").digest()
    sha256 = hashlib.sha256
    while len(level) > 1:
        paired = [sha256(_NODE + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
        level = [*paired, level[-1]] if len(level) % 2 else paired
    return level[0]
