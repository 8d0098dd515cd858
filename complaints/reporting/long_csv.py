"""The figures of a summary as one long CSV: a row a figure, with its names in both languages.

The daily counts behind the warnings' charts are no figures of the period, and many: they have a CSV of their own, a row
a day of a series.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from complaints.adapters.spreadsheets.cells import harmless
from complaints.reporting.contents import Number
from complaints.reporting.figures import Figures
from complaints.reporting.labels import code_title, measure_title, section_title, series_title
from complaints.words import Title

_HEAD: Final = ("section", "code", "label_zh", "label_en", "measure", "value", "currency")
_DAYS: Final = "warning_days"
_DAY_HEAD: Final = (
    *("dimension", "code", "label_zh", "label_en", "day"),
    *("observed", "expected", "usual_from", "usual_to", "gap"),
)


def figures_csv(figures: Figures) -> str:
    """Return every figure of the period, with the mark by which Excel knows UTF-8.

    Section, code and measure together are the figure's id. The first rows say of what period and cut-off they are.
    A figure of which nothing can be said has an empty value; an amount names its currency. The days behind the warnings
    are not among them: see :func:`warning_days_csv`.
    """
    return _written(_HEAD, _rows(figures))


def warning_days_csv(figures: Figures) -> str | None:
    """Return the days of each series that a warning names, with the mark by which Excel knows UTF-8.

    ``usual_from`` to ``usual_to`` hold 95 % of the days where nothing has changed; they and ``expected`` are empty
    where the series had no history. ``gap`` is 1 on a day of a gap in the data, else 0. None: the figures have no
    warnings.
    """
    return _written(_DAY_HEAD, _days(figures)) if _DAYS in figures.sections else None


def _written(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(head)
    for row in rows:
        writer.writerow([cell if isinstance(cell, int) else harmless(" ".join(str(cell).split())) for cell in row])
    return "\ufeff" + text.getvalue()


def _days(figures: Figures) -> Iterator[tuple[Any, ...]]:
    for one in figures.rows["period"][_DAYS].values():
        dimension, _, code = one["series"].partition("/")
        title = series_title(dimension, code)
        usual = (_plain(one[name]) for name in ("expected", "lower", "upper"))
        yield dimension, code, title.zh, title.en, one["day"], one["observed"], *usual, int(one["gap"])


def _rows(figures: Figures) -> Iterator[tuple[Any, ...]]:
    for code, zh, en, said in (
        ("period", "报告期", "Period", figures.period.name),
        ("until", "数据截止", "Data up to", figures.until.astimezone(figures.zone).isoformat()),
        ("as_at", "台账时点", "Ledger as at", figures.as_at.astimezone(figures.zone).isoformat()),
    ):
        yield "report", code, zh, en, "value", said, ""
    for section, rows in figures.rows["period"].items():
        if section == _DAYS:
            continue
        for code, measures in rows.items():
            titles = (section_title(section), code_title(section, code, figures.period))
            for measure, value in measures.items():
                zh, en = _label(*titles, measure_title(section, measure))
                yield section, code, zh, en, measure, _plain(value), code if measure == "amount" else ""


def _label(*titles: Title) -> tuple[str, str]:
    return " · ".join(title.zh for title in titles), " · ".join(title.en for title in titles)


def _plain(value: Number) -> int | str:
    """Return a figure as it is, other sections' words too."""
    if value is None:
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else value
