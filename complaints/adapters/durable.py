"""Files that are there whole or not at all, and are still there after a power cut."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in place of whatever has its name; its folder must be there.

    It is written beside its place, to the disk, then renamed: nobody ever sees half a file. Only its owner may read it.

    Raises:
        OSError: it was not written; what had its name stands.
    """
    draft = _draft(path, content)
    try:
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def add_whole(path: Path, content: bytes) -> bool:
    """Write a file as :func:`write_whole` does, but never over another; return whether its name was free.

    Raises:
        OSError: it was not written.
    """
    draft = _draft(path, content)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk: a file that was written is not found without them."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def draft_beside(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file beside a place, to write; its ``name`` says where it is.

    It is on the disk once this ends; then whoever asked renames it and calls :func:`sync_folder`, or removes it. Where
    this ends by an exception nothing is left. Only its owner may read it.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(draft, "xb", opener=_for_owner) as file:
            yield cast(BinaryIO, file)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _draft(path: Path, content: bytes) -> Path:
    with draft_beside(path) as file:
        file.write(content)
    return Path(file.name)
