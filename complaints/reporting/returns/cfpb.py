"""The layout of the CFPB's public file: 16 columns since June 2026, one row a complaint received in the period.

The CFPB makes that file from what firms answer in its portal; nobody hands it in. It is made here to be compared with
what was published, and for systems that read that layout. What we do not hold stays blank, and what may not be shown
is withheld: the narrative is published with the consumer's consent only, of which we have no record, and the ZIP code
is sealed with the person's data.
"""

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from complaints.reporting.returns.model import THE_RETURN, Column, Finding, Grade, Made, Table, Value
from complaints.reporting.returns.order import Order
from complaints.reporting.returns.population import coded, doubtful, texts, without_code
from complaints.words import Title

ROWS: Final = "complaints"
SENDER: Final = "cfpb"

_COLUMNS: Final = (
    Column("Date received", Title(zh="收到日期", en="Date received")),
    Column("Product", Title(zh="产品", en="Product")),
    Column("Sub-product", Title(zh="子产品", en="Sub-product")),
    Column("Issue", Title(zh="问题", en="Issue")),
    Column("Sub-issue", Title(zh="子问题", en="Sub-issue")),
    Column("Consumer complaint narrative", Title(zh="消费者陈述", en="Consumer complaint narrative")),
    Column("Company public response", Title(zh="公司公开回应", en="Company public response")),
    Column("Company", Title(zh="公司", en="Company")),
    Column("State", Title(zh="州", en="State")),
    Column("ZIP code", Title(zh="邮编", en="ZIP code")),
    Column("Tags", Title(zh="标签", en="Tags")),
    Column("Submitted via", Title(zh="提交途径", en="Submitted via")),
    Column("Date sent to company", Title(zh="送达公司日期", en="Date sent to company")),
    Column("Company response to consumer", Title(zh="对消费者的答复", en="Company response to consumer")),
    Column("Timely response?", Title(zh="是否按时答复", en="Timely response?")),
    Column("Complaint ID", Title(zh="投诉编号", en="Complaint ID")),
)
_DEDUPE: Final = Title(
    zh="每个投诉编号一行；并案的投诉只列最先收到的一件",
    en="one row a complaint number; of complaints merged, the earliest alone",
)
_WITHHELD: Final = (
    (
        "Consumer complaint narrative",
        Title(
            zh="须经消费者同意方可公布，案件中无同意记录",
            en="published with the consumer's consent only, of which we hold no record",
        ),
    ),
    ("ZIP code", Title(zh="属个人信息，密封保存，不列入报表", en="personal, sealed with the case, and in no report")),
)
_NOT_HELD: Final = ("Sub-issue", "Company public response", "Tags", "Date sent to company")
_IN_PROGRESS, _UNTIMELY = "In progress", "Untimely response"


def of_the_cfpb(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the cases that have a number of the CFPB's: it sent them, or forwarded them.

    Args:
        frame: With the columns of :data:`~complaints.reporting.returns.population.NUMBERS`.
    """
    forwarded = frame["authority"].astype("object").fillna("").map(lambda name: str(name).startswith(SENDER))
    return frame[frame["sender"].eq(SENDER).fillna(False).astype("bool") | forwarded.astype("bool")]


def public_export(order: Order) -> Made:
    """Make the rows of the public file."""
    people, data = order.people, order.data
    cases = people.cases[people.opened].copy()
    cases["id"] = [
        number if sender == SENDER else at_authority
        for sender, number, at_authority in zip(
            *(texts(cases[name]) for name in ("sender", "number", "authority_number")), strict=True
        )
    ]
    digits = cases["id"].astype("object").fillna("").map(len)
    cases = cases.assign(digits=digits).sort_values(["received_on", "digits", "id"], ignore_index=True)
    via, state = coded(cases, data.maps["submitted_via"]), coded(cases, data.maps["state"])
    response, answers = _responses(cases, order)
    products = [_product(*one) for one in zip(texts(cases["product"]), texts(cases["sub_product"]), strict=True)]
    values: dict[str, list[Value]] = {
        "Date received": [one.date() for one in cases["received_on"]],
        "Product": [product for product, _ in products],
        "Sub-product": [sub_product for _, sub_product in products],
        "Issue": [*texts(cases["issue"])],
        "Company": [data.entity.name or order.firm.name_en] * len(cases),
        "State": [
            known[0] if known else _state(region) for known, region in zip(state, texts(cases["region"]), strict=True)
        ],
        "Submitted via": [one[0] if one else None for one in via],
        "Company response to consumer": [*response],
        "Timely response?": [None if pd.isna(late) else "No" if late else "Yes" for late in _late(cases, order)],
        "Complaint ID": [*texts(cases["id"])],
    }
    blank: list[Value] = [None] * len(cases)
    rows = tuple(zip(*(values.get(one.header, blank) for one in _COLUMNS), strict=True)) if len(cases) else ()
    table = Table(ROWS, Title(zh="投诉明细", en="complaints"), _COLUMNS, rows, is_list=True)
    findings = [
        *without_code(ROWS, cases, via, data.maps["submitted_via"]),
        *without_code(ROWS, cases[cases["ended"] & ~cases["history"].astype("bool")], answers, data.maps["response"]),
        *_blank(table, list(cases["reference"])),
        *_withheld(),
        *doubtful(ROWS, *((one.title, one.to_verify, one.source) for one in data.maps.values())),
    ]
    return Made((table,), tuple(findings), is_nil=cases.empty, dedupe=_DEDUPE)


def _product(product: str | None, sub_product: str | None) -> tuple[str | None, str | None]:
    """Return product and sub-product; cases taken in before they were kept apart have both in one."""
    if sub_product or not product:
        return product, sub_product
    main, _, rest = product.partition(" / ")
    return main, rest or None


def _state(region: str | None) -> str | None:
    """Return a state by its postal letters: NY for US-NY. The armed forces' post lies in none."""
    return region.removeprefix("US-") if region and region.startswith("US-") else None


def _late(cases: pd.DataFrame, order: Order) -> "pd.Series[bool]":
    """Return whether the response was late; an unanswered complaint is, once its limit has passed."""
    overdue = ~cases["ended"] & (cases["decision_due_at"] < order.people.until)
    late: pd.Series[bool] = cases["late"].where(cases["ended"], overdue.astype("boolean").where(overdue))
    return late


def _responses(cases: pd.DataFrame, order: Order) -> "tuple[list[str | None], pd.Series[Any]]":
    answers = coded(cases, order.data.maps["response"])
    overdue = _late(cases, order).fillna(False)
    responses = [
        (answer[0] if answer else None) if ended else _UNTIMELY if late else _IN_PROGRESS
        for answer, ended, late in zip(answers, cases["ended"], overdue, strict=True)
    ]
    return responses, answers


_HELD: Final = (
    "Product",
    "Issue",
    "State",
    "Submitted via",
    "Company response to consumer",
    "Timely response?",
    "Complaint ID",
)


def _blank(table: Table, references: list[str]) -> Iterator[Finding]:
    """Yield a finding for each column that should have a value everywhere, and has none somewhere."""
    for name in _HELD:
        at = [one.header for one in table.columns].index(name)
        empty = tuple(who for who, row in zip(references, table.rows, strict=True) if row[at] is None)
        if empty:
            yield Finding(
                Grade.NOTE if name in ("State", "Timely response?") else Grade.MUST,
                ROWS,
                table.columns[at].title,
                Title(zh="案件未载明，留空", en="the case does not say it; left blank"),
                Title(zh="从平台补录，或保留空白", en="Bring it in from the portal, or leave it blank"),
                empty,
            )


def _withheld() -> Iterator[Finding]:
    titles = {one.header: one.title for one in _COLUMNS}
    for name, reason in _WITHHELD:
        yield Finding(Grade.NOTE, ROWS, titles[name], reason, Title(zh="保持空白", en="Leave it blank"))
    for name in _NOT_HELD:
        reason = Title(zh="案件记录不含此项，留空", en="our records do not hold it; left blank")
        yield Finding(Grade.NOTE, ROWS, titles[name], reason, Title(zh="以平台所载为准", en="The portal has it"))
    yield Finding(
        Grade.NOTE,
        THE_RETURN,
        Title(zh="用途", en="what it is for"),
        Title(
            zh="此为公开数据的格式，由主管机关编制，机构不须报送",
            en="the authority makes this file itself; no firm hands it in",
        ),
        Title(zh="用于与已公布数据核对", en="Use it to compare with what was published"),
    )
