"""The record of erasures outside the database: what must be erased again after an old backup was restored.

It holds no personal data. Each line is marked with a key made from the master key: nobody without it can have a case
erased by writing a line.
"""

import json
import secrets
from collections.abc import Iterable
from datetime import date
from typing import ClassVar, Final

from pydantic import AwareDatetime, ValidationError

from complaints import acts
from complaints.adapters.keeping.marks import Marked
from complaints.adapters.keeping.outside import Outside
from complaints.ledger import Break, canonical
from complaints.sealing import MasterKey
from complaints.words import ErasureGround

FOLDER: Final = "erasures"


class ErasureRecord(Marked):
    """An erasure, as the case's ledger has it."""

    purpose: ClassVar = "redress erasures"

    reference: str
    at: AwareDatetime
    by: str
    ground: ErasureGround
    regime: str
    rule: str
    article: str
    retained_until: date | None
    document: str | None
    approver: str

    @property
    def act(self) -> acts.Erased:
        """The act that it is."""
        return acts.Erased.model_validate(self.model_dump())


def add_records(outside: Outside, records: Iterable[ErasureRecord], master: MasterKey) -> None:
    """Write what is being erased, before it is.

    Raises:
        AnchorsAway: it was not written; nothing may be erased then.
    """
    lines = [canonical(one.marked(master).model_dump(mode="json")) for one in records]
    if lines:
        first = json.loads(lines[0])["at"].replace(":", "").replace("+0000", "Z")
        outside.add(FOLDER, f"{first}-{secrets.token_hex(8)}.jsonl", "".join(f"{one}\n" for one in lines).encode())


def read_records(outside: Outside, master: MasterKey) -> tuple[dict[str, ErasureRecord], list[Break]]:
    """Return what was erased, by case, and lines that nobody with the master key wrote.

    Raises:
        AnchorsAway: the place does not answer.
    """
    found: dict[str, ErasureRecord] = {}
    breaks: list[Break] = []
    for name in outside.names(FOLDER):
        for line in (outside.read(FOLDER, name) or b"").splitlines():
            try:
                record = ErasureRecord.model_validate_json(line)
            except ValidationError:
                breaks.append(RecordBreak("", 0, f"{name} holds a line that cannot be read"))
                continue
            if record.is_marked(master):
                found.setdefault(record.reference, record)
            else:
                breaks.append(RecordBreak(record.reference, 0, f"{name} holds a line that was altered"))
    return found, breaks


class RecordBreak(Break):
    """Where the record of erasures does not hold."""

    def __str__(self) -> str:
        return f"record of erasures: {self.reason}"
