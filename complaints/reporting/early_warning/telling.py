"""What people are told of warnings outside the summary: words without personal data."""

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from complaints.privacy import personal_data_in
from complaints.reporting.early_warning.kinds import Dimension, WarningKind, rows_of
from complaints.reporting.own_words import NOT_SHOWN
from complaints.words import Cause, Channel, Title, Worded

_WORDS: Final[dict[str, type[Worded]]] = {Dimension.CHANNEL: Channel, Dimension.CAUSE: Cause}
_LONGEST: Final = 60  # characters of a name that is the sender's own
_WITHHELD: Final = Title(zh="（名称不予显示）", en="(name not shown)")


def series_name(dimension: str, code: str) -> Title:
    """Return how a series is called.

    A product and an issue are in the sender's own words, of which at least five cases have the same; one that looks
    like a number or an address of somebody is not shown all the same.
    """
    if dimension == Dimension.TOTAL:
        return Title(zh="全部来件", en="everything received")
    words = _WORDS.get(dimension)
    if words and code in list(words):
        return Title(zh=words(code).zh, en=words(code).en)
    if personal_data_in(code, None):
        return _WITHHELD
    if code.startswith(NOT_SHOWN):
        mark = code.removeprefix(NOT_SHOWN)
        return Title(zh=f"（名称不予显示，代号{mark}）", en=f"(name not shown, {mark})")
    name = code if len(code) <= _LONGEST else code[: _LONGEST - 1] + "…"
    return Title(zh=name, en=name)


def table(warnings: pd.DataFrame) -> list[dict[str, Any]]:
    """Return warnings as a table for Prefect's page, the newest first."""
    newest_first = warnings.sort_values(["begins_on", "dimension", "code"], ascending=False)
    return [dict(_cells(row)) for row in rows_of(newest_first)]


def _cells(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "类型 · kind", WarningKind(row["kind"]).both
    yield "维度 · by", Dimension(row["dimension"]).both
    yield "项目 · what", series_name(row["dimension"], row["code"]).zh
    yield "起 · from", row["begins_on"].isoformat()
    yield "止 · to", row["ends_on"].isoformat()
    yield "天数 · days", str(row["window"])
    yield "实际 · observed", str(row["observed"])
    yield "预期 · expected", "—" if row["expected"] is None else f"{row['expected']:.1f}"
    yield "概率 · probability", "—" if row["probability"] is None else f"{row['probability']:.1e}"


def note(rate: float, series: int, last_day: str) -> str:
    """Return the sentences above the table: what is stated, and what a gap is.

    Args:
        rate: False alarms a month that are expected at most.
        series: How many series are watched.
        last_day: The last day that was judged.
    """
    return (
        f"截至 {last_day}，监测 {series} 个序列。若一切照常，每月误报预期不超过 {rate:g} 次。"
        "“数据缺口”表示数据未到，不代表投诉减少。\n\n"
        f"Up to {last_day}, {series} series are watched. Where nothing has changed, at most {rate:g} false alarms are "
        "to be expected in a month. A gap means that data did not arrive, not that there were fewer complaints."
    )
