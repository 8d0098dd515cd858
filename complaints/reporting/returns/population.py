"""Which cases a return is about: complaints, each once, and what had become of them by the end of the period.

A complaint that came in and was merged into another within the period is the same complaint and is left out. One that
came in before, and stood in an earlier return as open, has ended with the merger: so what is open at the start of a
period is always what was open at the end of the one before. A complaint has ended with the answer that was sent, or
with its closing, whichever came first; what happened after the end of the period is not in the return, however long it
has been known.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

from complaints.payments import payments_in
from complaints.reporting.returns.data import CodeMap
from complaints.reporting.returns.model import THE_RETURN, Finding, Grade
from complaints.words import Kind, Title

NUMBERS: Final = ("sender", "number", "authority", "authority_number")
"""Columns of ``cases`` beside those of a frame of statistics: by what others know a case. They never change."""

_MOMENT: Final = timedelta(microseconds=1)

ENDING: Final = ("outcome", "remedy", "closure", "redress_paid", "redress_currency")


@dataclass(frozen=True, eq=False)
class Population:
    """The complaints of a period.

    Attributes:
        cases: One row a complaint, with the columns of the frame and, in the regime's zone, ``received_on`` and
            ``ended_on`` (NaT: not ended, or nobody knows when), ``ended`` (bool), and ``ending``: how it ended, by
            its outcome, else by its closure. Those that are left out are among them, for the money that was paid on
            them (``is_same``: it counts in nothing else).
        merged: The references of complaints of the period that are left out: they are the same as another.
        unassessed: The references of matters received in the period of which nobody has said yet what they are.
        starts_at: First instant of the period.
        until: The first instant after it, or the cut-off while it is not over.
    """

    cases: pd.DataFrame
    merged: tuple[str, ...]
    unassessed: tuple[str, ...]
    starts_at: datetime
    until: datetime

    @property
    def opened(self) -> "pd.Series[bool]":
        """Which were received in the period, each once."""
        return (self.cases["received_at"] >= self.starts_at) & ~self.cases["is_same"]

    @property
    def ended(self) -> "pd.Series[bool]":
        """Which ended in the period; history without a date of closing ended nobody knows when."""
        return self.cases["ended"] & (self.cases["ended_at"] >= self.starts_at) & ~self.cases["is_same"]

    @property
    def open_at_start(self) -> "pd.Series[bool]":
        """Which had been received before the period and had not ended when it began."""
        ended_before = self.cases["ended"] & ~(self.cases["ended_at"] >= self.starts_at)
        return (self.cases["received_at"] < self.starts_at) & ~ended_before

    @property
    def undated(self) -> "pd.Series[bool]":
        """Which of the opened ones have ended, nobody knows when: history without a date of closing."""
        return self.opened & self.cases["ended"] & self.cases["ended_at"].isna()

    @cached_property
    def payments(self) -> pd.DataFrame:
        """What was paid in the period, whatever became of the case since: ``amount`` and ``currency``, a row a payment.

        The index says of which of ``cases`` it is.
        """
        paid = self.cases["payments"].dropna()
        first, last = self.starts_at.date(), (self.until - _MOMENT).date()
        rows = [
            (case, one.amount, one.currency)
            for case, payments in zip(paid.index, payments_in(paid), strict=True)
            for one in payments
            if first <= one.paid_on <= last
        ]
        return pd.DataFrame(rows, columns=["case", "amount", "currency"], dtype="object").set_index("case")

    @property
    def paid(self) -> "pd.Series[bool]":
        """On which money was paid in the period."""
        found: pd.Series[bool] = self.cases.index.to_series().isin(self.payments.index)
        return found


def population(frame: pd.DataFrame, starts_at: datetime, ends_at: datetime, as_at: datetime) -> Population:
    """Return the complaints of a period.

    Args:
        frame: The cases (see :mod:`complaints.reporting.frame`).
        starts_at: First instant of the period, in the regime's zone.
        ends_at: The first one after it.
        as_at: The cut-off.
    """
    until = min(ends_at, as_at.astimezone(starts_at.tzinfo))
    frame = frame[frame["received_at"] < until]
    within = frame["received_at"] >= starts_at
    unassessed = frame[within & frame["kind"].isna()]
    complaints = frame[frame["kind"].eq(Kind.COMPLAINT).fillna(False).astype("bool")]
    is_merged = (complaints["merged_at"] < until) & (complaints["received_at"] >= starts_at)
    cases = complaints.assign(is_same=is_merged)
    at = cases[["answered_at", "closed_at", "merged_at"]].min(axis="columns")
    cases["ended"] = (at < until) | (cases["history"].astype("bool") & at.isna())
    cases["ended_at"] = at.where(at < until)
    for name in ENDING:
        cases[name] = cases[name].astype("object").where(cases["ended"], None)
    zone = starts_at.tzinfo
    assert isinstance(zone, ZoneInfo)
    cases["received_on"], cases["ended_on"] = day_of(cases["received_at"], zone), day_of(cases["ended_at"], zone)
    cases["ending"] = cases["outcome"].where(cases["outcome"].notna(), cases["closure"])
    return Population(
        cases.sort_values("reference", ignore_index=True),
        tuple(sorted(complaints.loc[is_merged, "reference"])),
        tuple(sorted(unassessed["reference"])),
        starts_at,
        until,
    )


def day_of(instants: "pd.Series[Any]", zone: ZoneInfo) -> "pd.Series[Any]":
    """Return the midnights, without zone, of the days in ``zone`` on which instants lie."""
    days: pd.Series[Any] = instants.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
    return days


def texts(column: "pd.Series[Any]") -> list[str | None]:
    """Return a column's texts, with None for nothing."""
    values: list[str | None] = column.astype("object").where(column.notna(), None).tolist()
    return values


def coded(cases: pd.DataFrame, map_: CodeMap) -> "pd.Series[Any]":
    """Return the authority's codes for each case, as tuples: empty where the map has none."""
    known: dict[tuple[str | None, ...], tuple[str, ...]] = {}
    keys = zip(*(texts(cases[name]) for name in map_.by), strict=True)
    codes = [known[key] if key in known else known.setdefault(key, map_.look_up(key)) for key in keys]
    return pd.Series(codes, index=cases.index, dtype="object")


def without_code(place: str, cases: pd.DataFrame, codes: "pd.Series[Any]", map_: CodeMap) -> Iterator[Finding]:
    """Yield a finding for each of our words that a map has no code for.

    Args:
        place: The table.
        cases: The cases that need a code.
        codes: As :func:`coded` returns them, for at least these.
        map_: The map.
    """
    missing = cases[codes.loc[cases.index].map(len) == 0]
    if missing.empty:
        return
    words = [" / ".join(filter(None, key)) for key in zip(*(texts(missing[name]) for name in map_.by), strict=True)]
    for word, group in missing.groupby(pd.Series(words, index=missing.index), sort=True):
        said = Title(zh=f"“{word}”没有对应代码", en=f"'{word}' has no code of the authority's")
        nothing = Title(zh="案件未载明，无从对应", en="the case does not say it, so there is nothing to map")
        by = ", ".join(map_.by)
        yield Finding(
            Grade.MUST,
            place,
            map_.title,
            said if word else nothing,
            Title(
                zh=f"在本机构的对照表（按 {by}）中补一行，或更正案件",
                en=f"Add it to the firm's own map (by {by}), or correct the case",
            ),
            tuple(group["reference"]),
        )


def doubtful(place: str, *parts: tuple[Title, bool, Title | None]) -> Iterator[Finding]:
    """Yield findings on the parts of a return whose source is not sure, one for those of the same source.

    Args:
        place: The table.
        parts: The title of each, whether it is to be verified, and what was read.
    """
    by_source: dict[tuple[str, str], list[Title]] = {}
    for title, to_verify, source in parts:
        if to_verify:
            said = source or _SECONDARY
            by_source.setdefault((said.zh, said.en), []).append(title)
    for (zh, en), titles in by_source.items():
        yield Finding(
            Grade.VERIFY,
            place,
            Title(zh="、".join(one.zh for one in titles), en=", ".join(one.en for one in titles)),
            Title(zh=zh, en=en),
            Title(zh="报送前对照主管机关现行文本", en="Compare it with the authority's current text before handing in"),
        )


_SECONDARY: Final = Title(zh="出自二手资料，未核实", en="from a secondary source, not verified")


def incomplete(people: Population) -> Iterator[Finding]:
    """Yield findings on complaints that have ended nobody knows when, and so count as closed in no period."""
    if people.undated.any():
        undated = tuple(people.cases.loc[people.undated, "reference"])
        yield Finding(
            Grade.NOTE,
            THE_RETURN,
            Title(zh="结案日期", en="date closed"),
            Title(
                zh=f"历史导入的{len(undated)}件无结案日期，不计入办结",
                en=f"imported as history without a date of closing, and so closed in no period: {len(undated)}",
            ),
            Title(zh="来源有结案日期的，重新导入", en="Import them again with the date, where their source has it"),
            undated,
        )


def unassessed(people: Population) -> Iterator[Finding]:
    """Yield a finding where matters of the period are not assessed yet, and so may be missing."""
    if people.unassessed:
        yield Finding(
            Grade.MUST,
            THE_RETURN,
            Title(zh="业务性质", en="kind"),
            Title(
                zh=f"报告期内收到的{len(people.unassessed)}件尚未评估，是否属投诉未定，未列入",
                en=f"matters of the period not assessed yet, and so not in the return: {len(people.unassessed)}",
            ),
            Title(zh="先完成评估，再重新生成", en="Assess them, then make the return again"),
            people.unassessed,
        )
