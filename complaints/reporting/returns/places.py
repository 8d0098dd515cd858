"""Where the files of returns lie: ``<summaries>/<regime>/<period>/returns/<return>/<cut-off>-<edition>/``.

A door that gives them out imports this alone, and none of what makes them.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from complaints.errors.base import ComplaintError

MANIFEST: Final = "manifest.json"

_FOLDER: Final = "returns"
_LINKED: Final = re.compile(
    r"(?P<regime>[a-z0-9][a-z0-9_-]{0,39})"
    r"\.(?P<period>[0-9]{4}(?:-(?:[0-9]{2}|Q[1-4]|H[12]))?)"
    r"\.(?P<name>[a-z0-9][a-z0-9_-]{0,39})"
    r"\.(?P<edition>[0-9]{8}T[0-9]{6}Z-[0-9a-f]{12})"
    r"\.(?P<file>[a-z0-9][a-z0-9-]{0,39}(?:\.zh-CN|\.en)?\.(?:html|csv|xlsx|json))",
    re.ASCII,
)


class ReturnBroken(ComplaintError):
    """A file of a return is missing, or not the one that was written."""

    def __init__(self, linked: str, reason: str) -> None:
        super().__init__(linked, reason)
        self.linked, self.reason = linked, reason

    def __str__(self) -> str:
        return f"return {self.linked}: {self.reason}. Restore the folder of summaries and returns from its backup"


def edition_of(manifest: bytes) -> str:
    """Return the end of the name of an edition's folder, which follows from its manifest."""
    return hashlib.sha256(manifest).hexdigest()[:12]


def read_file(file: Path) -> bytes:
    """Return a file of an edition, which is what was written: the folder's name proves the manifest, and it the file.

    Raises:
        ReturnBroken: it is missing or altered, or the manifest is.
    """
    content, hashes = _content(file), _hashes(file.parent)
    if file.name != MANIFEST and hashes.get(file.name) != hashlib.sha256(content).hexdigest():
        raise ReturnBroken(linked_name(file.parent, file.name), "altered since it was written")
    return content


def verify_returns(root: Path) -> Iterator[ReturnBroken]:
    """Yield what is wrong with the files of all returns: missing, altered, or put there by somebody.

    Args:
        root: The folder of summaries and returns.
    """
    for folder in sorted(root.glob(f"*/*/{_FOLDER}/*/[!.]*")):
        try:
            names = {MANIFEST, *_hashes(folder)}
        except ReturnBroken as broken:
            yield broken
            continue
        for name in sorted(names):
            try:
                read_file(folder / name)
            except ReturnBroken as broken:
                yield broken
        for name in sorted({file.name for file in folder.iterdir()} - names):
            yield ReturnBroken(linked_name(folder, name), "is no file of this return")


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise ReturnBroken(linked_name(file.parent, file.name), "missing, or not to be read") from None


def _hashes(folder: Path) -> dict[str, str]:
    manifest = _content(folder / MANIFEST)
    if not folder.name.endswith(f"-{edition_of(manifest)}"):
        raise ReturnBroken(linked_name(folder, MANIFEST), "altered since it was written")
    hashes: dict[str, str] = json.loads(manifest)["files"]
    return hashes


def folder_of(root: Path, regime: str, period: str, name: str) -> Path:
    """Return the folder of all editions of a return for a period."""
    return root / regime / period / _FOLDER / name


def linked_name(folder: Path, file: str) -> str:
    """Return the name by which a file of an edition is linked to: ``uk-disp.2026-H1.annex-1r.….table-1.csv``."""
    *_, regime, period, _, name, edition = folder.parts
    return f"{regime}.{period}.{name}.{edition}.{file}"


def find_file(root: Path, linked: str) -> Path | None:
    """Return the file that a link names, or None where it names none; what else it may be is never made a path.

    Args:
        root: The folder of summaries and returns.
        linked: As :func:`linked_name` returns it.
    """
    known = _LINKED.fullmatch(linked)
    if known is None:
        return None
    file = folder_of(root, known["regime"], known["period"], known["name"]) / known["edition"] / known["file"]
    return file if file.is_file() else None
