"""The sections of a summary that need more than its own frame: early warning, and conformance to the procedure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pandas as pd
from pydantic_core import from_json
from sqlalchemy import Connection, select

from complaints.adapters.early_warning import judge_cases, last_whole_day, window_of
from complaints.adapters.store import Store
from complaints.adapters.tables import Base, EntryRow
from complaints.regimes.model import Pack
from complaints.reporting.conformance import CONFORMING, HISTORY, READ, Deviation, Step, deviations
from complaints.reporting.early_warning.sections import warning_sections
from complaints.reporting.frame import Window
from complaints.reporting.own_words import OwnWords
from complaints.reporting.periods import Period

CONFORMANCE: Final = "conformance"
_BATCH: Final = 500  # ledgers held in memory at a time
_MEMBER: Final = ("section", "code", "measure", "reference")


def history_of(period: Period, pack: Pack) -> Window:
    """Return the span of which the cases must be in the frame; it holds the period before and the year before, too."""
    return window_of(pack, period.first_day, period.last_day)


def extra_sections(
    store: Store, frame: pd.DataFrame, period: Period, pack: Pack, as_at: datetime, words: OwnWords | None = None
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return further sections of a summary, and the cases behind them.

    Args:
        store: The case database.
        frame: At least the cases of :func:`history_of` the period, as they were known at ``as_at``.
        period: The period.
        pack: The regime.
        as_at: The cut-off; the same one gives the same sections for ever.
        words: Makes codes of products and other names.

    Returns:
        The sections by name, for :meth:`~complaints.reporting.figures.Figures.with_sections`: ``conformance``
        (``code``, ``cases``), and ``warnings`` and ``warning_days`` (see
        :func:`~complaints.reporting.early_warning.sections.warning_sections`) once a day of the period is over.
        Their members: section, code, measure, reference.
    """
    sections, members = conformance_section(store, frame, period, pack, as_at)
    last = min(period.last_day, last_whole_day(as_at, pack))
    if last >= period.first_day:
        judged = judge_cases(store, frame, pack, period.first_day, last)
        warnings, behind = warning_sections(judged, frame, period.first_day, last, pack.tz, words)
        sections |= warnings
        members = pd.concat([members, behind], ignore_index=True)
    return sections, members


def conformance_section(
    store: Store, frame: pd.DataFrame, period: Period, pack: Pack, as_at: datetime
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return how many of the cases closed in a period went the prescribed way, and how many did not, and in what.

    A case may have several deviations. Arguments and results are those of :func:`extra_sections`.
    """
    starts_at, ends_at = period.span(pack.tz)
    closed_at = frame["closed_at"]
    closed = sorted(frame.loc[(closed_at >= starts_at) & (closed_at < min(ends_at, as_at)), "reference"])
    found: dict[str, list[str]] = {CONFORMING: [], **{str(one): [] for one in Deviation}, HISTORY: []}
    with store.read() as session:
        for reference, ledger in _ledgers(session.connection(), closed, as_at):
            deviating = deviations(ledger)
            codes = [HISTORY] if deviating is None else sorted(map(str, deviating)) or [CONFORMING]
            for code in codes:
                found[code].append(reference)
    counted = pd.DataFrame({"code": list(found), "cases": [len(references) for references in found.values()]})
    behind = [(CONFORMANCE, code, "cases", one) for code, references in found.items() for one in references]
    return {CONFORMANCE: counted}, pd.DataFrame(behind, columns=list(_MEMBER), dtype="str")


class _Facts(Mapping[str, Any]):
    """Facts of an entry that are read once somebody asks for one: of most entries only the name counts."""

    __slots__ = ("_read", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._read: dict[str, Any] | None = None

    @property
    def _facts(self) -> dict[str, Any]:
        if self._read is None:
            self._read = from_json(self._text)
        return self._read

    def __getitem__(self, name: str) -> Any:
        return self._facts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a fact, or what stands for it where there is none."""
        return self._facts.get(name, default)


def _ledgers(connection: Connection, references: Sequence[str], as_at: datetime) -> Iterator[tuple[str, list[Step]]]:
    """Yield the acts of cases as far as they are looked at and were recorded before ``as_at``; no key is needed."""
    looked_at = _LEDGER.c.kind.in_(sorted(READ)), _LEDGER.c.at < as_at
    for start in range(0, len(references), _BATCH):
        batch = references[start : start + _BATCH]
        ledgers: dict[str, list[Step]] = {reference: [] for reference in batch}
        query = select(*_COLUMNS).where(_LEDGER.c.reference.in_(batch), *looked_at).order_by(*_IN_ORDER)
        for reference, kind, at, facts in connection.execute(query):
            ledgers[reference].append(Step(kind, at, _Facts(facts)))
        yield from ledgers.items()


_LEDGER: Final = Base.metadata.tables[EntryRow.__tablename__]
_COLUMNS: Final = [_LEDGER.c[name] for name in ("reference", "kind", "at", "facts")]
_IN_ORDER: Final = [_LEDGER.c[name] for name in ("reference", "seq")]
