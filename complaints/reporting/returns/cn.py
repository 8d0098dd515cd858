"""The tables that go to the local bureau each quarter, and those that are disclosed to the public each year (CN-NFRA).

The definitions are those of the summaries (:mod:`complaints.reporting.spans`): the same period and cut-off give the
same numbers here and there. Shares are of the deduplicated total.
"""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import pandas as pd

from complaints.reporting.axes import AXES, SECTION, UNMAPPED, axes_of
from complaints.reporting.counting import Mask
from complaints.reporting.returns.data import CodeList
from complaints.reporting.returns.model import THE_RETURN, Column, Finding, Grade, Made, Table, Value
from complaints.reporting.returns.order import Order
from complaints.reporting.returns.population import coded, doubtful, without_code
from complaints.reporting.spans import Cases, Span
from complaints.words import Title

_NOT_MAPPED: Final = "未对应"
_DEDUPE: Final = Title(
    zh="去重后总量不含期内并入其他投诉的件数；占比以去重后总量为基数",
    en="the deduplicated total leaves out complaints merged into others within the period; shares are of that total",
)
_ITEM: Final = Column("项目", Title(zh="项目", en="item"))
_CASES: Final = Column("件数", Title(zh="件数", en="cases"))
_RECEIVED: Final = Column("收到件数", Title(zh="收到件数", en="received"))
_ONCE: Final = Column("去重后件数", Title(zh="去重后件数", en="deduplicated"))
_SHARE: Final = Column("占比（%）", Title(zh="占比（%）", en="share (%)"))


def local_bureau(order: Order) -> Made:
    """Make the quarterly tables for the local bureau: totals, and by business type, cause and channel."""
    span, findings = _span(order)
    rows = (
        ("收到投诉总量", span.complaints),
        ("其中：并入其他投诉的", span.complaints & ~span.deduplicated),
        ("去重后投诉总量", span.deduplicated),
        ("监管转办", span.forwarded),
        ("群体投诉", span.group),
        ("期内答复或办结", span.handled),
        ("其中：超期", span.handled & span.late),
        ("期末未结", span.open & span.cases.is_complaint),
    )
    totals = Table(
        "totals",
        Title(zh="投诉总体情况", en="complaints in total"),
        (_ITEM, _CASES),
        tuple((name, _count(mask)) for name, mask in rows),
    )
    made = [_by(order, span, axis, received=True) for axis in AXES]
    return _made(span, (totals, *(table for table, _ in made)), [*findings, *(one for _, more in made for one in more)])


def yearly_disclosure(order: Order) -> Made:
    """Make the tables of the public disclosure: the deduplicated total, and its shares by business type and cause."""
    span, findings = _span(order)
    totals = Table(
        "totals",
        Title(zh="投诉总体情况", en="complaints in total"),
        (_ITEM, _CASES),
        (("去重后投诉总量", _count(span.deduplicated)),),
    )
    made = [_by(order, span, axis, received=False) for axis in ("business", "cause")]
    return _made(span, (totals, *(table for table, _ in made)), [*findings, *(one for _, more in made for one in more)])


def _made(span: Span, tables: tuple[Table, ...], findings: list[Finding]) -> Made:
    nothing = not (span.complaints | span.handled | (span.open & span.cases.is_complaint)).any()
    return Made(tables, tuple(findings), is_nil=bool(nothing), dedupe=_DEDUPE)


def _span(order: Order) -> tuple[Span, list[Finding]]:
    """Return the cases of the reporting branch, or of the whole entity, and what is doubtful in that choice."""
    entity, people, frame = order.data.entity, order.people, order.frame
    findings = list[Finding]()
    if entity.regions:
        findings += _without_region(people.cases[people.opened])
        frame = frame[frame["region"].isin(entity.regions)].reset_index(drop=True)
    elif order.rule and order.rule.level == "branch":
        findings.append(
            Finding(
                Grade.VERIFY,
                THE_RETURN,
                Title(zh="填报机构", en="who reports"),
                Title(
                    zh="属地报表按分支机构填报，未设定地区，现为全机构数据",
                    en="a branch reports it; no regions are set, so it is the whole firm's",
                ),
                Title(
                    zh="在 returns/cn-nfra.toml 的 [entity] 中填写 branch 与 regions",
                    en="Write branch and regions into [entity] of returns/cn-nfra.toml",
                ),
            )
        )
    return Span(Cases(frame, order.pack.tz), people.starts_at, people.until), findings


def _without_region(opened: pd.DataFrame) -> Iterator[Finding]:
    missing = tuple(opened.loc[opened["region"].isna(), "reference"])
    if missing:
        yield Finding(
            Grade.MUST,
            THE_RETURN,
            Title(zh="地区", en="region"),
            Title(
                zh="案件未载明地区，无从归属分支机构，未列入",
                en="the case names no region, so that no branch can be told; not in the tables",
            ),
            Title(zh="在来源系统补录地区", en="Add the region in the system that it came from"),
            missing,
        )


def _by(order: Order, span: Span, axis: str, *, received: bool) -> tuple[Table, list[Finding]]:
    """Return the table of an axis, as the summaries count it, and what is wrong or doubtful in it."""
    data, name = order.data, f"by-{axis}"
    maps = [data.maps[one] for one in AXES[axis] if one in data.maps]
    listed = data.lists[maps[-1].to]
    counted = axes_of(span, data)[f"{SECTION}{axis}"].frame
    count, once = int(counted["complaints"].sum()), int(counted["deduplicated"].sum())
    counts = zip(*(counted[column].tolist() for column in ("code", "complaints", "deduplicated")), strict=True)
    rows: list[tuple[Value, ...]] = [
        (_label(listed, code), *((all_,) if received else ()), one, _share(one, once)) for code, all_, one in counts
    ]
    rows.append(("合计", *((count,) if received else ()), once, _share(once, once)))
    columns = (Column(listed.title.zh, listed.title), *((_RECEIVED,) if received else ()), _ONCE, _SHARE)
    complaints = span.cases.frame[span.complaints]
    codes = coded(complaints, maps[-1])
    for map_ in maps[:-1]:  # what one of them has a code for, the last need not have
        codes = codes.where(codes.map(len) > 0, coded(complaints, map_))
    findings = [
        *without_code(name, complaints, codes, maps[-1]),
        *doubtful(
            name,
            (listed.title, listed.to_verify, listed.source),
            *((one.title, one.to_verify, one.source) for one in maps),
        ),
    ]
    return Table(name, Title(zh=f"按{listed.title.zh}", en=f"by {listed.title.en}"), columns, tuple(rows)), findings


def _label(listed: CodeList, code: str) -> str:
    return _NOT_MAPPED if code == UNMAPPED else listed.title_of(code).zh


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(100 * part) / whole).quantize(Decimal("0.01"), ROUND_HALF_UP) if whole else None


def _count(mask: Mask) -> int:
    return int(mask.sum())
