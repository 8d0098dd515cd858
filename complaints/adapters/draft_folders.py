"""Folders of files that are there whole or not at all: written beside their place, then renamed."""

import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from complaints.adapters.durable import write_whole

ABANDONED_SECONDS: Final = 3600
"""A draft this old was left behind by a process that was killed."""


def draft_folder(parent: Path, name: str, files: Mapping[str, bytes]) -> Path:
    """Write files into a new folder beside its place, so that they survive a power cut; return where.

    Only their owner may read them.

    Args:
        parent: Where the folder is to be; made where it is not there.
        name: The folder's name once it is in its place.
        files: Contents by name.

    Raises:
        OSError: not all of them were written; then none is left, for a full disk must not be filled by every try.
    """
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = parent / f".{name}.{secrets.token_hex(4)}"
    try:
        draft.mkdir(mode=0o700)
        for file, content in files.items():
            write_whole(draft / file, content)
    except BaseException:
        drop_folder(draft)
        raise
    return draft


def drop_folder(draft: Path) -> None:
    """Remove a draft, where it is still there."""
    shutil.rmtree(draft, ignore_errors=True)


def drop_abandoned(parent: Path) -> None:
    """Remove the drafts in a folder that killed processes left behind."""
    for draft in parent.glob(".*"):
        if time.time() - draft.stat().st_mtime > ABANDONED_SECONDS:
            drop_folder(draft)
