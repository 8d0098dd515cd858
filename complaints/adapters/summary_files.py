"""The files of summaries: ``<regime>/<period>/v<version>/<edition>/``, each folder written whole or not at all.

An edition's name follows from its bytes, so that no folder is ever written over. Which one counts, the database says.
"""

import hashlib
import json
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from complaints.adapters.draft_folders import draft_folder, drop_abandoned, drop_folder
from complaints.adapters.durable import sync_folder
from complaints.errors.base import ComplaintError
from complaints.reporting.versions import Version

MANIFEST: Final = "manifest.json"


class SummaryBroken(ComplaintError):
    """A file of a summary is missing, or not the one that was recorded."""

    def __init__(self, version: str, name: str, reason: str) -> None:
        super().__init__(version, name, reason)
        self.version, self.name, self.reason = version, name, reason

    def __str__(self) -> str:
        return (
            f"{name_of(self.version, self.name)}: {self.reason}. Restore the folder of summaries from its backup; see: "
            "redress summary verify"
        )


def name_of(version: str, name: str) -> str:
    """Return how people name a file of a version."""
    return f"summary {version}, {name}"


class SummaryFiles:
    """The files themselves.

    Args:
        root: The folder of all summaries.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, version: Version) -> Path:
        """Return the folder of a version as it stands."""
        return self._editions(version) / version.edition.folder

    def path(self, version: Version, name: str) -> Path:
        """Return where a file of a version is."""
        return self.folder(version) / name

    def read(self, version: Version, name: str) -> bytes:
        """Return a file of a version; one that was altered is not given out.

        Raises:
            SummaryBroken: it is missing or altered.
        """
        try:
            content = self.path(version, name).read_bytes()
        except FileNotFoundError:
            raise SummaryBroken(version.name, name, "is missing") from None
        except OSError as wrong:  # a folder in its place, no right to read, a disk that fails
            raise SummaryBroken(version.name, name, f"cannot be read ({type(wrong).__name__})") from None
        if hashlib.sha256(content).hexdigest() != version.edition.files.get(name):
            raise SummaryBroken(version.name, name, "is not the file that was recorded")
        return content

    def problems(self, version: Version) -> list[SummaryBroken]:
        """Return what is wrong with the files of a version."""
        found = []
        for name in version.edition.files:
            try:
                self.read(version, name)
            except SummaryBroken as broken:
                found.append(broken)
        try:
            is_manifest = self.path(version, MANIFEST).read_bytes() == _manifest(version)
        except OSError:
            is_manifest = False
        if not is_manifest:
            found.append(SummaryBroken(version.name, MANIFEST, "is missing or altered"))
        strange = sorted(_names(self.folder(version)) - version.edition.files.keys() - {MANIFEST})
        return [*found, *(SummaryBroken(version.name, name, "does not belong to it") for name in strange)]

    def strangers(self, version: Version, recorded: Collection[str]) -> list[SummaryBroken]:
        """Return what lies among the editions of a version and is none; its next step removes it.

        Args:
            version: The version.
            recorded: The names of all editions that it ever had; the one before the last may still be there.
        """
        reason = "nothing refers to it: put there, or left behind by a process that was killed"
        strange = sorted(_names(self._editions(version)) - set(recorded))
        return [SummaryBroken(version.name, name, reason) for name in strange]

    def found(self) -> set[tuple[str, str, int]]:
        """Return the regime, period and number of every version of which there is a folder."""
        folders = (one.relative_to(self.root).parts for one in self.root.glob("*/*/v*") if one.is_dir())
        return {(regime, period, int(name[1:])) for regime, period, name in folders if name[1:].isdecimal()}

    def draft(self, version: Version, files: Mapping[str, bytes]) -> Path:
        """Write a version beside its place, so that it survives a power cut; return where."""
        whole = {**files, MANIFEST: _manifest(version)}
        return draft_folder(self._editions(version).parent, version.edition.folder, whole)

    def place(self, draft: Path, version: Version, keep: Collection[str]) -> None:
        """Move a draft to its place, and remove what nothing refers to; only one process at a time may do this.

        Args:
            draft: From :meth:`draft`.
            version: The version.
            keep: Names of further editions of it that stay.
        """
        editions = self._editions(version)
        editions.mkdir(mode=0o700, exist_ok=True)
        for one in editions.iterdir():  # superseded, or left by a process that was killed before it could record it
            if one.name not in keep or one.name == version.edition.folder:
                shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink()
        draft.rename(self.folder(version))
        for folder in (editions, editions.parent, editions.parent.parent, self.root):
            sync_folder(folder)
        drop_abandoned(editions.parent)

    def put_back(self, version: Version, files: Mapping[str, bytes]) -> None:
        """Write the files of a version again that are missing or altered."""
        draft = self.draft(version, files)
        try:
            if self.folder(version).is_dir():
                shutil.rmtree(self.folder(version))
            self.folder(version).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.rename(self.folder(version))
            sync_folder(self.folder(version).parent)
        finally:
            drop_folder(draft)

    def _editions(self, version: Version) -> Path:
        return self.root / version.regime / version.period / f"v{version.number}"


def hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of each file, by name."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}


def _names(folder: Path) -> set[str]:
    try:
        return {one.name for one in folder.iterdir()}
    except OSError:  # what is missing of it is told of each file
        return set()


def _manifest(version: Version) -> bytes:
    content = {"regime": version.regime, "period": version.period} | version.edition.model_dump(mode="json")
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
