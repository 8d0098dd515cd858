"""Sealed files in a folder, or wherever fsspec reaches: ``<reference>/<sha256>``."""

import contextlib
import re
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from fsspec.implementations.local import LocalFileSystem

from complaints.adapters.anywhere import Anywhere
from complaints.adapters.durable import sync_folder, write_whole
from complaints.errors.evidence import EvidenceStoreAway

_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class EvidenceFiles:
    """The files themselves; whoever asks says by case and hash which one.

    Args:
        url: A folder, or a URL for fsspec, such as ``s3://bucket/prefix``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._place = Anywhere(url, "REDRESS_EVIDENCE_URL", EvidenceStoreAway)

    def write(self, reference: str, sha256: str, sealed: bytes) -> None:
        """Write a file, whole or not at all; in a folder it then survives a power cut.

        Raises:
            EvidenceStoreAway: it was not written.
        """
        address = _address(reference, sha256)
        with self._place.reached() as (fs, root):
            _write(fs, f"{root}/{address}", sealed)

    def read(self, reference: str, sha256: str) -> bytes | None:
        """Return a file, or None where it is not there.

        Raises:
            EvidenceStoreAway: the store does not answer.
        """
        address = _address(reference, sha256)
        with self._place.reached() as (fs, root):
            try:
                content: bytes = fs.cat_file(f"{root}/{address}")
            except FileNotFoundError:
                return None
            return content

    def holds(self, reference: str, sha256: str) -> bool:
        """Whether a file is there.

        Raises:
            EvidenceStoreAway: the store does not answer.
        """
        address = _address(reference, sha256)
        with self._place.reached() as (fs, root):
            return bool(fs.isfile(f"{root}/{address}"))

    def references(self) -> set[str]:
        """Return the cases of which something is there.

        Raises:
            EvidenceStoreAway: the store does not answer.
        """
        with self._place.reached() as (fs, root):
            return {_last(one) for one in _listed(fs, root) if one["type"] == "directory"}

    def names(self, reference: str) -> set[str]:
        """Return the names of what is there of a case, whoever put it there.

        Raises:
            EvidenceStoreAway: the store does not answer.
        """
        with self._place.reached() as (fs, root):
            return {_last(one) for one in _listed(fs, f"{root}/{reference}") if one["type"] == "file"}

    def written_at(self, reference: str, name: str) -> datetime | None:
        """Return when a file that :meth:`names` told was written, by the store's clock; None where it is gone.

        Raises:
            EvidenceStoreAway: the store does not answer.
        """
        with self._place.reached() as (fs, root):
            try:
                written: datetime = fs.modified(f"{root}/{reference}/{name}")
            except FileNotFoundError:
                return None
            return written

    def remove(self, reference: str, name: str) -> None:
        """Remove a file that :meth:`names` told.

        Raises:
            EvidenceStoreAway: it was not removed.
        """
        with self._place.reached() as (fs, root), contextlib.suppress(FileNotFoundError):
            fs.rm_file(f"{root}/{reference}/{name}")

    def remove_folder(self, reference: str) -> None:
        """Remove the folder of a case of which nothing is there any more; elsewhere than on a disk there is none.

        Raises:
            EvidenceStoreAway: the store does not answer.
        """
        with self._place.reached() as (fs, root):
            if isinstance(fs, LocalFileSystem):
                with contextlib.suppress(OSError):  # it holds something, or is gone already
                    Path(f"{root}/{reference}").rmdir()

    @property
    def folder(self) -> Path | None:
        """The folder it is, or None for a store elsewhere.

        Raises:
            SettingError: the URL is none that can be used.
        """
        return self._place.folder

    def check(self) -> None:
        """Write something, read it and remove it.

        Raises:
            SettingError: the URL is none that can be used.
            EvidenceStoreAway: the store does not answer, or does not keep what is written.
        """
        with self._place.reached() as (fs, root):
            path, content = f"{root}/.check-{secrets.token_hex(8)}", secrets.token_bytes(32)
            _write(fs, path, content)
            kept = fs.cat_file(path)
            fs.rm_file(path)
        if kept != content:
            raise EvidenceStoreAway("it does not return what was written")


def _address(reference: str, sha256: str) -> str:
    if not (_REFERENCE.fullmatch(reference) and _SHA256.fullmatch(sha256)):
        raise ValueError("nothing but a reference and a hash ever names a file")
    return f"{reference}/{sha256}"


def _write(fs: Any, path: str, content: bytes) -> None:
    if isinstance(fs, LocalFileSystem):
        _write_in_folder(Path(path), content)
        return
    fs.pipe_file(path, content)
    if fs.size(path) != len(content):
        raise EvidenceStoreAway("it cut the file short")


def _write_in_folder(path: Path, content: bytes) -> None:
    for folder in (path.parent.parent, path.parent):  # each by itself: parents=True would open those in between
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, content)
    sync_folder(path.parent.parent)  # it may have been made just now


def _listed(fs: Any, path: str) -> list[dict[str, Any]]:
    try:
        return list(fs.ls(path, detail=True))
    except FileNotFoundError:
        return []


def _last(listed: dict[str, Any]) -> str:
    return str(listed["name"]).rstrip("/").rpartition("/")[2]
