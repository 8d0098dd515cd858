"""Sealing of personal data: a key for each case, wrapped by the firm's master key (AES-256-GCM)."""

import base64
import contextlib
import hashlib
import hmac
import os
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from complaints.errors.sealing import MasterKeyMissing, MasterKeyWrong, SealBroken

_NONCE = 12  # bytes, as NIST SP 800-38D recommends for GCM


def _seal(key: bytes, plain: bytes, context: str, nonce: bytes | None = None) -> bytes:
    nonce = nonce or os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def _open(key: bytes, sealed: bytes, context: str) -> bytes:
    if len(sealed) < _NONCE:
        raise InvalidTag  # cut short, which the library calls a ValueError
    return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode())


class CaseKey:
    """The key of one case."""

    def __init__(self, reference: str, key: bytes) -> None:
        self.reference, self._key = reference, key

    @classmethod
    def new(cls, reference: str) -> "CaseKey":
        """Make a fresh random key."""
        return cls(reference, AESGCM.generate_key(256))

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt ``plain``; it opens only under the same ``context``, so that it cannot be moved elsewhere."""
        return _seal(self._key, plain, f"{self.reference}/{context}")

    def seal_repeatably(self, plain: bytes, context: str) -> bytes:
        """Encrypt ``plain`` as :meth:`seal` does, but so that the same content gives the same bytes.

        For what must be written again byte for byte, as an archive package after a kill.
        """
        # GCM breaks where one nonce meets two messages. This one is the beginning of an HMAC over the message, under a
        # key that is derived for nothing else and for this context alone: another message has the same nonce only by a
        # chance of 2**-96 a pair, as if it were drawn; the same message gives the same bytes, and tells no more than
        # that. With the drawn nonces of seal() a case comes to some thousands, where NIST SP 800-38D allows 2**32.
        nonce = hmac.new(self.mark(f"nonce/{context}"), plain, hashlib.sha256).digest()[:_NONCE]
        return _seal(self._key, plain, f"{self.reference}/{context}", nonce)

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what :meth:`seal` or :meth:`seal_repeatably` made under the same ``context``.

        Raises:
            SealBroken: it was altered or moved.
        """
        try:
            return _open(self._key, sealed, f"{self.reference}/{context}")
        except InvalidTag:
            raise SealBroken(self.reference) from None

    def mark(self, purpose: str) -> bytes:
        """Return 32 bytes that only this key gives for ``purpose``, and that tell nothing about the key."""
        return hmac.new(self._key, f"{self.reference}/{purpose}".encode(), hashlib.sha256).digest()

    def wrapped(self, master: "MasterKey") -> bytes:
        """Return this key sealed with the master key, for storage."""
        return _seal(master.key, self._key, f"case-key/{self.reference}")


class MasterKey:
    """The firm's master key, kept outside the database."""

    def __init__(self, key: bytes, where: str) -> None:
        self.key, self.where = key, where

    @property
    def fingerprint(self) -> str:
        """A short mark by which a database knows its key; tells nothing about the key."""
        return self.mark("redress master key").hex()[:16]

    def mark(self, purpose: str) -> bytes:
        """Return 32 bytes that only this key gives for ``purpose``, and that tell nothing about the key."""
        return hmac.new(self.key, purpose.encode(), hashlib.sha256).digest()

    def unwrap(self, reference: str, wrapped: bytes) -> CaseKey:
        """Return the case key that :meth:`CaseKey.wrapped` stored.

        Raises:
            MasterKeyWrong: it was wrapped with another master key, or altered.
        """
        try:
            return CaseKey(reference, _open(self.key, wrapped, f"case-key/{reference}"))
        except InvalidTag:
            raise MasterKeyWrong(
                self.where,
                f"the key of case {reference} does not open with this master key",
                "Put back the key file that belongs to this database, or restore both from one backup",
            ) from None

    @classmethod
    def load(cls, file: Path) -> "MasterKey | None":
        """Read the key file, or return None where there is none.

        Raises:
            MasterKeyWrong: the file is no key, or others may read it.
        """
        if not file.exists():
            return None
        if file.stat().st_mode & 0o077:
            raise MasterKeyWrong(str(file), "others can read the key file", f"Run: chmod 600 {file}")
        try:
            key = base64.b64decode(file.read_text(encoding="ascii").strip(), validate=True)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise MasterKeyWrong(str(file), "is not a master key of 32 bytes in base64", "Restore it from the backup")
        return cls(key, str(file))

    @classmethod
    def create(cls, file: Path) -> "MasterKey":
        """Make a fresh key and write it with mode 600; a key that another process just wrote is kept."""
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, encoding="ascii") as draft:  # made with mode 600
            draft.write(base64.b64encode(AESGCM.generate_key(256)).decode() + "\n")
            draft.flush()
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, file)  # whole or not at all, and never over an existing key
        key = cls.load(file)
        if key is None:
            raise MasterKeyMissing(str(file), "could not be written", "Check the folder's permissions")
        return key
