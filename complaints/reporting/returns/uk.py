"""The complaints return of DISP 1 Annex 1R, what is published of it (DISP 1.10A), and the return that replaces it.

Below the threshold the tables are by grouping (1 to 3), from it on by single product (4 to 6). Tables 3 and 6 hold
the size of the business, which no complaint says: the firm writes it into its own file, or it is a finding.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any, Final

import pandas as pd

from complaints.reporting.returns.data import CodeList, Size
from complaints.reporting.returns.model import THE_RETURN, Column, Finding, Grade, Made, Table, Value
from complaints.reporting.returns.order import Order
from complaints.reporting.returns.population import coded, doubtful, without_code
from complaints.words import Title

CURRENCY: Final = "GBP"
UNMAPPED: Final = "unmapped"

_TIMES: Final = ("within_3_days", "within_8_weeks", "over_8_weeks")
_NOT_MAPPED: Final = Title(zh="未对应", en="not mapped")
_ALL: Final = Title(zh="合计", en="Total")
_DEDUPE: Final = Title(
    zh="并案的投诉只计一次，计入最先收到的一件；报告期内收到的计为受理，报告期内答复或结案（以先者为准）的计为办结",
    en="a complaint merged into an earlier one counts once; opened: received in the period; closed: answered "
    "or closed in the period, whichever came first",
)
_GROUPING: Final = Column("Product/service grouping", Title(zh="产品与服务大类", en="Product/service grouping"))
_PRODUCT: Final = Column("Product/service", Title(zh="产品与服务", en="Product/service"))
_CLOSED: Final = (
    Column("Closed within 3 business days", Title(zh="3个工作日内办结", en="Closed within 3 business days")),
    Column(
        "Closed after 3 business days, within 8 weeks",
        Title(zh="3个工作日后8周内办结", en="Closed after 3 business days, within 8 weeks"),
    ),
    Column("Closed after 8 weeks", Title(zh="8周后办结", en="Closed after 8 weeks")),
    Column("Total closed", Title(zh="办结合计", en="Total closed")),
    Column("Upheld", Title(zh="投诉成立", en="Upheld")),
    Column("Redress paid (GBP)", Title(zh="赔付金额（英镑）", en="Redress paid (GBP)")),
)
_SIZE: Final = (
    Column(
        "Provision", Title(zh="期末在册数（账户、保单等）", en="Provision (accounts, policies… at the period's end)")
    ),
    Column("Intermediation", Title(zh="期内销售数", en="Intermediation (sold within the period)")),
)
_PUBLISHED: Final = (
    _GROUPING,
    Column("Provision", Title(zh="每千个账户、保单等的投诉", en="Opened per 1,000 accounts, policies…")),
    Column("Intermediation", Title(zh="每千件销售的投诉", en="Opened per 1,000 sold")),
    Column("Opened", Title(zh="受理", en="Opened")),
    Column("Closed", Title(zh="办结", en="Closed")),
    Column("% closed within 3 business days", Title(zh="3个工作日内办结占比", en="% closed within 3 business days")),
    Column(
        "% closed after 3 business days, within 8 weeks",
        Title(zh="3个工作日后8周内办结占比", en="% closed after 3 business days, within 8 weeks"),
    ),
    Column("% upheld", Title(zh="成立占比", en="% upheld")),
    Column("Main cause of complaints opened", Title(zh="主要原因", en="Main cause of complaints opened")),
)


def annex_1r(order: Order) -> Made:
    """Make the return of DISP 1 Annex 1R, half-yearly or yearly."""
    people, data = order.people, order.data
    counted = people.cases[people.opened | people.ended | people.open_at_start | people.paid]
    products, causes = coded(counted, data.maps["product"]), coded(counted, data.maps["cause"])
    cases = counted.assign(
        product_code=[one[0] if one else UNMAPPED for one in products],
        grouping=[one[0].partition(".")[0] if one else UNMAPPED for one in products],
        cause_code=[one[0] if one else UNMAPPED for one in causes],
        time=pd.Series(_times(counted, order), index=counted.index, dtype="object"),
    )
    opened, ended = cases[people.opened.loc[cases.index]], cases[people.ended.loc[cases.index]]
    paid = people.payments.join(cases)
    outstanding = int(people.open_at_start.sum())
    is_nil = not (len(opened) or len(ended) or outstanding or len(paid))
    by_product = len(opened) >= _threshold(order)
    findings = [
        *without_code("table-5" if by_product else "table-2", counted, products, data.maps["product"]),
        *without_code("table-4" if by_product else "table-1", opened, causes.loc[opened.index], data.maps["cause"]),
        *_foreign(paid),
        *doubtful(THE_RETURN, *((one.title, one.to_verify, one.source) for one in _doubted(data))),
    ]
    if by_product:
        findings += _without_product(counted, cases)
    tables = [_details(order, outstanding, len(opened), is_nil=is_nil)]
    if not is_nil:
        made = _tables(order, opened, ended, paid, by_product=by_product)
        tables += made
        findings += _without_size(order, opened, ended)
    return Made(tuple(tables), tuple(findings), is_nil, _DEDUPE)


def consolidated(order: Order) -> Made:
    """Make what is known of the consolidated return of PS25/19: its list of fields was not read."""
    people = order.people
    opened, ended = int(people.opened.sum()), int(people.ended.sum())
    outstanding = int(people.open_at_start.sum())
    is_nil = not (opened or ended or outstanding)
    rows: tuple[tuple[Value, ...], ...] = (
        ("Nil return", "Yes" if is_nil else "No"),
        ("Complaints opened", opened),
        ("Customers identified as vulnerable", None),
        ("Complaints about or caused by a failure to consider vulnerability", None),
    )
    known = Table("known", Title(zh="已知栏目", en="the fields that are known"), _FIELD, rows)
    unread = Finding(
        Grade.MUST,
        THE_RETURN,
        Title(zh="PS25/19 字段表", en="the fields of PS25/19"),
        Title(
            zh="字段表（第33至40页）未读，本表不完整",
            en="the list of fields (pages 33 to 40) was not read: not complete",
        ),
        Title(
            zh="依主管机关系统填报；字段核实后补入规则",
            en="Fill in the authority's own form; bring the fields in once read",
        ),
    )
    vulnerable = Finding(
        Grade.MUST,
        "known",
        Title(zh="弱势客户两项计数", en="the two counts of vulnerable customers"),
        Title(zh="案件记录不含客户是否弱势", en="our records do not say whether a customer is vulnerable"),
        Title(zh="由机构另行统计后填入", en="Count them elsewhere and fill them in"),
    )
    return Made((known,), (unread, *(() if is_nil else (vulnerable,))), is_nil, _DEDUPE)


# --- the tables -------------------------------------------------------------------------------------

_FIELD: Final = (
    Column("Field", Title(zh="项目", en="Field")),
    Column("Value", Title(zh="内容", en="Value")),
)


def _details(order: Order, outstanding: int, opened: int, *, is_nil: bool) -> Table:
    members = order.data.entity.members
    rows: list[tuple[Value, ...]] = [
        ("Covers more than one firm", "Yes" if members else "No"),
        *(("Further firm reference number", member) for member in members),
        ("Nil return", "Yes" if is_nil else "No"),
    ]
    if not is_nil:  # a nil return leaves everything else blank
        rows += [
            ("Complaints outstanding at the start of the period", outstanding),
            ("Complaints opened in the period", opened),
        ]
    return Table("details", Title(zh="报送说明", en="Return details"), _FIELD, tuple(rows))


def _tables(
    order: Order, opened: pd.DataFrame, ended: pd.DataFrame, paid: pd.DataFrame, *, by_product: bool
) -> Iterator[Table]:
    groupings, causes = order.data.lists["grouping"], order.data.lists["cause"]
    key = "product_code" if by_product else "grouping"
    first = 4 if by_product else 1
    heads = (_GROUPING, _PRODUCT) if by_product else (_GROUPING,)
    codes = _codes(groupings, key, opened, ended, paid)
    by_cause = opened.groupby([key, "cause_code"]).size()
    cause_codes = [*(one.code for one in causes.codes), *_if_any(UNMAPPED, opened["cause_code"])]
    headed = tuple(
        Column(title.en, title)
        for code in cause_codes
        for title in [_NOT_MAPPED if code == UNMAPPED else causes.title_of(code)]
    )
    rows = [
        (*_names(groupings, code, len(heads)), *counts, sum(counts))
        for code in codes
        for counts in [[int(by_cause.get((code, cause), 0)) for cause in cause_codes]]
    ]
    opened_title = Title(zh="受理：按产品与原因", en="Opened, by product and cause")
    columns = (*heads, *headed, Column("Total opened", Title(zh="受理合计", en="Total opened")))
    yield Table(f"table-{first}", opened_title, columns, _with_total(rows, len(heads)))
    upheld = ended["outcome"].isin([one.code for one in order.data.lists["upheld"].codes])
    rows = [
        (
            *_names(groupings, code, len(heads)),
            *counts,
            sum(counts),
            int((here & upheld).sum()),
            _sum(paid[paid[key].eq(code)]),
        )
        for code in codes
        for here in [ended[key].eq(code)]
        for counts in [[int((here & ended["time"].eq(time)).sum()) for time in _TIMES]]
    ]
    closed_title = Title(zh="办结、成立与赔付", en="Closed, upheld and redress")
    yield Table(f"table-{first + 1}", closed_title, (*heads, *_CLOSED), _with_total(rows, len(heads)))
    sizes = order.data.context.get(order.period.name, {})
    size_rows = tuple(
        (groupings.title_of(one.code).en, size.provision, size.intermediation)
        for one in groupings.codes
        for size in [sizes.get(one.code, Size())]
    )
    size_title = Title(zh="业务规模", en="Contextualisation")
    yield Table(f"table-{first + 2}", size_title, (_GROUPING, *_SIZE), size_rows)
    if by_product:
        yield _publication(order, opened, ended, upheld)


def _publication(order: Order, opened: pd.DataFrame, ended: pd.DataFrame, upheld: "pd.Series[bool]") -> Table:
    groupings, causes = order.data.lists["grouping"], order.data.lists["cause"]
    sizes = order.data.context.get(order.period.name, {})
    rows: list[tuple[Value, ...]] = []
    for code in _codes(groupings, "grouping", opened, ended):
        here, done = opened[opened["grouping"].eq(code)], ended[ended["grouping"].eq(code)]
        size, counts = sizes.get(code, Size()), here["cause_code"].value_counts()
        order_of = [one.code for one in causes.codes]
        main = min(
            counts.index,
            key=lambda cause: (-counts[cause], order_of.index(cause) if cause in order_of else 99),
            default=None,
        )
        rows.append(
            (
                *_names(groupings, code, 1),
                _rate(len(here) * 1000, size.provision),
                _rate(len(here) * 1000, size.intermediation),
                len(here),
                len(done),
                *(_rate(100 * int(done["time"].eq(time).sum()), len(done)) for time in _TIMES[:2]),
                _rate(100 * int(upheld.loc[done.index].sum()), len(done)),
                None if main is None else _NOT_MAPPED.en if main == UNMAPPED else causes.title_of(main).en,
            )
        )
    return Table(
        "publication", Title(zh="公布表（DISP 1.10A）", en="Publication (DISP 1.10A)"), _PUBLISHED, tuple(rows)
    )


def _codes(groupings: CodeList, key: str, *frames: pd.DataFrame) -> list[str]:
    """Return the codes that get a row: every grouping, or the products that there are, in the groupings' order."""
    known = [one.code for one in groupings.codes]
    there = {str(code) for frame in frames for code in frame[key]}
    if key == "grouping":
        return [*known, *sorted(there - set(known))]
    return sorted(
        there, key=lambda code: (known.index(head) if (head := code.partition(".")[0]) in known else 99, code)
    )


def _names(groupings: CodeList, code: str, count: int) -> tuple[Value, ...]:
    grouping, _, product = code.partition(".")
    name = _NOT_MAPPED.en if grouping == UNMAPPED else groupings.title_of(grouping).en
    return (name, product or None)[:count]


def _with_total(rows: Sequence[tuple[Any, ...]], names: int) -> tuple[tuple[Value, ...], ...]:
    sums = (sum(column) for column in list(zip(*rows, strict=True))[names:])
    return (*rows, (_ALL.en, *(None,) * (names - 1), *sums))


def _if_any(code: str, column: "pd.Series[Any]") -> list[str]:
    return [code] if column.eq(code).any() else []


def _sum(paid: pd.DataFrame) -> Decimal:
    in_pounds = paid[paid["currency"].eq(CURRENCY)]
    return sum(in_pounds["amount"], Decimal("0.00"))


def _rate(part: int, whole: int | None) -> Decimal | None:
    return (Decimal(part) / whole).quantize(Decimal("0.01"), ROUND_HALF_UP) if whole else None


def _threshold(order: Order) -> int:
    assert order.rule is not None
    return order.rule.publish_from or 0


def _times(cases: pd.DataFrame, order: Order) -> list[str | None]:
    """Return how long each took: to the close of the 3rd business day after receipt, to 8 weeks, or longer."""
    days, weeks = order.pack.clock("informal-resolution").budget, order.pack.clock("decision").budget

    @cache
    def limits(received_on: pd.Timestamp) -> tuple[pd.Timestamp, pd.Timestamp]:
        soon = order.calendar.nth_working_day(received_on.date(), days)
        return pd.Timestamp(soon), received_on + timedelta(weeks=weeks)

    times: list[str | None] = []
    for received_on, ended_on in zip(cases["received_on"], cases["ended_on"], strict=True):
        if pd.isna(ended_on):
            times.append(None)
            continue
        soon, late = limits(received_on)
        times.append(_TIMES[0] if ended_on <= soon else _TIMES[1] if ended_on <= late else _TIMES[2])
    return times


# --- findings ---------------------------------------------------------------------------------------


def _doubted(data: Any) -> list[Any]:
    return [data.lists["grouping"], data.lists["cause"], data.lists["upheld"], data.maps["cause"]]


def _foreign(paid: pd.DataFrame) -> Iterator[Finding]:
    """Yield a finding for each currency that the return has no column for."""
    for currency, group in paid[~paid["currency"].eq(CURRENCY)].groupby("currency", sort=True):
        yield Finding(
            Grade.MUST,
            THE_RETURN,
            Title(zh="赔付金额", en="redress"),
            Title(
                zh=f"报表以英镑计，有以{currency}支付的赔付未列入",
                en=f"the return is in pounds; redress in {currency} is not in it",
            ),
            Title(zh="按机构的换算办法折算后补入", en="Convert it by the firm's own rule and add it"),
            tuple(group["reference"].unique()),
        )


def _without_product(counted: pd.DataFrame, cases: pd.DataFrame) -> Iterator[Finding]:
    bare = cases["product_code"].ne(UNMAPPED) & ~cases["product_code"].str.contains(".", regex=False)
    if bare.any():
        yield Finding(
            Grade.MUST,
            "table-4",
            Title(zh="具体产品", en="single product"),
            Title(
                zh="达到公布数量须按具体产品填报，对照表仅有大类",
                en="from the threshold on single products are asked for; the map has groupings only",
            ),
            Title(zh="在对照表中写“大类.产品”", en="Write 'grouping.product' into the map"),
            tuple(counted.loc[bare[bare].index, "reference"]),
        )


def _without_size(order: Order, opened: pd.DataFrame, ended: pd.DataFrame) -> Iterator[Finding]:
    sizes = order.data.context.get(order.period.name, {})
    for code in _codes(order.data.lists["grouping"], "grouping", opened, ended):
        has_cases = opened["grouping"].eq(code).any() or ended["grouping"].eq(code).any()
        size = sizes.get(code, Size())
        if code != UNMAPPED and has_cases and size.provision is None and size.intermediation is None:
            yield Finding(
                Grade.MUST,
                "table-6" if len(opened) >= _threshold(order) else "table-3",
                order.data.lists["grouping"].title_of(code),
                Title(zh="案件记录不含业务规模", en="our records of complaints do not hold the size of the business"),
                Title(
                    zh=f'在本机构的 returns/uk-disp.toml 中填写 [context."{order.period.name}".{code}]',
                    en=f'Write [context."{order.period.name}".{code}] into the firm\'s returns/uk-disp.toml',
                ),
            )
