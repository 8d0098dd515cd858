"""Makes a return: chooses its maker, counts its cases, and adds what is true of every return."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final

import pandas as pd

from complaints.calendars.model import WorkingCalendar
from complaints.regimes.model import Pack, ReportRule
from complaints.reporting.periods import Period, PeriodKind, due_on
from complaints.reporting.returns import au, cfpb, cn, uk
from complaints.reporting.returns.data import ReturnData
from complaints.reporting.returns.model import (
    THE_RETURN,
    Entity,
    Finding,
    Grade,
    Made,
    Return,
    ReturnNotMade,
    ReturnUnknown,
)
from complaints.reporting.returns.order import Order
from complaints.reporting.returns.population import incomplete, population, unassessed
from complaints.reporting.returns.validating import check_columns, codes_unread, read_columns
from complaints.settings import Firm
from complaints.words import EN, ZH, Title

PUBLIC_EXPORT: Final = "public-export"
"""The layout of the CFPB's public file, which is no return: the pack has no rule for it."""

MAKERS: Final[Mapping[tuple[str, str], Callable[[Order], Made]]] = {
    ("uk-disp", "annex-1r"): uk.annex_1r,
    ("uk-disp", "annex-1r-yearly"): uk.annex_1r,
    ("uk-disp", "consolidated"): uk.consolidated,
    ("au-rg271", "idr-data"): au.idr_data,
    ("us-cfpb", PUBLIC_EXPORT): cfpb.public_export,
    ("cn-nfra", "local-bureau"): cn.local_bureau,
    ("cn-nfra", "yearly-disclosure"): cn.yearly_disclosure,
}
"""By regime and name, as the regime's pack has it, what makes a return."""

_EXPORT_TITLE: Final = Title(zh="CFPB 公开数据格式", en="the layout of the CFPB's public file")
_NO_DUE: Final = Title(zh="主管机关未定期限", en="the authority names no day")
_LEVELS: Final = {
    "legal_entity": Title(zh="法人机构", en="legal entity"),
    "group": Title(zh="集团", en="group"),
    "branch": Title(zh="分支机构", en="branch"),
}


def names_of(regime: str) -> list[str]:
    """Return the returns that are made for a regime."""
    return [name for of, name in MAKERS if of == regime]


def refuse(pack: Pack, name: str, period: Period, as_at: datetime) -> ReportRule | None:
    """Return the pack's rule for a return; None where it needs none.

    Raises:
        ReturnUnknown: it is none that is made here.
        ReturnNotMade: it is not made for this period, or the period has not begun.
    """
    rule = next((one for one in pack.reports if one.name == name), None)
    if (pack.name, name) not in MAKERS or (rule is None and name != PUBLIC_EXPORT):
        raise ReturnUnknown(pack.name, name, names_of(pack.name) or (f"{of} {one}" for of, one in MAKERS))
    if rule and (kind := PeriodKind.of(rule)) is not period.kind:
        example = Period.containing(kind, period.first_day).name
        raise ReturnNotMade(name, period.name, f"it is made for a {kind.en}", f"Write {example}, for example")
    if rule and rule.periods_from and period.last_day < rule.periods_from:
        raise ReturnNotMade(name, period.name, f"it begins on {rule.periods_from}", _instead(pack, period))
    if rule and rule.periods_to and period.last_day > rule.periods_to:
        raise ReturnNotMade(name, period.name, f"it ended on {rule.periods_to}", _instead(pack, period))
    if as_at <= period.span(pack.tz)[0]:
        raise ReturnNotMade(name, period.name, "the period has not begun", "Choose this period or an earlier one")
    return rule


def _instead(pack: Pack, period: Period) -> str:
    others = [
        one.name
        for one in pack.reports
        if (pack.name, one.name) in MAKERS
        and not (one.periods_from and period.last_day < one.periods_from)
        and not (one.periods_to and period.last_day > one.periods_to)
    ]
    return f"For that time there is: {', '.join(others)}" if others else "Choose another period"


def make_return(
    pack: Pack,
    name: str,
    period: Period,
    as_at: datetime,
    frame: pd.DataFrame,
    calendar: WorkingCalendar,
    firm: Firm,
    data: ReturnData,
) -> Return:
    """Make a return; whatever is wrong with it or doubtful in it is among its findings.

    Args:
        pack: The regime.
        name: The return, as the pack has it; see :data:`MAKERS`.
        period: For which.
        as_at: What was known then; aware.
        frame: The cases of the regime that bear on the period (see :mod:`complaints.reporting.frame`), with the
            columns of :data:`~complaints.reporting.returns.population.NUMBERS`.
        calendar: The regime's working days.
        firm: Who reports.
        data: What must be known beside the cases.

    Raises:
        ReturnUnknown: it is none that is made here.
        ReturnNotMade: it is not made for this period, or the period has not begun.
        DeadlineError: its last day cannot be computed.
    """
    rule = refuse(pack, name, period, as_at)
    frame = cfpb.of_the_cfpb(frame) if name == PUBLIC_EXPORT else frame
    starts_at, ends_at = period.span(pack.tz)
    people = population(frame, starts_at, ends_at, as_at)
    order = Order(pack, rule, period, as_at, firm, data, calendar, frame.reset_index(drop=True), people)
    made = MAKERS[pack.name, name](order)
    due = due_on(period, rule, calendar) if rule else None
    doubts = _common(order, ends_at, due)
    return Return(
        regime=pack.name,
        name=name,
        title=rule.title if rule else _EXPORT_TITLE,
        language=ZH if pack.name.startswith("cn-") else EN,
        period=period,
        zone=pack.tz,
        as_at=as_at,
        entity=_entity(order),
        due_on=due,
        due_words=(rule and rule.due_words) or _NO_DUE,
        is_nil=made.is_nil,
        dedupe=made.dedupe,
        left_out=len(people.merged),
        source=_source(pack, rule),
        to_verify=rule is not None and rule.to_verify,
        tables=made.tables,
        findings=tuple(sorted([*doubts, *incomplete(people), *unassessed(people), *made.findings], key=_weight)),
    )


def _weight(finding: Finding) -> int:
    return list(Grade).index(finding.grade)


def _entity(order: Order) -> Entity:
    who, firm = order.data.entity, order.firm
    level = _LEVELS[order.rule.level if order.rule else "legal_entity"]
    names = Title(zh=who.name or firm.name_zh, en=who.name or firm.name_en)
    if order.rule and order.rule.level == "branch" and who.branch:
        names = Title(zh=f"{names.zh}{who.branch}", en=f"{names.en}, {who.branch}")
    return Entity(names, who.number, level)


def _source(pack: Pack, rule: ReportRule | None) -> Title:
    if rule is None:
        return pack.title
    said = rule.source or Title(zh="", en="")
    return Title(
        zh=f"{rule.article.zh}；{said.zh}" if said.zh else rule.article.zh,
        en=f"{rule.article.en}; {said.en}" if said.en else rule.article.en,
    )


def _common(order: Order, ends_at: datetime, due: date | None) -> Iterator[Finding]:
    who, rule = order.data.entity, order.rule
    if order.as_at < ends_at:
        yield Finding(
            Grade.MUST,
            THE_RETURN,
            Title(zh="报告期", en="period"),
            Title(
                zh="报告期尚未结束，为截至台账时点的数据", en="it is not over; this is what was known at the cut-off"
            ),
            Title(zh="报告期结束后重新生成", en="Make it again once it is over"),
        )
    if who.number_title and not who.number:
        yield Finding(
            Grade.MUST,
            THE_RETURN,
            who.number_title,
            Title(zh="必填，本机构文件中未写", en="is mandatory, and the firm's own file does not have it"),
            Title(
                zh=f"在 returns/{order.pack.name}.toml 的 [entity] 中填写 number",
                en=f"Write number into [entity] of returns/{order.pack.name}.toml",
            ),
        )
    if rule and rule.to_verify:
        yield Finding(
            Grade.VERIFY,
            THE_RETURN,
            rule.title,
            rule.source or Title(zh="出处未充分核实", en="its source was not verified"),
            Title(zh="报送前对照主管机关现行文本", en="Compare it with the authority's current text before handing in"),
        )
    if due and order.as_at.astimezone(order.pack.tz).date() > due:
        late = (order.as_at.astimezone(order.pack.tz).date() - due) // timedelta(days=1)
        yield Finding(
            Grade.NOTE,
            THE_RETURN,
            Title(zh="报送期限", en="last day"),
            Title(zh=f"取数时已过报送期限{late}日", en=f"its last day had passed {late} days before the cut-off"),
            Title(
                zh="未报送的尽快报送；已报送的用于核对", en="Hand it in at once, or use it to check what was handed in"
            ),
        )


def file_checked(regime: str, name: str, text: str, data: ReturnData) -> tuple[Finding, ...]:
    """Return everything that is wrong with the file of a return with one row a complaint.

    Args:
        regime: The regime.
        name: The return.
        text: The file, as it was made here and completed by hand.
        data: What must be known beside the cases.

    Raises:
        ReturnUnknown: there is none whose files can be checked so.
        NotThisReturn: the file has other columns.
    """
    if (regime, name) not in MAKERS or not data.elements:
        raise ReturnUnknown(regime, name, ("au-rg271 idr-data",))
    columns, lines = read_columns(text, data.elements)
    findings = [*check_columns(au.ROWS, columns, lines, data.elements, data.lists), *codes_unread(data.lists)]
    return tuple(sorted(findings, key=_weight))
