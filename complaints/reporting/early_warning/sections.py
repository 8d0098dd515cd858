"""Early warning as sections of a summary: the warnings of a period, and the days that their charts show."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

from complaints.reporting.early_warning.counts import DIMENSIONS, TOTAL
from complaints.reporting.early_warning.judging import Judged, warnings_on
from complaints.reporting.early_warning.kinds import WarningKind, rows_of
from complaints.reporting.own_words import OwnWords
from complaints.words import Kind

WARNINGS: Final = "warnings"
WARNING_DAYS: Final = "warning_days"
BEFORE_DAYS: Final = 28
"""Days before the period that a chart shows, from which the eye takes what is usual."""

WARNING_COLUMNS: Final = (
    "code",
    "dimension",
    "name",
    "kind",
    "begins_on",
    "ends_on",
    "day",
    "window",
    "observed",
    "expected",
    "dispersion",
    "probability",
    "episodes",
)
DAY_COLUMNS: Final = ("code", "series", "day", "observed", "expected", "lower", "upper", "gap")


def warning_sections(
    judged: Judged, cases: pd.DataFrame, first: date, last: date, zone: ZoneInfo, words: OwnWords | None = None
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return the warnings that stood in a period, and the cases behind them.

    Args:
        judged: The days of the period, and those before it that they are measured by.
        cases: The frame that was counted.
        first: First day of the period.
        last: Its last day that is judged.
        zone: The regime's zone.
        words: Makes codes of products and other names.

    Returns:
        The sections, and their members (section, code, measure, reference). Section ``warnings``: one row for each
        series and kind, the most striking of its episodes; ``code`` is ``kind/dimension/name``, the days are ISO
        dates, ``expected``, ``dispersion`` and ``probability`` are Decimal. Section ``warning_days``: the days of each
        series that a warning names, from :data:`BEFORE_DAYS` before the period; ``code`` is ``dimension/name@day``,
        ``series`` is ``dimension/name``; ``expected``, ``lower`` and ``upper`` are None where there was no history.
    """
    standing = sorted(rows_of(warnings_on(judged.warnings, first, last)), key=_SERIES)
    code_of = (words or OwnWords()).code
    rows, members, days = [], [], {}
    for (kind, dimension, name), episodes in groupby(standing, key=_SERIES):
        code = code_of(dimension, name)
        row = _row(kind, dimension, code, list(episodes))
        rows.append(row)
        if row["observed"]:
            references = _cases_of(cases, dimension, name, row["day"], row["window"], zone)
            members += [(WARNINGS, row["code"], "observed", one) for one in references]
        if (dimension, code) not in days:
            days[dimension, code] = _days(judged.daily(dimension, name), f"{dimension}/{code}", first, last)
    return (
        {
            WARNINGS: pd.DataFrame(rows, columns=list(WARNING_COLUMNS), dtype="object"),
            WARNING_DAYS: pd.DataFrame(chain.from_iterable(days.values()), columns=list(DAY_COLUMNS), dtype="object"),
        },
        pd.DataFrame(members, columns=["section", "code", "measure", "reference"], dtype="str"),
    )


_SERIES: Final = itemgetter("kind", "dimension", "code")


def _row(kind: WarningKind, dimension: str, name: str, episodes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the most striking episode: the least probable one, or the first of what is new."""
    chosen = min(episodes, key=lambda one: 1.0 if one["probability"] is None else one["probability"])
    return {
        "code": f"{kind}/{dimension}/{name}",
        "dimension": dimension,
        "name": name,
        "kind": str(kind),
        **{column: chosen[column].isoformat() for column in ("begins_on", "ends_on", "day")},
        "window": int(chosen["window"]),
        "observed": int(chosen["observed"]),
        "expected": _rounded(chosen["expected"], "0.1"),
        "dispersion": _rounded(chosen["dispersion"], "0.01"),
        "probability": None if chosen["probability"] is None else Decimal(f"{chosen['probability']:.1e}"),
        "episodes": len(episodes),
    }


def _rounded(value: float | None, step: str) -> Decimal | None:
    return None if value is None or pd.isna(value) else Decimal(value).quantize(Decimal(step))


def _days(daily: pd.DataFrame, series: str, first: date, last: date) -> list[dict[str, Any]]:
    shown = daily[(daily["day"] >= first - timedelta(days=BEFORE_DAYS)) & (daily["day"] <= last)]
    return [
        {
            "code": f"{series}@{one['day']}",
            "series": series,
            "day": one["day"].isoformat(),
            "observed": int(one["observed"]),
            "expected": _rounded(one["expected"], "0.1"),
            "lower": None if pd.isna(one["lower"]) else int(one["lower"]),
            "upper": None if pd.isna(one["upper"]) else int(one["upper"]),
            "gap": bool(one["gap"]),
        }
        for one in rows_of(shown)
    ]


def _cases_of(cases: pd.DataFrame, dimension: str, name: str, day: str, window: int, zone: ZoneInfo) -> list[str]:
    """Return the references of the cases that a window counts."""
    received_on = cases["received_at"].dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
    last = pd.Timestamp(day)
    within = received_on.between(last - pd.Timedelta(days=window - 1), last) & (cases["kind"] != Kind.REPORT)
    if (dimension, name) != TOTAL and dimension in DIMENSIONS:
        within &= cases[dimension] == name
    return sorted(cases.loc[within, "reference"])
