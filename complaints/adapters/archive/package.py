"""The package of an archived case: one ZIP file that can be checked, and opened, without Redress.

Beside a README.txt it holds the ledger as it is kept, where what is personal is sealed, and ``contents.sealed``: a ZIP
file of its own, encrypted under the case's key, with everything that people read. Destroying the key erases it too.
Where the person was erased before, nothing is left to encrypt, and it is called ``contents.zip``. The manifest
has the hash of each file and the chain's head. What is inside has its own manifest there: the hash of a text lets
whoever guesses the text know that it was right.

The same content gives the same bytes: times, order, modes and compression are fixed.
"""

import base64
import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Final, Literal, cast

from pydantic import BaseModel, ConfigDict

from complaints.ledger import Entry, canonical
from complaints.sealing import CaseKey

FORMAT: Final = "redress-archive/2"
README: Final = "README.txt"
MANIFEST: Final = "manifest.json"
LEDGER: Final = "ledger.jsonl"
SEALED: Final = "contents.sealed"
ERASED: Final = "contents.zip"

PIECE: Final = 4 * 1024 * 1024
"""Bytes that are encrypted at a time, so that no memory need hold a whole package."""
_SEAL: Final = 28  # bytes by which sealing lengthens a piece: nonce and tag
_CHUNK: Final = 1024 * 1024
_LARGE: Final = 2**30  # bytes from which on an entry's size may need ZIP64
_LEVEL: Final = 2  # of zlib: pages grow by a twentieth, and take half the time
_STORED_AS: Final = (".pdf", ".sealed")
"""What is compressed already, or cannot be."""
EVIDENCE: Final = "evidence/"
"""The folder, in the contents, of the files of evidence: they are stored as they are, and may be large."""


class Listed(BaseModel):
    """A file in a manifest; its size in bytes."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    size: int

    @classmethod
    def of(cls, data: bytes) -> "Listed":
        """Return how a manifest lists a file."""
        return cls(sha256=hashlib.sha256(data).hexdigest(), size=len(data))


class Manifest(BaseModel):
    """What a package is, and what is in it.

    Attributes:
        kind: Of the matter, such as ``complaint``.
        closed_on: In the regime's own zone; None where nobody knows.
        is_erased: The person had been erased before the package was made.
        head: Hash of the last entry of the ledger in it.
        entries: How many that ledger has.
        left_out: What should be inside but could not be made, such as the PDF.
        files: The other files, by name.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: Literal["redress-archive/2"] = FORMAT
    reference: str
    regime: str
    regime_version: str
    kind: str | None
    closed_on: date | None
    is_confidential: bool
    is_erased: bool
    head: str
    entries: int
    left_out: tuple[str, ...] = ()
    files: Mapping[str, Listed] = {}

    @property
    def contents(self) -> str:
        """The name of the file that holds what people read."""
        return ERASED if self.is_erased else SEALED


def package_path(folder: Path, reference: str, closed_year: int) -> Path:
    """Return where a package is.

    Args:
        folder: The archive.
        reference: The case.
        closed_year: In which it was closed, in its regime's zone; received, where nobody knows when it was closed.
    """
    return folder / str(closed_year) / f"{reference}.zip"


def find_package(folder: Path, reference: str, sha256: str | None = None) -> Path | None:
    """Return where the package of a case is, whatever the year; None where there is none.

    Args:
        folder: The archive.
        reference: The case.
        sha256: The package that the ledger names: of several, left by a kill in different years, that one.
    """
    found = find_packages(folder, reference)
    if len(found) > 1 and sha256 is not None:
        found.sort(key=lambda one: sha256_of(one) != sha256)
    return next(iter(found), None)


def find_packages(folder: Path, reference: str) -> list[Path]:
    """Return every package of a case, the oldest year first; more than one only after a kill or a restore."""
    return sorted(folder.glob(f"[0-9]*/{reference}.zip"))


def sha256_of(path: Path) -> str:
    """Return the hash of a package."""
    with path.open("rb") as file:
        return digest_of(file).sha256


# --- writing --------------------------------------------------------------------------------------


def write_package(
    file: IO[bytes],
    manifest: Manifest,
    readme: str,
    entries: Iterable[Entry],
    contents: Iterable[tuple[str, bytes]],
    key: CaseKey | None,
    size: int = 0,
) -> Manifest:
    """Write a package; return its manifest, now with its files.

    Args:
        file: An empty file.
        manifest: What is in it, without the files.
        readme: How it is opened.
        entries: The ledger.
        contents: What people read, each a name and bytes, in order; taken one at a time.
        key: The case's key, or None where it was destroyed.
        size: About how many bytes ``contents`` come to.
    """
    listed: dict[str, Listed] = {}
    with zipfile.ZipFile(file, "w") as outer:
        for name, data in ((README, readme.encode()), (LEDGER, b"".join(map(dump_entry, entries)))):
            outer.writestr(_entry(name), data, compresslevel=_LEVEL)
            listed[name] = Listed.of(data)
        info = _entry(manifest.contents)
        info.compress_type = zipfile.ZIP_STORED  # encrypted, or compressed inside
        with outer.open(info, "w", force_zip64=size > _LARGE) as entry, _Writing(entry, key) as inside:
            _write_contents(inside, manifest, contents)
        listed[manifest.contents] = inside.written
        whole = manifest.model_copy(update={"files": listed})
        outer.writestr(_entry(MANIFEST), dump_json(whole.model_dump(mode="json")))
    return whole


def _write_contents(file: "_Writing", manifest: Manifest, contents: Iterable[tuple[str, bytes]]) -> None:
    files = {}
    with zipfile.ZipFile(cast(IO[bytes], file), "w") as inner:  # it is only written to
        for name, data in contents:
            inner.writestr(_entry(name), data, compresslevel=_LEVEL)
            files[name] = vars(Listed.of(data))
        own = {"format": FORMAT, "reference": manifest.reference, "head": manifest.head, "files": files}
        inner.writestr(_entry(MANIFEST), dump_json(own))


def _entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # the earliest that a ZIP file knows
    info.create_system, info.external_attr = 3, 0o600 << 16
    is_stored = name.startswith(EVIDENCE) or name.endswith(_STORED_AS)
    info.compress_type = zipfile.ZIP_STORED if is_stored else zipfile.ZIP_DEFLATED
    return info


class _Writing(io.RawIOBase):
    """Encrypts what is written to it piece by piece; where there is no key, passes it on."""

    def __init__(self, file: IO[bytes], key: CaseKey | None) -> None:
        self._file, self._key = file, key
        self._held, self._piece, self._size, self._digest = bytearray(), 0, 0, hashlib.sha256()

    @property
    def written(self) -> Listed:
        """What came out, once closed."""
        return Listed(sha256=self._digest.hexdigest(), size=self._size)

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override] # zipfile writes nothing but bytes
        self._held += data
        while len(self._held) >= PIECE:
            self._put(bytes(self._held[:PIECE]))
            del self._held[:PIECE]
        return len(data)

    def close(self) -> None:
        if not self.closed and self._held:
            self._put(bytes(self._held))
            self._held.clear()
        super().close()

    def _put(self, plain: bytes) -> None:
        data = self._key.seal_repeatably(plain, context_of(self._piece)) if self._key else plain
        self._piece += 1
        self._size += len(data)
        self._digest.update(data)
        self._file.write(data)


def context_of(piece: int) -> str:
    """Return what a piece of the contents is sealed under: its place, so that none can stand in another's."""
    return f"archive/{piece}"


# --- reading --------------------------------------------------------------------------------------


UNREADABLE: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)
"""What reading a spoilt ZIP file ends in."""


class PackageBroken(Exception):
    """A package cannot be read; says why."""


class Package:
    """A package that is open to read."""

    def __init__(self, outer: zipfile.ZipFile) -> None:
        self.outer = outer
        try:
            self.manifest = Manifest.model_validate_json(outer.read(MANIFEST))
        except KeyError:
            raise PackageBroken(f"{MANIFEST} is missing") from None
        except ValueError:
            raise PackageBroken(f"{MANIFEST} cannot be read") from None

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator["Package"]:
        """Open a package.

        Raises:
            PackageBroken: it is none, or cannot be read.
            FileNotFoundError: it is not there.
        """
        with ExitStack() as stack:
            try:
                file = stack.enter_context(path.open("rb"))
                package = cls(stack.enter_context(zipfile.ZipFile(file)))
            except FileNotFoundError:
                raise
            except UNREADABLE as wrong:
                raise PackageBroken(f"cannot be read: {type(wrong).__name__}") from None
            yield package

    @cached_property
    def entries(self) -> list[Entry]:
        """The ledger in it.

        Raises:
            PackageBroken: it cannot be read.
        """
        try:
            return [load_entry(line) for line in self.outer.read(LEDGER).splitlines()]
        except (KeyError, ValueError, TypeError, *UNREADABLE):
            raise PackageBroken(f"{LEDGER} cannot be read") from None

    @contextmanager
    def contents(self, key: CaseKey | None) -> Iterator[zipfile.ZipFile]:
        """Open what people read.

        Args:
            key: The case's key; not needed where the person was erased before the package was made.

        Raises:
            SealBroken: it does not open with this key.
            PackageBroken: it cannot be read.
        """
        name = self.manifest.contents
        if name == SEALED and key is None:
            raise PackageBroken(f"{SEALED} cannot be opened: the case's key was destroyed")
        with ExitStack() as stack:
            try:
                file = stack.enter_context(self.outer.open(name))
                if name == SEALED and key:
                    plain = _Reading(file, key, self.outer.getinfo(name).file_size)
                    file = cast(IO[bytes], io.BufferedReader(plain))
                inner = stack.enter_context(zipfile.ZipFile(file))
            except (KeyError, *UNREADABLE):
                raise PackageBroken(f"{name} cannot be read") from None
            yield inner


class _Reading(io.RawIOBase):
    """Decrypts what is read from it piece by piece."""

    def __init__(self, file: IO[bytes], key: CaseKey, size: int) -> None:
        self._file, self._key, self._at = file, key, 0
        self._size = size - _SEAL * -(-size // (PIECE + _SEAL))
        self._piece, self._plain = -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override] # BufferedReader gives what can be sliced
        if self._at >= self._size:
            return 0
        piece, start = divmod(self._at, PIECE)
        if piece != self._piece:
            self._file.seek(piece * (PIECE + _SEAL))
            self._plain = self._key.open(self._file.read(PIECE + _SEAL), context_of(piece))
            self._piece = piece
        data = self._plain[start : start + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def digest_of(file: IO[bytes], also: Callable[[bytes], object] = lambda _: None) -> Listed:
    """Return size and hash of what is left to read; ``also`` is given each part of it."""
    digest, size = hashlib.sha256(), 0
    while data := file.read(_CHUNK):
        digest.update(data)
        also(data)
        size += len(data)
    return Listed(sha256=digest.hexdigest(), size=size)


# --- lines and JSON -------------------------------------------------------------------------------


def dump_entry(entry: Entry) -> bytes:
    """Return a ledger entry as a line of ``ledger.jsonl``."""
    sealed = base64.b64encode(entry.sealed).decode() if entry.sealed is not None else None
    line = canonical(vars(entry) | {"at": entry.at.isoformat(timespec="microseconds"), "sealed": sealed})
    return f"{line}\n".encode()


def load_entry(line: bytes) -> Entry:
    """Return the ledger entry that :func:`dump_entry` wrote.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    content = json.loads(line)
    content["at"] = datetime.fromisoformat(content["at"])
    if content["sealed"] is not None:
        content["sealed"] = base64.b64decode(content["sealed"], validate=True)
    return Entry(**content)


def dump_json(content: object) -> bytes:
    """Return the one text of a JSON file in a package."""
    return (
        json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n"
    ).encode()  # indented, it takes five times as long
