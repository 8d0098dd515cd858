"""A place outside the case database, to which is only ever added: a folder, or wherever fsspec reaches."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from complaints.adapters.durable import add_whole
from complaints.errors.base import ComplaintError, RetryableError
from complaints.errors.settings import SettingError


class AnchorsAway(RetryableError):
    """The place of anchors does not answer, or takes nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"The place of anchors does not answer ({self.reason}). Is it there and writable? See: redress doctor"


class Outside:
    """The place of anchors and of the record of erasures.

    Args:
        url: A folder, or a URL for fsspec, such as ``s3://bucket/prefix``.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, in order.

        Raises:
            AnchorsAway: the place does not answer.
        """
        with self._reached() as (fs, root):
            try:
                listed = fs.ls(f"{root}/{folder}", detail=True)
            except FileNotFoundError:
                return []
            names = (str(one["name"]).rstrip("/").rpartition("/")[2] for one in listed if one["type"] == "file")
            return sorted(name for name in names if not name.startswith("."))

    def read(self, folder: str, name: str) -> bytes | None:
        """Return a file, or None where it is not there.

        Raises:
            AnchorsAway: the place does not answer.
        """
        with self._reached() as (fs, root):
            try:
                content: bytes = fs.cat_file(f"{root}/{folder}/{name}")
            except FileNotFoundError:
                return None
            return content

    def add(self, folder: str, name: str, content: bytes) -> bool:
        """Write a file, whole or not at all and never over another; return whether it was not there yet.

        Raises:
            AnchorsAway: it was not written.
        """
        with self._reached() as (fs, root):
            path = f"{root}/{folder}/{name}"
            if isinstance(fs, LocalFileSystem):
                Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                return add_whole(Path(path), content)
            if fs.exists(path):
                return False
            fs.pipe_file(path, content)
            if fs.size(path) != len(content):
                raise AnchorsAway("it cut a file short")
            return True

    @property
    def folder(self) -> Path | None:
        """The folder it is, or None for a place elsewhere.

        Raises:
            SettingError: the URL is none that can be used.
        """
        fs, root = self._filesystem()
        return Path(root) if isinstance(fs, LocalFileSystem) else None

    @contextmanager
    def _reached(self) -> Iterator[tuple[Any, str]]:
        try:
            yield self._filesystem()
        except ComplaintError:
            raise
        except Exception as error:  # each kind of place has errors of its own; their texts may hold addresses and keys
            raise AnchorsAway(type(error).__name__) from None

    def _filesystem(self) -> tuple[Any, str]:
        try:
            fs, root = url_to_fs(self.url, use_listings_cache=False, skip_instance_cache=True)
        except (ValueError, ImportError, TypeError):  # not repeated: it may hold a password
            cure = "Write a folder or s3://bucket/prefix; S3 needs redress[s3]"
            raise SettingError("REDRESS_ANCHORS", "no place can be reached by this address", cure) from None
        return fs, str(root).rstrip("/")
