"""What a summary says at a cut-off: computed from the ledger, and as it is kept."""

import zlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Final

import pandas as pd
from pandas.api.types import pandas_dtype

from complaints.adapters.extra_sections import extra_sections, history_of
from complaints.adapters.frames import load_frame, own_words, without_numbers
from complaints.adapters.pdf import printed_with
from complaints.adapters.store import Store
from complaints.adapters.summary_tables import (
    CASES,
    CASES_TOGETHER,
    FIGURES,
    MEMBERS,
    members_to_parquet,
    to_parquet,
)
from complaints.reporting.axes import axes_data
from complaints.reporting.difference import Tables, tables_of
from complaints.reporting.figures import Figures, make_figures
from complaints.reporting.frame import bears_on, joined
from complaints.reporting.own_words import OwnWords
from complaints.reporting.periods import Period
from complaints.words import Kind

PROGRAMS: Final = (
    *("redress", "jinja2", "numpy", "pandas", "pyarrow", "scipy", "xlsxwriter"),
    *("weasyprint", "cssselect2", "fonttools", "pydyf", "pyphen", "tinycss2", "tinyhtml5"),
)
"""Packages on which the bytes of a summary depend, where they are installed."""

OF_A_REPORT: Final = frozenset({"reference", "kind", "confidential", "received_at", "answered_at", "closed_at"})
"""What is kept of a whistle-blowing report with a summary: nothing by which it could be found."""


@dataclass(frozen=True, eq=False)
class Computed:
    """What a summary says at a cut-off, before it is rendered."""

    figures: Figures
    cases: pd.DataFrame
    words: OwnWords

    @cached_property
    def tables(self) -> Tables:
        """The figures, and the cases behind them, as they are kept."""
        return tables_of(self.figures)

    @cached_property
    def kept(self) -> dict[str, bytes]:
        """The files that hold them."""
        cases = _without_reporters(without_numbers(self.cases, self.words))
        return {
            CASES: to_parquet(cases, CASES_TOGETHER),
            FIGURES: to_parquet(self.tables.figures),
            MEMBERS: members_to_parquet(self.tables.members),
        }


def compute(store: Store, regime: str, period: Period, as_at: datetime, own_tables: str = "") -> Computed:
    """Return what a summary says: the figures, and the cases that they were made of.

    Args:
        store: The case database.
        regime: The regime.
        period: The period.
        as_at: The cut-off: what the ledger held before this instant is known. The same one gives the same for ever.
        own_tables: The firm's own file for the regime's returns: what our codes become in the authority's.

    Raises:
        CutOffAhead: the cut-off lies in the future.
        PeriodNotBegun: the period begins after it.
        SettingError: ``own_tables`` are not in order.
    """
    pack = store.rules().pack(regime)
    windows = [one.span(pack.tz) for one in (period, period.before, period.year_before)]
    # One reading of the database serves both: early warning looks further back, and what it needs is not kept.
    known = load_frame(store, as_at, windows=[*windows, history_of(period, pack)], regime=regime)
    frame = joined([known[bears_on(known, windows)]])
    words = own_words(store)
    figures = make_figures(frame, period, pack.tz, as_at, axes_data(regime, own_tables), words)
    sections, members = extra_sections(store, known, period, pack, as_at, words)
    return Computed(figures.with_sections(sections, members=members), frame, words)


def made_with() -> dict[str, str]:
    """Return the version of each program that the bytes of a summary depend on, and of the fonts of its paper."""
    found = {"python": python_version(), "zlib": zlib.ZLIB_RUNTIME_VERSION, **printed_with()}
    for program in PROGRAMS:
        with suppress(PackageNotFoundError):
            found[program] = version(program)
    return found


def _without_reporters(cases: pd.DataFrame) -> pd.DataFrame:
    """Return cases as they are kept: of a whistle-blowing report nothing by which it could be found."""
    reports = (cases["kind"] == Kind.REPORT).to_numpy(bool)
    cases = cases.assign(confidential=reports)
    may_be_missing = {"bool": "boolean", "int32": "Int32"}
    for name in [one for one in cases.columns if one not in OF_A_REPORT]:
        dtype = pandas_dtype(may_be_missing.get(str(cases[name].dtype), cases[name].dtype))
        hidden = cases[name].astype(dtype).mask(reports)
        if isinstance(hidden.dtype, pd.CategoricalDtype):  # a code that only a report has would be told all the same
            hidden = hidden.cat.remove_unused_categories()
        cases = cases.assign(**{name: hidden})
    return cases
