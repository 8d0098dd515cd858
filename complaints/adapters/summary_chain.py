"""What people did with summaries, as it stands in the database: a chain of entries a period, and a row a version."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from complaints.adapters.store import Store
from complaints.adapters.tables import SummaryEntryRow
from complaints.errors.base import ComplaintError, RetryableError
from complaints.ledger import Entry, canonical, chain, check_chain, genesis
from complaints.reporting.periods import Period
from complaints.reporting.versions import Edition, Step, Version, chain_name, versions_of
from complaints.sealing import MasterKey

_COLUMNS: Final = ("seq", "kind", "at", "by", "facts", "previous", "hash")
"""What an entry of the chain has of those in the ledger."""


class UnknownSummary(ComplaintError):
    """There is no such version of a summary."""

    def __init__(self, regime: str, period: str, number: int | None) -> None:
        super().__init__(regime, period, number)
        self.regime, self.period, self.number = regime, period, number

    def __str__(self) -> str:
        which = f"version {self.number}" if self.number else "summary"
        return f"There is no {which} of {self.regime} {self.period}. See: redress summary list"


class SummaryForged(ComplaintError):
    """What was done with the summaries of a period was altered behind Redress's back; nothing goes on over it."""

    def __init__(self, regime: str, period: str, seq: int, reason: str) -> None:
        super().__init__(regime, period, seq, reason)
        self.regime, self.period, self.seq, self.reason = regime, period, seq, reason

    def __str__(self) -> str:
        return (
            f"summary {self.regime} {self.period}, entry {self.seq}: {self.reason}. Nothing was done. Find out who "
            "wrote into the database, and restore the table summary_entries from its backup: redress summary verify"
        )


class SummaryChanged(RetryableError):
    """Somebody else did something with the same summary at the same time; nothing was saved."""

    def __init__(self, regime: str, period: str) -> None:
        super().__init__(regime, period)
        self.regime, self.period = regime, period

    def __str__(self) -> str:
        return f"Somebody else has just worked on the summary {self.regime} {self.period}; look at it, and do it again."


@dataclass(frozen=True, eq=False)
class Chain:
    """What was done with the summaries of a period."""

    regime: str
    period: str
    entries: list[Entry] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)  # that of each entry

    @cached_property
    def versions(self) -> dict[int, Version]:
        """By number."""
        return versions_of(self.regime, self.period, self.entries)

    def editions_of(self, number: int) -> frozenset[str]:
        """Return the names of all editions that a version ever had."""
        editions = (Edition.model_validate_json(one.facts) for one in self.entries)
        return frozenset(one.folder for one in editions if one.version == number)

    @property
    def last(self) -> Version | None:
        """The last version."""
        return self.versions.get(max(self.versions, default=0))

    @property
    def head(self) -> str:
        """The hash of the last entry."""
        return self.entries[-1].hash if self.entries else genesis(chain_name(self.regime, self.period))

    def flaws(self, master: MasterKey) -> Iterator[tuple[int, str]]:
        """Yield the number of each entry that was altered, removed or written without the master key, and why."""
        name = chain_name(self.regime, self.period)
        for broken in check_chain(name, self.entries, self.head, len(self.entries)):
            yield broken.seq, broken.reason
        for entry, mark in zip(self.entries, self.marks, strict=True):
            if mark != entry_mark(master, entry.hash):
                yield entry.seq, "altered: its mark was not made with the master key"

    def checked(self, master: MasterKey) -> "Chain":
        """Return the same, if it is what was recorded.

        Raises:
            SummaryForged: it was altered.
        """
        for seq, reason in self.flaws(master):
            raise SummaryForged(self.regime, self.period, seq, reason)
        return self


def find_version(store: Store, regime: str, period: str, number: int | None = None) -> Version:
    """Return a version of a summary as it stands; without a number the last one.

    Raises:
        PeriodUnknown: ``period`` names none.
        UnknownSummary: there is no such version.
        SummaryForged: the chain of its entries was altered.
    """
    period = Period.parse(period).name
    with store.read() as session:
        known = read_chain(session, regime, period).checked(store.master)
    found = known.versions.get(number) if number is not None else known.last
    if found is None:
        raise UnknownSummary(regime, period, number)
    return found


def read_chain(session: Session, regime: str, period: str) -> Chain:
    """Return what was done with the summaries of a period, in order."""
    of_period = (SummaryEntryRow.regime == regime, SummaryEntryRow.period == period)
    rows = session.scalars(select(SummaryEntryRow).where(*of_period).order_by(SummaryEntryRow.seq)).all()
    name = chain_name(regime, period)
    columns = ({column: getattr(row, column) for column in _COLUMNS} for row in rows)
    entries = [Entry(reference=name, sealed=None, **one) for one in columns]
    return Chain(regime, period, entries, [row.mark for row in rows])


def entry_row(known: Chain, step: Step, by: str, at: datetime, edition: Edition, master: MasterKey) -> SummaryEntryRow:
    """Return the entry by which a step follows on a chain."""
    facts = canonical(edition.model_dump(mode="json"))
    name, seq = chain_name(known.regime, known.period), len(known.entries) + 1
    entry = chain(name, seq, known.head, str(step), at, by, facts, None)
    columns = {column: getattr(entry, column) for column in _COLUMNS}
    mark = entry_mark(master, entry.hash)
    return SummaryEntryRow(regime=known.regime, period=known.period, mark=mark, **columns)


def entry_mark(master: MasterKey, hash: str) -> str:
    """Return the mark of an entry: only who has the master key can make it."""
    return master.mark(f"summary entry {hash}").hex()


def summary_columns(version: Version) -> dict[str, Any]:
    """Return the columns of ``summaries`` for a version."""
    return {
        "regime": version.regime,
        "period": version.period,
        "version": version.number,
        "as_at": version.edition.as_at,
        "state": str(version.state),
        "prepared_by": version.prepared_by,
        "prepared_at": version.prepared_at,
        "reviewed_by": version.reviewed_by,
        "reviewed_at": version.reviewed_at,
        "signed_by": version.signed_by,
        "signed_at": version.signed_at,
        "remarks": canonical(version.edition.remarks),
        "files": canonical(version.edition.files),
    }
