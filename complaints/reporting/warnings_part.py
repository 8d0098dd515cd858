"""The early warnings of a period as a page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from markupsafe import Markup

from complaints.letters import show_date
from complaints.reporting.charts import Day, band
from complaints.reporting.contents import Contents, number
from complaints.reporting.early_warning.kinds import FALSE_ALARMS_A_MONTH, WarningKind
from complaints.reporting.figures import Figures
from complaints.reporting.labels import series_title
from complaints.words import Title

_MOST_CHARTS: Final = 6
_LEAST_SHOWN: Final = Decimal("0.0001")
_WORDS: Final = (
    Title(zh="实际件数", en="observed"),
    Title(zh="通常范围（95%的日子）", en="usual range (95% of days)"),
    Title(zh="数据缺口", en="gap in the data"),
)


@dataclass(frozen=True)
class WarningRow:
    """A warning in words."""

    kind: str
    series: str
    days: str
    observed: Markup
    expected: str
    probability: str


@dataclass(frozen=True)
class WarningsPart:
    """What the page says of early warning.

    Attributes:
        rows: The warnings that stood in the period.
        charts: Of the series that they name, as far as there is room.
        has_gap: A gap in the data is among them.
        false_alarms: How many false alarms a month are to be expected at most.
    """

    rows: Sequence[WarningRow]
    charts: Sequence[Markup]
    has_gap: bool
    false_alarms: str


def warnings_part(figures: Figures, contents: Contents, language: str) -> WarningsPart | None:
    """Return what the page says of early warning; None where the figures have no such section.

    Args:
        figures: With the sections ``warnings`` and ``warning_days`` of
            :func:`complaints.reporting.early_warning.sections.warning_sections`.
        contents: The same, as the page shows them.
        language: "zh-CN" or "en".
    """
    if "warnings" not in figures.sections:
        return None
    rows = [{str(key): value for key, value in row.items()} for row in figures.sections["warnings"].to_dict("records")]
    return WarningsPart(
        rows=[_row(row, contents, language) for row in rows],
        charts=_charts(figures, rows, language),
        has_gap=any(row["kind"] == WarningKind.GAP for row in rows),
        false_alarms=f"{FALSE_ALARMS_A_MONTH:g}",
    )


def _row(row: dict[str, Any], contents: Contents, language: str) -> WarningRow:
    return WarningRow(
        kind=WarningKind(row["kind"]).word(language),
        series=series_title(row["dimension"], row["name"]).word(language),
        days=_days(row["begins_on"], row["ends_on"], language),
        observed=contents.figure("warnings", row["code"], "observed"),
        expected=number(row["expected"]),
        probability=_probability(row["probability"]),
    )


def _days(first: str, last: str, language: str) -> str:
    days = [show_date(date.fromisoformat(one), language) for one in dict.fromkeys((first, last))]
    return Title(zh="至", en=" to ").word(language).join(days)


def _probability(value: Decimal | None) -> str:
    if value is None:
        return "—"
    return f"<{_LEAST_SHOWN}" if value < _LEAST_SHOWN else f"{value:.4f}"


def _charts(figures: Figures, rows: Sequence[dict[str, Any]], language: str) -> list[Markup]:
    """Return the days of the series that are named, each once."""
    days = figures.sections["warning_days"]
    named = list(dict.fromkeys((row["dimension"], row["name"]) for row in rows))[:_MOST_CHARTS]
    columns, usual, gap = (word.word(language) for word in _WORDS)
    charts = []
    for place, (dimension, name) in enumerate(named):
        of_series: list[dict[Any, Any]] = days[days["series"] == f"{dimension}/{name}"].to_dict("records")
        shown = [Day(one["day"], one["observed"], one["lower"], one["upper"], one["gap"]) for one in of_series]
        about = series_title(dimension, name)
        title = Title(zh=f"逐日件数：{about.zh}", en=f"Cases a day; {about.en[:1].lower()}{about.en[1:]}").word(
            language
        )
        charts.append(band(f"warning-{place + 1}", title, shown, (columns, usual, gap)))
    return charts
