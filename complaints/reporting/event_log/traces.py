"""The life of a case as events without names: made from the clear part of its ledger.

References and staff numbers become pseudonyms under a key of the firm's own: the same in every export, so that exports
can be joined, and meaningless without the key. Times stand as they are; whoever has the case database can find a case
by them, so an event log is still to be kept like other data of the firm's.

A whistle-blowing report has no sender, region, product or channel here, from its first event on, and what its sender
recorded is the system's: a pseudonym would give the sender away by its other traces;
and so is a matter of which nobody has said yet that it is none.
"""

import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from complaints.ledger import Entry
from complaints.reporting.event_log.activities import FACTS
from complaints.words import Kind

SYSTEM: Final = "redress"
"""Who did what no person did."""

PURPOSE: Final = "event log"
"""What the key of the pseudonyms is made for, from the master key."""

_DIGITS: Final = 20  # hexadecimal: 80 bits
_STAFF: Final = "staff:"

ATTRIBUTES: Final = (
    "kind",
    "channel",
    "party_type",
    "product",
    "region",
    "category",
    "cause",
    "severity",
    "urgency",
    "department",
    "regime",
    "sender",
    "history",
)
"""What is said of a case as a whole."""

_OF_THE_SENDER: Final = frozenset({"received", "occurred", "materials_received"})
"""Acts that the sender's system records under its own name, the same in every trace."""

_WITHHELD: Final = frozenset({"sender", "region", "product", "channel"})


@dataclass(frozen=True)
class Event:
    """One act.

    Attributes:
        id: Of the event: that of the case, and its place in the ledger.
        kind: Name of the act, such as ``letter_sent``.
        at: UTC.
        by: Pseudonym of the staff, or :data:`SYSTEM`.
        department: That handles the case since then; empty before it is assessed.
        facts: Codes and numbers of the act.
        other: Pseudonym of the other case that it is about: merged into, absorbed, taken out again.
    """

    id: str
    kind: str
    at: datetime
    by: str
    department: str
    facts: dict[str, str | int | bool]
    other: str | None = None


@dataclass(frozen=True)
class Trace:
    """The life of one case.

    Attributes:
        id: Pseudonym of the case.
        attributes: Of :data:`ATTRIBUTES` those that are known.
        events: In the order of the ledger.
    """

    id: str
    attributes: dict[str, str | bool]
    events: tuple[Event, ...]


class Pseudonyms:
    """Names that only the firm's key gives.

    Args:
        key: 32 bytes, made from the master key for :data:`PURPOSE`.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def case(self, reference: str) -> str:
        """Return the pseudonym of a case."""
        return f"case-{self._of(f'case/{reference}')}"

    def staff(self, by: str) -> str:
        """Return the pseudonym of who did something; the system keeps its name."""
        return by if by == SYSTEM else f"staff-{self._of(f'staff/{by}')}"

    def _of(self, text: str) -> str:
        return hmac.digest(self._key, text.encode(), "sha256").hex()[:_DIGITS]


def trace_of(reference: str, ledger: Sequence[Entry], names: Pseudonyms) -> Trace:
    """Return the life of a case.

    Args:
        reference: The case.
        ledger: Its entries in order; nothing sealed in them is looked at.
        names: The pseudonyms.
    """
    case = names.case(reference)
    facts = [json.loads(entry.facts) for entry in ledger]
    return Trace(case, _attributes(ledger, facts), tuple(_events(case, ledger, facts, names)))


def _events(case: str, ledger: Sequence[Entry], facts: list[dict[str, Any]], names: Pseudonyms) -> Iterator[Event]:
    department = ""
    is_report = _may_be_report(facts)
    for entry, said in zip(ledger, facts, strict=True):
        department = said.get("department") or department
        shown = {name: said[name] for name in FACTS.get(entry.kind, ()) if said.get(name) is not None}
        if is_report:
            shown.pop("channel", None)
        about = said.get("into") or (said.get("reference") if entry.kind in ("absorbed", "separated") else None)
        other = names.case(about) if about else None
        by = SYSTEM if is_report and entry.kind in _OF_THE_SENDER else names.staff(entry.by)
        yield Event(f"{case}-{entry.seq}", entry.kind, entry.at, by, department, shown, other)


def _attributes(ledger: Sequence[Entry], facts: list[dict[str, Any]]) -> dict[str, str | bool]:
    """Return what is said of a case as a whole, by the latest act that says it."""
    known: dict[str, Any] = {}
    for entry, said in zip(ledger, facts, strict=True):
        if entry.kind in ("received", "record_corrected", "assessed", "found"):
            known |= {name: said[name] for name in ATTRIBUTES if said.get(name) is not None}
            known["kind"] = said.get("kind") or said.get("stated_kind") or known.get("kind", "")
    if str(known.get("sender", "")).startswith(_STAFF):
        known["sender"] = _STAFF.removesuffix(":")
    withheld = _WITHHELD if _may_be_report(facts) else frozenset()
    return {name: known[name] for name in ATTRIBUTES if known.get(name) not in (None, "") and name not in withheld}


def _may_be_report(facts: list[dict[str, Any]]) -> bool:
    """Whether a case is, or was ever taken for, a whistle-blowing report, or its kind is not known yet."""
    kinds = {kind for said in facts for kind in (said.get("kind"), said.get("stated_kind")) if kind}
    history = any(said.get("history") for said in facts)
    return Kind.REPORT in kinds or not (kinds or history)
