"""Sealed streams: what a backup holds can be read with the firm's master key only (AES-256-GCM, chunk by chunk).

Each stream has a key of its own, made from the master key, a random salt and the stream's name. A chunk opens only in
its place, and the last one says that it is the last: nothing can be altered, moved or cut off unnoticed.
"""

import hashlib
import hmac
import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from complaints.errors.backups import BackupBroken
from complaints.sealing import MasterKey

_PURPOSE: Final = "redress backup"
_CHUNK: Final = 1024 * 1024  # bytes of content
_SALT: Final = 16
_TAG: Final = 16


def seal(content: Iterable[bytes], name: str, master: MasterKey) -> Iterator[bytes]:
    """Yield a stream sealed.

    Args:
        content: In pieces of any size.
        name: Of the stream; it opens under no other.
        master: The firm's key.
    """
    salt, number = os.urandom(_SALT), 0
    cipher = _cipher(master, salt, name)
    yield salt
    waiting: bytes | None = None  # a chunk is written once it is known whether another follows
    for chunk in _chunks(content):
        if waiting is not None:
            yield cipher.encrypt(_nonce(number, is_last=False), waiting, None)
            number += 1
        waiting = chunk
    yield cipher.encrypt(_nonce(number, is_last=True), waiting or b"", None)


def unseal(file: BinaryIO, name: str, master: MasterKey) -> Iterator[bytes]:
    """Yield what :func:`seal` was given.

    Raises:
        BackupBroken: it was altered, cut short, or is another stream.
    """
    cipher, number = _cipher(master, file.read(_SALT), name), 0
    chunk = file.read(_CHUNK + _TAG)
    while True:
        following = file.read(_CHUNK + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, is_last=not following), chunk, None)
        except (InvalidTag, ValueError):  # ValueError: shorter than a tag
            raise BackupBroken(name, "is not as it was written") from None
        if not following:
            return
        chunk, number = following, number + 1


def name_of(content: Iterable[bytes], master: MasterKey) -> str:
    """Return a name by which the same content is known again, and that tells nobody else what it is."""
    digest = hmac.new(master.mark(f"{_PURPOSE}: names"), digestmod=hashlib.sha256)
    for piece in content:
        digest.update(piece)
    return digest.hexdigest()


def signature(content: bytes, master: MasterKey) -> str:
    """Return what only whoever has the master key can put under ``content``."""
    return hmac.new(master.mark(f"{_PURPOSE}: manifest"), content, hashlib.sha256).hexdigest()


def _cipher(master: MasterKey, salt: bytes, name: str) -> AESGCM:
    return AESGCM(hmac.new(master.mark(_PURPOSE), salt + name.encode(), hashlib.sha256).digest())


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11) + bytes([is_last])


def _chunks(content: Iterable[bytes]) -> Iterator[bytes]:
    """Yield content in chunks of one size but for the last."""
    held = bytearray()
    for piece in content:
        held += piece
        while len(held) >= _CHUNK:
            yield bytes(held[:_CHUNK])
            del held[:_CHUNK]
    if held:
        yield bytes(held)
