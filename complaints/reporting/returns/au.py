"""The IDR data report of ASIC RG 271: one row a complaint, received in the half-year or still open at its start.

A complaint has ended with its IDR response, or with its closing where that came first. Demographics are optional and
left blank: our records hold none of them in clear.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import pandas as pd

from complaints.reporting.returns.model import THE_RETURN, Column, Finding, Grade, Made, Table, Value, text_of
from complaints.reporting.returns.order import Order
from complaints.reporting.returns.population import coded, doubtful, texts, without_code
from complaints.reporting.returns.validating import check_columns, codes_unread
from complaints.words import Title

ROWS: Final = "complaints"
CURRENCY: Final = "AUD"
AT_MOST: Final = 3
"""Products, issues and outcomes of one complaint."""

_DEDUPE: Final = Title(
    zh="每件投诉一行：报告期内收到的，及期初未结的；并案的投诉只列最先收到的一件",
    en="one row a complaint: those received in the period and those open at its start; of complaints merged, the "
    "earliest alone",
)
_MAPPED: Final = ("complainant_type", "status", "channel", "about_representative")
_SEVERAL: Final = ("product", "issue", "outcome")
_EXPLAINED: Final = (*_MAPPED, *(f"{name}_1" for name in _SEVERAL))


def idr_data(order: Order) -> Made:
    """Make the IDR data report."""
    people, data = order.people, order.data
    cases = people.cases[people.opened | people.open_at_start].reset_index(drop=True)
    cases = cases.assign(status=_status(cases, people.until))
    values, findings = _values(order, cases)
    elements = data.elements
    columns = tuple(Column(one.header, one.title) for one in elements)
    blank: list[Value] = [None] * len(cases)
    rows = tuple(zip(*(values.get(one.name, blank) for one in elements), strict=True)) if len(cases) else ()
    table = Table(ROWS, Title(zh="投诉明细", en="complaints"), columns, rows, is_list=True)
    as_text = {one.header: [text_of(value) for value in values.get(one.name, blank)] for one in elements}
    findings += check_columns(ROWS, as_text, list(cases["reference"]), elements, data.lists, _EXPLAINED)
    findings += codes_unread(data.lists)
    findings += doubtful(ROWS, *((one.title, one.to_verify or one.source is not None, one.source) for one in elements))
    if not data.entity.brand:
        findings.append(_no_brand())
    return Made((table,), tuple(findings), is_nil=cases.empty, dedupe=_DEDUPE)


def _status(cases: pd.DataFrame, until: datetime) -> list[str]:
    """Return where each complaint stood at the end of the period."""
    taken_up = (cases["reopened_at"] < until).tolist()
    ended = cases["ended"].tolist()
    return ["closed" if over else "reopened" if again else "open" for over, again in zip(ended, taken_up, strict=True)]


def _values(order: Order, cases: pd.DataFrame) -> tuple[dict[str, list[Value]], list[Finding]]:
    maps, findings = order.data.maps, list[Finding]()
    days = (cases["ended_on"] - cases["received_on"]).dt.days
    values: dict[str, list[Value]] = {
        "identifier": [*cases["reference"]],
        "brand": [order.data.entity.brand or None] * len(cases),
        "received_on": _days(cases["received_on"]),
        "closed_on": _days(cases["ended_on"]),
        "days": [None if pd.isna(one) else int(one) for one in days],
    }
    for name in (*_MAPPED, *_SEVERAL):
        codes = coded(cases, maps[name])
        needed = cases[cases["ended"]] if name == "outcome" else cases
        findings += without_code(ROWS, needed, codes, maps[name])
        if name in _MAPPED:
            values[name] = [one[0] if one else None for one in codes]
            continue
        for place in range(AT_MOST):
            values[f"{name}_{place + 1}"] = [one[place] if len(one) > place else None for one in codes]
        findings += _too_many(name, cases, codes, maps[name].title)
    values["monetary_remedy"] = [
        paid if currency == CURRENCY else None
        for paid, currency in zip(_amounts(cases["redress_paid"]), texts(cases["redress_currency"]), strict=True)
    ]
    findings += _foreign(cases)
    return values, findings


def _days(column: "pd.Series[Any]") -> list[Value]:
    return [None if pd.isna(one) else one.date() for one in column]


def _amounts(column: "pd.Series[Any]") -> list[Decimal | None]:
    return [None if pd.isna(one) else one for one in column]


def _too_many(name: str, cases: pd.DataFrame, codes: "pd.Series[Any]", title: Title) -> Iterator[Finding]:
    over = cases.loc[codes.map(len) > AT_MOST, "reference"]
    if len(over):
        reason = Title(
            zh=f"对应出的代码超过{AT_MOST}个，多出的未列入",
            en=f"the map gives over {AT_MOST} codes; the others are left out",
        )
        cure = Title(zh="在对照表中至多写3个", en="Write three at most into the map")
        yield Finding(Grade.MUST, ROWS, title, reason, cure, tuple(over))


def _foreign(cases: pd.DataFrame) -> Iterator[Finding]:
    other = cases[cases["redress_paid"].notna() & cases["redress_currency"].ne(CURRENCY)]
    if len(other):
        yield Finding(
            Grade.MUST,
            ROWS,
            Title(zh="赔付金额", en="monetary remedy amount"),
            Title(zh="赔付不以澳元计，未填写", en="the remedy was not paid in Australian dollars and is left blank"),
            Title(zh="按机构的换算办法折算后填入", en="Convert it by the firm's own rule and fill it in"),
            tuple(other["reference"]),
        )


def _no_brand() -> Finding:
    return Finding(
        Grade.VERIFY,
        THE_RETURN,
        Title(zh="子公司、品牌或养老基金", en="subsidiary, brand or superannuation fund"),
        Title(
            zh="同一牌照下有多个时必填，本机构文件中未写",
            en="mandatory where one licence has several; the firm's file names none",
        ),
        Title(
            zh="只有一个的不必填，否则写入 [entity] brand", en="With only one leave it blank; else write [entity] brand"
        ),
    )
