"""A place for files that the settings name: a folder, or wherever fsspec reaches."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from complaints.errors.base import ComplaintError
from complaints.errors.settings import SettingError


class Anywhere:
    """Opens a place at its first use, in each process anew.

    Args:
        url: A folder, or a URL for fsspec, such as ``s3://bucket/prefix``.
        setting: Name of the setting that says so.
        away: Makes the error that says why the place does not answer.
    """

    def __init__(self, url: str, setting: str, away: Callable[[str], ComplaintError]) -> None:
        self.url = url
        self._setting, self._away = setting, away
        self._opened: tuple[int, Any, str] | None = None

    @contextmanager
    def reached(self) -> Iterator[tuple[Any, str]]:
        """Give fsspec's filesystem and the root in it; what goes wrong in the block is told as the place being away.

        Raises:
            SettingError: the URL is none that can be used.
        """
        try:
            yield self._filesystem()
        except ComplaintError:
            raise
        except Exception as error:  # each kind of place has errors of its own; their texts may hold addresses and keys
            raise self._away(type(error).__name__) from None

    @property
    def folder(self) -> Path | None:
        """The folder it is, or None for a place elsewhere.

        Raises:
            SettingError: the URL is none that can be used.
        """
        fs, root = self._filesystem()
        return Path(root) if isinstance(fs, LocalFileSystem) else None

    def _filesystem(self) -> tuple[Any, str]:
        """Return fsspec's filesystem and the root in it; a forked process makes its own connections."""
        if self._opened is None or self._opened[0] != os.getpid():
            try:
                # Other processes write here too: what was listed once must be asked again.
                fs, root = url_to_fs(self.url, use_listings_cache=False, skip_instance_cache=True)
            except (ValueError, ImportError, TypeError):  # not repeated: it may hold a password
                cure = "Write a folder or s3://bucket/prefix; S3 needs redress[s3]"
                raise SettingError(self._setting, "no place can be reached by this address", cure) from None
            self._opened = os.getpid(), fs, str(root).rstrip("/")
        return self._opened[1:]
