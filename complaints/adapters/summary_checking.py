"""Checks that no summary was changed behind anybody's back (entries, rows, files), and that it can be made again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from complaints.adapters.summaries import Summaries
from complaints.adapters.summary_chain import Chain, read_chain, summary_columns
from complaints.adapters.summary_computing import made_with
from complaints.adapters.summary_files import hashes
from complaints.adapters.tables import SummaryEntryRow, SummaryRow
from complaints.reporting.versions import Version


@dataclass(frozen=True)
class Flaw:
    """Something about a summary that is not as it should be.

    Attributes:
        where: Which summary, and what of it.
        reason: What is wrong.
    """

    where: str
    reason: str

    def __str__(self) -> str:
        return f"summary {self.where}: {self.reason}"


@dataclass(frozen=True)
class Reproduced:
    """What came of making a version again from the ledger; its figures are those that were recorded.

    Attributes:
        same: Files with the same bytes.
        other: Files with other bytes.
        not_made: Files that this machine cannot make: PDF where Pango or fonts are missing.
        programs: Programs of which another version made the recorded files; pages may look otherwise for that.
    """

    same: tuple[str, ...]
    other: tuple[str, ...]
    not_made: tuple[str, ...]
    programs: tuple[str, ...]


@dataclass(frozen=True)
class _Stored:
    """What the database holds of the summaries of a period."""

    chain: Chain
    rows: Mapping[int, SummaryRow]


def verify_summaries(summaries: Summaries) -> Iterator[Flaw]:
    """Yield what is wrong with the summaries: entries, rows, files, and folders that nothing refers to."""
    recorded = set()
    for stored in _stored(summaries):
        chain = stored.chain
        for seq, reason in chain.flaws(summaries.store.master):
            yield Flaw(f"{chain.regime} {chain.period}, entry {seq}", reason)
        try:
            versions = chain.versions
        except ValueError:
            yield Flaw(f"{chain.regime} {chain.period}", "its entries cannot be read: altered")
            continue
        for number in sorted(stored.rows.keys() | versions.keys()):
            recorded.add((chain.regime, chain.period, number))
            yield from _check_row(
                f"{chain.regime} {chain.period} v{number}", stored.rows.get(number), versions.get(number)
            )
        for version in versions.values():
            files, editions = summaries.files, chain.editions_of(version.number)
            for broken in (*files.problems(version), *files.strangers(version, editions)):
                yield Flaw(f"{broken.version}, {broken.name}", broken.reason)
    for regime, period, number in sorted(summaries.files.found() - recorded):
        reason = "there is a folder of it, but no entry: removed, or left behind by a process that was killed"
        yield Flaw(f"{regime} {period} v{number}", reason)


def _stored(summaries: Summaries) -> Iterator[_Stored]:
    with summaries.store.read() as session:
        columns = [(table.regime, table.period) for table in (SummaryEntryRow, SummaryRow)]
        known = {(name, period) for pair in columns for name, period in session.execute(select(*pair).distinct())}
        for regime, period in sorted(known):
            rows = select(SummaryRow).where(SummaryRow.regime == regime, SummaryRow.period == period)
            yield _Stored(
                read_chain(session, regime, period),
                {row.version: row for row in session.scalars(rows)},
            )


def _check_row(where: str, row: SummaryRow | None, version: Version | None) -> Iterator[Flaw]:
    if row is None or version is None:
        yield Flaw(where, "removed: its row is gone" if row is None else "its entries are gone, or never were")
        return
    for column, value in summary_columns(version).items():
        if getattr(row, column) != value:
            yield Flaw(where, f"altered: column '{column}' does not follow from its entries")


def reproduce(summaries: Summaries, version: Version) -> Reproduced:
    """Make a version again from the ledger, and compare it byte for byte.

    Raises:
        FiguresMoved: the ledger does not give its figures any more.
    """
    again, recorded = hashes(summaries.made_again(version)), version.edition.files
    programs, now = version.edition.made_with, made_with()
    return Reproduced(
        same=tuple(name for name in recorded if again.get(name) == recorded[name]),
        other=tuple(name for name in recorded if name in again and again[name] != recorded[name]),
        not_made=tuple(name for name in recorded if name not in again),
        programs=tuple(sorted(one for one in programs.keys() | now.keys() if programs.get(one) != now.get(one))),
    )
