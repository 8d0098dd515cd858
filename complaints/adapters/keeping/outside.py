"""A place outside the case database, to which is only ever added: a folder, or wherever fsspec reaches."""

from pathlib import Path

from fsspec.implementations.local import LocalFileSystem

from complaints.adapters.anywhere import Anywhere
from complaints.adapters.durable import add_whole
from complaints.errors.base import RetryableError


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
        self._place = Anywhere(url, "REDRESS_ANCHORS", AnchorsAway)

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, in order.

        Raises:
            AnchorsAway: the place does not answer.
        """
        with self._place.reached() as (fs, root):
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
        with self._place.reached() as (fs, root):
            try:
                content: bytes = fs.cat_file(f"{root}/{folder}/{name}")
            except FileNotFoundError:
                return None
            return content

    def add(self, folder: str, name: str, content: bytes) -> bool:
        """Write a file, whole or not at all and never over another; return whether it was not there yet.

        Of two who write it at once one is told that it is there, in a folder and on S3. Elsewhere fsspec may look first
        and write then.

        Raises:
            AnchorsAway: it was not written.
        """
        with self._place.reached() as (fs, root):
            path = f"{root}/{folder}/{name}"
            if isinstance(fs, LocalFileSystem):
                Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                return add_whole(Path(path), content)
            if fs.exists(path):  # asked as well: not every store refuses to write over a file
                return False
            try:
                fs.pipe_file(path, content, mode="create")
            except FileExistsError:
                return False
            if fs.size(path) != len(content):
                raise AnchorsAway("it cut a file short")
            return True

    @property
    def folder(self) -> Path | None:
        """The folder it is, or None for a place elsewhere.

        Raises:
            SettingError: the URL is none that can be used.
        """
        return self._place.folder
