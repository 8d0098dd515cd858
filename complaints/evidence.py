"""What may become evidence on a case: limits, names, and why a file is not taken."""

import re
import unicodedata
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from complaints.media_types import EXECUTABLE, EXTENSIONS, UNKNOWN
from complaints.words import Worded

_LONGEST_NAME: Final = 120  # characters, which are at most 480 bytes
_LONGEST_END: Final = 10  # characters of ".xlsx" and the like that a shortened name keeps
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})  # Cf has the marks that turn a name around


class Scan(Worded):
    """What the virus scanner said of a file that was kept."""

    CLEAN = "clean", "未发现病毒", "no virus found"
    NOT_SCANNED = "not_scanned", "未经病毒扫描", "not scanned"


class Refusal(Worded):
    """Why a file was not taken as evidence."""

    EMPTY = "empty", "文件为空", "the file is empty"
    TOO_LARGE = "too_large", "文件过大", "the file is too large"
    TOO_MANY = "too_many", "本案证据件数已达上限", "the case holds as many files as it may"
    TYPE = "type", "不接收此类文件", "files of this type are not taken"
    EXECUTABLE = "executable", "可执行程序不予接收", "programs are not taken"
    INFECTED = "infected", "文件含有病毒", "the file carries a virus"


class EvidenceLimits(BaseModel):
    """What is taken as evidence; an installation may set each of them.

    Attributes:
        max_bytes_per_file: A file is sealed as a whole, in memory.
        max_files_per_case: Files that are kept; as many refusals are recorded.
        allowed_types: Media types, as told from the content. Programs are refused even if they are named here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes_per_file: int = Field(default=20 * 1024 * 1024, gt=0, le=500 * 1024 * 1024)
    max_files_per_case: int = Field(default=100, gt=0, le=10_000)
    allowed_types: frozenset[str] = frozenset(EXTENSIONS)

    def refusal_of(self, size: int, media_type: str) -> Refusal | None:
        """Say why a file is not taken, or None.

        Args:
            size: In bytes.
            media_type: As told from its content.
        """
        if not size:
            return Refusal.EMPTY
        if size > self.max_bytes_per_file:
            return Refusal.TOO_LARGE
        if media_type in EXECUTABLE:
            return Refusal.EXECUTABLE
        return None if media_type in self.allowed_types else Refusal.TYPE


def safe_name(name: str | None) -> str | None:
    """Return a file's name so that it can be shown: without folders, control characters and marks that turn it around.

    A name is never used to write a file; it is kept because people know the file by it. A long one is shortened in
    the middle, so that its end stays.
    """
    if not name:
        return None
    last = re.split(r"[/\\]", name[-4096:])[-1]
    visible = "".join(one for one in last if unicodedata.category(one) not in _INVISIBLE)
    plain = " ".join(unicodedata.normalize("NFC", visible).split()).strip(". ")
    if len(plain) > _LONGEST_NAME:
        stem, dot, end = plain.rpartition(".")
        kept = f"{dot}{end}" if stem and len(end) <= _LONGEST_END else ""
        plain = plain[: _LONGEST_NAME - len(kept) - 1] + "…" + kept
    return plain or None


def stated_type(stated: str | None) -> str | None:
    """Return the media type a sender stated, where it is one that is known; anything else may hold anything."""
    plain = (stated or "").partition(";")[0].strip().lower()
    return plain if plain in EXTENSIONS or plain in EXECUTABLE or plain in (UNKNOWN, "text/html") else None


def file_name(reference: str, number: int, media_type: str) -> str:
    """Return the name under which a clerk saves a file: it tells nothing of a person, and its end fits the content."""
    return f"{reference}-{number}{EXTENSIONS.get(media_type, '.bin')}"
