"""Summaries as versions: computed from the ledger at a cut-off, rendered, kept, reviewed and signed off.

Each step computes the figures again from the ledger, and goes on only where they are those that were recorded: what
is signed off is what the ledger says. Files are written first, then the step is recorded; a process that is killed
in between leaves a folder that nothing refers to, and the next one removes it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from complaints.adapters.draft_folders import drop_folder
from complaints.adapters.returns import own_tables
from complaints.adapters.store import Store
from complaints.adapters.summary_chain import (
    Chain,
    SummaryChanged,
    entry_row,
    find_version,
    read_chain,
    summary_columns,
)
from complaints.adapters.summary_computing import Computed, compute, made_with
from complaints.adapters.summary_files import SummaryBroken, SummaryFiles, hashes
from complaints.adapters.summary_pages import made_pages
from complaints.adapters.summary_tables import FIGURES, MEMBERS, read_tables
from complaints.adapters.tables import SummaryRow
from complaints.errors.base import ComplaintError
from complaints.reporting.axes import REGIMES
from complaints.reporting.difference import Tables, difference
from complaints.reporting.periods import Period
from complaints.reporting.versions import (
    SYSTEM,
    Edition,
    State,
    Step,
    SummaryRefused,
    Version,
    check_remarks,
    check_step,
)
from complaints.settings import Firm


class FiguresMoved(ComplaintError):
    """The ledger does not give the figures of a version any more."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version

    def __str__(self) -> str:
        return (
            f"summary {self.version}: its figures cannot be had from the ledger again as they were. If Redress was "
            "brought up to date since, prepare a new version; else the ledger was altered: redress verify"
        )


class Summaries:
    """The summaries of a firm.

    Args:
        store: The case database.
        folder: Where their files are.
        firm: Who reports.
        pages: Where the door's pages are reached; links in a summary lead there.
        own: Where the firm's own files for returns lie, one a regime; None: it has none.
    """

    def __init__(self, store: Store, folder: Path, firm: Firm, pages: str, own: Path | None = None) -> None:
        self.store, self.firm, self.pages, self.own = store, firm, pages, own
        self.files = SummaryFiles(folder)

    # --- looking --------------------------------------------------------------------------------

    def rows(self, regime: str | None = None, period: str | None = None) -> list[SummaryRow]:
        """Return all versions, or those of a regime or a period, the last prepared first."""
        query = select(SummaryRow).order_by(SummaryRow.prepared_at.desc(), SummaryRow.period, SummaryRow.version.desc())
        if regime:
            query = query.where(SummaryRow.regime == regime)
        if period:
            query = query.where(SummaryRow.period == Period.parse(period).name)
        with self.store.read() as session:
            return list(session.scalars(query))

    def find(self, regime: str, period: str, number: int | None = None) -> Version:
        """Return a version as it stands; without a number the last one.

        Raises:
            PeriodUnknown: ``period`` names none.
            UnknownSummary: there is no such version.
        """
        return find_version(self.store, regime, period, number)

    def chain(self, regime: str, period: str) -> Chain:
        """Return what was done with the summaries of a period.

        Raises:
            SummaryForged: it was altered.
        """
        with self.store.read() as session:
            return read_chain(session, regime, period).checked(self.store.master)

    # --- steps ----------------------------------------------------------------------------------

    def prepare(self, regime: str, period: str, as_at: datetime, by: str = SYSTEM) -> Version:
        """Prepare a summary; return its version. Safe to run twice.

        The same cut-off is the same version with the same bytes. So is another one at which the ledger says nothing
        else; where it does, or where the period has ended since, that is a new version, with the difference to the one
        before. Who prepares a version that
        so far only the schedule has prepared takes it on.

        Args:
            regime: The regime.
            period: Such as "2026-03", "2026-Q1", "2026-H1" or "2026".
            as_at: The cut-off, aware; not ahead.
            by: Staff number of who prepares it.

        Raises:
            PeriodUnknown: ``period`` names none.
            PeriodNotBegun: the period begins after the cut-off.
            CutOffAhead: the cut-off lies in the future.
            SummaryRefused: it lies before that of the last version.
            SummaryBroken: a file of the last version is missing or altered, which was signed off.
            SummaryChanged: somebody else works on the same summary; try again.
        """
        span, by = Period.parse(period), SYSTEM if by.casefold() == SYSTEM else by
        known, now = self.chain(regime, span.name), self.store.now()
        _check_cut_off(known, as_at)
        own = own_tables(regime, self.own) if self.own and regime in REGIMES else ""
        computed = compute(self.store, regime, span, as_at, own)
        ends_at = span.span(computed.figures.zone)[1]
        is_whole_now = known.last is not None and known.last.edition.as_at < ends_at <= as_at
        if known.last and not is_whole_now and self._says_the_same(known.last, computed):
            return self._prepared_again(known, known.last, by, now)
        pack = self.store.rules().in_force(regime, ends_at - timedelta(microseconds=1))
        edition = Edition(
            version=known.last.number + 1 if known.last else 1,
            as_at=as_at,
            pack=pack.version,
            firm=self.firm,
            pages=self.pages,
            remarks={},
            own_tables=own,
            made_with=made_with(),
            files={},
        )
        return self._do(known, Step.PREPARE, by, now, edition, computed)

    def _prepared_again(self, known: Chain, last: Version, by: str, now: datetime) -> Version:
        """Return the last version: its lost files are put back, and it is made anew where somebody takes it on.

        A person does so by preparing what only the schedule prepared, or what another version of Redress made. The
        schedule never touches what a person prepared.
        """
        is_signed, problems = last.state is State.SIGNED, self.files.problems(last)
        is_current = last.prepared_by != SYSTEM and last.edition.made_with == made_with()
        stays = is_signed or by == SYSTEM or is_current
        if stays and not problems:
            return last
        computed = self._computed_again(last)
        if problems and stays:
            files = self._rendered(last, computed)
            if hashes(files) != last.edition.files:
                raise problems[0]
            self.files.put_back(last, files)
            return last
        edition = last.edition.model_copy(update={"made_with": made_with()})
        return self._do(known, Step.PREPARE, by, now, edition, computed)

    def remark(self, version: Version, remarks: Mapping[str, str], by: str) -> Version:
        """Put an editor's remarks into a version instead of those it has; it has then to be reviewed (again).

        Args:
            version: From :meth:`find`.
            remarks: Text by language ("zh-CN", "en"); of a language that is left out nothing is kept.
            by: The editor's staff number.

        Raises:
            RemarkRefused: a text is too long, no plain text, or looks like personal data.
            SummaryRefused: it was signed off, or is not the last version.
            FiguresMoved: the ledger does not give its figures any more.
            SummaryChanged: somebody else works on the same summary; try again.
        """
        kept = check_remarks(remarks)
        if version.edition.remarks == kept and version.prepared_by == by and version.state is State.PREPARED:
            return version
        return self._step(version, Step.REMARK, by, kept)

    def review(self, version: Version, by: str) -> Version:
        """Record that somebody other than who prepared it has reviewed a version. Safe to run twice.

        Raises:
            SummaryRefused: another person must do that, or it is not the time for it.
            FiguresMoved: the ledger does not give its figures any more.
            SummaryChanged: somebody else works on the same summary; try again.
        """
        return version if version.reviewed_by == by else self._step(version, Step.REVIEW, by)

    def sign(self, version: Version, by: str) -> Version:
        """Sign a version off, as a third person; from then on it never changes. Safe to run twice.

        Raises:
            SummaryRefused: another person must do that, it was not reviewed, or its figures are interim: its cut-off
                lies before the period's end.
            FiguresMoved: the ledger does not give its figures any more.
            SummaryChanged: somebody else works on the same summary; try again.
        """
        if version.signed_by == by:
            return version
        _, ends_at = Period.parse(version.period).span(self.store.rules().pack(version.regime).tz)
        if version.state is not State.SIGNED and version.edition.as_at < ends_at:
            reason = (
                f"its cut-off lies before the end of {version.period}, so that its figures are interim; once the "
                f"period is over, prepare it again: redress summary prepare {version.period}"
            )
            raise SummaryRefused(version.name, Step.SIGN.en, reason)
        return self._step(version, Step.SIGN, by)

    def _step(self, version: Version, step: Step, by: str, remarks: dict[str, str] | None = None) -> Version:
        known = self.chain(version.regime, version.period)
        if known.versions.get(version.number) != version:
            raise SummaryChanged(version.regime, version.period)
        check_step(version, step, by)
        changes = {"made_with": made_with()} | ({} if remarks is None else {"remarks": remarks})
        edition = version.edition.model_copy(update=changes)
        return self._do(known, step, by, self.store.now(), edition, self._computed_again(version))

    def _computed_again(self, version: Version) -> Computed:
        """Compute a version from the ledger.

        Raises:
            FiguresMoved: it does not say the same any more.
        """
        period, edition = Period.parse(version.period), version.edition
        computed = compute(self.store, version.regime, period, edition.as_at, edition.own_tables)
        if not self._says_the_same(version, computed):
            raise FiguresMoved(version.name)
        return computed

    def _says_the_same(self, version: Version, computed: Computed) -> bool:
        if _has_tables(version, computed):
            return True
        return computed.tables.same_as(self._tables_of(version))

    def _tables_of(self, version: Version) -> Tables:
        """Return the tables of a version: its files, or where these are lost the ledger, if it gives the same bytes.

        Raises:
            SummaryBroken: a file is missing or altered, and the ledger does not give it any more.
        """
        try:
            return read_tables(self.files, version)
        except SummaryBroken:
            period, edition = Period.parse(version.period), version.edition
            again = compute(self.store, version.regime, period, edition.as_at, edition.own_tables)
            if not _has_tables(version, again):
                raise
            return again.tables

    # --- making and recording -------------------------------------------------------------------

    def made_again(self, version: Version) -> dict[str, bytes]:
        """Return every file of a version, by name, made again from the ledger.

        Raises:
            FiguresMoved: the ledger does not give its figures any more.
        """
        return self._rendered(version, self._computed_again(version))

    def _rendered(self, version: Version, computed: Computed) -> dict[str, bytes]:
        """Return every file of a version, by name, from what was computed."""
        earlier = self.chain(version.regime, version.period).versions.get(version.number - 1)
        since = (earlier, difference(self._tables_of(earlier), computed.tables)) if earlier else None
        pack = self.store.rules().pack(version.regime, version.edition.pack)
        return computed.kept | made_pages(version, computed.figures, computed.tables, since, pack, self.store.master)

    def _do(self, known: Chain, step: Step, by: str, now: datetime, edition: Edition, computed: Computed) -> Version:
        """Render what a version is after a step, write it and record it."""
        before = known.versions.get(edition.version)
        begun = before or Version(known.regime, known.period, edition, State.PREPARED, by, now)
        after = begun.after(step, by, now, edition)
        files = self._rendered(after, computed)
        after = replace(after, edition=edition.model_copy(update={"files": hashes(files)}))
        draft = self.files.draft(after, files)
        try:
            with self.store.write() as session:
                session.add(entry_row(known, step, by, now, after.edition, self.store.master))
                session.flush()  # from here on whoever does the same waits, and is refused
                session.merge(SummaryRow(**summary_columns(after)))
                self.files.place(draft, after, keep={before.edition.folder} if before else set())
        except IntegrityError:
            raise SummaryChanged(known.regime, known.period) from None
        finally:
            drop_folder(draft)
        return after


def _has_tables(version: Version, computed: Computed) -> bool:
    """Return whether what was computed gives the very bytes of a version's tables."""
    named = {name: version.edition.files.get(name) for name in (FIGURES, MEMBERS)}
    return named.items() <= hashes(computed.kept).items()


def _check_cut_off(known: Chain, as_at: datetime) -> None:
    last = known.last
    if last and as_at < last.edition.as_at:
        reason = f"the cut-off lies before that of version {last.number}, {last.edition.as_at.isoformat()}"
        raise SummaryRefused(f"{known.regime} {known.period}", Step.PREPARE.en, reason)
