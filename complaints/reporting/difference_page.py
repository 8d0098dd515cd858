"""The difference between two versions of a summary as a page for people."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import pandas as pd

from complaints.letters import environment
from complaints.regimes.model import Pack
from complaints.reporting.labels import code_title, measure_title, period_title, section_title
from complaints.reporting.periods import Period
from complaints.reporting.versions import Version
from complaints.words import ZH

MOST_ROWS: Final = 500
"""Figures on the page; the CSV beside it has all of them."""

MOST_CASES: Final = 20
"""References that are written out for a figure on the page; the CSV has all of them."""


def difference_page(earlier: Version, later: Version, changed: pd.DataFrame, pack: Pack, language: str) -> str:
    """Return the page: self-contained, for the screen and for A4.

    Args:
        earlier: The version before.
        later: The version that the page belongs to.
        changed: As :func:`~complaints.reporting.difference.difference` returns it.
        pack: The regime; its zone is that of the times shown.
        language: "zh-CN" or "en".
    """
    firm, period = later.edition.firm, Period.parse(later.period)

    def show(at: datetime) -> str:
        return f"{at.astimezone(pack.tz):%Y-%m-%d %H:%M:%S}"

    rows = [_row(row, period, language) for row in changed.head(MOST_ROWS).itertuples(index=False)]
    return (
        environment()
        .get_template(f"summaries/difference/{language}.html")
        .render(
            firm=firm.name_zh if language == ZH else firm.name_en,
            period=period_title(period).word(language),
            title=pack.title.word(language),
            zone=pack.zone,
            earlier={"number": earlier.number, "as_at": show(earlier.edition.as_at)},
            later={"number": later.number, "as_at": show(later.edition.as_at)},
            rows=rows,
            left_out=len(changed) - len(rows),
        )
    )


def _row(row: Any, period: Period, language: str) -> dict[str, Any]:
    of = {"before": period.before, "year_before": period.year_before}.get(row.span, period)
    return {
        "period": period_title(of).word(language) if of != period else "",
        "section": section_title(row.section).word(language),
        "code": code_title(row.section, row.code, of).word(language),
        "measure": measure_title(row.section, row.measure).word(language),
        "before": _grouped(row.before),
        "after": _grouped(row.after),
        "change": _change(row.before, row.after),
        "added": row.added[:MOST_CASES],
        "more_added": max(len(row.added) - MOST_CASES, 0),
        "removed": row.removed[:MOST_CASES],
        "more_removed": max(len(row.removed) - MOST_CASES, 0),
    }


def _grouped(value: str | None) -> str | None:
    """Return a number with its thousands apart, and anything else as it is."""
    try:
        return value and f"{Decimal(value):,f}"
    except InvalidOperation:
        return value


def _change(before: str | None, after: str | None) -> str:
    """Return by how much a number changed, with its sign; nothing where one of the two is no number."""
    try:
        change = Decimal(after or "0") - Decimal(before or "0")
    except InvalidOperation:
        return ""
    return f"{change:+,f}" if change else "0"
