"""What a backup is made of: a manifest that anybody can read, and a list of files that only the firm can."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from complaints.adapters.backups.sealed import signature
from complaints.errors.backups import BackupBroken
from complaints.errors.sealing import MasterKeyWrong
from complaints.sealing import MasterKey

MANIFEST: Final = "manifest.json"
DATABASE: Final = "database"
"""The sealed case database."""
CONTENTS: Final = "contents"
"""The sealed list of files that belong to a backup; of the evidence, the ledger is the list."""
EVIDENCE: Final = "evidence"
"""Folder of evidence, shared by all backups of a place: sealed files under their own hash are never written twice."""
FILES: Final = "files"
"""Folder of other files, shared and sealed likewise."""
LOCK: Final = ".lock"
UNFINISHED: Final = ".part"
"""How the name of a backup ends that is not whole."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Model):
    """A file of a backup."""

    size: int
    sha256: str


class Manifest(_Model):
    """What a backup says of itself; no personal data.

    Attributes:
        taken_at: The moment that the case database shows.
        redress: The version that took it.
        revision: Of the case database's schema.
        database: Its kind.
        server: Major version of its server; 0 for SQLite.
        key: Fingerprint of the master key, without which none of it can be read.
        parts: The backup's own files.
        tables: Rows of each table.
        heads: SHA-256 over the head of every case's chain.
        evidence: How many files belong to it.
        evidence_missing: Files that the ledger knows and the evidence store had not.
        files: How many other files belong to it: settings, letters, archive, summaries.
        signature: Over all of the above, by the master key.
    """

    format: Literal["redress-backup/1"] = "redress-backup/1"
    taken_at: datetime
    redress: str
    revision: str
    database: Literal["sqlite", "postgresql"]
    server: int
    key: str
    parts: Mapping[str, Part]
    tables: Mapping[str, int]
    heads: str
    evidence: int
    evidence_missing: int
    files: int
    signature: str = ""

    def signed(self, master: MasterKey) -> "Manifest":
        """Return it signed."""
        return self.model_copy(update={"signature": signature(self._content(), master)})

    def refuse_unless_ours(self, master: MasterKey) -> None:
        """Refuse a backup of other hands, or under another key.

        Raises:
            MasterKeyWrong: it was taken with another key.
            BackupBroken: the manifest was altered.
        """
        if master.fingerprint != self.key:
            raise MasterKeyWrong(
                master.where,
                f"is key {master.fingerprint}, but this backup was taken with key {self.key}",
                "Put the key file there that belongs to this backup; it is kept apart from it",
            )
        if self.signature != signature(self._content(), master):
            raise BackupBroken(MANIFEST, "was altered after the backup was taken")

    def _content(self) -> bytes:
        return self.model_dump_json(exclude={"signature"}).encode()


class KeptFile(_Model):
    """A file of the home folder.

    Attributes:
        path: Below the home folder.
        name: Under which its content is kept.
    """

    path: str
    name: str
    size: int


class Contents(_Model):
    """What belongs to a backup beside the case database and the evidence.

    Attributes:
        files: Settings, letters, archive, summaries.
    """

    files: tuple[KeptFile, ...]


def read_manifest(backup: Path) -> Manifest:
    """Read the manifest of a backup.

    Raises:
        BackupBroken: there is none, or none of this version.
    """
    try:
        return Manifest.model_validate_json((backup / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise BackupBroken(str(backup), "is no backup: it has no manifest.json") from None
    except ValidationError:
        raise BackupBroken(MANIFEST, "cannot be read; it was altered, or written by a newer Redress") from None


def newest(place: Path) -> Path:
    """Return a backup: ``place`` itself, or the newest whole one in it.

    Raises:
        BackupBroken: there is none.
    """
    if (place / MANIFEST).exists():
        return place
    whole = [file.parent for file in place.glob(f"*/{MANIFEST}") if not file.parent.name.endswith(UNFINISHED)]
    if not whole:
        raise BackupBroken(str(place), "holds no whole backup")
    return max(whole, key=lambda one: one.name)
