"""The words of a summary: what its sections, measures and codes are called, in both languages.

Page, workbook and CSV take them from here, so that a figure has the same name wherever it stands.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from complaints.letters import DEPARTMENTS
from complaints.reporting.axes import SECTION, UNMAPPED, packaged_codes
from complaints.reporting.conformance import CONFORMING, HISTORY, Deviation
from complaints.reporting.dimensions import DIRECT, REPRESENTED
from complaints.reporting.early_warning.kinds import Dimension, WarningKind
from complaints.reporting.early_warning.telling import series_name
from complaints.reporting.periods import Period, PeriodKind
from complaints.reporting.regions import REGIONS
from complaints.reporting.spans import CONFIDENTIAL, NOT_STATED, UNASSESSED, UNCATEGORISED
from complaints.words import (
    BreachCause,
    Category,
    Cause,
    Channel,
    Closure,
    Kind,
    Outcome,
    PartyType,
    Remedy,
    Satisfaction,
    Severity,
    Title,
    Urgency,
    Worded,
)


def _titles(**words: tuple[str, str]) -> dict[str, Title]:
    return {code: Title(zh=zh, en=en) for code, (zh, en) in words.items()}


SECTIONS: Final[Mapping[str, Title]] = _titles(
    totals=("总体情况", "Overview"),
    kind=("事项类型", "Kind"),
    category=("投诉内容类别", "Category"),
    cause=("投诉原因", "Cause"),
    channel=("接收渠道", "Channel"),
    region=("地区", "Region"),
    product=("产品或服务", "Product or service"),
    issue=("反映问题", "Issue"),
    urgency=("紧急程度", "Urgency"),
    severity=("严重程度", "Severity"),
    party_type=("投诉主体", "Complainant"),
    department=("承办部门", "Department"),
    jrt_business=("业务类别（JR/T 0169）", "Business type (JR/T 0169)"),
    jrt_cause=("投诉原因（JR/T 0169）", "Cause (JR/T 0169)"),
    jrt_channel=("业务办理渠道（JR/T 0169）", "Channel of business (JR/T 0169)"),
    handled=("办理用时", "Time until handled"),
    timeliness=("时限遵守情况", "Time limits"),
    breach_causes=("超期原因", "Cause of lateness"),
    closed_by=("结案方式", "How closed"),
    outcomes=("处理决定", "Decision"),
    upheld=("各投诉内容类别处理决定", "Decisions by category"),
    remedies=("补救措施", "Remedy"),
    redress=("赔偿（补偿）及退费", "Compensation and refunds"),
    reviews=("核查", "Review"),
    satisfaction=("回访结果", "Follow-up"),
    open_by_age=("期末未结事项", "Open at the end"),
    durations=("平均用时", "Time taken"),
    handlers=("经办人", "Handler"),
    departments=("部门工作量", "Work of departments"),
    dimension_time=("时间维度", "Time"),
    dimension_people=("人员维度", "People"),
    dimension_event=("事件维度", "Event"),
    dimension_channel=("渠道维度", "Channels"),
    dimension_solution=("解决方案维度", "Solution"),
    root_causes=("投诉成因", "Root cause"),
    warnings=("投诉风险预警", "Early warning"),
    warning_days=("预警序列逐日数据", "Daily counts behind the warnings"),
    conformance=("办理流程合规情况", "Conformance to the procedure"),
)
"""What a section is called."""

_HEADS: Final[Mapping[str, Title]] = _titles(
    totals=("指标", "Figure"),
    handled=("自接收之日起", "Since receipt"),
    timeliness=("事项类型", "Kind"),
    upheld=("投诉内容类别", "Category"),
    redress=("币种", "Currency"),
    reviews=("核查环节", "Step"),
    open_by_age=("自接收之日起", "Since receipt"),
    durations=("起止", "Span"),
    departments=("部门", "Department"),
    dimension_time=("接收日期", "When"),
    dimension_people=("投诉主体／提出方式", "Complainant"),
    dimension_event=("投诉内容类别／投诉原因", "Category: cause"),
    dimension_channel=("接收渠道", "Channel"),
    dimension_solution=("补救措施", "Remedy"),
    root_causes=("投诉内容类别／投诉原因", "Category: cause"),
)
"""What the codes of a section are, where that is not what it is called."""

MEASURES: Final[Mapping[str, Title]] = _titles(
    received=("接收", "Received"),
    complaints=("投诉", "Complaints"),
    deduplicated=("去重后投诉", "Complaints, deduplicated"),
    cases=("件数", "Cases"),
    late=("超期", "Late"),
    in_time=("按时", "In time"),
    closed=("结案", "Closed"),
    open=("期末未结", "Open at the end"),
    unanswered=("尚未答复", "Not answered"),
    overdue=("超期未答复", "Overdue"),
    upheld=("成立", "Upheld"),
    partly_upheld=("部分成立", "Partly upheld"),
    not_upheld=("不成立", "Not upheld"),
    amount=("金额", "Amount"),
    average_days=("平均（日）", "Average (days)"),
    median_days=("中位数（日）", "Median (days)"),
    satisfied=("满意", "Satisfied"),
    broadly_satisfied=("基本满意", "Broadly satisfied"),
    dissatisfied=("不满意", "Dissatisfied"),
    reopened=("重新办理", "Reopened"),
    dimension=("维度", "By"),
    name=("项目", "Of"),
    kind=("类型", "What"),
    begins_on=("起", "From"),
    ends_on=("止", "To"),
    day=("日期", "Day"),
    window=("天数", "Days"),
    observed=("实际件数", "Observed"),
    expected=("预期件数", "Expected"),
    dispersion=("离散程度", "Dispersion"),
    probability=("偶发概率", "Probability by chance"),
    episodes=("次数", "Episodes"),
    series=("序列", "Series"),
    lower=("通常下限", "Usual, from"),
    upper=("通常上限", "Usual, to"),
    gap=("数据缺口", "Gap in the data"),
)
"""What a measure is called."""

_OF_SECTION: Final[Mapping[tuple[str, str], Title]] = {
    ("dimension_event", "upheld"): Title(zh="成立（含部分）", en="Upheld or partly"),
    ("dimension_people", "upheld"): Title(zh="成立（含部分）", en="Upheld or partly"),
    ("dimension_channel", "upheld"): Title(zh="成立（含部分）", en="Upheld or partly"),
    ("root_causes", "cases"): Title(zh="成立（含部分）", en="Upheld or partly"),
    ("outcomes", "cases"): Title(zh="已告知（件）", en="Told"),
    ("remedies", "cases"): Title(zh="已决定（件）", en="Decided"),
    ("handled", "cases"): Title(zh="办结投诉（件）", en="Complaints handled"),
    ("open_by_age", "open"): Title(zh="未结", en="Open"),
}
"""What a measure is called in one section."""

SPECIAL: Final[Mapping[str, Title]] = _titles(
    **{
        UNASSESSED: ("尚未评估", "Not yet assessed"),
        UNCATEGORISED: ("未分类", "Uncategorised"),
        NOT_STATED: ("未填报", "Not stated"),
        CONFIDENTIAL: ("举报（保密，不细分）", "Reports (confidential)"),
        UNMAPPED: ("未对应", "Not mapped"),
    }
)
"""The codes of what has no code of its own."""

_SPECIAL_OF_SECTION: Final[Mapping[tuple[str, str], Title]] = {
    ("handlers", NOT_STATED): Title(zh="尚无经办人", en="Nobody yet"),
}
"""What such a code is called in one section."""

_WAYS: Final = _titles(**{DIRECT: ("直接提出", "in person"), REPRESENTED: ("委托代理", "through a representative")})
_WORDS: Final[Mapping[str, type[Worded]]] = {
    "kind": Kind,
    "timeliness": Kind,
    "category": Category,
    "upheld": Category,
    "cause": Cause,
    "channel": Channel,
    "dimension_channel": Channel,
    "urgency": Urgency,
    "severity": Severity,
    "party_type": PartyType,
    "breach_causes": BreachCause,
    "closed_by": Closure,
    "outcomes": Outcome,
    "remedies": Remedy,
    "dimension_solution": Remedy,
    "satisfaction": Satisfaction,
}
_BANDS: Final = _titles(
    days_0_15=("0—15日", "0–15 days"),
    days_16_30=("16—30日", "16–30 days"),
    days_31_60=("31—60日", "31–60 days"),
    days_over_60=("超过60日", "Over 60 days"),
)
_DEPARTMENTS: Final = {code: Title(zh=zh, en=en) for code, (zh, en) in DEPARTMENTS.items()}
_REGIONS: Final = {code: Title(zh=f"{name.zh}（{code}）", en=f"{name.en} ({code})") for code, name in REGIONS.items()}


def _capital(title: Title | Worded) -> Title:
    return Title(zh=title.zh, en=title.en[:1].upper() + title.en[1:])


def _words(words: type[Worded]) -> dict[str, Title]:
    return {str(one): _capital(one) for one in words}


_CODES: Final[Mapping[str, Mapping[str, Title]]] = {
    **{section: _words(words) for section, words in _WORDS.items()},
    "handled": _BANDS,
    "open_by_age": _BANDS,
    "department": _DEPARTMENTS,
    "departments": _DEPARTMENTS,
    "region": _REGIONS,
    **{SECTION + axis: {one.code: _capital(one.title) for one in codes} for axis, codes in packaged_codes().items()},
    "redress": _titles(
        CNY=("人民币", "CNY"),
        HKD=("港币", "HKD"),
        USD=("美元", "USD"),
        EUR=("欧元", "EUR"),
        GBP=("英镑", "GBP"),
        AUD=("澳元", "AUD"),
        SGD=("新加坡元", "SGD"),
        INR=("印度卢比", "INR"),
        JPY=("日元", "JPY"),
    ),
    "conformance": _words(Deviation)
    | _titles(
        **{
            CONFORMING: ("符合规定流程", "As prescribed"),
            HISTORY: ("历史导入，不作检查", "Imported history, not examined"),
        }
    ),
    "totals": _titles(
        matters=("接收各类事项", "Matters received"),
        complaints=("其中：投诉", "Complaints among them"),
        complaints_deduplicated=("去重后投诉", "Complaints, deduplicated"),
        forwarded=("监管及热线转办投诉", "Complaints forwarded by authorities"),
        group=("群体投诉", "Group complaints"),
        repeat=("重复投诉", "Repeat complaints"),
        closed=("结案", "Closed"),
        withdrawn=("其中：撤回", "Withdrawn among them"),
        reopened=("重新办理", "Reopened"),
    ),
    "durations": _titles(
        answer=("接收至答复", "From receipt to answer"), close=("接收至结案", "From receipt to closing")
    ),
    "reviews": _titles(
        asked=("申请核查", "Reviews asked for"),
        answered=("核查办结", "Reviews answered"),
        changed=("核查后重新办理", "Taken up again after review"),
    ),
}
"""What the codes of a section are called."""

_EVENT: Final = (_words(Category), {str(one): Title(zh=one.zh, en=one.en) for one in Cause})
_PAIRS: Final = {
    "dimension_people": (_words(PartyType), _WAYS),
    "dimension_event": _EVENT,
    "root_causes": _EVENT,
}
"""The two parts of codes that a slash parts."""


def section_title(section: str) -> Title:
    """Return what a section is called; one that is not known by its own name."""
    return SECTIONS.get(section) or Title(zh=section, en=section)


def codes_title(section: str) -> Title:
    """Return what the codes of a section are: the head of their column."""
    return _HEADS.get(section) or section_title(section)


def measure_title(section: str, measure: str) -> Title:
    """Return what a measure is called; one that is not known by its own name."""
    return _OF_SECTION.get((section, measure)) or MEASURES.get(measure) or Title(zh=measure, en=measure)


def code_title(section: str, code: str, period: Period) -> Title:
    """Return what a code is called. One that no list has stands for itself: a staff number, and a product or an issue
    unless it looks like somebody's number or address.

    Args:
        section: Where it stands.
        code: The code.
        period: That of the figures; the weeks of a month are shown as far as they lie in it.
    """
    if special := _SPECIAL_OF_SECTION.get((section, code)) or SPECIAL.get(code):
        return special
    if section in _PAIRS and "/" in code:
        return _pair(section, code)
    if section == "dimension_time":
        return _step(date.fromisoformat(code), period)
    if section == "warnings":
        kind, dimension, name = code.split("/", 2)
        return _joined(_known(_words(WarningKind), kind), series_title(dimension, name))
    if section == "warning_days":
        series, _, day = code.rpartition("@")
        return _joined(series_title(*series.split("/", 1)), Title(zh=day, en=day))
    if section in _OWN_WORDS:
        return series_name(section, code)
    return _known(_CODES.get(section, {}), code)


_OWN_WORDS: Final = frozenset({"product", "issue"})
"""Sections whose codes are in the sender's own words."""


def series_title(dimension: str, name: str) -> Title:
    """Return what a series of early warning is called: by what it counts, and of what.

    Args:
        dimension: By what; see :class:`~complaints.reporting.early_warning.kinds.Dimension`.
        name: The code within it.
    """
    own = _known(_DEPARTMENTS, name) if dimension == Dimension.DEPARTMENT else series_name(dimension, name)
    return own if dimension == Dimension.TOTAL else _joined(_known(_words(Dimension), dimension), own)


def _joined(one: Title, two: Title) -> Title:
    return Title(zh=f"{one.zh}／{two.zh}", en=f"{one.en}: {two.en}")


def _known(titles: Mapping[str, Title], code: str) -> Title:
    return titles.get(code) or Title(zh=code, en=code)


def _pair(section: str, code: str) -> Title:
    """Return what a code of two parts is called."""
    one, two = (
        SPECIAL.get(part) or _known(titles, part)
        for titles, part in zip(_PAIRS[section], code.split("/", 1), strict=True)
    )
    return _joined(one, two)


def _step(begins: date, period: Period) -> Title:
    """Return a week of a month as far as it lies in it, or a month of anything longer."""
    if period.kind is not PeriodKind.MONTH:
        return Title(zh=f"{begins.year}年{begins.month}月", en=f"{begins:%B %Y}")
    first, last = max(begins, period.first_day), min(begins + timedelta(days=6), period.last_day)
    if first == last:
        return Title(zh=f"{first.month}月{first.day}日", en=f"{first.day} {first:%B}")
    return Title(zh=f"{first.month}月{first.day}日—{last.day}日", en=f"{first.day}–{last.day} {last:%B}")


def period_title(period: Period) -> Title:
    """Return a period as a title names it: 2026年3月, or March 2026."""
    year, number = period.first_day.year, (period.first_day.month - 1) // period.kind.months + 1
    match period.kind:
        case PeriodKind.MONTH:
            return Title(zh=f"{year}年{number}月", en=f"{period.first_day:%B %Y}")
        case PeriodKind.QUARTER:
            return Title(zh=f"{year}年第{'一二三四'[number - 1]}季度", en=f"quarter {number} of {year}")
        case PeriodKind.HALF:
            return Title(zh=f"{year}年{'上下'[number - 1]}半年", en=f"{('first', 'second')[number - 1]} half of {year}")
        case _:
            return Title(zh=f"{year}年", en=f"{year}")
